"""The datasets of the base branch and of this branch, and which of them are new.

The working tree is read and never written: git lists what differs, and files are opened without following links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ml_action.config.data_path import DataPath, tree_name
from ml_action.config.settings import Settings
from ml_action.core.records.dataset import Dataset, Inventory
from ml_action.datasets import contents, counting, survey, trigger
from ml_action.datasets.changes import REGULAR_FILES
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal, lfs, registry, workspace
from ml_action.git.command import Git, decode_path
from ml_action.git.repository import Repository

# what differs from the commit, and what git does not know; no configuration changes the answer
EDITED = ("diff", "--name-only", "-z", "--no-renames", "--no-relative", "--no-ext-diff", "--ignore-submodules", "HEAD")
UNTRACKED = ("ls-files", "-z", "--others", "--exclude-standard", "--full-name")
LISTED = ("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree")
STAGED = ("ls-files", "-z", "--cached", "--full-name")


class DatasetKey(NamedTuple):
    """What identifies a dataset on a branch: its path and its content."""

    path: str
    blob: str


@dataclass(frozen=True)
class BranchDatasets:
    """The datasets on both sides of a merge."""

    snapshot: Snapshot
    on_base: tuple[Dataset, ...]
    on_branch: tuple[Dataset, ...]  # in the working tree, where that is read; otherwise in the commit
    only_on_base: tuple[Dataset, ...] = ()  # added to the base branch since this branch began

    @cached_property
    def added(self) -> tuple[Dataset, ...]:
        """The datasets that the base branch does not have at their path with their content."""
        known = {item.path: item.blob for item in self.on_base}
        return tuple(item for item in self.on_branch if known.get(item.path) != item.blob)


def of_commits(snapshot: Snapshot, settings: Settings) -> BranchDatasets:
    """Compares the commit that is checked out with the base branch: on a runner, the merge of a pull request."""
    git, selection = snapshot.repository.store, counting.selection_of(settings.data)
    on_base = committed(git, snapshot.tips.base, selection)
    on_branch = committed(git, snapshot.repository.head, selection)
    return BranchDatasets(snapshot, tuple(on_base.values()), tuple(on_branch.values()))


def of_working_tree(git: Git, snapshot: Snapshot, settings: Settings) -> BranchDatasets:
    """Compares the files of the working tree, committed or not, with the base branch."""
    selection, head, base = counting.selection_of(settings.data), snapshot.repository.head, snapshot.tips.base
    on_base = committed(snapshot.repository.store, base, selection)
    on_branch = committed(snapshot.repository.store, head, selection)
    for path in _changed_paths(git, selection, has_commit=bool(head)):
        if selection.matches(path):
            found = working_tree_dataset(snapshot, path, on_branch.get(path))
            if found:
                on_branch[path] = found
            else:
                on_branch.pop(path, None)
    start = git.line_or_empty("merge-base", base, head) if base and head else ""
    known = committed(snapshot.repository.store, start, selection)
    only_on_base = tuple(item for path, item in on_base.items() if path not in known and path not in on_branch)
    return BranchDatasets(snapshot, tuple(on_base.values()), tuple(on_branch.values()), only_on_base)


def take_snapshot(settings: Settings, repository: Repository) -> Snapshot:
    """Takes a snapshot, also of a repository without a commit that has the data path."""
    roots = settings.data.data_path.roots
    kinds = repository.store.resolve(*(tree_name(repository.head, root) for root in roots)) if repository.head else ()
    if any(kind == "tree" for _, kind in kinds):
        return survey.take_snapshot(settings, repository)
    empty = repository.empty_tree()
    inventory = Inventory(empty, empty, ())
    state = journal.read(repository.store, repository.tips.state)
    history = registry.read(repository.store, repository.tips.base, settings.publication.model_dir)
    evaluated = trigger.evaluate(inventory, settings.trigger.threshold, settings.data.unit)
    return Snapshot(repository, state, history, inventory, evaluated, settings)


def committed(git: Git, commit: str, selection: DataPath) -> dict[str, Dataset]:
    """Returns the datasets of a commit by path; empty without a commit."""
    roots = () if "." in selection.roots else selection.roots
    found = {}
    for records in git.records(*LISTED, commit, "--", *roots) if commit else ():
        for record in filter(None, records):
            head, _, name = record.partition(b"\t")
            mode, _, blob = head.split(b" ")
            path = decode_path(name)
            if mode in REGULAR_FILES and selection.matches(path):
                found[path] = Dataset(path, blob.decode())
    return found


def _changed_paths(git: Git, selection: DataPath, *, has_commit: bool) -> Iterator[str]:
    """Yields the paths at which the working tree differs from the commit."""
    for command in (EDITED if has_commit else STAGED, UNTRACKED):
        for names in git.records("--literal-pathspecs", *command, "--", *selection.roots):
            yield from map(decode_path, filter(None, names))


def working_tree_dataset(snapshot: Snapshot, path: str, known: Dataset | None = None) -> Dataset | None:
    """Returns a file of the working tree as a dataset; `None` if there is no regular file at the path.

    `known` is the dataset of the commit: it is returned if the file has the same content.
    """
    folder = snapshot.repository.workspace
    try:
        with workspace.open_file(folder or Path(), path) as (file, _):
            content = file.read()
    except OSError:
        return None
    blob = workspace.blob_id(content, sha256=workspace.is_sha256(snapshot.inventory.tree))
    return known if known and known.blob == blob else Dataset(path, blob, untracked=True)


def key_of(item: Dataset) -> DatasetKey:
    """Returns what identifies a dataset on a branch."""
    return DatasetKey(item.path, item.blob)


def pointers(snapshot: Snapshot, datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """Returns the datasets of which the repository has only the pointer of Git LFS."""
    found = contents.contents(snapshot.repository, datasets, lfs.MAX_BYTES)
    return tuple(item for item, content in zip(datasets, found, strict=True) if lfs.is_pointer(content))


def one_per_content(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """Returns the first dataset of each content."""
    found: dict[str, Dataset] = {}
    for item in datasets:
        found.setdefault(item.blob, item)
    return tuple(found.values())
