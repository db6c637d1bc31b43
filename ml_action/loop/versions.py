"""The versions of the history: loaded from the base branch, and scored on the same rows. Nothing is trained.

This module is imported only when a model is needed: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import Settings, TrainingOptions
from ml_action.core.formatting import count_of
from ml_action.core.records.evaluation import MIN_DATASETS, Comparison
from ml_action.core.records.model import Version
from ml_action.datasets.survey import Snapshot
from ml_action.git import registry
from ml_action.git.command import Git
from ml_action.loop.batch import Batch
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.rescoring import ScoredRows, compare_versions
from ml_action.modelling.training import model_file, units

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ModelStore:
    """The model directory of one commit."""

    git: Git
    commit: str
    settings: Settings

    @classmethod
    def of(cls, snapshot: Snapshot) -> ModelStore:
        """The models on the base branch of a snapshot."""
        return cls(snapshot.repository.store, snapshot.tips.base, snapshot.settings)

    def load(self, version: Version, note: Callable[[str], None], who: str = "The champion") -> Any:
        """The model of a version. Its digest is verified before a byte of it is unpickled.

        Raises:
            ModelError: its file is missing, is not the recorded one, or cannot be loaded.
        """
        options = self.settings.publication
        data = registry.artifact(self.git, self.commit, options.model_dir, version)
        form = model_file.format_of(version.file, options.trusted_types)
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


def unseen_rows(batch: Batch, options: TrainingOptions, key: str) -> UnseenRows:
    """The new datasets alone, or with the permanent holdout if they are few. If there is neither, every row."""
    new, count = batch.new[batch.table.cluster], int(batch.new.sum())
    if count >= MIN_DATASETS:
        return UnseenRows(new, "scored on the new datasets, which no version was trained on")
    rows = new | units.units_of(batch.table, options.group).held_out(key, options.test_size)
    if not rows.any():
        return UnseenRows(~rows, "scored on rows that they may have been trained on: there are no others")
    return UnseenRows(
        rows,
        f"scored on the permanent holdout, which no version was trained on, and on what is new "
        f"({count_of(count, 'datasets')}): fewer than {MIN_DATASETS} alone would say little",
    )


def compare(
    batch: Batch, rows: Flags, settings: Settings, model: ReferenceModel, other: ReferenceModel | None
) -> Comparison:
    """A version in the challenger's place, compared with another one or with the dummy alone, on the marked rows.

    Raises:
        Incomparable: one of them has no score; `model` is its name.
    """
    unit = "groups of rows" if settings.data.unit == "rows" else "datasets"
    scored = ScoredRows(batch.table, rows, batch.recipe, settings.training.group, unit)
    return compare_versions(scored, settings.gate, model, other)
