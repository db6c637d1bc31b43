"""What git prints of two trees, and of one, as changes and as datasets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ml_action.config.data_path import DataPath
from ml_action.core.dataclass import dataclass
from ml_action.core.records.dataset import Dataset
from ml_action.git.command import decode_path

REGULAR_FILES = (b"100644", b"100755")


class Change(NamedTuple):
    """One entry of `git diff-tree --raw -z`. A tuple, because there may be a million of them."""

    status: str  # A M D T R C
    was_dataset: bool  # whether the old side was a dataset
    mode: bytes  # of the new side
    before: str  # blob id of the old side
    after: str  # blob id of the new side
    path: str  # of the new side
    source: str = ""  # path in the repository of the old side, if that was a dataset


@dataclass(frozen=True)
class Changes:
    """The entries of `git diff-tree -r -z`, parsed again each time: a million of them need not be held."""

    raw: bytes
    then: DataPath  # which files were datasets on the old side
    prefix: str = ""  # of the old side's paths in the repository

    def __iter__(self) -> Iterator[Change]:
        """Yields the entries. Fields are separated by NUL, so that any file name stays whole."""
        fields = iter(self.raw.split(b"\0"))
        for head in fields:
            if not head.startswith(b":"):
                return  # the end, or the line counts of --numstat
            mode_before, mode, before, after, status = head[1:].split(b" ")
            source = path = next(fields)
            if status[:1] in (b"R", b"C"):
                path = next(fields)
            old = decode_path(source)
            was_dataset = is_dataset(self.then, old, mode_before)
            kind, place = status[:1].decode(), self.prefix + old if was_dataset else ""
            yield Change(kind, was_dataset, mode, before.decode(), after.decode(), decode_path(path), place)


def is_dataset(selection: DataPath, name: str, mode: bytes) -> bool:
    """Whether an entry of the selection's tree is a dataset: a regular file whose name matches."""
    return mode in REGULAR_FILES and selection.matches_entry(name)


def added_lines(raw: bytes) -> dict[str, int | None]:
    """Returns the number of added lines of each file in `--raw --numstat -z`, by its path; None for a binary file."""
    found: dict[str, int | None] = {}
    fields = iter(raw.split(b"\0"))
    for head in fields:
        if head.startswith(b":"):
            for _ in range(2 if head.rsplit(b" ", 1)[1][:1] in (b"R", b"C") else 1):
                next(fields)
        elif head:
            added, _, path = head.split(b"\t", 2)
            if not path:  # a rename or copy: old and new name follow
                next(fields)
                path = next(fields)
            found[decode_path(path)] = None if added == b"-" else int(added)
    return found


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """Yields the changes between two lists of datasets (path to blob id), for a data path that was changed."""
    known = set(old.values())
    for path, blob in new.items():
        if old.get(path) != blob:
            status = "M" if path in old else "C" if blob in known else "A"
            before = blob if status == "C" else old.get(path, "")
            yield Change(status, status != "A", REGULAR_FILES[0], before, blob, path, path)
    present = set(new.values())
    for path, blob in old.items():
        if path not in new and blob not in present:
            yield Change("D", True, b"", blob, "", path, path)


# --- whole trees ------------------------------------------------------------------------------------------


def entries(records: Iterable[bytes], selection: DataPath) -> Iterator[Dataset]:
    """Yields the datasets among the records of `git ls-tree -r -z`, in the tree's order."""
    for record in records:
        head, _, path = record.partition(b"\t")
        mode, _, blob = head.partition(b" ")
        name = decode_path(path)
        if is_dataset(selection, name, mode):
            yield Dataset(selection.path_of(name), blob.rpartition(b" ")[2].decode())
