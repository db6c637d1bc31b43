"""Losses that are sums over rows: metrics made of them are cheap to resample.

Each maps (predictions, target) to a loss per row, 0 for a perfect prediction. The formulas follow scikit-learn's
metrics of the same name (https://scikit-learn.org/stable/modules/model_evaluation.html). For several targets the loss
is their mean, like scikit-learn's `uniform_average`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import metric_spec
from ml_action.modelling.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Loss = Callable[[Predictions, npt.NDArray[Any]], Floats]

QUANTILES = frozenset(
    f"{package}{name}" for package in ("", "sklearn.metrics.") for name in ("mean_pinball_loss", "d2_pinball_score")
)
CONSTANT = 1e-28  # of the squared mean: a smaller variance is only the rounding error of the mean


def squared(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
    """Returns (y - p)² per row."""
    return _over_outputs(np.square(target - predictions.label))


def absolute(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
    """Returns |y - p| per row."""
    return _over_outputs(np.abs(target - predictions.label))


def _over_outputs(errors: Floats) -> Floats:
    return errors if errors.ndim == 1 else np.asarray(errors.mean(axis=1), dtype=np.float64)


def scaled(target: npt.NDArray[Any], weight: Floats | None = None) -> Loss:
    """Returns the loss (y - p)² / variance of each target, whose mean is 1 - R². A constant target counts as 0.

    R² of several targets is the mean over the targets: one in thousands must not outweigh one in tenths.
    """
    middle = np.average(target, axis=0, weights=weight)
    variance = np.average(np.square(target - middle), axis=0, weights=weight)
    counts = variance > CONSTANT * np.square(middle)
    scale = np.divide(1.0, variance, out=np.zeros_like(variance), where=counts)

    def loss(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
        return _over_outputs(np.square(target - predictions.label) * scale)

    return loss


def zero_one(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
    """Returns 1 where the label is not the target, else 0."""
    error: Floats = (predictions.label != target).astype(np.float64)
    return error


def log(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
    """Returns -log of the probability of the true class, which is kept one float64 epsilon away from 0 and 1."""
    probability, column = _probabilities(predictions), _true_column(predictions, target)
    tiny = float(np.finfo(np.float64).eps)
    return -np.log(np.clip(probability[np.arange(len(target)), column], tiny, 1 - tiny))


def brier(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
    """Returns Σ over classes of (p - [class is the true one])²; half of it for two classes, like scikit-learn."""
    probability, column = _probabilities(predictions), _true_column(predictions, target)
    hit = np.zeros_like(probability)
    hit[np.arange(len(target)), column] = 1.0
    total: Floats = np.square(probability - hit).sum(axis=1)
    return total / 2 if probability.shape[1] == 2 else total


def _probabilities(predictions: Predictions) -> Floats:
    if predictions.probability is None or predictions.classes is None:
        raise ValueError("this model gives no probabilities")
    return predictions.probability


def _true_column(predictions: Predictions, target: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Returns the column of the true class for each row."""
    return np.asarray(np.searchsorted(np.asarray(predictions.classes), target), dtype=np.intp)


def loss_for(metric: str, target: npt.NDArray[Any], weight: Floats | None = None) -> Loss | None:
    """Returns the loss whose sums decide the metric; None if the metric is no function of such sums."""
    if target.ndim > 1 and metric == "r2":
        return scaled(target, weight)
    if target.ndim > 1 and metric == "neg_root_mean_squared_error":
        return None  # a mean of roots
    return BY_METRIC.get(metric) or _quantile_loss(metric)


def pinball(alpha: float) -> Loss:
    """Returns the loss of a quantile: alpha (y - p) where p is below, (1 - alpha) (p - y) where it is above."""

    def loss(predictions: Predictions, target: npt.NDArray[Any]) -> Floats:
        error = target - predictions.label
        return _over_outputs(np.maximum(alpha * error, (alpha - 1) * error))

    return loss


def _quantile_loss(metric: str) -> Loss | None:
    """Returns the loss that decides a metric of quantiles. D² of it is decided by the same sums on the same rows."""
    spec = metric_spec.parse(metric)
    alpha = spec.params.get("alpha", 0.5)
    is_plain = set(spec.params) <= {"alpha"} and isinstance(alpha, float | int)
    return pinball(float(alpha)) if spec.name in QUANTILES and is_plain else None  # type: ignore[arg-type]


def per_row(
    recipe: Recipe, predictions: Sequence[Predictions], target: npt.NDArray[Any], weight: Floats | None = None
) -> Loss:
    """Returns the loss by which single datasets are compared: the metric's own, or a substitute.

    The substitute is the squared error, or the Brier score (0/1 loss without probabilities).
    """
    own = loss_for(recipe.metric, target, weight)
    if own is not None:
        return own
    if recipe.task == "regression":
        return squared if target.ndim == 1 else scaled(target, weight)
    return zero_one if any(one.probability is None for one in predictions) else brier


BY_METRIC: dict[str, Loss] = {
    "r2": squared,  # decided by squared error on the same rows: same order, same sign
    "neg_mean_squared_error": squared,
    "neg_root_mean_squared_error": squared,
    "neg_mean_absolute_error": absolute,
    "accuracy": zero_one,
    "neg_log_loss": log,
    "neg_brier_score": brier,
}
