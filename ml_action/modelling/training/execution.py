"""How models are fitted: how many at a time, and where the progress is reported. The results do not depend on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import joblib

Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]  # stage, done, total

_MAX_CELLS = 100_000_000  # that the copies of the table may have in total while models are fitted in parallel


class Executor(Protocol):
    """Runs tasks that do not depend on each other."""

    def run(self, tasks: Sequence[Callable[[], Result]], cells: int, report: Callable[[int], None]) -> list[Result]:
        """Returns the results in the order of the tasks.

        Args:
            tasks: The functions to call.
            cells: The size of the table that each task copies.
            report: Called after each task with the number of finished tasks.
        """


@dataclass(frozen=True)
class Threads:
    """Runs tasks in threads, which share the table.

    There are at most as many threads as processors (or as `limit` says), as tasks, and as copies of the table that fit
    into the memory.
    """

    limit: int = 0  # 0: one per processor

    def run(self, tasks: Sequence[Callable[[], Result]], cells: int, report: Callable[[int], None]) -> list[Result]:
        """Returns the results in the order of the tasks."""
        results: dict[int, Result] = {}

        def run_task(position: int, task: Callable[[], Result]) -> None:
            results[position] = task()

        jobs = max(1, min(self.limit or joblib.cpu_count(), len(tasks), _MAX_CELLS // max(cells, 1)))
        parallel = joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator_unordered")
        done = parallel(joblib.delayed(run_task)(*each) for each in enumerate(tasks))
        for count, _ in enumerate(done, 1):
            report(count)
        return [results[position] for position in range(len(tasks))]


def no_progress(stage: str, done: int, total: int) -> None:
    """Reports nothing."""


@dataclass(frozen=True)
class Execution:
    """How to fit models."""

    executor: Executor = Threads()
    progress: Progress = no_progress
