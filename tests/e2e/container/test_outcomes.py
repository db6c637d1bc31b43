"""Failing runs and odd inputs: exit code by class, and outputs, summary and annotation all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ml_action.commands.demo import students
from tests.e2e.container.harness import inputs_of_action
from tests.e2e.container.world import World


def drifted(count: int = 45) -> list[str]:
    return list(students.datasets(count, "drifted", 8))


FAILURES = {
    "a bad setting": ({"threshold": "many"}, 2, "threshold = 'many'"),
    "an input that is not ours": ({"treshold": "40"}, 2, "threshold"),
    "a missing target": ({"target": "nowhere"}, 3, "nowhere"),
    "a data path that is not there": ({"data-path": "dta"}, 3, "dta"),
    "a token that expired": ({"token": "ghs_" + "0" * 36}, 4, ""),
    "an estimator that is none": ({"estimator": "os.system"}, 2, "os.system"),
    "a stand-in that is not in the image": ({"forge": "sandbox"}, 2, "stand-in of GitHub"),
    "a mode that is none": ({"mode": "train"}, 2, "mode"),
}


@pytest.mark.parametrize(("changes", "code", "words"), FAILURES.values(), ids=FAILURES)
def test_a_failing_run_gives_the_reason_in_every_place(
    production: World, changes: dict[str, str], code: int, words: str
) -> None:
    production.arrive(drifted())
    machine = production.machine()
    inputs = {**production.inputs(), **changes}
    machine.secrets = [inputs["token"], inputs["approver-token"]]
    run = machine.run(inputs)
    assert run.code == code, run.log
    assert run.decision == "failed"
    assert run.outputs["reason"]
    (error,) = run.annotations("error")
    assert words in error.data
    assert words in run.summary.replace("\\", "")
    assert production.pulls == []


def test_a_secret_that_is_not_set_is_an_empty_token(production: World) -> None:
    """`token: ${{ secrets.TYPO }}` is empty: the run may not pass as if no pull request were wanted."""
    production.arrive(drifted())
    machine = production.machine()
    machine.secrets = []
    run = machine.run({"threshold": "40"})
    assert run.code == 2, run.log
    assert "token is empty" in run.annotations("error")[0].data


def test_every_input_empty(production: World) -> None:
    """The defaults of the table, and an error that names the token. `required` is not enforced by the runner."""
    machine = production.machine()
    machine.secrets = []
    run = machine.run(dict.fromkeys(inputs_of_action(), ""))
    assert (run.code, run.decision) == (2, "failed"), run.log
    machine = production.machine()
    machine.secrets = [production.tokens["token"]]
    run = machine.run({**dict.fromkeys(inputs_of_action(), ""), "token": production.tokens["token"]})
    assert (run.code, run.decision, run.outputs["threshold"]) == (0, "waiting", "200"), run.log


def test_hyphens_and_translated_paths(production: World) -> None:
    """`${{ github.workspace }}/other` arrives as /github/workspace/other."""
    texts = {f"other/place/{n}.csv": text for n, text in enumerate(drifted(7))}
    production.commit(texts)
    for spelling in ("other/place", "{}/other/place", "{}/other/place/"):
        machine = production.machine()
        run = machine.run(production.inputs(data_path=spelling.format(machine.workspace)))
        assert (run.code, run.outputs["count"]) == (0, "7"), run.log


def test_a_run_that_stays_in_the_workspace_leaves_nothing_that_its_owner_cannot_delete(
    make_world: Callable[..., World],
) -> None:
    """`forge: none` writes branches into the workspace's own repository; Step.audit looks at the owners."""
    world = make_world()
    world.arrive(drifted())
    machine = world.machine()
    run = machine.run(world.inputs(forge="none", base="main"))
    assert (run.code, run.decision) == (0, "promote"), run.log
    assert "ml-auto-update/model/proposal" in machine.run_git("branch", "--list", "ml-auto-update/*")
    assert world.pulls == []


def test_inputs_as_a_shell_spells_them(production: World) -> None:
    """Where `args` and a shell are on the way, hyphens become underscores."""
    machine = production.machine()
    inputs = {name.replace("-", "_"): value for name, value in production.inputs(data_path="model").items()}
    run = machine.run({**inputs, "data_path": "data/new_data"}, {})
    assert (run.code, run.decision) == (0, "waiting"), run.log


def test_a_runner_that_does_not_map_its_folder_for_temporary_files(production: World) -> None:
    """Before v2.329, as many a self-hosted runner: RUNNER_TEMP is a path of the host."""
    production.arrive(drifted())
    run = production.machine(mapped_temp=False).run(production.inputs())
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log


def test_a_skops_model_is_made_and_judged_in_the_image(production: World) -> None:
    """What only its model cards and its command line need was taken out of the image."""
    production.arrive(drifted())
    machine = production.machine()
    given = {"model-format": "skops", "estimator": "sklearn.linear_model.Ridge", "gate": "higher"}
    run = machine.run({**production.inputs(), **given})
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log
    assert run.outputs["model-path"] == "model/v2.skops"
    again = production.hour(gate="higher")
    assert again.code == 0, again.log
