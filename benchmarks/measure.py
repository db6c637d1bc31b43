"""Measures pairs of processes in turn, A B A B …, so that a drift of the machine affects both equally."""

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
    """The measurements of a pair of commands."""

    name: str
    ours: Sequence[Run]
    baseline: Sequence[Run]

    @property
    def ratio(self) -> float:
        """The median of the pairwise ratios."""
        return statistics.median(a.seconds / b.seconds for a, b in zip(self.ours, self.baseline, strict=True))

    def line(self, aim: str) -> str:
        """Returns a row of the table."""
        cells = [
            f"{1000 * statistics.median(run.seconds for run in runs):,.0f} ms, "
            f"{statistics.median(run.megabytes for run in runs):,.0f} MB"
            for runs in (self.ours, self.baseline)
        ]
        return f"| {self.name} | {cells[0]} | {cells[1]} | **{self.ratio:.2f}** | {aim} |"


def once(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Run:
    """Runs a command and discards its output."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Run(seconds, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Pair:
    """Our command and a baseline, to be measured in a folder."""

    name: str
    ours: Sequence[str]
    baseline: Sequence[str]
    folder: Path
    reset: Callable[[], None] = lambda: None  # restores the folder
    env: Mapping[str, str] | None = None

    def measure(self, runs: int) -> Row:
        """Measures both in turn, after a warm-up of each. The folder is restored before each."""
        ours, baseline = list[Run](), list[Run]()
        for number in range(runs + 1):
            for command, measured in ((self.ours, ours), (self.baseline, baseline)):
                self.reset()
                run = once(command, self.folder, self.env)
                if number:
                    measured.append(run)
        return Row(self.name, ours, baseline)
