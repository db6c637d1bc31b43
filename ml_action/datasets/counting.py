"""The count: the tree of the data, its differences from the earlier tree, and untracked files.

No list of a whole tree is kept, only what changed: at a million datasets that is the difference between tenths of a
second and many, and between megabytes and gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ml_action.config.data_path import DataPath
from ml_action.config.settings import Settings, validation_fingerprint
from ml_action.core import file_formats
from ml_action.core.errors import DataError, RepositoryError
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset
from ml_action.datasets import inventory
from ml_action.datasets.inventory import Change, Changes, CountRequest
from ml_action.datasets.trigger import ROWS
from ml_action.git.command import Git
from ml_action.git.journal import State
from ml_action.git.repository import Repository

# -C100% --find-copies-harder: exact renames and copies, by hash alone; works without the blobs (design section 2)
DIFF = ("diff-tree", "-r", "-z", "--raw", "--no-ext-diff", "-C100%", "--find-copies-harder")
# git reads only the files that changed; other line ends are no other rows
ROW_DIFF = (*DIFF, "--numstat", "--ignore-cr-at-eol")
EVERYTHING = DataPath((".",))  # what a state remembers that does not say otherwise


def selection_of(settings: Settings) -> DataPath:
    """What is a dataset under these settings."""
    if settings.data.unit == ROWS:
        return settings.data.data_path.restricted_to(file_formats.countable_suffixes())
    return settings.data.data_path


def data_tree(repository: Repository, settings: Settings) -> tuple[str, tuple[str, ...]]:
    """The id of the tree of the data at the head commit, and the data paths that are missing.

    One folder's own tree; of several folders, or for patterns, a tree that mirrors the repository with only those
    folders in it.

    Raises:
        DataError: there is no such folder in the commit.
    """
    roots = settings.data.data_path.roots
    found = dict(zip(roots, repository.store.resolve(*(f"{repository.head}:{root}" for root in roots)), strict=True))
    trees = {root: oid for root, (oid, kind) in found.items() if kind == "tree"}
    missing = tuple(root for root in roots if root not in trees and not _is_untracked(repository, settings, root))
    if len(missing) == len(roots):
        raise _no_data(repository, roots, any(kind for _, kind in found.values()))
    if not trees:
        return repository.empty_tree(), missing
    return (trees[roots[0]] if settings.data.data_path.folder else repository.tree_of_folders(trees)), missing


def _is_untracked(repository: Repository, settings: Settings, root: str) -> bool:
    """Whether the folder is there all the same: nothing in it was ever committed."""
    if not settings.data.untracked or repository.workspace is None:
        return False
    from ml_action.git import workspace

    return workspace.has_folder(repository.workspace, root)


def _no_data(repository: Repository, roots: tuple[str, ...], is_file: bool) -> DataError:
    commit, fix = repository.head[:12], "commit at least one CSV file"
    if len(roots) == 1:
        return DataError(
            f"the data path {roots[0]!r} is {'no folder' if is_file else 'not there'} in commit {commit}",
            why="it is spelled otherwise, is a symbolic link, or nothing in it was committed yet",
            fix=f"set data-path to the folder in which datasets arrive, and {fix}",
        )
    return DataError(
        f"none of the data paths {', '.join(map(repr, roots))} is a folder in commit {commit}",
        why="they are spelled otherwise, are symbolic links, or nothing in them was committed yet",
        fix=f"set data-path to the folders in which datasets arrive, and {fix}",
    )


def count(repository: Repository, settings: Settings, tree: str, since: str, state: State) -> Inventory:
    """What is new in the data's tree and among untracked files, since the tree and the files of the state."""
    git, now = repository.store, selection_of(settings)
    then = state.selection or (EVERYTHING if state.data else now)
    aside = _set_aside(state, settings)
    question = CountRequest(
        tree,
        since,
        now,
        (),
        _untracked(repository, settings, tree),
        state.untracked,
        settings.data.untracked,
        frozenset(item.blob for item in aside),
        {item.blob: item.copy_of for item in aside if item.copy_of},
    )
    changes, rows_of = _changes(git, settings, question, then)
    question = replace(question, changes=changes)
    return inventory.count(question, _known(git, since, then, inventory.unresolved_blobs(question)), rows_of)


def _set_aside(state: State, settings: Settings) -> tuple[RejectedDataset, ...]:
    """What is not to be counted under these settings; what others judged is judged again."""
    under = validation_fingerprint(settings) if state.set_aside else ""
    return tuple(item for item in state.set_aside if item.under in ("", under))


def _changes(
    git: Git, settings: Settings, question: CountRequest, then: DataPath
) -> tuple[Iterable[Change], Callable[[Change], int] | None]:
    """The changes from one tree to the other, and, where rows are counted, a function for the new rows of one."""
    since, tree, now = question.since, question.tree, question.now
    if not then.covers(now):  # the setting was changed: what was no dataset may be one now, in an unchanged tree too
        old = {item.path: item.blob for item in _all(git, since, then)}
        new = {item.path: item.blob for item in _all(git, tree, now)}
        skip = len(now.path_of(""))
        listed = [replace(change, path=change.path[skip:]) for change in inventory.compare(old, new)]
        return listed, (lambda change: _new_rows(git, change, None)) if settings.data.unit == ROWS else None
    if tree == since:
        return (), None
    if settings.data.unit != ROWS:
        return Changes(git.run(*DIFF, since, tree), then), None
    raw = git.run(*ROW_DIFF, since, tree)
    added = dict(inventory.added_lines(raw))
    prefix = (now if then is EVERYTHING else then).path_of("")
    return Changes(raw, then, prefix), lambda change: _new_rows(git, change, added)


def _new_rows(git: Git, change: Change, added: dict[str, int | None] | None) -> int:
    """The rows that a new dataset brought: all but the header, or those that an edit added.

    `added` is what git counted; where it did not (a file that it takes for binary or is too large for it to compare),
    the difference of the line counts.
    """
    if added is not None and change.status == "M" and change.was:
        lines = added.get(change.path, 0)
    else:
        lines = (added or {}).get(change.path) if change.status == "A" else None
        lines = None if lines is None else max(0, lines - 1)
    if lines is not None:
        return lines
    return max(0, _lines(git, change.after) - (_lines(git, change.before) if change.was else 1))


def _lines(git: Git, blob: str) -> int:
    """The lines of a blob, which is read piece by piece."""
    found, last = 0, b"\n"
    for piece in git.stream("cat-file", "blob", blob):
        found, last = found + piece.count(b"\n"), piece
    return found + (not last.endswith(b"\n"))


def _known(git: Git, since: str, then: DataPath, asked: frozenset[str]) -> frozenset[str]:
    """Those of the blob ids asked for that a dataset of the old tree has: its list goes by and is not kept."""
    wanted = {blob.encode() for blob in asked}
    start = len("100644 blob ")
    end = start + len(since)
    found: set[str] = set()
    for records in git.records("ls-tree", "-r", "-z", since) if wanted else ():
        hits = [record for record in records if record[start:end] in wanted]
        if hits:
            found.update(item.blob for item in inventory.entries(hits, then))
    return frozenset(found)


def _all(git: Git, tree: str, selection: DataPath) -> Iterable[Dataset]:
    """Every dataset of a tree, in its order."""
    for records in git.records("ls-tree", "-r", "-z", tree):
        yield from inventory.entries(records, selection)


def datasets(repository: Repository, settings: Settings, found: Inventory) -> tuple[Dataset, ...]:
    """Every dataset of the data's tree, and those that git does not track: one per content, in the tree's order."""
    one: dict[str, Dataset] = {}
    for item in _all(repository.store, found.tree, selection_of(settings)):
        one.setdefault(item.blob, item)
    for item in found.untracked if settings.data.untracked else ():
        one.setdefault(item.blob, item)
    return tuple(one.values())


def _untracked(repository: Repository, settings: Settings, tree: str) -> tuple[Dataset, ...]:
    """The datasets in the workspace that git does not track.

    Those of the commit that is checked out are tracked too: when a newer one counts, what it deleted is no new file.
    """
    if not settings.data.untracked:
        return ()
    if repository.workspace is None:
        raise RepositoryError(
            "untracked: true needs the files of a checkout, which is missing",
            why="this job counts without actions/checkout",
            fix="add actions/checkout and the step that fetches the datasets before this one, or set untracked: false",
        )
    from ml_action.git import workspace

    commits = (repository.head, repository.checkout)
    sha256 = workspace.is_sha256(tree)
    return workspace.untracked(repository.store, repository.workspace, selection_of(settings), commits, sha256=sha256)
