"""Files of the workspace that git does not track, and the contents of files that git has only a pointer to.

They are read and never written. Each folder and file is opened relative to its parent and never through a symbolic
link, so that no name, and no link that is created meanwhile, leads out of the repository.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from ml_action.config.data_path import DataPath
from ml_action.core.errors import DataError
from ml_action.core.records.dataset import Dataset
from ml_action.git.command import Git, decode_path

_CHUNK = 1 << 20
_DEEPEST = 200  # folders: each is open while those in it are read
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
# not blocking: opening a pipe must not stop the run
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def untracked(
    git: Git, folder: Path, selection: DataPath, commits: Iterable[str], *, sha256: bool
) -> tuple[Dataset, ...]:
    """Returns the datasets in the folder whose paths are in none of the commits, in the order of their paths.

    Args:
        git: where the commits are.
        folder: the workspace.
        selection: which files are datasets.
        commits: the commits whose files are tracked.
        sha256: whether git's object ids are SHA-256 digests.

    Raises:
        DataError: a dataset cannot be read, or changes while it is read.
    """
    found = {path for root in selection.roots for path in _below(folder, root) if selection.matches(decode_path(path))}
    for commit in dict.fromkeys(commits) if found else ():
        for names in git.records("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", *selection.roots):
            found.difference_update(names)
    paths = map(decode_path, sorted(found))
    return tuple(Dataset(path, _identity(folder, path, sha256=sha256), untracked=True, private=True) for path in paths)


def has_folder(folder: Path, path: str) -> bool:
    """Whether the folder exists and is not reached through a link."""
    try:
        with _opened_folder(folder, path):
            return True
    except OSError:
        return False


def is_sha256(blob: str) -> bool:
    """Whether an object id is one of SHA-256."""
    return len(blob) == 64


def blob_id(content: bytes, *, sha256: bool) -> str:
    """Returns the id that git gives to a blob of this content."""
    digest = hashlib.new("sha256" if sha256 else "sha1", b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


class OpenFile(NamedTuple):
    """A file that is open for reading."""

    file: FileIO
    size: int  # bytes


@contextmanager
def open_file(folder: Path, path: str) -> Iterator[OpenFile]:
    """Opens a regular file of the folder for reading.

    Raises:
        OSError: it does not exist or is no regular file, or a link is on the way.
    """
    place, _, name = path.rpartition("/")
    with _opened_folder(folder, place) as parent:
        handle = os.open(_bytes(name), _FILE, dir_fd=parent)
        with open(handle, "rb", buffering=0) as file:  # noqa: PTH123  a handle
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise OSError("it is no regular file")
            yield OpenFile(file, status.st_size)


def _identity(folder: Path, path: str, *, sha256: bool) -> str:
    """Returns the id that git gives to a blob of the file's content; nothing is written."""
    try:
        with open_file(folder, path) as (file, size):
            digest = hashlib.new("sha256" if sha256 else "sha1", b"blob %d\0" % size, usedforsecurity=False)
            found = 0
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                found += len(chunk)
    except OSError as error:
        raise _unreadable(path, error) from error
    if found != size:
        raise changed(path)
    return digest.hexdigest()


def changed(path: str) -> DataError:
    """Returns the error for a file whose content changed after it was counted."""
    return DataError(
        "an untracked dataset changed during the run",
        why="another process writes into the data path while datasets are counted and read",
        fix="let the step that fetches datasets end before this one",
        path=path,
    )


def _unreadable(path: str, error: OSError) -> DataError:
    return DataError(
        f"an untracked dataset cannot be read: {error.strerror or error}",
        why="it belongs to another user, or it was taken away meanwhile",
        fix="let the step that fetches it make it readable, or set untracked: false",
        path=path,
    )


# --- walking ----------------------------------------------------------------------------------------------


def _below(folder: Path, root: str) -> Iterator[bytes]:
    """Yields the paths of all regular files below the root, relative to the folder. Nested repositories are skipped."""
    try:
        with _opened_folder(folder, root) as handle:
            yield from _walk(handle, _bytes(root))
    except (FileNotFoundError, NotADirectoryError):
        return  # no dataset was fetched yet
    except OSError as error:
        raise _unreadable(root, error) from error


def _walk(handle: int, prefix: bytes) -> Iterator[bytes]:
    if prefix.count(b"/") > _DEEPEST:
        raise DataError(
            f"the folders of the untracked datasets are nested more than {_DEEPEST} times",
            why="a step that fetches them took names with hundreds of slashes for folders",
            fix="let that step write the files into one folder",
            path=decode_path(b"/".join(prefix.split(b"/")[:3])),
        )
    with os.scandir(handle) as found:
        entries = sorted((os.fsencode(entry.name), entry) for entry in found)
    if entries and any(name == b".git" for name, _ in entries):
        return
    for name, entry in entries:
        path = prefix + b"/" + name
        if entry.is_file(follow_symlinks=False):
            yield path
        elif entry.is_dir(follow_symlinks=False):
            with _opened_at(handle, name) as inner:
                yield from _walk(inner, path)


@contextmanager
def _opened_folder(folder: Path, path: str) -> Iterator[int]:
    """Opens a folder below the given one."""
    handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for part in path.split("/") if path else ():
            inner = os.open(_bytes(part), _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _opened_at(parent: int, name: bytes) -> Iterator[int]:
    handle = os.open(name, _FOLDER, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
