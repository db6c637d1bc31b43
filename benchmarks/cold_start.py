"""How much longer a container of the action takes than an empty one of the same image: to "waiting", and to a training.

    python -m benchmarks.cold_start [IMAGE ...] [--runs N]

Each pair is `docker run` as GitHub's runner does it (tests/e2e/container/harness.py), with the sandbox in place of
GitHub, and `docker run --entrypoint python3 IMAGE -c pass`. Both use the host's network, and are run in turn, so that a
drift of the machine affects both equally. Prints a Markdown table of medians. Needs a Docker engine, and the image.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands import sandbox_session
from ml_action.commands.demo import students
from tests.e2e.container.world import FULL_NAME, World

AIM = 1.0  # seconds from `docker run` to "waiting", beyond the empty container


def timed(action: Callable[[], object]) -> float:
    """Returns the seconds that the action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def empty(image: str) -> None:
    """Runs a container that does nothing, on the same network: a bridge would take longer to set up."""
    command = ["docker", "run", "--rm", "--network", "host", "--entrypoint", "python3", image, "-c", "pass"]
    subprocess.run(command, check=True)


def hour(image: str, datasets: int, decision: str) -> float:
    """Returns the seconds of one run in a repository without a model; 40 datasets start a training."""
    with tempfile.TemporaryDirectory() as folder, sandbox_session.open_session(Path(folder) / "hub", FULL_NAME) as here:
        world = World(here, image, Path(folder))
        world.arrive(students.datasets(datasets, "steady", 1))
        machine = world.machine()
        started = time.perf_counter()
        step = machine.start(world.inputs(autonomy="report"))
        step.process.wait()
        seconds = time.perf_counter() - started
        run = step.wait()
        assert run.decision == decision, run.log
        return seconds


@dataclass(frozen=True)
class Medians:
    """Seconds."""

    run: float
    empty: float
    difference: float  # of each pair


def measure(image: str, runs: int, datasets: int, decision: str) -> Medians:
    """Measures pairs, without the first."""
    pairs = [(hour(image, datasets, decision), timed(lambda: empty(image))) for _ in range(runs + 1)][1:]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Medians(ours, theirs, statistics.median(a - b for a, b in pairs))


def main() -> int:
    """Measures and prints. Returns 1 if the aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", nargs="*", default=["ml-auto-update"], metavar="IMAGE")
    parser.add_argument("--runs", type=int, default=9, help="pairs (default: 9)")
    options = parser.parse_args()
    print("| image | run | seconds | empty container | difference | aim |\n|---|---|---|---|---|---|", flush=True)
    slow = False
    for image in options.images:
        for datasets, decision, aim in ((20, "waiting", AIM), (45, "promote", None)):
            found = measure(image, options.runs, datasets, decision)
            wanted = f"≤ {aim:.1f}" if aim else "–"
            times = f"{found.run:.2f} | {found.empty:.2f} | **{found.difference:.2f}**"
            print(f"| {image} | {decision} | {times} | {wanted} |", flush=True)
            slow |= aim is not None and found.difference > aim
    return slow


if __name__ == "__main__":
    sys.exit(main())
