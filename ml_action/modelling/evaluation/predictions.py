"""What a model says about rows, kept apart from the model: scores are computed from it as often as needed.

Out-of-sample predictions of several fold models stand side by side as one, and any scikit-learn scorer can be
asked about any subset of the rows without predicting again (`Replay`).
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
    """Predictions for n rows. `classes` is None for regression; its k entries name the columns."""

    label: Array  # (n,); (n, outputs) where a regression has several targets
    probability: Array | None = None  # (n, k)
    decision: Array | None = None  # (n,) for two classes, else (n, k)
    classes: Array | None = None  # (k,)

    def __len__(self) -> int:
        return len(self.label)

    def at(self, rows: Array) -> Predictions:
        """Those of the rows at these positions, or of the marked ones."""
        probability = None if self.probability is None else self.probability[rows]
        decision = None if self.decision is None else self.decision[rows]
        return Predictions(self.label[rows], probability, decision, self.classes)


def predict(model: Any, features: Any, classes: Array | None, outputs: int = 1) -> Predictions:
    """All that the model says about these rows. `classes`: every class there is, or None for regression.

    A class that the model has never seen has probability 0. Whatever the model raises, it raises; ValueError when it
    does not predict as many `outputs` as there are targets.
    """
    label = np.asarray(model.predict(features))
    if len(label) != len(features):
        raise ValueError(f"it predicts {len(label)} rows of {len(features)}")
    if classes is None:
        return Predictions(_shaped(label.astype(np.float64), outputs))
    probability = model.predict_proba(features) if hasattr(model, "predict_proba") else None
    decision = model.decision_function(features) if hasattr(model, "decision_function") else None
    own = np.asarray(model.classes_)
    union = merged_classes(classes, own)
    if len(own) != len(union):
        decision = None  # distances to other classes are no comparison
    if probability is not None:
        probability = _spread(np.asarray(probability, dtype=np.float64), own, union)
    return Predictions(label, probability, None if decision is None else np.asarray(decision), union)


def _shaped(label: Array, outputs: int) -> Array:
    if label.size and label.size != len(label) * outputs:
        raise ValueError(f"it predicts {label.size // len(label)} targets, not {outputs}")
    return label.reshape(len(label)) if outputs == 1 else label.reshape(len(label), outputs)


def perfect(target: Array) -> Predictions:
    """What a model would say that knows the answers. A target of floats is a regression's (`training.labels`)."""
    if np.issubdtype(target.dtype, np.floating):
        return Predictions(target)
    classes, place = np.unique(target, return_inverse=True)
    return with_decision(Predictions(target, np.eye(len(classes))[place], None, classes))


def constant(target: Array) -> Predictions:
    """What a model would say that has one answer for all rows: the mean, or the most frequent class."""
    if np.issubdtype(target.dtype, np.floating):
        return Predictions(np.broadcast_to(target.mean(axis=0), target.shape))
    classes, counts = np.unique(target, return_counts=True)
    shares = np.broadcast_to(counts / counts.sum(), (len(target), len(classes)))
    label = np.full(len(target), classes[counts.argmax()], dtype=target.dtype)
    return with_decision(Predictions(label, shares, None, classes))


def with_decision(said: Predictions) -> Predictions:
    """With decision values made of the probabilities (their logarithms): a dummy has none of its own."""
    if said.probability is None:
        return said
    logs = np.log(np.clip(said.probability, np.finfo(np.float64).tiny, None))
    return replace(said, decision=logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs)


def merged_classes(*several: Array) -> Array:
    """Every class of the arrays, once, sorted."""
    return np.unique(np.concatenate(several))


def _spread(probability: Array, own: Array, union: Array) -> Array:
    """Columns of the model's own classes put at their places among all classes."""
    wide = np.zeros((len(probability), len(union)))
    wide[:, np.searchsorted(union, own)] = probability
    return wide


def join(parts: Sequence[Predictions], rows: Sequence[Array]) -> Predictions:
    """Predictions for rows 0 to n - 1 from parts; `rows[i]` are the places of part i's rows.

    All parts must speak of the same classes. What one part lacks, the whole lacks.
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
    """What a scorer gets for X: the rows that it is asked about, and none of their columns."""

    def __init__(self, places: Array) -> None:
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, _: object) -> Any:
        raise TypeError("the columns are not at hand where predictions are scored")


class _Replay(BaseEstimator):  # type: ignore[misc]
    """A fitted estimator, to a scorer: its answers about rows are known."""

    def __init__(self, said: Predictions) -> None:
        self.said = said

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: Rows) -> Array:
        """Labels of the rows."""
        answer: Array = self.said.label[rows.places]
        return answer


class ReplayedRegressor(RegressorMixin, _Replay):  # type: ignore[misc]
    """Regression predictions replayed."""


class ReplayedClassifier(ClassifierMixin, _Replay):  # type: ignore[misc]
    """Class predictions replayed, with probabilities and decision values when there are any."""

    @property
    def classes_(self) -> Array | None:
        """The classes, in the order of the columns."""
        return self.said.classes

    @available_if(lambda self: self.said.probability is not None)  # type: ignore[untyped-decorator]
    def predict_proba(self, rows: Rows) -> Array:
        """Class probabilities of the rows."""
        return np.asarray(self.said.probability)[rows.places]

    @available_if(lambda self: self.said.decision is not None)  # type: ignore[untyped-decorator]
    def decision_function(self, rows: Rows) -> Array:
        """Decision values of the rows."""
        return np.asarray(self.said.decision)[rows.places]


def replay(said: Predictions) -> Any:
    """An object that any scikit-learn scorer takes for a fitted estimator; X is `Rows`."""
    return ReplayedRegressor(said) if said.classes is None else ReplayedClassifier(said)
