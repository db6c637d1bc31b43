"""A model's predictions, kept apart from the model: scores are computed from them as often as needed.

The out-of-sample predictions of several fold models are joined into one, and any scikit-learn scorer can score any
subset of the rows without predicting again (`replay`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for n rows. `classes` is None for a regression; else its k entries name the columns."""

    label: Array  # (n,); (n, outputs) where a regression has several targets
    probability: Array | None = None  # (n, k)
    decision: Array | None = None  # (n,) for two classes, else (n, k)
    classes: Array | None = None  # (k,)

    def __len__(self) -> int:
        return len(self.label)

    def at(self, rows: Array) -> Predictions:
        """Returns the predictions for these rows, given as positions or as a mask."""
        probability = None if self.probability is None else self.probability[rows]
        decision = None if self.decision is None else self.decision[rows]
        return Predictions(self.label[rows], probability, decision, self.classes)


def predict(model: Any, features: Any, classes: Array | None, outputs: int = 1) -> Predictions:
    """Returns the labels that the model predicts, with probabilities and decision values if it has them.

    A class that the model has never seen has probability 0.

    Args:
        model: A fitted estimator.
        features: One row per prediction.
        classes: Every class of the comparison, or None for a regression.
        outputs: The number of targets.

    Raises:
        ValueError: The model predicts another number of rows or targets.
        Exception: Whatever the model raises.
    """
    label = np.asarray(model.predict(features))
    if len(label) != len(features):
        raise ValueError(f"it predicts {len(label)} rows of {len(features)}")
    if classes is None:
        return Predictions(_in_shape(label.astype(np.float64), outputs))
    probability = model.predict_proba(features) if hasattr(model, "predict_proba") else None
    decision = model.decision_function(features) if hasattr(model, "decision_function") else None
    own = np.asarray(model.classes_)
    union = merged_classes(classes, own)
    if len(own) != len(union):
        decision = None  # distances to different sets of classes cannot be compared
    if probability is not None:
        probability = _with_all_classes(np.asarray(probability, dtype=np.float64), own, union)
    return Predictions(label, probability, None if decision is None else np.asarray(decision), union)


def _in_shape(label: Array, outputs: int) -> Array:
    if label.size and label.size != len(label) * outputs:
        raise ValueError(f"it predicts {label.size // len(label)} targets, not {outputs}")
    return label.reshape(len(label)) if outputs == 1 else label.reshape(len(label), outputs)


def perfect(target: Array) -> Predictions:
    """Returns the predictions of a model that makes no error. A target of floats is a regression (`fit.labels`)."""
    if np.issubdtype(target.dtype, np.floating):
        return Predictions(target)
    classes, place = np.unique(target, return_inverse=True)
    return with_decision(Predictions(target, np.eye(len(classes))[place], None, classes))


def constant(target: Array) -> Predictions:
    """Returns the same prediction for every row: the mean, or the most frequent class."""
    if np.issubdtype(target.dtype, np.floating):
        return Predictions(np.broadcast_to(target.mean(axis=0), target.shape))
    classes, counts = np.unique(target, return_counts=True)
    shares = np.broadcast_to(counts / counts.sum(), (len(target), len(classes)))
    label = np.full(len(target), classes[counts.argmax()], dtype=target.dtype)
    return with_decision(Predictions(label, shares, None, classes))


def with_decision(predictions: Predictions) -> Predictions:
    """Adds decision values, the logarithms of the probabilities: a dummy has none of its own."""
    if predictions.probability is None:
        return predictions
    logs = np.log(np.clip(predictions.probability, np.finfo(np.float64).tiny, None))
    return replace(predictions, decision=logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs)


def merged_classes(*arrays: Array) -> Array:
    """Returns the distinct classes of all arrays, sorted."""
    return np.unique(np.concatenate(arrays))


def _with_all_classes(probability: Array, own: Array, union: Array) -> Array:
    """Puts the columns of the model's own classes at their places among all classes; the others are 0."""
    wide = np.zeros((len(probability), len(union)))
    wide[:, np.searchsorted(union, own)] = probability
    return wide


def join(parts: Sequence[Predictions], rows: Sequence[Array]) -> Predictions:
    """Joins parts into the predictions for rows 0 to n - 1; `rows[i]` are the positions of the rows of part i.

    All parts must have the same classes. Probabilities that one part lacks are None in the result; so are decisions.
    """
    order = np.argsort(np.concatenate(rows), kind="stable")
    return Predictions(
        np.concatenate([part.label for part in parts])[order],
        _stack([part.probability for part in parts], order),
        _stack([part.decision for part in parts], order),
        parts[0].classes,
    )


def _stack(arrays: Sequence[Array | None], order: Array) -> Array | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present)[order] if len(present) == len(arrays) else None


class Rows:
    """The X that a scorer gets: the positions of the rows to score, without their columns."""

    def __init__(self, positions: Array) -> None:
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, _: object) -> Any:
        raise TypeError("the columns are not available where predictions are scored")


class _Replay(BaseEstimator):  # type: ignore[misc]
    """What a scorer takes for a fitted estimator: it looks up known predictions."""

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: Rows) -> Array:
        """Returns the labels of the rows."""
        label: Array = self.predictions.label[rows.positions]
        return label


class ReplayedRegressor(RegressorMixin, _Replay):  # type: ignore[misc]
    """Replays the predictions of a regression."""


class ReplayedClassifier(ClassifierMixin, _Replay):  # type: ignore[misc]
    """Replays predicted classes, with probabilities and decision values if they are known."""

    @property
    def classes_(self) -> Array | None:
        """The classes, in the order of the columns."""
        return self.predictions.classes

    @available_if(lambda self: self.predictions.probability is not None)  # type: ignore[untyped-decorator]
    def predict_proba(self, rows: Rows) -> Array:
        """Returns the class probabilities of the rows."""
        return np.asarray(self.predictions.probability)[rows.positions]

    @available_if(lambda self: self.predictions.decision is not None)  # type: ignore[untyped-decorator]
    def decision_function(self, rows: Rows) -> Array:
        """Returns the decision values of the rows."""
        return np.asarray(self.predictions.decision)[rows.positions]


def replay(predictions: Predictions) -> Any:
    """Returns an object that any scikit-learn scorer takes for a fitted estimator; its X is a `Rows`."""
    return ReplayedRegressor(predictions) if predictions.classes is None else ReplayedClassifier(predictions)
