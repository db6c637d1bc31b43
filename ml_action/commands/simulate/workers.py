"""Processes for the draws of a calibration: a draw takes seconds, and hundreds of them do not depend on each other."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import joblib

from ml_action.commands.simulate.calibration import CalibrationInput, DrawKey, Drawn, draw

_MAX_CELLS = 100_000_000  # that the copies of the table may have in total in the processes


@dataclass(frozen=True)
class Workers:
    """A number of processes, and a folder to hand them their input."""

    count: int
    folder: Path

    def draw(
        self, given: CalibrationInput, keys: Sequence[DrawKey], report: Callable[[int, int], None]
    ) -> tuple[Drawn, ...]:
        """Makes the draws, in any order. `report` gets how many are done, and how many there are."""
        count = min(self.count, len(keys))
        if count <= 1:
            return _reported((draw(given, key) for key in keys), len(keys), report)
        path = self.folder / "input"
        joblib.dump(given, path)
        parallel = joblib.Parallel(n_jobs=count, backend="loky", return_as="generator_unordered")
        with _ignore_interrupts():
            done = parallel(joblib.delayed(_draw_in_worker)(path, key) for key in keys)
        return _reported(done, len(keys), report)


def workers_for(given: CalibrationInput, wanted: int, folder: Path) -> Workers:
    """Returns as many workers as wanted (0: one per processor), as far as copies of the table fit into the memory."""
    fitting = _MAX_CELLS // max(given.usable.table.frame.size, 1)
    return Workers(max(1, min(wanted or joblib.cpu_count(), fitting)), folder)


@contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """Lets processes that start now ignore Ctrl-C, which a terminal sends to all: the parent process ends them.

    A signal mask does not work: the process that joblib starts first removes it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _reported(done: Iterable[Drawn], total: int, report: Callable[[int, int], None]) -> tuple[Drawn, ...]:
    """Collects the draws, and reports each."""
    report(0, total)
    found = []
    for number, drawn in enumerate(done, 1):
        found.append(drawn)
        report(number, total)
    return tuple(found)


def _draw_in_worker(path: Path, key: DrawKey) -> Drawn:
    return draw(_load(path), key)


@cache
def _load(path: Path) -> CalibrationInput:
    given: CalibrationInput = joblib.load(path)  # our own file, in our own folder
    return given
