"""The first stage of every run: what is on the branches, what was remembered, what arrived since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
    from ml_action.core.records.model import History, Version

__all__ = ["DIFF", "Snapshot", "take_snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """All that a run knows before it does anything: the branches, the journal, and what is new."""

    repository: Repository
    state: State
    history: History | None
    inventory: Inventory
    trigger: Trigger
    settings: Settings  # with which it was taken

    @property
    def tips(self) -> Tips:
        """The commits that the branches pointed to."""
        return self.repository.tips

    @property
    def champion(self) -> Version | None:
        """The version in production."""
        return self.history.champion if self.history else None

    @property
    def consumed(self) -> State:
        """The state once an attempt has seen this data: the next count begins here."""
        found = self.inventory
        selection = counting.selection_of(self.settings)
        return replace(self.state, data=found.tree, untracked=found.untracked, selection=selection, looked=None)

    @property
    def holdout_key(self) -> str:
        """The key of the permanent holdout. It is recorded once and never changes."""
        from ml_action.datasets.holdout import new_salt

        if self.history:
            return self.history.salt
        return self.state.last.salt if self.state.last else new_salt(self.settings.name, self.inventory.tree)

    @property
    def rejected_before(self) -> frozenset[str]:
        """The blob ids of the datasets that an earlier run recorded as not to be counted."""
        return frozenset(item.blob for item in self.state.set_aside)

    def datasets(self) -> tuple[Dataset, ...]:
        """Every available dataset, new or not, tracked or not: one for each content, in the tree's order."""
        return counting.datasets(self.repository, self.settings, self.inventory)

    def unrecorded(self, rejected: Iterable[RejectedDataset]) -> tuple[RejectedDataset, ...]:
        """Those that no earlier run has recorded under these settings, marked with the settings."""
        under = validation_fingerprint(self.settings)
        known = {item.blob for item in self.state.set_aside if item.under in ("", under)}
        return tuple(replace(item, under=under) for item in rejected if item.blob not in known)

    def data_fingerprint(self) -> str:
        """A digest of the data, of the validation settings, and of the champion."""
        import hashlib  # late: only data that an earlier run has read need it

        base, settings, found = self.tips.base, self.settings, self.inventory
        metadata = f"{base}:{settings.publication.model_dir}/{METADATA}"
        champion = self.repository.store.object_id(metadata) if base else ""
        untracked = sorted(item.blob for item in found.untracked)
        parts = (found.tree, untracked, champion, settings.trigger.drift, validation_fingerprint(settings))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def take_snapshot(
    settings: Settings,
    repository: Repository,
    read_state: Callable[[Git, str], State] = journal.read,
) -> Snapshot:
    """The snapshot, from git alone. `read_state` reads as much of the state as is needed."""
    git = repository.store
    state = read_state(git, repository.tips.state)
    history = _history(git, repository.tips.base, settings) if _needs_history(read_state, state) else None
    tree, missing = counting.data_tree(repository, settings)
    found = counting.count(repository, settings, tree, _since(repository, state, history), state)
    found = replace(found, missing=missing)
    counted = trigger.evaluate(found, settings.trigger.threshold, settings.data.unit)
    return _with_trigger(Snapshot(repository, state, history, found, counted, settings))


def _with_trigger(counted: Snapshot) -> Snapshot:
    """The snapshot with the trigger as an earlier run that read the very same data left it, and as it is forced."""
    looked, options, judged = counted.state.looked, counted.settings.trigger, counted.trigger
    same = looked is not None and looked.sight == counted.data_fingerprint()
    if same and looked:
        judged = trigger.judge_sound(looked.count, judged)
    judged = trigger.judge_early(judged, options.drift_threshold, looked=same)
    return replace(counted, trigger=trigger.judge_forced(judged, options.force))


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
