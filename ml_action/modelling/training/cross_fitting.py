"""Out-of-sample predictions for every new row: the permanent holdout and grouped cross-fitting.

Each new dataset is predicted by a copy of the challenger that was fitted without it (docs/decision.md, steps 2 and 3).
On 220 datasets this finds a 2 % gain 98 times in 100, while a 20 % holdout finds it 72 times. The paired predictions of
such a cross-fit may be tested as if they were independent (Bayle et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.dummy import DummyClassifier, DummyRegressor
from threadpoolctl import threadpool_limits

from ml_action.core.errors import DataError
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation.predictions import Array, Predictions, join, predict, with_decision
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit
from ml_action.modelling.training.execution import Execution
from ml_action.modelling.training.units import Units

Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

_STAGE = "fit"


@dataclass(frozen=True, eq=False)
class ModelAndDummy:
    """The predictions of a model, and of the dummy that was fitted on the same rows."""

    model: Predictions
    dummy: Predictions


@dataclass(frozen=True, eq=False)
class Fold:
    """The rows that one fold predicts, and those that its model is fitted on."""

    tested: Flags
    trained: Flags


@dataclass(frozen=True, eq=False)
class Split:
    """For each row of a table: its unit, whether it is predicted, whether it is held out, and its fold."""

    units: Units
    new: Flags  # neither model has seen it, and its predictions are compared
    holdout: Flags  # no version is ever trained on it
    fold: npt.NDArray[np.int64]

    @property
    def trained(self) -> Flags:
        """The rows that the released model is fitted on."""
        return ~self.holdout

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The folds with rows to predict. The model of a fold never learns from a unit that it predicts."""
        crossed = self.new & ~self.holdout
        in_units = self.units.any_in(crossed)
        return tuple(
            Fold(crossed & (self.fold == number), self.trained & ~(in_units & (self.fold == number)))
            for number in np.unique(self.fold[crossed])
        )


def split(table: Table, units: Units, fresh: Flags, key: str, test_size: float, folds: int) -> Split:
    """Splits the table's rows by the names of their units.

    Args:
        table: The rows.
        units: The unit of each row.
        fresh: Marks the rows that may be predicted.
        key: That of the holdout and of the folds.
        test_size: The share of the units in the holdout.
        folds: How many folds there are. With fewer than two only the holdout is predicted, and one model is fitted.

    Raises:
        DataError: Nothing is new, or too few rows are left to learn from.
    """
    found = Split(units, fresh, units.held_out(key, test_size), units.folds(key, max(folds, 1)))
    if folds < 2:
        found = Split(units, fresh & found.holdout, found.holdout, found.fold)
    if not fresh.any():
        raise DataError("None of the new datasets can be used.", fix="See the reasons they were set aside for.")
    if not found.new.any() or not found.trained.any() or not all(fold.trained.any() for fold in found.folds):
        raise DataError(
            f"There are too few datasets to train on some and judge on others: {len(table.datasets)}.",
            fix="Wait for more datasets: raise `threshold`, or lower `test-size`.",
        )
    return found


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Fits a recipe on a table: once for the release, and once for each fold."""

    recipe: Recipe
    table: Table
    split: Split
    execution: Execution = field(default_factory=Execution)

    def final(self) -> Any:
        """Returns the model that would be released: it is fitted on everything outside the holdout."""
        self._report(0)
        model = fit.fit(self.recipe, self.table, self.split.trained)
        self._report(1)
        return model

    def out_of_sample(self, model: Any, classes: Array | None) -> ModelAndDummy:
        """Returns the predictions for each compared row, in the table's order.

        Folds are fitted in parallel. Each fit has a single thread, so that the figures do not depend on how many run
        at a time.

        Args:
            model: The `final` one. It has not seen the holdout, so that it predicts the new rows there.
            classes: Every class that any model knows, or None for a regression.

        Raises:
            ModelError: The challenger cannot be fitted, or cannot predict.
        """
        compared, holdout = np.flatnonzero(self.split.new), np.flatnonzero(self.split.new & self.split.holdout)
        parts = self.predict_folds(classes)
        rows = [np.flatnonzero(fold.tested) for fold in self.split.folds]
        if len(holdout):
            parts.append(_predict_both(self.recipe, self.table, model, self.split.trained, holdout, classes))
            rows.append(holdout)
        positions = [np.searchsorted(compared, part) for part in rows]
        return ModelAndDummy(
            join([part.model for part in parts], positions), join([part.dummy for part in parts], positions)
        )

    def predict_folds(self, classes: Array | None) -> list[ModelAndDummy]:
        """Returns the predictions of each fold for its rows, in the order of the folds."""
        tasks = [partial(self._predict_fold, fold, classes) for fold in self.split.folds]
        return self.execution.executor.run(tasks, self.table.frame.size, lambda done: self._report(1 + done))

    def _predict_fold(self, fold: Fold, classes: Array | None) -> ModelAndDummy:
        with threadpool_limits(limits=1):  # OpenMP counts the threads of each thread separately
            model = fit.fit(self.recipe, self.table, fold.trained)
            rows = np.flatnonzero(fold.tested)
            return _predict_both(self.recipe, self.table, model, fold.trained, rows, classes)

    def _report(self, done: int) -> None:
        self.execution.progress(_STAGE, done, len(self.split.folds) + 1)


def _predict_both(
    recipe: Recipe, table: Table, model: Any, trained: Flags, rows: Positions, classes: Array | None
) -> ModelAndDummy:
    """Predicts rows by a model, and by the dummy fitted on the same rows as the model."""
    features = table.frame.loc[rows, list(recipe.features)]
    dummy = dummy_predictions(recipe, table, trained, len(rows), classes)
    try:
        return ModelAndDummy(predict(model, features, classes, len(recipe.outputs)), dummy)
    except Exception as error:  # an estimator may raise anything at all
        raise fit.failure(recipe, error, "could not predict", private=table.private) from error


def dummy_predictions(recipe: Recipe, table: Table, trained: Flags, count: int, classes: Array | None) -> Predictions:
    """Returns the dummy's predictions for `count` rows, after fitting it on the rows `trained`."""
    dummy = DummyRegressor() if classes is None else DummyClassifier(strategy="prior")
    known = fit.target_and_weights(recipe, table, trained)
    dummy.fit(np.zeros((len(known.target), 1)), known.target, known.weight)
    return with_decision(predict(dummy, np.zeros((count, 1)), classes, len(recipe.outputs)))
