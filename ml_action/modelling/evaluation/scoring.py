"""Scores of predictions by a metric: greater is better, and a score that is not finite is an error."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning

from ml_action.core import cells
from ml_action.core.cells import Cell, Reason, Sentence
from ml_action.core.errors import ModelError, SettingsError
from ml_action.core.formatting import sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import losses, metric_lookup
from ml_action.modelling.evaluation.predictions import Predictions, Rows, constant, perfect, predict, replay

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

DEFAULTS = {"regression": "r2", "classification": "accuracy"}
LARGEST = 1e100  # the square of a larger prediction may overflow
SUM_TOLERANCE = 1e-3  # of the sum of a row's probabilities, which should be 1
# scikit-learn's scorers refuse rows in which a class that the model knows does not occur.
_OWN_FORMULA = frozenset({"neg_log_loss", "neg_brier_score"})


class Unscorable(Exception):
    """The metric has no finite value for these predictions; `reason` says why."""

    def __init__(self, reason: Reason, role: str = "challenger") -> None:
        super().__init__(cells.written(reason, private=True))
        self.reason = reason
        self.role = role  # challenger | champion | baseline


@contextmanager
def allow_undefined() -> Iterator[None]:
    """Silences the warning about precision without predictions: the dummy never predicts the rarer classes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        yield


def score(
    metric: str, predictions: Predictions, target: Array, rows: Array | None = None, weight: Floats | None = None
) -> float:
    """Returns the metric of the predictions on these rows; greater is better.

    Args:
        metric: The name of a metric.
        predictions: The predictions for all rows.
        target: The true values of all rows.
        rows: The positions of the rows to score; None for all.
        weight: The weight of every row, like scikit-learn's `sample_weight`.

    Raises:
        Unscorable: The metric fails, or its value is not finite.
    """
    rows = np.arange(len(target)) if rows is None else rows
    own = None if weight is None else weight[rows]
    try:
        if metric in _OWN_FORMULA:
            value = -_mean(losses.BY_METRIC[metric](predictions, target)[rows], own)
        else:
            weighted = {} if own is None else {"sample_weight": own}
            value = float(
                metric_lookup.get_metric(metric).scorer(replay(predictions), Rows(rows), target[rows], **weighted)
            )
    except Exception as error:  # a scorer may raise anything at all
        raise Unscorable(Sentence(f"{metric} cannot be computed: ", Cell(sanitised(error, 200)))) from error
    if not math.isfinite(value):
        raise Unscorable(f"{metric} is {value} on these rows")
    return value


def check_metrics(
    named: Iterable[tuple[str, str]], target: Array, weight: Floats | None = None, *, private: bool = False
) -> None:
    """Checks metrics on this target before anything is fitted.

    Each metric scores perfect predictions and constant ones. It must have a finite score for one of them, and the
    score of the constant ones must not be better.

    Args:
        named: Pairs of the setting that names the metric, and the metric.
        target: The true values.
        weight: The weight of every row.
        private: Whether no cell may be quoted.

    Raises:
        SettingsError: A metric cannot score this target.
    """
    for setting, metric in named:
        truth, same = (_try_score(metric, each, target, weight) for each in (perfect(target), constant(target)))
        if isinstance(truth, Unscorable) and isinstance(same, Unscorable):
            reason = cells.written(truth.reason, private=private)
            raise SettingsError(
                f"{setting} '{sanitised(metric)}' cannot judge this target: {reason}",
                why="It has no finite score for the true values themselves.",
                fix=_fix_of(metric, setting, len(np.unique(target))),
            ) from truth
        if isinstance(truth, float) and isinstance(same, float) and truth < same:
            raise SettingsError(
                f"{setting} '{sanitised(metric)}' gives {truth:.6g} for the true values and {same:.6g} for one "
                "answer for all: smaller seems to be better.",
                why="Greater must be better, unless the function's name ends in _loss, _error or _deviance.",
                fix="Name the import path of a scorer made by make_scorer(..., greater_is_better=False).",
            )


def _fix_of(metric: str, setting: str, classes: int) -> str:
    """Returns what to do about a metric without a score for the true values."""
    if classes == 2 and metric_lookup.takes_positive(metric) and setting == "guardrails":
        return f"Name the class that counts, as in \"{metric}(pos_label='yes')\"; or choose another metric."
    if classes == 2 and metric_lookup.takes_positive(metric):
        return "Set `positive` to the class that counts, such as yes; or choose another metric."
    return "Choose another metric, or check `target` and `task`."


def _try_score(metric: str, predictions: Predictions, target: Array, weight: Floats | None) -> float | Unscorable:
    try:
        return score(metric, predictions, target, None, weight)
    except Unscorable as error:
        return error


def reported_metrics(
    predictions: Predictions, target: Array, recipe: Recipe, weight: Floats | None = None
) -> dict[str, float]:
    """Returns every reported metric of the predictions, by an unambiguous name.

    Regression: `r2`, `accuracy_percent` (100 times r2, the name that the loop has always used), `mse`.
    Classification: `accuracy_percent`, and `log_loss` if the model gives probabilities. Always: the recipe's metric
    under its own name (greater is better).

    Raises:
        Unscorable: A metric fails or is not finite.
    """
    check(predictions)
    chosen = {recipe.metric: score(recipe.metric, predictions, target, None, weight)}
    if recipe.task == "regression":
        r2 = score("r2", predictions, target, None, weight)
        return {
            "r2": r2,
            "accuracy_percent": r2 * 100,
            "mse": _mean(losses.squared(predictions, target), weight),
        } | chosen
    usual = {"accuracy_percent": 100 * (1 - _mean(losses.zero_one(predictions, target), weight))}
    if predictions.probability is not None:
        usual["log_loss"] = _mean(losses.log(predictions, target), weight)
    return usual | chosen


def _mean(values: Floats, weight: Floats | None) -> float:
    return float(np.average(values, weights=weight))


def check(predictions: Predictions) -> None:
    """Raises Unscorable for predictions that are not finite numbers: some metrics would skip such rows."""
    for name, values in (
        ("predictions", predictions.label),
        ("probabilities", predictions.probability),
        ("values", predictions.decision),
    ):
        if values is None or not np.issubdtype(values.dtype, np.number):
            continue
        invalid = ~(np.abs(values) <= LARGEST)
        if invalid.any():
            count = int(np.count_nonzero(invalid.reshape(len(values), -1).any(axis=1)))
            raise Unscorable(f"the {name} of {count:,} of {len(values):,} rows are not numbers")
    if predictions.probability is not None and len(predictions):
        error = np.abs(predictions.probability.sum(axis=1) - 1).max()
        if error > SUM_TOLERANCE or predictions.probability.min() < 0:
            raise Unscorable("the probabilities of a row do not add up to one")


def report(model: Any, X: Any, y: Array, recipe: Recipe) -> dict[str, float]:  # noqa: N803 (scikit-learn's name)
    """Returns the reported metrics of a fitted model on the rows X. Raises ModelError if one is not finite."""
    classes = None if recipe.task == "regression" else np.unique(y)
    try:
        return reported_metrics(predict(model, X, classes), y, recipe)
    except Unscorable as error:
        raise problem(error, private=False) from error


def problem(error: Unscorable, *, private: bool) -> ModelError:
    """Returns the error that ends an attempt whose challenger, or dummy, cannot be scored."""
    model = {"baseline": "dummy baseline"}.get(error.role, error.role)
    return ModelError(
        f"The {model} cannot be scored: {cells.written(error.reason, private=private)}.",
        why="The metric does not suit the target or the estimator, or the new datasets hold a single class.",
        fix="Choose another `metric`, or an estimator that gives what it needs (such as probabilities).",
    )
