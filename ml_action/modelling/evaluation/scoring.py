"""Scores: what a metric says of predictions, greater is better, always a finite number or an ending."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import UndefinedMetricWarning

from ml_action.core.errors import ModelError, SettingsError
from ml_action.core.records.model import Recipe
from ml_action.core.text import sanitised
from ml_action.modelling.evaluation import losses, metrics
from ml_action.modelling.evaluation.predictions import Predictions, Rows, constant, perfect, predict, replay

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

DEFAULTS = {"regression": "r2", "classification": "accuracy"}
LARGEST = 1e100  # a prediction beyond it is no number that errors can be calculated with
SUM = 1e-3  # by how much the probabilities of a row may miss one
# scikit-learn's scorers refuse rows in which a class that the model knows does not occur.
_OWN_FORMULA = frozenset({"neg_log_loss", "neg_brier_score"})


class Unscorable(Exception):
    """The metric has no finite value for these predictions; the message says why."""

    def __init__(self, why: str, who: str = "challenger") -> None:
        super().__init__(why)
        self.who = who  # challenger | champion | baseline


@contextmanager
def allow_undefined() -> Iterator[None]:
    """The dummy never predicts the rarer classes: its precision is 0 by convention, and that is all right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        yield


def score(
    metric: str, said: Predictions, target: Array, rows: Array | None = None, weight: Floats | None = None
) -> float:
    """The metric of the predictions on these rows (positions; all by default), greater is better.

    `weight`: of every row, as scikit-learn's `sample_weight`. Raises Unscorable when the metric fails or is not
    finite: a score that is no number never decides.
    """
    rows = np.arange(len(target)) if rows is None else rows
    own = None if weight is None else weight[rows]
    try:
        if metric in _OWN_FORMULA:
            value = -_mean(losses.BY_METRIC[metric](said, target)[rows], own)
        else:
            weighted = {} if own is None else {"sample_weight": own}
            value = float(metrics.get_metric(metric).scorer(replay(said), Rows(rows), target[rows], **weighted))
    except Exception as error:  # a scorer may raise anything at all
        raise Unscorable(f"{metric} cannot be computed: {sanitised(error, 200)}") from error
    if not math.isfinite(value):
        raise Unscorable(f"{metric} is {value} on these rows")
    return value


def check_metric(asked: Iterable[tuple[str, str]], target: Array, weight: Floats | None = None) -> None:
    """Raises SettingsProblem for a metric (of a setting) that cannot judge this target, before anything is fitted.

    It is asked about the truth itself and about one answer for all: it has to have a number for one of them, and may
    not like the second better.
    """
    for setting, metric in asked:
        truth, same = (_asked(metric, said, target, weight) for said in (perfect(target), constant(target)))
        if isinstance(truth, Unscorable) and isinstance(same, Unscorable):
            raise SettingsError(
                f"{setting} '{sanitised(metric)}' cannot judge this target: {truth}",
                why="It was asked about the true values themselves, and had no number for them.",
                fix="Choose another metric, or check `target` and `task`.",
            ) from truth
        if isinstance(truth, float) and isinstance(same, float) and truth < same:
            raise SettingsError(
                f"{setting} '{sanitised(metric)}' gives {truth:.6g} for the true values and {same:.6g} for one "
                f"answer for "
                "all: smaller seems to be better.",
                why="Greater has to be better, unless the function's name ends in _loss, _error or _deviance.",
                fix="Name the import path of a scorer made by make_scorer(..., greater_is_better=False).",
            )


def _asked(metric: str, said: Predictions, target: Array, weight: Floats | None) -> float | Unscorable:
    try:
        return score(metric, said, target, None, weight)
    except Unscorable as error:
        return error


def reported_metrics(
    said: Predictions, target: Array, recipe: Recipe, weight: Floats | None = None
) -> dict[str, float]:
    """Every reported metric of the predictions, by unambiguous name.

    Regression: `r2`, `accuracy_percent` (100 times r2, as the loop has always called it), `mse`.
    Classification: `accuracy_percent`, and `log_loss` when there are probabilities. Always: the recipe's
    metric under its name (greater is better). Raises Unscorable.
    """
    check(said)
    chosen = {recipe.metric: score(recipe.metric, said, target, None, weight)}
    if recipe.task == "regression":
        r2 = score("r2", said, target, None, weight)
        return {"r2": r2, "accuracy_percent": r2 * 100, "mse": _mean(losses.squared(said, target), weight)} | chosen
    usual = {"accuracy_percent": 100 * (1 - _mean(losses.zero_one(said, target), weight))}
    if said.probability is not None:
        usual["log_loss"] = _mean(losses.log(said, target), weight)
    return usual | chosen


def _mean(values: Floats, weight: Floats | None) -> float:
    return float(np.average(values, weights=weight))


def check(said: Predictions) -> None:
    """Raises Unscorable where an answer is no number, whatever a metric makes of it: some leave such rows out."""
    for name, answers in (("predictions", said.label), ("probabilities", said.probability), ("values", said.decision)):
        if answers is None or not np.issubdtype(answers.dtype, np.number):
            continue
        strange = ~(np.abs(answers) <= LARGEST)
        if strange.any():
            count = int(np.count_nonzero(strange.reshape(len(answers), -1).any(axis=1)))
            raise Unscorable(f"the {name} of {count:,} of {len(answers):,} rows are no numbers")
    if said.probability is not None and len(said):
        off = np.abs(said.probability.sum(axis=1) - 1).max()
        if off > SUM or said.probability.min() < 0:
            raise Unscorable("the probabilities of a row do not add up to one")


def report(model: Any, X: Any, y: Array, recipe: Recipe) -> dict[str, float]:  # noqa: N803 (scikit-learn's name)
    """`metrics_of` a fitted model, asked about the rows X. Raises ModelProblem when there is no number."""
    classes = None if recipe.task == "regression" else np.unique(y)
    try:
        return reported_metrics(predict(model, X, classes), y, recipe)
    except Unscorable as error:
        raise problem(error) from error


def problem(error: Unscorable) -> ModelError:
    """Our own challenger, or the dummy, cannot be scored: an ending, never a promotion."""
    who = {"baseline": "dummy baseline"}.get(error.who, error.who)
    return ModelError(
        f"The {who} cannot be scored: {error}.",
        why="The metric does not suit the target or the estimator, or the new datasets hold a single class.",
        fix="Choose another `metric`, or an estimator that gives what it needs (such as probabilities).",
    )
