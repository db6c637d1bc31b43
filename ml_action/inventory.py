"""What arrived: git's own tree comparison, read as datasets (design section 2).

New is a CSV file whose content (git blob id) no dataset of the last attempt's data tree had: an added or edited file.
A rename (`R100`) and an exact copy (`C100`) of a dataset are not new, a deletion is only counted, a symbolic link or a
submodule is no dataset. Pure: takes the bytes that `git diff-tree -r -z` printed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ml_action.arrivals import Dataset, Inventory

REGULAR_FILES = (b"100644", b"100755")


@dataclass(frozen=True)
class Change:
    """One entry of `git diff-tree --raw -z`."""

    status: str  # A M D T R C
    was: bool  # whether the old side was a dataset
    mode: bytes  # of the new side
    before: str  # blob id of the old side
    after: str  # blob id of the new side
    path: str  # of the new side


def changes(raw: bytes) -> Iterator[Change]:
    """The entries of `git diff-tree -r -z`, which part fields by NUL and so keep any file name whole."""
    fields = iter(raw.split(b"\0"))
    for head in fields:
        if not head:
            return
        mode_before, mode, before, after, status = head.lstrip(b":").split(b" ")
        source = path = next(fields)
        if status[:1] in (b"R", b"C"):
            path = next(fields)
        was = is_dataset(decode_path(source), mode_before)
        yield Change(status[:1].decode(), was, mode, before.decode(), after.decode(), decode_path(path))


def decode_path(path: bytes) -> str:
    """A file name as text; bytes that are not UTF-8 survive the way back (PEP 383)."""
    return path.decode("utf-8", "surrogateescape")


def is_dataset(path: str, mode: bytes) -> bool:
    """Whether a tree entry is a dataset: a regular file whose name ends in .csv."""
    return mode in REGULAR_FILES and path.lower().endswith(".csv")


def count(
    raw: bytes, *, folder: str, tree: str, since: str, known: Collection[str], set_aside: Collection[str]
) -> Inventory:
    """The inventory from `git diff-tree`'s answer about the trees of `folder`.

    `known` holds the blob ids of the old tree as far as they matter (those that edits may have copied), `set_aside`
    those that were looked at and are not to be counted.
    """
    new: dict[str, Dataset] = {}
    copies = removed = aside = 0
    for change in changes(raw):
        if change.status == "D":
            removed += change.was
        elif not is_dataset(change.path, change.mode):
            continue
        elif (change.was and change.after == change.before) or change.after in known or change.after in new:
            copies += 1
        elif change.after in set_aside:
            aside += 1
        else:
            new[change.after] = Dataset(f"{folder}/{change.path}", change.after)
    return Inventory(tree, since, tuple(new.values()), copies, removed, aside)


def has_edits(raw: bytes) -> bool:
    """Whether a file was edited, or made from what was no dataset: it may hold an old dataset's content."""
    return any(change.status in "MT" or (change.status in "RC" and not change.was) for change in changes(raw))


def datasets(raw: bytes, *, folder: str) -> tuple[Dataset, ...]:
    """The datasets of the whole tree of `folder` from `git ls-tree -r -z`: one per content, in the tree's order."""
    found: dict[str, Dataset] = {}
    for entry in raw.split(b"\0"):
        if not entry:
            continue
        head, path = entry.split(b"\t", 1)
        mode, _, blob = head.split(b" ")
        name = decode_path(path)
        if is_dataset(name, mode):
            found.setdefault(blob.decode(), Dataset(f"{folder}/{name}", blob.decode()))
    return tuple(found.values())
