"""Git's objects as records, and the parsers of what the git command prints about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

COMMIT_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00%x01"
STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


@dataclass(frozen=True)
class Person:
    """The author or committer of a commit. An empty date means now."""

    name: str
    email: str
    date: str = ""


@dataclass(frozen=True)
class Commit:
    """A commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class Entry:
    """A file or a folder of a tree."""

    path: str
    mode: str
    kind: str  # blob tree commit
    sha: str
    size: int  # bytes of a blob


@dataclass(frozen=True)
class Change:
    """The change of one path between two commits, with the lines added and removed (none in binary files)."""

    path: str
    status: str  # added removed modified renamed copied changed
    blob: str
    additions: int = 0
    deletions: int = 0
    previous: str = ""  # path before a rename or copy


def parse_commits(text: str) -> list[Commit]:
    """Parses the output of `git log --format=COMMIT_FORMAT`."""
    return [_parse_commit(record.lstrip("\n")) for record in text.split("\x01\n") if record.strip("\n")]


def _parse_commit(record: str) -> Commit:
    sha, tree, parents, *people, message, _ = record.split("\x00")
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Person(*people[:3]),
        committer=Person(*people[3:]),
        message=message.rstrip("\n"),
    )


def parse_entries(text: str) -> list[Entry]:
    """Parses the output of `git ls-tree -l -z`."""
    return [_parse_entry(row) for row in text.split("\x00")[:-1]]


def _parse_entry(row: str) -> Entry:
    details, _, path = row.partition("\t")
    mode, kind, sha, size = details.split()
    return Entry(path, mode, kind, sha, int(size.strip("-") or 0))


def parse_changes(text: str) -> list[Change]:
    """Parses the output of `git diff --raw --numstat -z`: first the changes of all paths, then their line counts."""
    fields = iter(text.split("\x00"))
    changes: list[Change] = []
    counts: dict[str, tuple[int, int]] = {}
    for item in fields:
        if item.startswith(":"):
            changes.append(_parse_change(item, fields))
        elif item:
            added, removed, path = item.split("\t")
            path = path or (next(fields), next(fields))[1]
            counts[path] = _parse_count(added), _parse_count(removed)
    return [_with_counts(change, *counts.get(change.path, (0, 0))) for change in changes]


def _parse_change(item: str, fields: Iterator[str]) -> Change:
    _, _, old_blob, blob, letter = item.split(" ")
    previous = path = next(fields)
    if letter[0] in "RC":
        path = next(fields)
    renamed = previous if previous != path else ""
    return Change(path, STATUS[letter[0]], old_blob if letter == "D" else blob, previous=renamed)


def _with_counts(change: Change, additions: int, deletions: int) -> Change:
    return replace(change, additions=additions, deletions=deletions)


def _parse_count(text: str) -> int:
    return 0 if text == "-" else int(text)
