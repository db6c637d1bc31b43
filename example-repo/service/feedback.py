"""Labelled rows become datasets, in batches: files of a folder, or commits through GitHub's contents API.

A file is named for its content, so writing it twice is writing it once: a lost answer is no reason for a second copy.
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

from ml_action.consumer import Unreachable
from ml_action.consumer.sources import Api
from ml_action.errors import DataProblem
from ml_action.figures import counted

BACKOFF, MOST_BACKOFF = 2.5, 600.0  # seconds
MOVED = "set SERVICE_REPOSITORY to the new name: GitHub has moved the repository, and takes nothing at the old one"
WHAT_TO_DO = {
    **dict.fromkeys((301, 307, 308), MOVED),
    401: "give SERVICE_TOKEN a token that is valid",
    403: "give SERVICE_TOKEN a token that may write contents (contents: write) of this repository",
    404: "check SERVICE_REPOSITORY and SERVICE_BRANCH, and that the token may see the repository",
    409: "nothing, if somebody else wrote at that moment: it is tried again. If rules protect the branch, put the "
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
        """Writes it, or finds that it is there. Raises Problem."""


class FolderTarget:
    """A folder on this machine."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def put(self, file: File) -> None:
        """Under a hidden name first: nobody reads half a dataset."""
        try:
            self._write(file)
        except OSError as error:
            raise DataProblem(
                f"Feedback cannot be written to {self._path}: {error.strerror or error}",
                why="the user that the service runs as may not write there, or the disk is full",
                fix="let that user write there (a container: --user, and the folder mounted), or set "
                "SERVICE_FEEDBACK=github",
            ) from error

    def _write(self, file: File) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        half = self._path / f".{file.name}.part"
        try:
            half.write_bytes(file.content)
            os.replace(half, self._path / file.name)  # noqa: PTH105  a rename within the folder, atomic
        finally:
            half.unlink(missing_ok=True)  # a full disk is not filled with halves


class GitHubTarget:
    """A commit for each dataset. https://docs.github.com/en/rest/repos/contents#create-or-update-file-contents"""

    def __init__(self, api: Api, repository: str, path: str, branch: str = "") -> None:
        self._api = api
        self._address = f"/repos/{quote(repository)}/contents/{quote(path.strip('/'))}"
        self._branch = branch

    def put(self, file: File) -> None:
        """422 says that the file is there, or that none can be: where it is it has this content, by its name."""
        address = f"{self._address}/{file.name}"
        body = {
            "message": f"Add {counted(file.rows, 'rows')} of feedback",
            "content": base64.b64encode(file.content).decode(),
            **({"branch": self._branch} if self._branch else {}),
        }
        try:
            self._api.write(address, body)
        except Unreachable as refused:
            if refused.status == 422 and self._has(address):
                return
            if not refused.wait:  # no rate limit
                refused.fix = WHAT_TO_DO.get(refused.status, refused.fix)
            raise

    def _has(self, address: str) -> bool:
        try:
            self._api.read(f"{address}?ref={quote(self._branch, safe='')}" if self._branch else address, most=0)
        except Unreachable as refused:
            if refused.status != 404:
                raise
            return False
        return True


def dataset(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> File:
    """Rows as CSV: true and false as such, nothing for what is missing."""
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
    """Collects rows and writes them in a thread of its own. What waits when the process is killed is lost."""

    def __init__(
        self, target: Target, *, rows: int = 20, seconds: float = 300.0, pending: int = 10_000,
        told: Callable[[str, int, str], object] = lambda *_: None,
    ) -> None:  # fmt: skip
        """`told` hears outcome (written | delayed | lost), rows and reason."""
        self._target = target
        self._rows, self._seconds, self._most = rows, seconds, pending
        self._told = told
        self._waiting: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        self._sealed: list[File] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # one at a time: the thread's turn and the last one at the end
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._asked = 0.0  # seconds that the target wants to be left alone
        self.problem = ""

    @property
    def pending(self) -> int:
        """Rows that are not written yet."""
        return sum(map(len, self._waiting.values())) + sum(file.rows for file in self._sealed)

    def add(self, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> int:
        """Takes the rows; how many wait now. Raises FullError when that would be too many."""
        with self._lock:
            if self.pending + len(rows) > self._most:
                raise FullError
            self._waiting.setdefault(columns, []).extend(rows)
            waiting, full = self.pending, len(self._waiting[columns]) >= self._rows
        if full:
            self._wake.set()
        return waiting

    def flush(self, least: int = 1) -> bool:
        """Writes what waits, in datasets of `least` rows and more; True when nothing sealed is left."""
        with self._writing:
            return self._flush(least)

    def _flush(self, least: int) -> bool:
        with self._lock:
            for columns in [columns for columns, rows in self._waiting.items() if len(rows) >= least]:
                self._sealed.append(dataset(columns, self._waiting.pop(columns)))
        while self._sealed:
            file = self._sealed[0]
            try:
                self._target.put(file)
            except Exception as error:  # whatever it is, the rows wait and the thread lives
                self._delayed(file, error)
                return False
            with self._lock:
                self._sealed.pop(0)
            self.problem = ""
            self._told("written", file.rows, file.name)
        return True

    def _delayed(self, file: File, error: Exception) -> None:
        self._asked = getattr(error, "wait", 0.0)
        if str(error) != self.problem:
            self.problem = str(error)
            self._told("delayed", file.rows, self.problem)

    @contextlib.contextmanager
    def running(self) -> Iterator[Feedback]:
        """Writes while the block runs; at its end once more, and tells what is lost."""
        thread = threading.Thread(target=self._run, name="feedback", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            self._wake.set()
            thread.join(timeout=30)
            if not self.flush() and self.pending:
                self._told("lost", self.pending, self.problem)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            early = self._rest(failures)
            if not self._closing.is_set():
                failures = 0 if self.flush(self._rows if early else 1) else min(failures + 1, 10)

    def _rest(self, failures: int) -> bool:
        """Until enough rows wait (True) or it is time; rows that arrive do not hurry a server in trouble."""
        if not failures:
            early = self._wake.wait(self._seconds)
            self._wake.clear()
            return early
        wait = max(min(BACKOFF * 2.0**failures, MOST_BACKOFF), self._asked)
        self._closing.wait(wait * random.uniform(1.0, 1.2))  # noqa: S311  many services must not ask at once
        return False
