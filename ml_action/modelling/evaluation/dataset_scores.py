"""A model's predictions in a few figures per dataset: how large its loss is, and how it correlates with the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml_action.modelling.evaluation.losses import Loss
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.reading.table import Table

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MIN_ROWS = 8  # that a correlation needs


@dataclass(frozen=True, eq=False)
class DatasetScores:
    """Figures for each dataset of a table; NaN if none of its rows was predicted."""

    loss: Floats  # the logarithm of the mean loss
    correlation: Floats  # Fisher's z of the correlation of prediction and target within the dataset
    mean_loss: Floats


def score_datasets(
    table: Table, rows: Flags, predictions: Predictions, target: npt.NDArray[np.generic], loss: Loss,
    weight: Floats | None = None,
) -> DatasetScores:  # fmt: skip
    """Summarises the predictions for the marked rows. A dataset without weight has no loss.

    Args:
        table: The datasets.
        rows: Marks the predicted rows.
        predictions: For these rows.
        target: The true value of each of them.
        loss: The loss per row.
        weight: The weight of each of them.
    """
    cluster, count = table.cluster[rows], len(table.datasets)
    losses = loss(predictions, target)
    sizes = np.bincount(cluster, weights=weight, minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cluster, weights=losses if weight is None else losses * weight, minlength=count) / sizes
    least = 1e-9 * float(np.nanmean(mean)) if np.isfinite(mean).any() else 0.0
    return DatasetScores(
        loss=np.log(np.maximum(mean, least or np.finfo(np.float64).tiny)),
        correlation=_correlation(predictions, target, cluster, count),
        mean_loss=mean,
    )


def _correlation(
    predictions: Predictions, target: npt.NDArray[np.generic], cluster: npt.NDArray[np.int64], count: int
) -> Floats:
    """Returns Fisher's z for each dataset; NaN if it has too few rows or nothing varies."""
    guess, truth = _as_numbers(predictions, target)
    owner = np.repeat(cluster, guess.shape[1])
    guess, truth = (_centred(values, cluster, count).ravel() for values in (guess, truth))
    cross, ours, theirs = (
        np.bincount(owner, weights=values, minlength=count) for values in (guess * truth, guess**2, truth**2)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.clip(cross / np.sqrt(ours) / np.sqrt(theirs), -0.999, 0.999)
    varies = (ours > 1e-12 * max(float(ours.max(initial=0.0)), 1e-300)) & (theirs > 0)
    enough = np.bincount(cluster, minlength=count) >= MIN_ROWS
    return np.where(varies & enough, np.arctanh(correlation), np.nan)


class _Numbers(NamedTuple):
    """Prediction and truth as numbers, (rows, k) each."""

    guess: Floats
    truth: Floats


def _as_numbers(predictions: Predictions, target: npt.NDArray[np.generic]) -> _Numbers:
    """Returns prediction and truth as numbers: for classes the probabilities, and 1 for the true class.

    Several targets are scaled to the same spread, so that the one with the largest numbers does not dominate.
    """
    classes = predictions.classes
    if classes is None:
        guess, truth = (
            np.asarray(part, dtype=np.float64).reshape(len(part), -1) for part in (predictions.label, target)
        )
        width = truth.std(axis=0) if truth.shape[1] > 1 else np.ones(1)
        return _Numbers(*(part / np.where(width > 0, width, 1.0) for part in (guess, truth)))
    truth = (target[:, None] == classes[None, :]).astype(np.float64)
    if predictions.probability is not None:
        return _Numbers(predictions.probability, truth)
    return _Numbers((predictions.label[:, None] == classes[None, :]).astype(np.float64), truth)


def _centred(values: Floats, cluster: npt.NDArray[np.int64], count: int) -> Floats:
    sizes = np.maximum(np.bincount(cluster, minlength=count), 1)
    means = np.column_stack([np.bincount(cluster, weights=part, minlength=count) / sizes for part in values.T])
    centred: Floats = values - means[cluster]
    return centred
