"""Which datasets arrived: git's own comparison of two trees, read as datasets (docs/accounting.md).

New is a file of the data path with a content (git blob id) that no dataset had when the last attempt looked: an added
or edited file. A rename (`R100`) and an exact copy (`C100`) of a dataset are not new, a deletion is only counted, a
symbolic link or a submodule is no dataset. A file of one row is a reading, and may repeat another (`readings`).
Pure: takes the changes that `changes` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from ml_action.config.data_path import DataPath
from ml_action.core import file_formats
from ml_action.core.dataclass import dataclass, field, replace
from ml_action.core.records.dataset import Dataset, Inventory
from ml_action.datasets.changes import Change, is_dataset
from ml_action.datasets.readings import name_of

# --- the count --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CountRequest:
    """The input of a count."""

    tree: str  # the data's tree now
    since: str  # and when the last attempt looked
    now: DataPath
    changes: Iterable[Change]  # between the two; iterated more than once
    untracked: tuple[Dataset, ...] = ()  # untracked datasets now
    seen: tuple[Dataset, ...] = ()  # and when the last attempt looked
    with_untracked: bool = False  # whether untracked files count; else those that were seen do not count as removed
    rejected: Collection[str] = frozenset()  # blob ids that were checked and do not count
    copies: Mapping[str, str] = field(default_factory=dict)  # those that are copies, with the blob ids of the originals
    # Blob ids of contents of one row that count under each name of a file, with the names that old datasets have.
    readings: Mapping[str, Collection[str]] = field(default_factory=dict)


def unresolved_blobs(request: CountRequest) -> frozenset[str]:
    """Returns the blob ids for which the old tree must be searched for a dataset with this content.

    These are those of files that were edited or were no datasets before, since git searches only added files for
    copies, and those of untracked files.
    """
    changes = (change for change in request.changes if _is_unresolved(change))  # the cheaper question first
    changed = (change.after for change in changes if _is_present(change, request.now))
    seen = {item.blob for item in request.seen}
    untracked = {item.blob for item in request.untracked if item.blob not in seen}
    return frozenset(changed) | untracked | frozenset(request.copies.values())


def _is_unresolved(change: Change) -> bool:
    return change.status in "MT" or (change.status in "RC" and not change.was_dataset)


def _is_present(change: Change, now: DataPath) -> bool:
    """Whether the new side is a dataset."""
    return change.status != "D" and is_dataset(now, change.path, change.mode)


def repeated(request: CountRequest, known: Collection[str]) -> tuple[Dataset, ...]:
    """Returns one dataset for each content that several files of different names have; renames do not count."""
    old = frozenset(known).union(item.blob for item in request.seen)
    found: dict[str, Dataset] = {}
    names: dict[str, str] = {}
    for change in request.changes:
        if not _may_repeat(change, request.now) or change.after in request.rejected:
            continue
        name = name_of(change.path)
        was_there = change.status == "C" and change.was_dataset and name_of(change.source) != name
        if was_there or change.after in old or names.setdefault(change.after, name) != name:
            found.setdefault(change.after, Dataset(request.now.path_of(change.path), change.after))
    for item in request.untracked if request.with_untracked else ():
        name = name_of(item.path)
        if item not in request.seen and (item.blob in old or names.setdefault(item.blob, name) != name):
            found.setdefault(item.blob, item)
    return tuple(found.values())


def _may_repeat(change: Change, now: DataPath) -> bool:
    """Whether a file got a content, and neither was moved nor stayed as it is."""
    return (
        change.status in "ACMT" and (change.status == "C" or change.before != change.after) and _is_present(change, now)
    )


def count(request: CountRequest, known: Collection[str], rows_of: Callable[[Change], int] | None = None) -> Inventory:
    """Returns the inventory. `known` has those of the unresolved blobs that datasets of the old tree had.

    With `rows_of`, which returns the number of new rows of a change, rows are counted too. Then the inventory also
    names the old version of every dataset that was edited or deleted: these hold rows that are not new.
    """
    old = frozenset(known).union(item.blob for item in request.seen)
    untracked = frozenset(item.blob for item in request.untracked)
    changed = {change.after for change in request.changes if _is_present(change, request.now)} if request.copies else ()
    counter = _Counter(request, old, untracked, rows_of, old | untracked | frozenset(changed))
    for change in request.changes:
        counter.add(change)
    if request.with_untracked:
        counter.add_untracked()
    return counter.result()


@dataclass
class _Counter:
    """A count in progress."""

    request: CountRequest
    old: frozenset[str]  # blob ids of the old datasets
    untracked: frozenset[str]  # blob ids of the untracked files
    rows_of: Callable[[Change], int] | None
    present: frozenset[str]  # blob ids of all datasets, old and new
    new: dict[str, Dataset] = field(default_factory=dict)
    before: list[Dataset] = field(default_factory=list)
    committed: set[str] = field(default_factory=set)  # blob ids on the new side
    names: dict[str, set[str]] = field(default_factory=dict)  # by content of one row: the names of its files
    copies: int = 0
    moved: int = 0
    readings: int = 0
    removed: int = 0
    rejected: int = 0
    bad: int = 0
    rows: int = 0
    ignored: int = 0

    def add(self, change: Change) -> None:
        """Counts one change."""
        now = self.request.now
        if self.rows_of and self._is_replaced(change):
            self.before.append(Dataset(change.source, change.before))
        if change.status == "D":
            self.removed += change.was_dataset and change.before not in self.untracked
        elif not _is_present(change, now):
            self.ignored += is_dataset(now.restricted_to(file_formats.suffixes()), change.path, change.mode)
        else:
            self.committed.add(change.after)
            item = Dataset(now.path_of(change.path), change.after)
            if _may_repeat(change, now) and self._is_reading(item):
                self._add_reading(item)
            elif self._is_new(change.after, known=_is_known(change)):
                self._add_new(change)
            else:
                self.moved += not _may_repeat(change, now)

    def _is_replaced(self, change: Change) -> bool:
        """Whether a content that counted is no longer where it was."""
        if not change.was_dataset or change.status == "C" or change.before in self.request.rejected:
            return False
        return change.before != change.after or not _is_present(change, self.request.now)

    def _is_new(self, blob: str, *, known: bool) -> bool:
        """Whether a content is new; otherwise the reason is counted."""
        if known or blob in self.old or blob in self.new:
            self.copies += 1
        elif self._is_rejected(blob):
            self.rejected += 1
            self.bad += blob not in self.request.copies
        else:
            return True
        return False

    def _is_reading(self, item: Dataset) -> bool:
        """Whether it holds one row under a name under which no other dataset has this content."""
        if item.blob not in self.request.readings or self._is_rejected(item.blob):
            return False
        names = self.names.setdefault(item.blob, set(self.request.readings[item.blob]))
        name = name_of(item.path)
        is_other = name not in names
        names.add(name)
        return is_other

    def _add_reading(self, item: Dataset) -> None:
        was_there = item.blob in self.old or item.blob in self.new or bool(self.request.readings[item.blob])
        self.readings += was_there
        item = replace(item, reading=True)
        self.new[item.key if was_there else item.blob] = item
        self.rows += self.rows_of is not None

    def _is_rejected(self, blob: str) -> bool:
        """Whether it was rejected and still is: a copy counts once its original was removed without being counted."""
        original = self.request.copies.get(blob)
        return blob in self.request.rejected and (original is None or original in self.present)

    def _add_new(self, change: Change) -> None:
        path = self.request.now.path_of(change.path)
        self.new[change.after] = Dataset(path, change.after)
        if self.rows_of:
            # a rejected content never counted: when it is corrected, all of it is new
            was_counted = change.was_dataset and change.before not in self.request.rejected
            self.rows += self.rows_of(change._replace(was_dataset=was_counted))

    def add_untracked(self) -> None:
        """Counts the untracked files. A content that is tracked as well, or was seen before, is no other dataset."""
        seen = {item.blob for item in self.request.seen}
        known = {(item.path, item.blob) for item in self.request.seen}
        for item in self.request.untracked:
            if (item.path, item.blob) not in known and self._is_reading(item):
                self._add_reading(item)
            elif item.blob not in seen and self._is_new(item.blob, known=item.blob in self.committed):
                self.new[item.blob] = item
        self.removed += len(seen - self.untracked - self.committed)

    def result(self) -> Inventory:
        """Returns the inventory."""
        request = self.request
        return Inventory(
            request.tree,
            request.since,
            tuple(self.new.values()),
            copies=self.copies,
            moved=self.moved,
            readings=self.readings,
            removed=self.removed,
            rejected=self.rejected,
            bad=self.bad,
            rows=self.rows,
            before=tuple(self.before),
            untracked=request.untracked if request.with_untracked else request.seen,
            ignored=self.ignored,
        )


def _is_known(change: Change) -> bool:
    """Whether git itself found that a dataset had this content."""
    return change.was_dataset and change.after == change.before


def notes(found: Inventory) -> tuple[str, ...]:
    """Returns what the user should know about the count, in sentences."""
    sentences = [f"the data path {path} is not in the commit: nothing counts there" for path in found.missing]
    sentences += _repeated_contents(found)
    if found.ignored:
        counted = file_formats.countable_suffixes()
        others = file_formats.alternatives([suffix for suffix in file_formats.suffixes() if suffix not in counted])
        sentences.append(
            f"{found.ignored} {others} files arrived and do not count: "
            f"unit rows counts {file_formats.alternatives(counted)} files"
        )
    return tuple(sentences)


def _repeated_contents(found: Inventory) -> list[str]:
    """Returns how many of the files that arrived have the content of another."""
    copies, arrived = found.copies - found.moved, len(found.new) + found.copies - found.moved + found.rejected
    sentences = []
    if found.readings:
        sentences.append(
            f"{found.readings:,} of {arrived:,} files have a content that was there: each holds one row, "
            "so it counts as a reading of its own"
        )
    if copies:
        sentences.append(f"{copies:,} of {arrived:,} files have a content that was there: copies do not count")
    return sentences
