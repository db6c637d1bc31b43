"""`model-format: skops`: from the first training to production and back, next to versions that are pickles."""

from __future__ import annotations

import hashlib

import pytest

from ml_action.modelling.training import model_file
from tests.scenarios.world import World, drifted, noise

TREE = "sklearn.tree._tree.Tree"
LINEAR = {"model_format": "skops", "estimator": "sklearn.linear_model.Ridge"}
FOREST = {"estimator": "sklearn.ensemble.RandomForestRegressor", "params": '{"n_estimators": 20}'}


def test_a_history_of_pickles_continues_in_skops_and_back(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(**LINEAR, gate="higher")
    assert run.outputs["merge-state"] == "merged", run.log
    assert run.outputs["model-path"] == "model/v2.skops"
    champion = production.champion
    assert (champion.file, champion.types) == ("v2.skops", ("numpy.dtype", "operator.methodcaller"))
    assert "skops" in champion.libraries
    content = production.read("model/v2.skops")
    assert hashlib.sha256(content).hexdigest() == champion.sha256
    assert model_file.load(content, champion.sha256, form=model_file.ModelFormat("skops")).predict
    body = production.pulls[0].body or ""
    assert "### Types in the model file" in body
    assert "v1 has no list of types: it is a pickle." in body
    assert "skops.io.load" in production.read("model/v2.md").decode()

    production.arrive(drifted(45, 9))
    forest = {**LINEAR, **FOREST, "gate": "higher", "trusted_types": TREE}
    run = production.hour(**forest)
    assert run.decision in ("promote", "hold", "reject"), run.log
    assert f"| `{TREE}` | **new** |" in run.summary
    assert "| `operator.methodcaller` | as before |" in run.summary

    production.arrive(drifted(45, 10))
    run = production.hour(gate="higher", trusted_types=TREE)
    assert run.code == 0, run.log
    assert "Types in the model file" not in run.summary
    assert {version[1:] for version in production.versions} <= {"1", "2", "3", "4"}


def test_untrusted_types_end_the_run_before_anything_is_judged_or_recorded(production: World) -> None:
    production.arrive(drifted(45, 8))
    state = production.state.commit
    run = production.hour(**{**LINEAR, **FOREST})
    assert (run.code, run.decision) == (6, "failed")
    assert f"contains untrusted types: {TREE}" in run.plain_summary
    assert f"trusted-types: {TREE}" in run.plain_summary
    assert "fit: 6 of 6" not in run.log
    assert production.state.commit == state
    assert production.pulls == []


def test_a_champion_whose_types_are_no_longer_trusted_is_not_loaded(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(**{**LINEAR, **FOREST}, gate="higher", trusted_types=TREE)
    assert run.outputs["merge-state"] == "merged", run.log
    production.arrive(noise(45, 9))
    run = production.hour(**LINEAR)
    assert (run.code, run.decision) == (6, "failed")
    assert f"contains untrusted types: {TREE}" in run.plain_summary


def test_a_first_model_in_skops_format_handles_dates_and_categories(empty: World) -> None:
    texts = [
        f"{text.splitlines()[0]},when\n"
        + "".join(f"{row},2024-0{n % 9 + 1}-11\n" for n, row in enumerate(text.splitlines()[1:]))
        for text in drifted(45, 1)
    ]
    empty.arrive(texts)
    run = empty.hour(**LINEAR, target="score")
    assert run.outputs["merge-state"] == "merged", run.log
    assert empty.champion.types == ("numpy.asarray", "numpy.dtype", "operator.methodcaller", "pandas.to_datetime")
    assert [path for path in empty.on("main") if path.startswith("model/v1")] == ["model/v1.md", "model/v1.skops"]
    assert "apart from scikit-learn's estimators and NumPy's arrays" in run.summary


@pytest.mark.parametrize("types", ["os", "a b.C", "builtins.eval; x", "1a.B", "a.B,,c"])
def test_a_trusted_type_that_is_no_import_path_is_refused(production: World, types: str) -> None:
    run = production.hour(trusted_types=types)
    assert (run.code, run.decision) == (2, "failed")
    assert "is no import path of a type" in run.plain_summary
