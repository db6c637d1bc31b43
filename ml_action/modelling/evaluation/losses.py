"""Losses that are sums over rows: what makes a metric cheap to resample.

Each is (predictions, target) -> loss per row, 0 for a perfect answer. Formulas follow scikit-learn's metrics
of the same name (https://scikit-learn.org/stable/modules/model_evaluation.html); of several targets it is the mean
over them, as scikit-learn's `uniform_average` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Loss = Callable[[Predictions, npt.NDArray[Any]], Floats]

CONSTANT = 1e-28  # of the squared mean: a variance that is nothing but what the mean was rounded by


def squared(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """(y - p)²"""
    return _over_outputs(np.square(target - said.label))


def absolute(said: Predictions, target: npt.NDArray[Any]) -> Floats:
    """|y - p|"""
    return _over_outputs(np.abs(target - said.label))


def _over_outputs(errors: Floats) -> Floats:
    return errors if errors.ndim == 1 else np.asarray(errors.mean(axis=1), dtype=np.float64)


def scaled(target: npt.NDArray[Any], weight: Floats | None = None) -> Loss:
    """(y - p)² in variances of each of several targets, whose mean is 1 - R². What does not vary does not count.

    R² of several targets is the mean of theirs: a target in thousands must not outvote one in tenths.
    """
    middle = np.average(target, axis=0, weights=weight)
    variance = np.average(np.square(target - middle), axis=0, weights=weight)
    counts = variance > CONSTANT * np.square(middle)
    scale = np.divide(1.0, variance, out=np.zeros_like(variance), where=counts)

    def loss(said: Predictions, target: npt.NDArray[Any]) -> Floats:
        return _over_outputs(np.square(target - said.label) * scale)

    return loss


def zero_one(said: Predictions, target: npt.NDArray[Any]) -> Floats:
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


def loss_for(metric: str, target: npt.NDArray[Any], weight: Floats | None = None) -> Loss | None:
    """The loss by whose sums the metric decides; None where it is no such sum."""
    if target.ndim > 1 and metric == "r2":
        return scaled(target, weight)
    if target.ndim > 1 and metric == "neg_root_mean_squared_error":
        return None  # a mean of roots
    return BY_METRIC.get(metric)


def per_row(
    recipe: Recipe, said: Sequence[Predictions], target: npt.NDArray[Any], weight: Floats | None = None
) -> Loss:
    """The loss by which single datasets are looked at: the metric's own, or one that stands in for it.

    Squared error, or the Brier score (0/1 loss without probabilities).
    """
    own = loss_for(recipe.metric, target, weight)
    if own is not None:
        return own
    if recipe.task == "regression":
        return squared if target.ndim == 1 else scaled(target, weight)
    return zero_one if any(one.probability is None for one in said) else brier


BY_METRIC: dict[str, Loss] = {
    "r2": squared,  # decided by squared error on the same rows: same order, same sign
    "neg_mean_squared_error": squared,
    "neg_root_mean_squared_error": squared,
    "neg_mean_absolute_error": absolute,
    "accuracy": zero_one,
    "neg_log_loss": log,
    "neg_brier_score": brier,
}
