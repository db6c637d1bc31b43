"""Labelled rows become datasets, in batches: files of a folder, or commits through GitHub's contents API.

A file is named for its content, so writing it twice has the effect of writing it once: a lost response causes no second
copy.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import io
import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from ml_action.consumer import SourceUnavailable
from ml_action.consumer.sources import Api
from ml_action.core.errors import DataError
from ml_action.core.formatting import count_of

BACKOFF, MAX_BACKOFF = 2.5, 600.0  # seconds
MAX_DOUBLINGS = 10  # of the backoff
MOVED = "set SERVICE_REPOSITORY to the new name: GitHub has moved the repository, and takes nothing at the old one"
REMEDIES = {
    **dict.fromkeys((301, 307, 308), MOVED),
    401: "give SERVICE_TOKEN a token that is valid",
    403: "give SERVICE_TOKEN a token that may write contents (contents: write) of this repository",
    404: "check SERVICE_REPOSITORY and SERVICE_BRANCH, and that the token may see the repository",
    409: "nothing, if there was another write at that moment: it is tried again. If rules protect the branch, put the "
    "token's account on their bypass list, or set SERVICE_FEEDBACK=folder",
    422: "check SERVICE_FEEDBACK_PATH: no file can be there",
}


@dataclass(frozen=True)
class File:
    """A dataset that is ready to be written."""

    name: str
    content: bytes
    rows: int


class Target(Protocol):
    """Where datasets go."""

    def put(self, file: File) -> None:
        """Writes the file unless it is there already. Raises Problem."""


class FolderTarget:
    """A folder on this machine."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def put(self, file: File) -> None:
        """Writes under a hidden name first, so that no reader sees half a dataset."""
        try:
            self._write(file)
        except OSError as error:
            raise DataError(
                f"Feedback cannot be written to {self._path}: {error.strerror or error}",
                why="the user that the service runs as may not write there, or the disk is full",
                fix="let that user write there (a container: --user, and the folder mounted), or set "
                "SERVICE_FEEDBACK=github",
            ) from error

    def _write(self, file: File) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        partial = self._path / f".{file.name}.part"
        try:
            partial.write_bytes(file.content)
            os.replace(partial, self._path / file.name)  # noqa: PTH105  a rename within the folder, atomic
        finally:
            partial.unlink(missing_ok=True)  # a full disk must not collect partial files


class GitHubTarget:
    """A commit for each dataset. https://docs.github.com/en/rest/repos/contents#create-or-update-file-contents"""

    def __init__(self, api: Api, repository: str, path: str, branch: str = "") -> None:
        self._api = api
        self._address = f"/repos/{quote(repository)}/contents/{quote(path.strip('/'))}"
        self._branch = branch

    def put(self, file: File) -> None:
        """Commits the file.

        422 means that the file exists, or that none can exist there. If it exists it has this content, by its name.
        """
        address = f"{self._address}/{file.name}"
        body = {
            "message": f"Add {count_of(file.rows, 'rows')} of feedback",
            "content": base64.b64encode(file.content).decode(),
            **({"branch": self._branch} if self._branch else {}),
        }
        try:
            self._api.write(address, body)
        except SourceUnavailable as refusal:
            if refusal.status == 422 and self._exists(address):
                return
            if not refusal.wait:  # no rate limit
                refusal.fix = REMEDIES.get(refusal.status, refusal.fix)
            raise

    def _exists(self, address: str) -> bool:
        try:
            self._api.read(f"{address}?ref={quote(self._branch, safe='')}" if self._branch else address, most=0)
        except SourceUnavailable as refusal:
            if refusal.status != 404:
                raise
            return False
        return True


def dataset(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> File:
    """Returns the rows as CSV, with "true" and "false" for booleans and an empty cell for a missing value."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(name)) for name in columns] for row in rows])
    content = text.getvalue().encode("utf-8", "replace")
    return File(f"feedback-{hashlib.sha256(content).hexdigest()[:24]}.csv", content, len(rows))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.17g}" if isinstance(value, float) and value.is_integer() else str(value)


class FullError(Exception):
    """Too many rows wait already."""


class Feedback:
    """Collects rows and writes them in a thread of its own. Rows that wait when the process is killed are lost."""

    def __init__(
        self, target: Target, *, rows: int = 20, seconds: float = 300.0, pending: int = 10_000,
        on_outcome: Callable[[str, int, str], object] = lambda *_: None,
    ) -> None:  # fmt: skip
        """Creates an empty collection.

        Args:
            target: Where the datasets go.
            rows: How many rows make a dataset.
            seconds: After how long fewer rows make one.
            pending: How many rows may wait.
            on_outcome: Called with the outcome (written, delayed or lost), the number of rows, and the file or reason.
        """
        self._target = target
        self._rows, self._seconds, self._max_pending = rows, seconds, pending
        self._on_outcome = on_outcome
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

    def add(self, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> int:
        """Adds rows. Returns how many wait now.

        Raises:
            FullError: more rows than allowed would wait; none is added.
        """
        with self._lock:
            if self.pending + len(rows) > self._max_pending:
                raise FullError
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
            self._on_outcome("written", file.rows, file.name)
        return True

    def _delay(self, file: File, error: Exception) -> None:
        """Remembers why the file is not written. The same reason is reported once."""
        self._requested_wait = getattr(error, "wait", 0.0)
        if str(error) != self.problem:
            self.problem = str(error)
            self._on_outcome("delayed", file.rows, self.problem)

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
                self._on_outcome("lost", self.pending, self.problem)

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
