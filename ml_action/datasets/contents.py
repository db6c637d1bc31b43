"""The bytes of datasets, one at a time, wherever they are: git's, an untracked file's, or those Git LFS keeps."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ml_action.core.records.dataset import Dataset
from ml_action.git import lfs, workspace
from ml_action.git.repository import Repository


def contents(repository: Repository, datasets: Sequence[Dataset], most: int = sys.maxsize) -> Iterator[bytes | None]:
    """The contents in the order of the datasets; None for one of more than `most` bytes.

    Of a dataset in Git LFS it is the file's content where the checkout has the very file, else the pointer's.

    Raises:
        GitFailed: a blob is missing.
        DataError: an untracked file is no longer what was counted.
    """
    tracked = repository.store.blobs((item.blob for item in datasets if not item.untracked), most)
    for item in datasets:
        if item.untracked:
            yield _of_file(repository.workspace, item, most)
        else:
            content = next(tracked)
            pointer = lfs.parse(content) if content is not None else None
            yield _lfs_content(repository.workspace, item, pointer, most, content) if pointer else content


def _of_file(folder: Path | None, item: Dataset, most: int) -> bytes | None:
    """An untracked file's content, if it is still what its id names."""
    try:
        content = _read(folder, item.path, most)
    except OSError as error:
        raise workspace.changed(item.path) from error
    if content is None or workspace.blob_id(content, sha256=workspace.is_sha256(item.blob)) == item.blob:
        return content
    raise workspace.changed(item.path)


def _lfs_content(
    folder: Path | None, item: Dataset, pointer: lfs.Pointer, most: int, otherwise: bytes | None
) -> bytes | None:
    """The file that a Git LFS pointer names, if the workspace has it."""
    try:
        content = _read(folder, item.path, most, pointer.size)
    except OSError:
        return otherwise
    if content is None or hashlib.sha256(content).hexdigest() == pointer.sha256:
        return content
    return otherwise


def _read(folder: Path | None, path: str, most: int, expected: int | None = None) -> bytes | None:
    """A file of the workspace; None when it is too large. Raises OSError when it is not there in the expected size."""
    if folder is None:
        raise OSError("there is no checkout")
    with workspace.open_file(folder, path) as (file, size):
        if expected is not None and size != expected:
            raise OSError("it has another size")
        return None if size > most else b"".join(iter(lambda: file.read(1 << 20), b""))
