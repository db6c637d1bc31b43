"""Whole processes, side by side: A B A B …, so that a drift of the machine hits both alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One finished process."""

    seconds: float
    megabytes: float  # peak resident set


@dataclass(frozen=True)
class Row:
    """A pair of commands, measured in turn."""

    name: str
    ours: Sequence[Run]
    baseline: Sequence[Run]

    @property
    def ratio(self) -> float:
        """The median of the pairwise ratios."""
        return statistics.median(a.seconds / b.seconds for a, b in zip(self.ours, self.baseline, strict=True))

    def line(self, aim: str) -> str:
        """A row of the table."""
        cells = [
            f"{1000 * statistics.median(run.seconds for run in runs):,.0f} ms, "
            f"{statistics.median(run.megabytes for run in runs):,.0f} MB"
            for runs in (self.ours, self.baseline)
        ]
        return f"| {self.name} | {cells[0]} | {cells[1]} | **{self.ratio:.2f}** | {aim} |"


def once(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Run:
    """Runs a command; its output is thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Run(seconds, usage.ru_maxrss / 1024)


def pair(
    name: str,
    ours: Sequence[str],
    baseline: Sequence[str],
    folder: Path,
    *,
    runs: int,
    reset: Callable[[], None] = lambda: None,
    env: Mapping[str, str] | None = None,
) -> Row:
    """Measures both in turn, after one warm-up of each; `reset` restores the folder before each."""
    measured: tuple[list[Run], list[Run]] = ([], [])
    for number in range(runs + 1):
        for command, into in zip((ours, baseline), measured, strict=True):
            reset()
            run = once(command, folder, env)
            if number:
                into.append(run)
    return Row(name, *measured)
