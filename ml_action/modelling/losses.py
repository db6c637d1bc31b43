"""Losses that are sums over rows: what makes a metric cheap to resample.

Each is (predictions, target) -> loss per row, 0 for a perfect answer. Formulas follow scikit-learn's metrics
of the same name (https://scikit-learn.org/stable/modules/model_evaluation.html).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.modelling.predictions import Predictions

Floats = npt.NDArray[np.float64]
Loss = Callable[[Predictions, npt.NDArray[Any]], Floats]


def squared(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """(y - p)²"""
    error: Floats = np.square(target - said.label)
    return error


def absolute(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """|y - p|"""
    error: Floats = np.abs(target - said.label)
    return error


def wrong(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """1 where the label is not the target, else 0."""
    error: Floats = (said.label != target).astype(np.float64)
    return error


def log(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """-log of the probability given to the true class, kept off 0 and 1 by one float64 epsilon."""
    probability, column = _of_true_class(said, target)
    tiny = float(np.finfo(np.float64).eps)
    return -np.log(np.clip(probability[np.arange(len(target)), column], tiny, 1 - tiny))


def brier(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """Σ over classes of (p - [class is the true one])²; half of it for two, as scikit-learn has it."""
    probability, column = _of_true_class(said, target)
    hit = np.zeros_like(probability)
    hit[np.arange(len(target)), column] = 1.0
    total: Floats = np.square(probability - hit).sum(axis=1)
    return total / 2 if probability.shape[1] == 2 else total


def _of_true_class(said: Predictions, target: npt.NDArray[Any]) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The probabilities and, per row, the column of the true class. ValueError when there are none."""
    if said.probability is None or said.classes is None:
        raise ValueError("this model gives no probabilities")
    return said.probability, np.searchsorted(said.classes, target)


BY_METRIC: dict[str, Loss] = {
    "r2": squared,  # decided by squared error on the same rows: same order, same sign
    "neg_mean_squared_error": squared,
    "neg_root_mean_squared_error": squared,
    "neg_mean_absolute_error": absolute,
    "accuracy": wrong,
    "neg_log_loss": log,
    "neg_brier_score": brier,
}
