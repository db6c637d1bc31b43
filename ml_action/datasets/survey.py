"""The first stage of every run: what is on the branches, what was remembered, what arrived since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ml_action.config.settings import METADATA, Settings, validation_fingerprint
from ml_action.core.dataclass import dataclass, replace
from ml_action.core.errors import ModelError
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset, Trigger
from ml_action.datasets import counting, trigger
from ml_action.git import journal
from ml_action.git.command import Git
from ml_action.git.journal import State
from ml_action.git.repository import Repository, Tips

if TYPE_CHECKING:
    from ml_action.core.records.model import History, Version
    from ml_action.datasets.holdout import HoldoutKey


@dataclass(frozen=True)
class Snapshot:
    """What a run finds before it does anything: the branches, the journal, and which datasets are new."""

    repository: Repository
    state: State
    history: History | None
    inventory: Inventory
    trigger: Trigger
    settings: Settings  # that it was taken with

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
        """The state after an attempt has seen this data: the next count starts from it."""
        found = self.inventory
        selection = counting.selection_of(self.settings.data)
        return replace(self.state, data=found.tree, untracked=found.untracked, selection=selection, looked=None)

    @property
    def holdout(self) -> HoldoutKey:
        """The key of the permanent holdout. Its salt is recorded once and never changes."""
        from ml_action.datasets import holdout  # late: only a training needs it

        salt = self.history.salt if self.history else self.state.last.salt if self.state.last else ""
        salt = salt or holdout.new_salt(self.settings.name, self.inventory.tree)
        return holdout.HoldoutKey(salt, self.settings.secrets.holdout_key)

    @property
    def public_holdout_key(self) -> str:
        """The key of the permanent holdout if everybody may know it; empty: it takes the secret."""
        champion, last = self.champion, self.state.last
        recorded = (champion and champion.holdout_fingerprint) or (last and last.holdout_fingerprint)
        return "" if recorded or self.settings.secrets.holdout_key else self.holdout.value

    @property
    def rejected_before(self) -> frozenset[str]:
        """The blob ids of the datasets that an earlier run recorded as rejected."""
        return frozenset(item.blob for item in self.state.set_aside)

    def datasets(self) -> tuple[Dataset, ...]:
        """Returns every dataset, new or not, tracked or not: one for each content, in the tree's order."""
        return counting.datasets(self.repository, self.settings.data, self.inventory)

    def unrecorded(self, rejected: Iterable[RejectedDataset]) -> tuple[RejectedDataset, ...]:
        """Returns those that no earlier run has recorded under these settings, with the settings' fingerprint."""
        settings = self.settings
        under = validation_fingerprint(settings.data, settings.training)
        known = {item.blob for item in _rejected_under(under, self.state)}
        return tuple(replace(item, under=under) for item in rejected if item.blob not in known)

    def data_fingerprint(self) -> str:
        """Returns a digest of the data, of the validation settings, and of the champion."""
        import hashlib  # late: only a state that remembers an earlier run needs it

        base, settings, found = self.tips.base, self.settings, self.inventory
        metadata = f"{base}:{settings.publication.model_dir}/{METADATA}"
        champion = self.repository.store.object_id(metadata) if base else ""
        untracked = sorted(item.blob for item in found.untracked)
        valid = validation_fingerprint(settings.data, settings.training)
        parts = (found.tree, untracked, champion, settings.trigger.drift, valid)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def take_snapshot(
    settings: Settings,
    repository: Repository,
    read_state: Callable[[Git, str], State] = journal.read,
) -> Snapshot:
    """Takes the snapshot, from git alone. `read_state` decides how much of the state is read."""
    git = repository.store
    state = read_state(git, repository.tips.state)
    history = (
        _history(git, repository.tips.base, settings.publication.model_dir, settings.name)
        if _needs_history(read_state, state)
        else None
    )
    tree, missing = counting.data_tree(repository, settings.data)
    under = validation_fingerprint(settings.data, settings.training) if state.set_aside else ""
    since, rejected = _since(repository, state, history), _rejected_under(under, state)
    found = counting.count(repository, settings.data, tree, since, state, rejected)
    found = replace(found, missing=missing)
    counted = trigger.evaluate(found, settings.trigger.threshold, settings.data.unit)
    return _with_trigger(Snapshot(repository, state, history, found, counted, settings))


def _with_trigger(counted: Snapshot) -> Snapshot:
    """Corrects the trigger by what an earlier run found when it read the same data, and by the settings."""
    last, options, corrected = counted.state.looked, counted.settings.trigger, counted.trigger
    same = last is not None and last.sight == counted.data_fingerprint()
    if same and last:
        corrected = trigger.evaluate_from_last_read(last.count, corrected, last.bad)
    corrected = trigger.allow_early_start(corrected, options.drift_threshold, checked=same)
    return replace(counted, trigger=trigger.apply_override(corrected, options.force))


def _rejected_under(fingerprint: str, state: State) -> tuple[RejectedDataset, ...]:
    """Returns the datasets that were rejected under the settings of this fingerprint; others are validated again."""
    return tuple(item for item in state.set_aside if item.under in ("", fingerprint))


def _history(git: Git, base: str, model_dir: str, name: str) -> History | None:
    """Returns the versions that were in production.

    Raises:
        ModelError: The model directory belongs to a model of another name.
    """
    from ml_action.git import registry  # late: it takes longer to import than to count

    history = registry.read(git, base, model_dir)
    if history and history.name != name:
        raise ModelError(
            f"{model_dir}/ belongs to the model {history.name!r}, and this run is for {name!r}",
            why="two models share a model-dir, or the setting `name` was changed",
            fix="give each model a model-dir of its own, or go back to the old name",
        )
    return history


def _needs_history(read_state: object, state: State) -> bool:
    """Whether the metadata must be read: a count needs them only as long as there is no state."""
    return read_state is journal.read or not state.commit


def _since(repository: Repository, state: State, history: History | None) -> str:
    """Returns the tree to count from: the last attempt's, else the champion's, else the empty tree."""
    if state.data:
        return state.data
    champion = history.champion if history else None
    if champion and repository.fetch_tree(champion.data_tree):
        return champion.data_tree
    return repository.empty_tree()
