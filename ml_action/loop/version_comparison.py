"""Versions of the history on the rows at hand: loaded, asked, and scored side by side. Nothing is trained.

This module is imported only when two versions are to be scored: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import Settings
from ml_action.core.formatting import count_of
from ml_action.core.records.evaluation import MIN_DATASETS, Comparison
from ml_action.core.records.model import Version
from ml_action.datasets.survey import Snapshot
from ml_action.loop import experiment
from ml_action.loop.batch import Batch
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.rescoring import ScoredRows, compare_versions
from ml_action.modelling.training import units

Flags = npt.NDArray[np.bool_]


def load_version(version: Version, scene: Snapshot, settings: Settings, note: Callable[[str], None]) -> ReferenceModel:
    """A version's model, verified.

    Raises:
        ModelError: its file is not there, is not the recorded one, or cannot be loaded.
    """
    model = experiment.model_of(version, scene, settings, note, version.version)
    return ReferenceModel(model, version.features, version.version, version.target)


def unseen_rows(batch: Batch, settings: Settings, salt: str) -> tuple[Flags, str]:
    """Per row, whether no version was trained on it; and which rows these are, in words.

    The new datasets alone, or with the permanent holdout where they are few. Where there is neither, every row.
    """
    new, count = batch.new[batch.table.cluster], int(batch.new.sum())
    if count >= MIN_DATASETS:
        return np.asarray(new, dtype=bool), "scored on the new datasets, which no version was trained on"
    rows = new | units.units_of(batch.table, settings.training.group).held_out(salt, settings.training.test_size)
    if not rows.any():
        return ~rows, "scored on rows that they may have been trained on: there are no others"
    return np.asarray(rows, dtype=bool), (
        f"scored on the permanent holdout, which no version was trained on, and on what is new "
        f"({count_of(count, 'datasets')}): fewer than {MIN_DATASETS} alone would say little"
    )


def compare(
    batch: Batch, rows: Flags, settings: Settings, model: ReferenceModel, other: ReferenceModel | None
) -> Comparison:
    """A version in the challenger's place against another one, or against the dummy alone, on the marked rows.

    Raises:
        Incomparable: one of them has no score; `model` is its name.
    """
    unit = "groups of rows" if settings.data.unit == "rows" else "datasets"
    scored = ScoredRows(batch.table, rows, batch.recipe, settings.training.group, unit)
    return compare_versions(scored, settings.gate, model, other)
