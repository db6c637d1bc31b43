"""The versions of the history: loaded from the base branch, and scored on the same rows. Nothing is trained.

This module is imported only when a model is needed: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import PublicationOptions, TrainingOptions
from ml_action.core.formatting import count_of
from ml_action.core.records.evaluation import MIN_DATASETS
from ml_action.core.records.model import Version
from ml_action.datasets.survey import Snapshot
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.loop.batch.building import Batch
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.rescoring import ScoredRows
from ml_action.modelling.training import model_file, units

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ModelStore:
    """The model directory of one commit."""

    git: Git
    commit: str
    options: PublicationOptions

    @classmethod
    def of(cls, snapshot: Snapshot) -> ModelStore:
        """The models on the base branch of a snapshot."""
        return cls(snapshot.repository.store, snapshot.tips.base, snapshot.settings.publication)

    def load(self, version: Version, note: Callable[[str], None], who: str = "The champion") -> Any:
        """The model of a version. Its digest is verified before a byte of it is unpickled.

        Raises:
            ModelError: its file is missing, is not the recorded one, or cannot be loaded.
        """
        data = registry.artifact(self.git, self.commit, self.options.model_dir, version)
        form = model_file.format_of(version.file, self.options.trusted_types)
        return model_file.load(data, version.sha256, note, who, form)

    def reference(self, version: Version, note: Callable[[str], None]) -> ReferenceModel:
        """A version that can be scored. Raises as `load` does."""
        model = self.load(version, note, version.version)
        return ReferenceModel(model, version.features, version.version, version.target)


@dataclass(frozen=True, eq=False)
class UnseenRows:
    """Per row, whether no version was trained on it, and which rows these are, for people."""

    rows: Flags
    text: str


def unseen_rows(batch: Batch, options: TrainingOptions, keys: Collection[str]) -> UnseenRows:
    """The new datasets alone, or with the permanent holdout if they are few. If there is neither, every row.

    `keys` are those of the holdouts of the versions to compare; an empty one is unknown.
    """
    new, count = batch.new[batch.table.cluster], int(batch.new.sum())
    if count >= MIN_DATASETS:
        return UnseenRows(new, "scored on the new datasets, which no version was trained on")
    grouped = units.units_of(batch.table, options.group)
    held = [grouped.held_out(key, options.test_size) for key in set(keys)] if all(keys) else []
    rows = new | np.logical_and.reduce(held) if held else new
    if not rows.any():
        return UnseenRows(~rows, "scored on rows that they may have been trained on: there are no others")
    return UnseenRows(
        rows,
        f"scored on the permanent holdout, which no version was trained on, and on what is new "
        f"({count_of(count, 'datasets')}): fewer than {MIN_DATASETS} alone would say little",
    )


def scored_rows(batch: Batch, rows: Flags, group: str) -> ScoredRows:
    """Returns the marked rows, for versions to be compared on. `group`: the column whose values are units, or empty."""
    return ScoredRows(batch.table, rows, batch.recipe, group, batch.unit)
