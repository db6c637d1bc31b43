"""What is at hand for judging datasets: those of the base branch, those of this branch, and what is new among them.

The working tree is read and never written: git lists what differs, and the files are opened without following links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_action.config.data_path import DataPath
from ml_action.config.settings import Settings
from ml_action.core.records.dataset import Dataset, Inventory
from ml_action.datasets import contents, counting, survey, trigger
from ml_action.datasets.inventory import REGULAR_FILES
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal, lfs, registry, workspace
from ml_action.git.command import Git, decode_path
from ml_action.git.repository import Repository

# what differs from the commit, and what git does not know; no configuration changes the answer
EDITED = ("diff", "--name-only", "-z", "--no-renames", "--no-relative", "--no-ext-diff", "--ignore-submodules", "HEAD")
UNTRACKED = ("ls-files", "-z", "--others", "--exclude-standard", "--full-name")
LISTED = ("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree")
STAGED = ("ls-files", "-z", "--cached", "--full-name")


@dataclass(frozen=True)
class BranchDatasets:
    """The datasets on both sides of a merge."""

    scene: Snapshot
    accepted: tuple[Dataset, ...]  # of the base branch
    here: tuple[Dataset, ...]  # of this branch, and of the working tree where that is looked at
    ahead: tuple[Dataset, ...] = ()  # those of the base branch that this branch does not know of yet

    def arriving(self) -> tuple[Dataset, ...]:
        """Those that the base branch does not have, at their path and with their content."""
        known = {item.path: item.blob for item in self.accepted}
        return tuple(item for item in self.here if known.get(item.path) != item.blob)


def of_commits(scene: Snapshot, settings: Settings) -> BranchDatasets:
    """The commit that is checked out against the base branch's tip: a pull request's merge, as the runner has it."""
    git, selection = scene.repository.store, counting.selection_of(settings)
    accepted = committed(git, scene.tips.base, selection)
    here = committed(git, scene.repository.head, selection)
    return BranchDatasets(scene, tuple(accepted.values()), tuple(here.values()))


def of_working_tree(git: Git, scene: Snapshot, settings: Settings) -> BranchDatasets:
    """The files as a person has them, committed or not, against the base branch's tip."""
    selection, head, base = counting.selection_of(settings), scene.repository.head, scene.tips.base
    accepted = committed(scene.repository.store, base, selection)
    here = committed(scene.repository.store, head, selection)
    for path in _touched(git, bool(head), selection):
        if selection.matches(path):
            found = working_tree_dataset(scene, path, here.get(path))
            if found:
                here[path] = found
            else:
                here.pop(path, None)
    start = git.line_or_empty("merge-base", base, head) if base and head else ""
    known = committed(scene.repository.store, start, selection)
    ahead = tuple(item for path, item in accepted.items() if path not in known and path not in here)
    return BranchDatasets(scene, tuple(accepted.values()), tuple(here.values()), ahead)


def scene_of(settings: Settings, repository: Repository) -> Snapshot:
    """The scene; also where no commit holds the data path yet."""
    roots = settings.data.data_path.roots
    kinds = repository.store.resolve(*(f"{repository.head}:{root}" for root in roots)) if repository.head else ()
    if any(kind == "tree" for _, kind in kinds):
        return survey.take_snapshot(settings, repository)
    empty = repository.empty_tree()
    found = Inventory(empty, empty, ())
    state = journal.read(repository.store, repository.tips.state)
    history = registry.read(repository.store, repository.tips.base, settings.publication.model_dir)
    judged = trigger.evaluate(found, settings.trigger.threshold, settings.data.unit)
    return Snapshot(repository, state, history, found, judged, counting.selection_of(settings))


def committed(git: Git, commit: str, selection: DataPath) -> dict[str, Dataset]:
    """The datasets of a commit by their paths; none without one."""
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


def _touched(git: Git, has_commit: bool, selection: DataPath) -> Iterator[str]:
    """The paths at which the working tree differs from the commit."""
    for command in (EDITED if has_commit else STAGED, UNTRACKED):
        for names in git.records("--literal-pathspecs", *command, "--", *selection.roots):
            yield from map(decode_path, filter(None, names))


def working_tree_dataset(scene: Snapshot, path: str, known: Dataset | None = None) -> Dataset | None:
    """The file of the working tree as a dataset, whatever git knows of it; None where there is no regular file.

    `known` is the committed one: it is the answer where the content is the same.
    """
    folder = scene.repository.workspace
    try:
        with workspace.open_file(folder or Path(), path) as (file, _):
            content = file.read()
    except OSError:
        return None
    blob = workspace.blob_id(content, sha256=workspace.is_sha256(scene.inventory.tree))
    return known if known and known.blob == blob else Dataset(path, blob, untracked=True)


def key_of(item: Dataset) -> tuple[str, str]:
    """Returns what identifies a dataset on a branch: its path and its content."""
    return item.path, item.blob


def pointers(ground: BranchDatasets, datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """Returns the datasets of which only Git LFS's pointer is here."""
    found = contents.contents(ground.scene.repository, datasets, lfs.MAX_BYTES)
    return tuple(item for item, content in zip(datasets, found, strict=True) if lfs.is_pointer(content))


def one_per_content(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """The first of each content."""
    found: dict[str, Dataset] = {}
    for item in datasets:
        found.setdefault(item.blob, item)
    return tuple(found.values())
