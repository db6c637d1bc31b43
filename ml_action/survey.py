"""The first stage of every run: what is on the branches, what was remembered, what arrived since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_action import inventory, journal, trigger
from ml_action.arrivals import Inventory, Trigger
from ml_action.errors import DataProblem, ModelProblem
from ml_action.git import Git
from ml_action.journal import State
from ml_action.repository import Repository, Tips
from ml_action.settings import Settings

if TYPE_CHECKING:
    from ml_action.records import History

# -C100% --find-copies-harder: exact renames and copies, by hash alone; works without the blobs (design section 2)
DIFF = ("diff-tree", "-r", "-z", "--raw", "--no-ext-diff", "-C100%", "--find-copies-harder")


@dataclass(frozen=True)
class Scene:
    """All that a run knows before it does anything."""

    repository: Repository
    tips: Tips
    state: State
    history: History | None
    inventory: Inventory
    trigger: Trigger


def look(
    settings: Settings,
    repository: Repository,
    tips: Tips,
    read_state: Callable[[Git, str], State] = journal.read,
) -> Scene:
    """The scene, from git alone. `read_state` says how much of the state is needed."""
    git = repository.store
    state = read_state(git, tips.state)
    history = _history(git, tips.base, settings) if _needs_history(read_state, state) else None
    tree = data_tree(repository, settings.data_path)
    since = _since(repository, state, history)
    found = _count(git, settings.data_path, tree, since, state)
    return Scene(repository, tips, state, history, found, trigger.judge(found, settings.threshold))


def _history(git: Git, base: str, settings: Settings) -> History | None:
    """What is in production, if it is this model's.

    Raises:
        ModelProblem: the model directory belongs to a model of another name.
    """
    from ml_action import registry  # late: counting needs it only before there is a state

    history = registry.read(git, base, settings.model_dir)
    if history and history.name != settings.name:
        raise ModelProblem(
            f"{settings.model_dir}/ belongs to the model {history.name!r}, and this run is for {settings.name!r}",
            why="two models share a model-dir, or the setting `name` was changed",
            fix="give each model a model-dir of its own, or go back to the old name",
        )
    return history


def _needs_history(read_state: object, state: State) -> bool:
    """Counting looks into the metadata only before there is a state."""
    return read_state is journal.read or not state.commit


def data_tree(repository: Repository, path: str) -> str:
    """The tree id of the data path at the head commit.

    Raises:
        DataProblem: there is no such folder in the commit.
    """
    ((tree, kind),) = repository.store.resolve(f"{repository.head}:{path}")
    if kind != "tree":
        raise DataProblem(
            f"the data path {path!r} is {'no folder' if kind else 'not there'} in commit {repository.head[:12]}",
            why="it is spelled otherwise, is a symbolic link, or nothing in it was committed yet",
            fix="set data-path to the folder in which datasets arrive, and commit at least one CSV file",
        )
    return tree


def _since(repository: Repository, state: State, history: History | None) -> str:
    """The tree to count from: the last attempt's, else the champion's, else the empty tree."""
    if state.data:
        return state.data
    git, champion = repository.store, history.champion if history else None
    if champion and git.object_id(f"{champion.data_tree}^{{tree}}"):
        return champion.data_tree
    return repository.empty_tree()


def _count(git: Git, folder: str, tree: str, since: str, state: State) -> Inventory:
    if tree == since:
        return Inventory(tree, since, ())
    raw = git.run(*DIFF, since, tree)
    known = _blobs(git, since) if inventory.has_edits(raw) else frozenset()
    aside = frozenset(item.blob for item in state.set_aside)
    return inventory.count(raw, folder=folder, tree=tree, since=since, known=known, set_aside=aside)


def _blobs(git: Git, tree: str) -> frozenset[str]:
    return frozenset(dataset.blob for dataset in inventory.datasets(git.run("ls-tree", "-r", "-z", tree), folder=""))
