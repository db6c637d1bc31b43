"""Where the models are: a folder on this machine, or a repository on GitHub. It returns bytes and verifies nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from ml_action.config.settings import METADATA
from ml_action.consumer.api import MAX_METADATA, Api, Download, SourceUnavailable
from ml_action.git.journal import COUNTER


class Source(Protocol):
    """Where model_metadata.json and the files next to it come from."""

    def metadata(self) -> bytes:
        """Returns the current bytes of model_metadata.json. Raises SourceUnavailable."""

    def artifact(self, file: str, most: int) -> bytes:
        """Returns the bytes of a file next to it, at most `most` + 1 of them. Raises SourceUnavailable."""

    def counter(self) -> bytes:
        """Returns new_data_counter.json with the last decision, or b"" if the source does not have it."""


class Folder:
    """The model directory of a checkout that another process keeps up to date."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __str__(self) -> str:
        return str(self.path)

    def metadata(self) -> bytes:
        """Returns the file on the disk."""
        return self.artifact(METADATA, MAX_METADATA)

    def artifact(self, file: str, most: int) -> bytes:
        """Reads the file once, so that the bytes that are verified are those that are loaded."""
        try:
            with (self.path / file).open("rb") as stream:
                return stream.read(most + 1)
        except OSError as error:
            raise SourceUnavailable(
                f"{self.path / file} cannot be read: {error.strerror or error}",
                why="the folder is not the model directory, or the checkout is not complete",
                fix="point the consumer at the folder that holds model_metadata.json",
            ) from error

    def counter(self) -> bytes:
        """Returns b"": a checkout of the base branch does not contain the state branch."""
        return b""


class GitHub:
    """A repository, through the contents API: an unchanged file costs one conditional request.

    https://docs.github.com/en/rest/repos/contents#get-repository-content
    """

    def __init__(
        self,
        repository: str,
        model_dir: str = "model",
        *,
        ref: str = "",
        token: str | Callable[[], str] = "",
        api: str = "https://api.github.com",
        timeout: float = 20.0,
    ) -> None:
        """`ref` is a branch or tag, "" the default branch.

        `token` may be a function, which is called before each request. `api` on GitHub Enterprise Server is https://HOST/api/v3.
        """
        self.repository = repository
        self._folder = model_dir.strip("/")
        self._ref = ref
        self._api = Api(api, token, timeout)
        self._cached: dict[str, Download] = {}  # by address
        self._state_branch = ""

    def __str__(self) -> str:
        return f"{self.repository}/{self._folder}" + (f" at {self._ref}" if self._ref else "")

    def metadata(self) -> bytes:
        """Returns the file on the branch, requested with the ETag of the last response."""
        content = self._read(f"{self._folder}/{METADATA}", self._ref)
        self._state_branch = _state_branch(content)
        return content

    def artifact(self, file: str, most: int) -> bytes:
        """Returns the file on the branch as it is now. The digest shows whether it is the recorded one."""
        return self._api.read(self._address(f"{self._folder}/{file}", self._ref), most=most).content

    def counter(self) -> bytes:
        """Returns the file on the state branch, or b"" if it does not exist or cannot be read."""
        try:
            return self._read(COUNTER, self._state_branch) if self._state_branch else b""
        except SourceUnavailable:
            return b""

    def _read(self, path: str, ref: str) -> bytes:
        """Returns a file, downloaded only if it has changed."""
        address = self._address(path, ref)
        known = self._cached.get(address, Download())
        found = self._api.read(address, known.etag)
        if found.etag == known.etag and known.etag:
            return known.content
        file = address.partition("?")[0]
        others = {key: value for key, value in self._cached.items() if key.partition("?")[0] != file}
        self._cached = others | {address: found}  # replaced, not changed: two threads may read
        return found.content

    def _address(self, path: str, ref: str) -> str:
        query = f"?ref={quote(ref, safe='')}" if ref else ""
        return f"/repos/{quote(self.repository)}/contents/{quote(path)}{query}"


def _state_branch(metadata: bytes) -> str:
    """Returns the branch with the counter, whose name is made from a name in the metadata, or ""."""
    try:
        name = json.loads(metadata)["name"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f"ml-auto-update/{name}/state" if isinstance(name, str) and name else ""
