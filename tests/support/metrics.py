"""Metrics as a user's installed package might have them; named in the tests by their import paths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import make_scorer

Array = npt.NDArray[Any]


def profit(y_true: Array, y_pred: Array) -> float:
    """What a forecast earns: ten for each row, less twice what it misses."""
    return float(np.sum(10 - 2 * np.abs(np.asarray(y_true) - np.asarray(y_pred))))


def weighted_profit(y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> float:
    return float(np.average(10 - 2 * np.abs(y_true - y_pred), weights=sample_weight))


def absolute_loss(y_true: Array, y_pred: Array) -> float:
    return float(np.mean(np.abs(y_true - y_pred)))


def misnamed(y_true: Array, y_pred: Array) -> float:
    return absolute_loss(y_true, y_pred)


def of_what_is_known(y_true: Array, y_pred: Array) -> float:
    """Leaves out what is no number: a model could hide the rows that it is bad at."""
    return -float(np.nanmean(np.abs(y_true - y_pred)))


def odds(y_true: Array, y_pred: Array) -> float:
    """Without a limit: a perfect answer is infinitely good."""
    missed = np.mean(y_true != y_pred)
    return float((1 - missed) / missed) if missed else float("inf")


def middle(y_true: Array, pred_decision: Array) -> float:
    return float(np.mean(np.where(y_true == "yes", pred_decision, -pred_decision) > 0))


def broken(y_true: Array, y_pred: Array) -> float:
    raise KeyError("no\n::error::such thing")


def never(y_true: Array, y_pred: Array) -> float:
    return float("nan")


def pair(first: Any, second: Any) -> float:
    return 1.0


def asks_columns(estimator: Any, X: Any, y: Array) -> float:  # noqa: N803
    return float(np.mean(X["hours"]))


def by_hand(estimator: Any, X: Any, y: Array) -> float:  # noqa: N803
    return -float(np.mean(np.square(estimator.predict(X) - y))) * (len(X) > 0)


cost = make_scorer(absolute_loss, greater_is_better=False)
decided = make_scorer(middle, response_method="decision_function")
number = 7
