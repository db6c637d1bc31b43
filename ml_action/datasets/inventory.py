"""What arrived: git's own tree comparison, read as datasets (docs/accounting.md).

New is a file of the data path whose content (git blob id) no dataset had that the last attempt saw: an added or edited
file. A rename (`R100`) and an exact copy (`C100`) of a dataset are not new, a deletion is only counted, a symbolic link
or a submodule is no dataset. Pure: takes the bytes that `git diff-tree -r -z` printed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ml_action.config.data_path import DataPath
from ml_action.core import file_formats
from ml_action.core.records.dataset import Dataset, Inventory
from ml_action.git.command import decode_path

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
    source: str = ""  # in the repository, of the old side if that was a dataset


@dataclass(frozen=True)
class Changes:
    """The entries of `git diff-tree -r -z`, parsed again each time, so that a million of them need no memory."""

    raw: bytes
    then: DataPath  # what was a dataset on the old side
    prefix: str = ""  # of the old side's paths in the repository

    def __iter__(self) -> Iterator[Change]:
        """Fields are separated by NUL, which no file name contains."""
        fields = iter(self.raw.split(b"\0"))
        for head in fields:
            if not head.startswith(b":"):
                return  # the end, or what --numstat adds
            mode_before, mode, before, after, status = head[1:].split(b" ")
            source = path = next(fields)
            if status[:1] in (b"R", b"C"):
                path = next(fields)
            old = decode_path(source)
            was = is_dataset(self.then, old, mode_before)
            kind, place = status[:1].decode(), self.prefix + old if was else ""
            yield Change(kind, was, mode, before.decode(), after.decode(), decode_path(path), place)


def is_dataset(selection: DataPath, name: str, mode: bytes) -> bool:
    """Whether an entry of the selection's tree is a dataset: a regular file that it holds by its name."""
    return mode in REGULAR_FILES and selection.matches_entry(name)


def added_lines(raw: bytes) -> Iterator[tuple[str, int | None]]:
    """What `--raw --numstat -z` says of each file: how many lines were added; None where it is binary to git."""
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
            yield decode_path(path), None if added == b"-" else int(added)


# --- the count --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CountRequest:
    """What a count starts from."""

    tree: str  # the data's tree now
    since: str  # and as the last attempt saw it
    now: DataPath
    changes: Iterable[Change]  # from one to the other; walked more than once
    untracked: tuple[Dataset, ...] = ()  # as they are now
    seen: tuple[Dataset, ...] = ()  # untracked ones that the last attempt saw
    looked: bool = False  # whether untracked files were looked for: else those that were seen are not gone
    set_aside: Collection[str] = frozenset()  # blob ids that were looked at and are not to be counted
    copies: Mapping[str, str] = field(default_factory=dict)  # of these: copies, and the blob ids of what they copy


def unresolved_blobs(question: CountRequest) -> frozenset[str]:
    """The blob ids for which only the old tree shows whether one of its datasets had them.

    Those of files that were edited or were no datasets before, since git looks for copies among added files alone,
    and those of untracked files.
    """
    changed = (change.after for change in question.changes if _is_open(change) and _is_there(change, question.now))
    seen = {item.blob for item in question.seen}
    loose = {item.blob for item in question.untracked if item.blob not in seen}
    return frozenset(changed) | loose | frozenset(question.copies.values())


def _is_open(change: Change) -> bool:
    return change.status in "MT" or (change.status in "RC" and not change.was)


def _is_there(change: Change, now: DataPath) -> bool:
    """Whether there is a dataset on the new side."""
    return change.status != "D" and is_dataset(now, change.path, change.mode)


def count(question: CountRequest, known: Collection[str], rows_of: Callable[[Change], int] | None = None) -> Inventory:
    """The inventory. `known` holds those of the open questions that datasets of the old tree had.

    With `rows_of`, which returns the new rows of a change, rows are counted too. The inventory then names the old
    version of every dataset that was edited or deleted: these hold rows that are not new.
    """
    old = frozenset(known).union(item.blob for item in question.seen)
    loose = frozenset(item.blob for item in question.untracked)
    here = {change.after for change in question.changes if _is_there(change, question.now)} if question.copies else ()
    tally = _Counter(question, old, loose, rows_of, old | loose | frozenset(here))
    for change in question.changes:
        tally.take(change)
    if question.looked:
        tally.take_untracked()
    return tally.result()


@dataclass
class _Counter:
    """A count that is under way."""

    question: CountRequest
    old: frozenset[str]  # blob ids that are known
    loose: frozenset[str]  # blob ids of the untracked files
    rows_of: Callable[[Change], int] | None
    here: frozenset[str]  # blob ids that are there, or were
    new: dict[str, Dataset] = field(default_factory=dict)
    before: list[Dataset] = field(default_factory=list)
    committed: set[str] = field(default_factory=set)  # blob ids on the new side
    copies: int = 0
    removed: int = 0
    aside: int = 0
    bad: int = 0
    rows: int = 0
    others: int = 0

    def take(self, change: Change) -> None:
        """One change."""
        now = self.question.now
        if self.rows_of and self._is_gone(change):
            self.before.append(Dataset(change.source, change.before))
        if change.status == "D":
            self.removed += change.was and change.before not in self.loose
        elif not _is_there(change, now):
            self.others += is_dataset(now.restricted_to(file_formats.suffixes()), change.path, change.mode)
        else:
            self.committed.add(change.after)
            if self._counts(change.after, _is_known(change)):
                self._add(change)

    def _is_gone(self, change: Change) -> bool:
        """Whether a content that counted is no longer where it was."""
        if not change.was or change.status == "C" or change.before in self.question.set_aside:
            return False
        return change.before != change.after or not _is_there(change, self.question.now)

    def _counts(self, blob: str, known: bool) -> bool:
        """Whether a content is new; if not, it is noted why."""
        if known or blob in self.old or blob in self.new:
            self.copies += 1
        elif self._is_aside(blob):
            self.aside += 1
            self.bad += blob not in self.question.copies
        else:
            return True
        return False

    def _is_aside(self, blob: str) -> bool:
        """Whether it was set aside, and still has to be: a copy counts once its original is gone uncounted."""
        original = self.question.copies.get(blob)
        return blob in self.question.set_aside and (original is None or original in self.here)

    def _add(self, change: Change) -> None:
        path = self.question.now.path_of(change.path)
        self.new[change.after] = Dataset(path, change.after)
        if self.rows_of:
            # what was set aside never counted: when it is corrected, all of it is new
            change = replace(change, was=change.was and change.before not in self.question.set_aside)
            self.rows += self.rows_of(change)

    def take_untracked(self) -> None:
        """The untracked files: content that is tracked as well, or was seen, is no other dataset."""
        seen = {item.blob for item in self.question.seen}
        for item in self.question.untracked:
            if item.blob not in seen and self._counts(item.blob, item.blob in self.committed):
                self.new[item.blob] = item
        self.removed += len(seen - self.loose - self.committed)

    def result(self) -> Inventory:
        """The inventory."""
        question = self.question
        return Inventory(
            question.tree,
            question.since,
            tuple(self.new.values()),
            copies=self.copies,
            removed=self.removed,
            rejected=self.aside,
            bad=self.bad,
            rows=self.rows,
            before=tuple(self.before),
            untracked=question.untracked if question.looked else question.seen,
            ignored=self.others,
        )


def _is_known(change: Change) -> bool:
    """Whether git itself says that a dataset had this content."""
    return change.was and change.after == change.before


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """The changes between two lists of datasets (path to blob id), when the setting selects other files than before."""
    known = set(old.values())
    for path, blob in new.items():
        if old.get(path) != blob:
            status = "M" if path in old else "C" if blob in known else "A"
            before = blob if status == "C" else old.get(path, "")
            yield Change(status, status != "A", REGULAR_FILES[0], before, blob, path, path)
    here = set(new.values())
    for path, blob in old.items():
        if path not in new and blob not in here:
            yield Change("D", True, b"", blob, "", path, path)


# --- whole trees ------------------------------------------------------------------------------------------


def entries(records: Iterable[bytes], selection: DataPath) -> Iterator[Dataset]:
    """The datasets among the records of `git ls-tree -r -z`, in the tree's order."""
    for record in records:
        head, _, path = record.partition(b"\t")
        mode, _, blob = head.partition(b" ")
        name = decode_path(path)
        if is_dataset(selection, name, mode):
            yield Dataset(selection.path_of(name), blob.rpartition(b" ")[2].decode())


def notes(found: Inventory) -> tuple[str, ...]:
    """What a person should know of the count, in sentences."""
    found_notes = [f"the data path {path} is not in the commit: nothing counts there" for path in found.missing]
    if found.ignored:
        counted = file_formats.countable_suffixes()
        others = file_formats.alternatives([suffix for suffix in file_formats.suffixes() if suffix not in counted])
        found_notes.append(
            f"{found.ignored} {others} files arrived and do not count: "
            f"unit rows counts {file_formats.alternatives(counted)} files"
        )
    return tuple(found_notes)
