"""Labelled rows become datasets, in batches."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from service.config import Config
from service.feedback.rate import Rate
from service.feedback.targets import File, Target, dataset, target_of
from service.json_logging import log_event

BACKOFF, MAX_BACKOFF = 2.5, 600.0  # seconds
MAX_DOUBLINGS = 10  # of the backoff


class FullError(Exception):
    """Too many rows wait already. `problem` is what is in the way."""

    def __init__(self, problem: str = "") -> None:
        super().__init__(problem)
        self.problem = problem


class Feedback:
    """Collects rows and writes them in a thread of its own. Rows that wait when the process is killed are lost."""

    def __init__(
        self, target: Target, *, rows: int = 20, seconds: float = 300.0, pending: int = 10_000,
        rate: Rate | None = None, on_outcome: Callable[[str, int, str], object] = lambda *_: None,
    ) -> None:  # fmt: skip
        """Creates an empty collection.

        Args:
            target: Where the datasets go.
            rows: How many rows make a dataset.
            seconds: After how long fewer rows make one.
            pending: How many rows may wait.
            rate: How many rows each client may send; unlimited without it.
            on_outcome: Called with the outcome (written, delayed or lost), the number of rows, and the file or reason.
        """
        self._target = target
        self._rows, self._seconds, self._max_pending = rows, seconds, pending
        self._rate = rate
        self._on_outcome = on_outcome
        self.outcomes: Counter[str] = Counter()  # rows
        self._waiting: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}  # by the names of the columns
        self._sealed: list[File] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # the thread and the last flush must not write at the same time
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._requested_wait = 0.0  # seconds for which the target asked not to be called
        self.problem = ""

    @property
    def pending(self) -> int:
        """The number of rows that are not written yet."""
        return sum(map(len, self._waiting.values())) + sum(file.rows for file in self._sealed)

    def state(self) -> dict[str, Any]:
        """Returns how many rows wait, what is in the way, and the rows by outcome."""
        return {"waiting": self.pending, "problem": self.problem, "outcomes": dict(self.outcomes)}

    def add(self, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]], client: str = "") -> int:
        """Adds rows of a client. Returns how many wait now.

        Raises:
            RateError: this client has sent too many; none is added.
            FullError: more rows than allowed would wait; none is added.
        """
        if self._rate:
            self._rate.take(client, len(rows))
        with self._lock:
            if self.pending + len(rows) > self._max_pending:
                raise FullError(self.problem)
            self._waiting.setdefault(columns, []).extend(rows)
            pending, full = self.pending, len(self._waiting[columns]) >= self._rows
        if full:
            self._wake.set()
        return pending

    def flush(self, min_rows: int = 1) -> bool:
        """Writes the rows that wait, in datasets of at least `min_rows`. Returns whether every dataset was written."""
        with self._writing:
            self._seal(min_rows)
            return self._write_sealed()

    def _seal(self, min_rows: int) -> None:
        """Turns rows that wait into files."""
        with self._lock:
            for columns in [columns for columns, rows in self._waiting.items() if len(rows) >= min_rows]:
                self._sealed.append(dataset(columns, self._waiting.pop(columns)))

    def _write_sealed(self) -> bool:
        while self._sealed:
            file = self._sealed[0]
            try:
                self._target.put(file)
            except Exception as error:  # noqa: BLE001  whatever it is, the rows wait and the thread lives
                self._delay(file, error)
                return False
            with self._lock:
                self._sealed.pop(0)
            self.problem = ""
            self._count("written", file.rows, file.name)
        return True

    def _delay(self, file: File, error: Exception) -> None:
        """Remembers why the file is not written. The same reason is reported once."""
        self._requested_wait = getattr(error, "wait", 0.0)
        if str(error) != self.problem:
            self.problem = str(error)
            self._count("delayed", file.rows, self.problem)

    @contextlib.contextmanager
    def running(self) -> Iterator[Feedback]:
        """Writes while the block runs and once more at its end, and reports the rows that are lost."""
        thread = threading.Thread(target=self._run, name="feedback", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            self._wake.set()
            thread.join(timeout=30)
            if not self.flush() and self.pending:
                self._count("lost", self.pending, self.problem)

    def _count(self, outcome: str, rows: int, about: str) -> None:
        self.outcomes[outcome] += rows
        self._on_outcome(outcome, rows, about)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            full = self._wait(failures)
            if not self._closing.is_set():
                failures = 0 if self.flush(self._rows if full else 1) else min(failures + 1, MAX_DOUBLINGS)

    def _wait(self, failures: int) -> bool:
        """Waits until enough rows are there (returns True) or the time is up (returns False).

        After a failure it waits for the backoff, whatever arrives: new rows must not hurry a server in trouble.
        """
        if not failures:
            full = self._wake.wait(self._seconds)
            self._wake.clear()
            return full
        delay = max(min(BACKOFF * 2.0**failures, MAX_BACKOFF), self._requested_wait)
        self._closing.wait(delay * random.uniform(1.0, 1.2))  # noqa: S311  many services must not ask at once
        return False


def collector_of(config: Config) -> Feedback | None:
    """Returns the collector that the settings ask for, or `None` if feedback is off."""
    if config.feedback == "off":
        return None
    return Feedback(
        target_of(config), rows=config.feedback_rows, seconds=config.feedback_seconds, pending=config.feedback_pending,
        rate=Rate(config.feedback_rate), on_outcome=_log,
    )  # fmt: skip


def _log(outcome: str, rows: int, reason: str) -> None:
    level = logging.INFO if outcome == "written" else logging.WARNING
    log_event(f"feedback {outcome}", level=level, rows=rows, reason=reason)
