"""Where datasets go: files of a folder, or commits through GitHub's contents API.

A file is named for its content, so writing it twice has the effect of writing it once: a lost response causes no second
copy.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from ml_action.consumer import Api, DataError, SourceUnavailable
from ml_action.core.formatting import count_of
from service.config import Config

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


def target_of(config: Config) -> Target:
    """Returns where the settings send datasets."""
    if config.feedback == "folder":
        return FolderTarget(config.feedback_path)
    return GitHubTarget(Api(config.api, config.current_token), config.repository, config.feedback_path, config.branch)
