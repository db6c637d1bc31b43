"""Out-of-sample predictions for every new dataset: the permanent holdout and grouped cross-fitting.

Each new dataset is judged by a copy of the challenger that was fitted without it (decision.md, steps 2
and 3): on 220 datasets this finds a 2 % gain 98 times in 100, a 20 % holdout 72 times. That the paired
predictions of such a cross-fit may be tested as they are is due to Bayle et al. 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.dummy import DummyClassifier, DummyRegressor

from ml_action import holdout
from ml_action.errors import DataProblem
from ml_action.modelling import training
from ml_action.modelling.frames import Table
from ml_action.modelling.predictions import Predictions, join, predict
from ml_action.records import Recipe

Flags = npt.NDArray[np.bool_]
Progress = Callable[[str, int, int], None]

_STAGE = "fit"


@dataclass(frozen=True, eq=False)
class Split:
    """Per dataset of a table: whether it is new, whether no version trains on it, and where it is judged."""

    new: Flags
    holdout: Flags
    fold: npt.NDArray[np.int64]

    @property
    def trained(self) -> Flags:
        """What the released model is fitted on."""
        return ~self.holdout


def split(table: Table, new: Flags, salt: str, test_size: float, folds: int) -> Split:
    """The split of the table's datasets by their blob ids; `new` marks those that are judged.

    Raises DataProblem when none is new, or too few are left to learn from.
    """
    blobs = [dataset.blob for dataset in table.datasets]
    found = Split(
        new,
        np.array([holdout.in_holdout(salt, blob, test_size) for blob in blobs], dtype=bool),
        np.array([holdout.fold_of(salt, blob, folds) for blob in blobs], dtype=np.int64),
    )
    if not found.new.any():
        raise DataProblem("None of the new datasets can be used.", fix="See the reasons they were set aside for.")
    if any(not training_set.any() for _, training_set in _rounds(found)) or not found.trained.any():
        raise DataProblem(
            f"{len(blobs)} datasets are too few to train on some and judge on others.",
            fix="Wait for more datasets: raise `threshold`, or lower `test-size`.",
        )
    return found


def final(recipe: Recipe, table: Table, parts: Split, progress: Progress) -> Any:
    """The model that would be released: fitted on everything outside the holdout."""
    progress(_STAGE, 0, _fits(parts))
    model = training.fit(recipe, table, parts.trained[table.cluster])
    progress(_STAGE, 1, _fits(parts))
    return model


def out_of_sample(
    recipe: Recipe, table: Table, parts: Split, model: Any, progress: Progress
) -> tuple[Predictions, Predictions]:
    """What the challenger and the dummy say about each row of the new datasets, in the table's order.

    `model` is the `final` one: it has not seen the holdout and judges the new datasets in it.
    """
    judged = np.flatnonzero(parts.new[table.cluster])
    said: list[tuple[Predictions, Predictions]] = []
    places: list[npt.NDArray[np.intp]] = []
    for done, (tested, training_set) in enumerate(_rounds(parts), start=2):
        fitted = training.fit(recipe, table, training_set[table.cluster])
        rows = np.flatnonzero(tested[table.cluster])
        said.append(_both(recipe, table, fitted, training_set, rows))
        places.append(np.searchsorted(judged, rows))
        progress(_STAGE, done, _fits(parts))
    rows = np.flatnonzero((parts.new & parts.holdout)[table.cluster])
    if len(rows):
        said.append(_both(recipe, table, model, parts.trained, rows))
        places.append(np.searchsorted(judged, rows))
    return join([one for one, _ in said], places), join([other for _, other in said], places)


def _rounds(parts: Split) -> list[tuple[Flags, Flags]]:
    """Per fold that is met: the datasets it judges, and those its model is fitted on."""
    crossed = parts.new & ~parts.holdout
    tested = [crossed & (parts.fold == fold) for fold in np.unique(parts.fold[crossed])]
    return [(fold, parts.trained & ~fold) for fold in tested]


def _fits(parts: Split) -> int:
    return len(_rounds(parts)) + 1


def _both(
    recipe: Recipe, table: Table, model: Any, training_set: Flags, rows: npt.NDArray[np.intp]
) -> tuple[Predictions, Predictions]:
    """What a model and the dummy fitted on the same datasets say about the rows."""
    target = training.labels(recipe, table)
    classes = None if recipe.task == "regression" else np.unique(target)
    dummy = DummyRegressor() if classes is None else DummyClassifier(strategy="prior")
    learned = target[training_set[table.cluster]]
    dummy.fit(np.zeros((len(learned), 1)), learned)
    features = table.frame.loc[rows, list(recipe.features)]
    return predict(model, features, classes), predict(dummy, np.zeros((len(rows), 1)), classes)
