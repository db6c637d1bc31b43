"""The hours of a repository, each in a container that is started as GitHub's runner starts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml_action.commands.demo import students
from tests.e2e.container.harness import Machine
from tests.e2e.container.world import STATE, World


def drifted(count: int = 45) -> list[str]:
    return list(students.datasets(count, "drifted", 8))


def config(machine: Machine) -> bytes:
    return (machine.workspace / ".git/config").read_bytes()


@pytest.mark.parametrize("persist", ["", "config", "include"], ids=["no credentials", "as checkout v5", "as v6"])
def test_three_hours(make_world: Callable[..., World], with_v1: Path, persist: str) -> None:
    """Waits; trains, opens, approves and merges; waits again. A credential that checkout left is not in the way."""
    world = make_world(with_v1)

    first = world.machine(persist=persist).run(world.inputs())
    assert (first.code, first.decision, first.outputs["count"]) == (0, "waiting", "0")
    assert first.outputs["ready"] == "false"

    world.batches = 1
    world.arrive(drifted())
    machine = world.machine(persist=persist)
    before = config(machine)
    second = machine.run(world.inputs())
    assert (second.code, second.decision, second.outputs["merge-state"]) == (0, "promote", "merged"), second.log
    assert (second.outputs["version"], second.outputs["count"], second.outputs["pr-number"]) == ("v2", "45", "1")
    assert float(second.outputs["ci-low"]) > 0
    assert "Scores on the same unseen rows" in second.summary
    assert (machine.workspace / second.outputs["report-path"]).read_text() == second.summary
    assert config(machine) == before
    (pull,) = world.pulls
    assert (pull.merged, pull.labels) == (True, ["model-update"])
    assert {"model/v2.pkl", "model/model_metadata.json"} <= set(world.files())

    third = world.machine(persist=persist).run(world.inputs())
    assert (third.code, third.decision, third.outputs["count"]) == (0, "waiting", "0")


def test_the_first_model_of_a_repository(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.arrive(students.datasets(20, "steady", 1))
    assert world.hour().outputs["count"] == "20"
    world.arrive(students.datasets(25, "steady", 2))
    run = world.hour()
    assert (run.decision, run.outputs["version"], run.outputs["merge-state"]) == ("promote", "v1", "merged"), run.log


@pytest.mark.parametrize("checkout", [True, False], ids=["with a checkout", "without"])
def test_counting_only(production: World, checkout: bool) -> None:
    production.arrive(drifted())
    machine = production.machine(checkout=checkout)
    if not checkout:
        machine.workspace.mkdir(parents=True)
        machine.give_to_runner()
    run = machine.run(production.inputs(mode="check"))
    assert (run.code, run.decision, run.outputs["ready"], run.outputs["count"]) == (0, "ready", "true", "45"), run.log
    assert production.pulls == []


def test_a_held_attempt(production: World) -> None:
    production.arrive(drifted())
    run = production.hour(min_improvement="0.9")
    assert (run.code, run.decision, run.outputs["pr-number"]) == (0, "hold", "")
    assert production.git.object_id(f"refs/heads/{STATE}")
