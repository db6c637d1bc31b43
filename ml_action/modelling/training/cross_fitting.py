"""Out-of-sample predictions for every new row: the permanent holdout and grouped cross-fitting.

Each new dataset is judged by a copy of the challenger that was fitted without it (decision.md, steps 2
and 3): on 220 datasets this finds a 2 % gain 98 times in 100, a 20 % holdout 72 times. That the paired
predictions of such a cross-fit may be tested as they are is due to Bayle et al. 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.dummy import DummyClassifier, DummyRegressor
from threadpoolctl import threadpool_limits

from ml_action.core.errors import DataError
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation.predictions import Array, Predictions, join, predict, with_decision
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit
from ml_action.modelling.training.units import Units

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Progress = Callable[[str, int, int], None]
ModelAndDummy = tuple[Predictions, Predictions]

_STAGE = "fit"
_ROOM = 100_000_000  # cells that the copies of the table may have together while folds are fitted side by side


@dataclass(frozen=True, eq=False)
class Split:
    """Per row of a table: its unit, whether it is new, whether no version trains on it, and where it is judged."""

    units: Units
    new: Flags
    holdout: Flags
    fold: npt.NDArray[np.int64]

    @property
    def trained(self) -> Flags:
        """What the released model is fitted on."""
        return ~self.holdout


def split(table: Table, units: Units, fresh: Flags, salt: str, test_size: float, folds: int) -> Split:
    """The split of the table's rows by their units' names; `fresh` marks the rows that may be judged.

    With fewer than two folds only the holdout judges: one fit in place of many. Raises DataError when nothing
    is new, or too little is left to learn from.
    """
    found = Split(units, fresh, units.held_out(salt, test_size), units.folds(salt, max(folds, 1)))
    if folds < 2:
        found = Split(units, fresh & found.holdout, found.holdout, found.fold)
    if not fresh.any():
        raise DataError("None of the new datasets can be used.", fix="See the reasons they were set aside for.")
    rounds = _folds(found)
    if not found.new.any() or not found.trained.any() or not all(learned.any() for _, learned in rounds):
        raise DataError(
            f"There are too few datasets to train on some and judge on others: {len(table.datasets)}.",
            fix="Wait for more datasets: raise `threshold`, or lower `test-size`.",
        )
    return found


def final(recipe: Recipe, table: Table, parts: Split, progress: Progress) -> Any:
    """The model that would be released: fitted on everything outside the holdout."""
    progress(_STAGE, 0, _fits(parts))
    model = fit.fit(recipe, table, parts.trained)
    progress(_STAGE, 1, _fits(parts))
    return model


def out_of_sample(
    recipe: Recipe, table: Table, parts: Split, model: Any, classes: Array | None, progress: Progress, jobs: int = 0
) -> ModelAndDummy:
    """What the challenger and the dummy say about each judged row, in the table's order.

    `model` is the `final` one: it has not seen the holdout and judges what is new in it. `classes`: all that anybody
    speaks of, or None for a regression. Folds are fitted side by side, in threads that share the table, as far as
    there are processors and room (or `jobs` of them); each fit has one thread of its own, so that the figures do not
    depend on how many there are. Raises ModelError when the challenger cannot be fitted or cannot predict.
    """
    judged = np.flatnonzero(parts.new)
    rounds = _folds(parts)
    done: dict[int, ModelAndDummy] = {}
    for place, said in _fitted(recipe, table, rounds, classes, jobs):
        done[place] = said
        progress(_STAGE, 1 + len(done), _fits(parts))
    both = [done[place] for place in range(len(rounds))]
    places = [np.searchsorted(judged, np.flatnonzero(tested)) for tested, _ in rounds]
    held = np.flatnonzero(parts.new & parts.holdout)
    if len(held):
        both.append(_predict_both(recipe, table, model, parts.trained, held, classes))
        places.append(np.searchsorted(judged, held))
    return join([one for one, _ in both], places), join([other for _, other in both], places)


def _fitted(
    recipe: Recipe, table: Table, rounds: list[tuple[Flags, Flags]], classes: Array | None, jobs: int
) -> Iterator[tuple[int, ModelAndDummy]]:
    """What each fold's model and dummy say about the fold, in the order in which they are ready."""

    def judge(place: int, tested: Flags, learned: Flags) -> tuple[int, ModelAndDummy]:
        with threadpool_limits(limits=1):  # OpenMP counts the threads of each thread by itself
            model = fit.fit(recipe, table, learned)
            return place, _predict_both(recipe, table, model, learned, np.flatnonzero(tested), classes)

    jobs = max(1, min(jobs or joblib.cpu_count(), len(rounds), _ROOM // max(table.frame.size, 1)))
    parallel = joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator_unordered")
    yield from parallel(joblib.delayed(judge)(place, *sides) for place, sides in enumerate(rounds))


def _folds(parts: Split) -> list[tuple[Flags, Flags]]:
    """Per fold that is met: the rows it judges, and those its model is fitted on.

    A unit that is judged is not learned from, its older rows included.
    """
    crossed = parts.new & ~parts.holdout
    away = parts.units.any_in(crossed)
    return [
        (crossed & (parts.fold == fold), parts.trained & ~(away & (parts.fold == fold)))
        for fold in np.unique(parts.fold[crossed])
    ]


def _fits(parts: Split) -> int:
    return len(np.unique(parts.fold[parts.new & ~parts.holdout])) + 1


def _predict_both(
    recipe: Recipe, table: Table, model: Any, learned: Flags, rows: Places, classes: Array | None
) -> ModelAndDummy:
    """What a model and the dummy fitted on the same rows say about others."""
    features = table.frame.loc[rows, list(recipe.features)]
    guess = dummy_predictions(recipe, table, learned, len(rows), classes)
    try:
        return predict(model, features, classes, len(recipe.outputs)), guess
    except Exception as error:  # an estimator may raise anything at all
        raise fit.failure(recipe, error, "could not predict") from error


def dummy_predictions(recipe: Recipe, table: Table, learned: Flags, count: int, classes: Array | None) -> Predictions:
    """What the dummy, fitted on the learned rows, says of so many others."""
    dummy = DummyRegressor() if classes is None else DummyClassifier(strategy="prior")
    known, weight = fit.target_and_weights(recipe, table, learned)
    dummy.fit(np.zeros((len(known), 1)), known, weight)
    return with_decision(predict(dummy, np.zeros((count, 1)), classes, len(recipe.outputs)))
