"""The first stage of every run: what is on the branches, what was remembered, what arrived since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ml_action.config.data_path import DataPath
from ml_action.config.settings import METADATA, Settings, validation_fingerprint
from ml_action.core.errors import ModelError
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset, Trigger
from ml_action.datasets import counting, trigger
from ml_action.datasets.counting import DIFF
from ml_action.git import journal
from ml_action.git.command import Git
from ml_action.git.journal import State
from ml_action.git.repository import Repository, Tips

if TYPE_CHECKING:
    from ml_action.core.records.model import History

__all__ = ["DIFF", "Snapshot", "datasets", "holdout_key", "set_aside_before", "take_snapshot", "unrecorded"]


@dataclass(frozen=True)
class Snapshot:
    """All that a run knows before it does anything."""

    repository: Repository
    state: State
    history: History | None
    inventory: Inventory
    trigger: Trigger
    selection: DataPath | None = None  # what was counted

    @property
    def tips(self) -> Tips:
        """The commits that the branches pointed to."""
        return self.repository.tips

    @property
    def seen(self) -> State:
        """The state once this data was dealt with: the next count begins here."""
        found = self.inventory
        return replace(self.state, data=found.tree, untracked=found.untracked, selection=self.selection, looked=None)


def take_snapshot(
    settings: Settings,
    repository: Repository,
    read_state: Callable[[Git, str], State] = journal.read,
) -> Snapshot:
    """The scene, from git alone. `read_state` says how much of the state is needed."""
    git = repository.store
    state = read_state(git, repository.tips.state)
    history = _history(git, repository.tips.base, settings) if _needs_history(read_state, state) else None
    tree, missing = counting.data_tree(repository, settings)
    found = counting.count(repository, settings, tree, _since(repository, state, history), state)
    found = replace(found, missing=missing)
    judged = _judge(found, state, settings, repository)
    return Snapshot(repository, state, history, found, judged, counting.selection_of(settings))


def _judge(found: Inventory, state: State, settings: Settings, repository: Repository) -> Trigger:
    """The trigger, by what is new, or by what an earlier run found in the very same data when it read it."""
    judged = trigger.evaluate(found, settings.trigger.threshold, settings.data.unit)
    same = state.looked is not None and state.looked.sight == data_fingerprint(found, settings, repository)
    if same and state.looked:
        judged = trigger.judge_sound(state.looked.count, judged)
    judged = trigger.judge_early(judged, settings.trigger.drift_threshold, looked=same)
    return trigger.judge_forced(judged, settings.trigger.force)


def data_fingerprint(found: Inventory, settings: Settings, repository: Repository) -> str:
    """The data, what judges them and the champion as they are now, in a word."""
    import hashlib  # late: only what was read before asks for it

    base, path = repository.tips.base, f"{settings.publication.model_dir}/{METADATA}"
    champion = repository.store.object_id(f"{base}:{path}") if base else ""
    untracked = sorted(item.blob for item in found.untracked)
    said = repr((found.tree, untracked, champion, settings.trigger.drift, validation_fingerprint(settings)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _history(git: Git, base: str, settings: Settings) -> History | None:
    """What is in production, if it is this model's.

    Raises:
        ModelError: the model directory belongs to a model of another name.
    """
    from ml_action.git import registry

    history = registry.read(git, base, settings.publication.model_dir)
    if history and history.name != settings.name:
        raise ModelError(
            f"{settings.publication.model_dir}/ belongs to the model {history.name!r}, and this run is for "
            f"{settings.name!r}",
            why="two models share a model-dir, or the setting `name` was changed",
            fix="give each model a model-dir of its own, or go back to the old name",
        )
    return history


def _needs_history(read_state: object, state: State) -> bool:
    """Counting looks into the metadata only before there is a state."""
    return read_state is journal.read or not state.commit


def _since(repository: Repository, state: State, history: History | None) -> str:
    """The tree to count from: the last attempt's, else the champion's, else the empty tree."""
    if state.data:
        return state.data
    champion = history.champion if history else None
    if champion and repository.fetch_tree(champion.data_tree):
        return champion.data_tree
    return repository.empty_tree()


def datasets(scene: Snapshot, settings: Settings) -> tuple[Dataset, ...]:
    """Every dataset at hand, new or not, tracked or not: one per content, in the tree's order."""
    return counting.datasets(scene.repository, settings, scene.inventory)


def set_aside_before(scene: Snapshot) -> frozenset[str]:
    """The blob ids of the datasets that an earlier run recorded as not to be counted."""
    return frozenset(item.blob for item in scene.state.set_aside)


def holdout_key(scene: Snapshot, settings: Settings) -> str:
    """The key of the permanent holdout: recorded once, the same for ever."""
    from ml_action.datasets.holdout import new_salt

    if scene.history:
        return scene.history.salt
    return scene.state.last.salt if scene.state.last else new_salt(settings.name, scene.inventory.tree)


def unrecorded(
    scene: Snapshot, settings: Settings, set_aside: Iterable[RejectedDataset]
) -> tuple[RejectedDataset, ...]:
    """Those that no earlier run has recorded, and told, already; with the settings that judged them."""
    under = validation_fingerprint(settings)
    known = {item.blob for item in scene.state.set_aside if item.under in ("", under)}
    return tuple(replace(item, under=under) for item in set_aside if item.blob not in known)
