"""A job that is cancelled: an exit code of its own, nothing half-done, and the next run completes the work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from ml_action.commands.demo import students
from sandbox import Exchange
from tests.e2e.container.harness import Step
from tests.e2e.container.world import STATE, World

Stop = Callable[[Step], None]

# The runner sends SIGINT to the docker client, which passes it on; then SIGTERM (ProcessInvoker.cs).
STOPS: dict[str, tuple[Stop, int]] = {
    "SIGTERM": (lambda step: step.docker_kill("TERM"), 143),
    "SIGINT": (lambda step: step.docker_kill("INT"), 130),
    "the runner's SIGINT to the client": (lambda step: step.process.send_signal(signal.SIGINT), 130),
}


def assert_promoted_once(world: World) -> None:
    (pull,) = world.pulls
    assert pull.merged
    assert world.git.line("rev-list", "--count", "main", "--", "model/v2.pkl") == "1"
    assert world.hour().decision == "waiting"


@pytest.mark.parametrize(("stop", "code"), STOPS.values(), ids=STOPS)
def test_stopped_while_it_trains(production: World, stop: Stop, code: int) -> None:
    production.arrive(students.datasets(45, "drifted", 8))
    before = production.git.line("for-each-ref")
    step = production.machine().start(production.inputs())
    step.until("enough new datasets arrived")
    stop(step)
    run = step.wait()
    assert (run.code, run.decision) == (code, "failed"), run.log
    assert "stopped from outside" in run.annotations("error")[0].data
    assert "the next run continues from here" in run.summary
    assert production.git.line("for-each-ref") == before
    assert production.pulls == []
    assert production.hour().outputs["merge-state"] == "merged"
    assert_promoted_once(production)


@pytest.mark.parametrize("moment", [("POST", "/git-receive-pack"), ("POST", "/pulls"), ("POST", "/reviews")])
def test_stopped_while_it_publishes(production: World, moment: tuple[str, str]) -> None:
    production.arrive(students.datasets(45, "drifted", 8))
    started, done = threading.Event(), threading.Event()

    def watch(exchange: Exchange) -> None:
        if exchange.method == moment[0] and exchange.path.endswith(moment[1]) and not done.is_set():
            started.wait(60)
            step.docker_kill("TERM")
            done.set()

    production.here.hub.observers.append(watch)
    step = production.machine().start(production.inputs())
    started.set()
    run = step.wait()
    production.here.hub.observers.remove(watch)
    assert done.is_set()
    assert run.code == 143, run.log
    assert production.git.object_id(f"refs/heads/{STATE}")
    assert production.hour().code == 0
    assert_promoted_once(production)
