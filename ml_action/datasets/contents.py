"""The bytes of datasets, one at a time, from git, from an untracked file, or from a file that Git LFS keeps."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ml_action.core.records.dataset import Dataset
from ml_action.git import lfs, workspace
from ml_action.git.repository import Repository


def contents(repository: Repository, datasets: Sequence[Dataset], limit: int = sys.maxsize) -> Iterator[bytes | None]:
    """Yields the contents in the order of the datasets; None for one of more than `limit` bytes.

    For a dataset in Git LFS this is the file's content if the checkout has that file, else the pointer.

    Raises:
        GitFailed: A blob is missing.
        DataError: An untracked file has changed since it was counted.
    """
    tracked = repository.store.blobs((item.blob for item in datasets if not item.untracked), limit)
    for item in datasets:
        if item.untracked:
            yield _of_file(repository.workspace, item, limit)
        else:
            content = next(tracked)
            pointer = lfs.parse(content) if content is not None else None
            yield _of_lfs(repository.workspace, item, pointer, limit, content) if pointer else content


def _of_file(folder: Path | None, item: Dataset, limit: int) -> bytes | None:
    """Returns an untracked file's content if its id is still the same."""
    try:
        content = _read(folder, item.path, limit)
    except OSError as error:
        raise workspace.changed(item.path) from error
    if content is None or workspace.blob_id(content, sha256=workspace.is_sha256(item.blob)) == item.blob:
        return content
    raise workspace.changed(item.path)


def _of_lfs(
    folder: Path | None, item: Dataset, pointer: lfs.Pointer, limit: int, otherwise: bytes | None
) -> bytes | None:
    """Returns the file that a Git LFS pointer refers to if the workspace has it."""
    try:
        content = _read(folder, item.path, limit, pointer.size)
    except OSError:
        return otherwise
    if content is None or hashlib.sha256(content).hexdigest() == pointer.sha256:
        return content
    return otherwise


def _read(folder: Path | None, path: str, limit: int, expected: int | None = None) -> bytes | None:
    """Reads a file of the workspace; None if it is too large.

    Raises:
        OSError: There is no such file, or it has another size than expected.
    """
    if folder is None:
        raise OSError("there is no checkout")
    with workspace.open_file(folder, path) as (file, size):
        if expected is not None and size != expected:
            raise OSError("it has another size")
        return None if size > limit else b"".join(iter(lambda: file.read(1 << 20), b""))
