"""The count: which tree holds the data, how git compares it with the one before, and which files are untracked.

No list of a whole tree is kept, only the changes: for a million datasets that is the difference between tenths of a
second and many seconds, and between megabytes and gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import NamedTuple

from ml_action.config.data_path import DataPath, tree_name
from ml_action.config.settings import DataOptions
from ml_action.core import file_formats
from ml_action.core.dataclass import replace
from ml_action.core.errors import DataError, RepositoryError
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset, Unit
from ml_action.datasets import changes, inventory, readings
from ml_action.datasets.changes import Change, Changes
from ml_action.datasets.inventory import CountRequest
from ml_action.git.command import Git
from ml_action.git.journal import State
from ml_action.git.repository import Repository, TreeEntry

# -C100% --find-copies-harder: exact renames and copies, by hash alone; works without the blobs (design section 2)
DIFF = ("diff-tree", "-r", "-z", "--raw", "--no-ext-diff", "-C100%", "--find-copies-harder")
# git reads only the files that changed; rows do not differ by their line ends
ROW_DIFF = (*DIFF, "--numstat", "--ignore-cr-at-eol")
EVERYTHING = DataPath((".",))  # the selection of a state that names none


class DataTree(NamedTuple):
    """The tree that holds the data, and the data paths that are not in the commit."""

    oid: str
    missing: tuple[str, ...]


class _TreeChanges(NamedTuple):
    """The changes between two trees, and the function that counts the new rows of one, if rows are counted."""

    changes: Iterable[Change]
    rows_of: Callable[[Change], int] | None = None


def selection_of(data: DataOptions) -> DataPath:
    """Returns which files are datasets."""
    if data.unit == Unit.ROWS:
        return data.data_path.restricted_to(file_formats.countable_suffixes())
    return data.data_path


def data_tree(repository: Repository, data: DataOptions) -> DataTree:
    """Finds the tree that holds the data at the head commit.

    For one folder this is its own tree; for several folders, or for patterns, a tree that mirrors the repository with
    only those folders in it, and the files of the repository's root that are datasets.

    Raises:
        DataError: The commit has none of the folders.
    """
    roots = data.data_path.roots
    names = (tree_name(repository.head, root) for root in roots)
    found = dict(zip(roots, repository.store.resolve(*names), strict=True))
    trees = {root: oid for root, (oid, kind) in found.items() if kind == "tree"}
    missing = tuple(root for root in roots if root not in trees and not _is_untracked(repository, data, root))
    if len(missing) == len(roots):
        raise _no_data(repository, roots, is_file=any(kind for _, kind in found.values()))
    if not trees:
        return DataTree(repository.empty_tree(), missing)
    if data.data_path.folder:
        return DataTree(trees[roots[0]], missing)
    root = trees.pop(".", "") if data.data_path.only_files_of_root else ""
    return DataTree(repository.tree_of_folders(trees, _root_files(repository, data.data_path, root)), missing)


def _root_files(repository: Repository, selection: DataPath, tree: str) -> dict[str, TreeEntry]:
    """Returns the datasets in the root of the repository, whose tree this is; none without a tree."""
    entries = repository.entries(tree).items()
    return {name: entry for name, entry in entries if changes.is_dataset(selection, name, entry.mode.encode())}


def _is_untracked(repository: Repository, data: DataOptions, root: str) -> bool:
    """Whether the folder exists although nothing in it was ever committed."""
    if not data.untracked or repository.workspace is None:
        return False
    from ml_action.git import workspace  # late: it takes longer to import than to count

    return workspace.has_folder(repository.workspace, root)


def _no_data(repository: Repository, roots: tuple[str, ...], *, is_file: bool) -> DataError:
    commit, fix = repository.head[:12], "commit at least one CSV file"
    if len(roots) == 1:
        return DataError(
            f"the data path {roots[0]!r} is {'no folder' if is_file else 'not there'} in commit {commit}",
            why="it is misspelled, is a symbolic link, or nothing in it was committed yet",
            fix=f"set data-path to the folder in which datasets arrive, and {fix}",
        )
    return DataError(
        f"none of the data paths {', '.join(map(repr, roots))} is a folder in commit {commit}",
        why="they are misspelled, are symbolic links, or nothing in them was committed yet",
        fix=f"set data-path to the folders in which datasets arrive, and {fix}",
    )


def count(
    repository: Repository,
    data: DataOptions,
    tree: str,
    since: str,
    state: State,
    rejected: Collection[RejectedDataset],
) -> Inventory:
    """Counts what is new in the data's tree since `since`, and among the untracked files since the state.

    The `rejected` datasets count as bad; all others of the state's list are validated again.
    """
    git, now = repository.store, selection_of(data)
    then = state.selection or (EVERYTHING if state.data else now)
    request = CountRequest(
        tree,
        since,
        now,
        (),
        _untracked(repository, data, tree),
        state.untracked,
        data.untracked,
        frozenset(item.blob for item in rejected),
        {item.blob: item.copy_of for item in rejected if item.copy_of},
    )
    changes, rows_of = _changes(git, data.unit, request, then)
    request = replace(request, changes=changes)
    known = _known(git, since, then, inventory.unresolved_blobs(request))
    found = inventory.count(request, known, rows_of)
    if found.copies == found.moved:
        return found
    again = replace(request, readings=_readings(repository, request, known, then))
    return inventory.count(again, known, rows_of) if again.readings else found


def _readings(
    repository: Repository, request: CountRequest, known: Collection[str], then: DataPath
) -> Mapping[str, Collection[str]]:
    """Returns the repeated contents of one row, with the names of the old datasets that have them."""
    repeated = inventory.repeated(request, known)
    found: dict[str, set[str]] = {blob: set() for blob in readings.one_row_blobs(repeated, _reader(repository))}
    for item in _holding(repository.store, request.since, then, found):
        found[item.blob].add(readings.name_of(item.path))
    for item in request.seen:
        if item.blob in found:
            found[item.blob].add(readings.name_of(item.path))
    return found


def _reader(repository: Repository) -> readings.ReadContents:
    from ml_action.datasets import contents  # late: hashlib, which only a repeated content needs

    return partial(contents.contents, repository)


def _changes(git: Git, unit: str, request: CountRequest, then: DataPath) -> _TreeChanges:
    """Returns the changes between the two trees of the request; `then` selected the datasets of the old one."""
    since, tree, now = request.since, request.tree, request.now
    if not then.covers(now):  # the setting was changed: even in an unchanged tree, other files may be datasets
        old = {item.path: item.blob for item in _all(git, since, then)}
        new = {item.path: item.blob for item in _all(git, tree, now)}
        skip = len(now.path_of(""))
        listed = [change._replace(path=change.path[skip:]) for change in changes.compare(old, new)]
        return _TreeChanges(listed, (lambda change: _new_rows(git, change, None)) if unit == Unit.ROWS else None)
    if tree == since:
        return _TreeChanges(())
    if unit != Unit.ROWS:
        return _TreeChanges(Changes(git.run(*DIFF, since, tree), then))
    raw = git.run(*ROW_DIFF, since, tree)
    added = changes.added_lines(raw)
    prefix = (now if then is EVERYTHING else then).path_of("")
    return _TreeChanges(Changes(raw, then, prefix), lambda change: _new_rows(git, change, added))


def _new_rows(git: Git, change: Change, added: dict[str, int | None] | None) -> int:
    """Returns the number of new rows of a dataset: all but the header, or those that an edit added.

    `added` has the counts of git. Where git has none (a file that it takes for binary, or that is too large for it to
    compare), the result is the difference of the line counts.
    """
    if added is not None and change.status == "M" and change.was_dataset:
        lines = added.get(change.path, 0)
    else:
        lines = (added or {}).get(change.path) if change.status == "A" else None
        lines = None if lines is None else max(0, lines - 1)
    if lines is not None:
        return lines
    return max(0, _lines(git, change.after) - (_lines(git, change.before) if change.was_dataset else 1))


def _lines(git: Git, blob: str) -> int:
    """Returns the number of lines of a blob, which is read piece by piece."""
    found, last = 0, b"\n"
    for piece in git.stream("cat-file", "blob", blob):
        found, last = found + piece.count(b"\n"), piece
    return found + (not last.endswith(b"\n"))


def _known(git: Git, since: str, then: DataPath, unresolved: frozenset[str]) -> frozenset[str]:
    """Returns those of the blob ids that a dataset of the old tree has. The tree's list is read and not kept."""
    return frozenset(item.blob for item in _holding(git, since, then, unresolved))


def _holding(git: Git, since: str, then: DataPath, blobs: Collection[str]) -> Iterator[Dataset]:
    """Yields the datasets of a tree that have one of the contents."""
    wanted = {blob.encode() for blob in blobs}
    start = len("100644 blob ")
    end = start + len(since)
    for records in git.records("ls-tree", "-r", "-z", since) if wanted else ():
        hits = [record for record in records if record[start:end] in wanted]
        if hits:
            yield from changes.entries(hits, then)


def _all(git: Git, tree: str, selection: DataPath) -> Iterable[Dataset]:
    """Yields every dataset of a tree, in its order."""
    for records in git.records("ls-tree", "-r", "-z", tree):
        yield from changes.entries(records, selection)


def datasets(repository: Repository, data: DataOptions, found: Inventory) -> tuple[Dataset, ...]:
    """Returns every dataset of the data's tree, then the untracked ones, in the tree's order.

    There is one for each content, and one for each reading.
    """
    tracked = _all(repository.store, found.tree, selection_of(data))
    return readings.with_readings(chain(tracked, found.untracked if data.untracked else ()), _reader(repository))


def _untracked(repository: Repository, data: DataOptions, tree: str) -> tuple[Dataset, ...]:
    """Returns the datasets in the workspace that git does not track.

    Those of the commit that is checked out are tracked too: if a newer one is counted, files that it deleted are not
    new.
    """
    if not data.untracked:
        return ()
    if repository.workspace is None:
        raise RepositoryError(
            "untracked: true needs the files of a checkout, which is missing",
            why="this job counts without actions/checkout",
            fix="add actions/checkout and the step that fetches the datasets before this one, or set untracked: false",
        )
    from ml_action.git import workspace  # late: it takes longer to import than to count

    commits = (repository.head, repository.checkout)
    sha256 = workspace.is_sha256(tree)
    return workspace.untracked(repository.store, repository.workspace, selection_of(data), commits, sha256=sha256)
