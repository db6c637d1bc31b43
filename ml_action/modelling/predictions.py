"""What a model says about rows, kept apart from the model: scores are computed from it as often as needed.

Out-of-sample predictions of several fold models stand side by side as one, and any scikit-learn scorer can be
asked about any subset of the rows without predicting again (`Replay`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions for n rows. `classes` is None for regression; its k entries name the columns."""

    label: Array  # (n,)
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


def predict(model: Any, features: Any, classes: Array | None) -> Predictions:
    """All that the model says about these rows. `classes`: every class there is, or None for regression.

    A class that the model has never seen has probability 0. Whatever the model raises, it raises.
    """
    label = np.asarray(model.predict(features))
    if classes is None:
        return Predictions(label.astype(np.float64).reshape(len(label)))
    probability = model.predict_proba(features) if hasattr(model, "predict_proba") else None
    decision = model.decision_function(features) if hasattr(model, "decision_function") else None
    own = np.asarray(model.classes_)
    union = merged_classes(classes, own)
    if len(own) != len(union):
        decision = None  # distances to other classes are no comparison
    if probability is not None:
        probability = _spread(np.asarray(probability, dtype=np.float64), own, union)
    return Predictions(label, probability, None if decision is None else np.asarray(decision), union)


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


class _Replay(BaseEstimator):  # type: ignore[misc]
    """A fitted estimator, to a scorer: its "features" are positions of rows, its answers are known."""

    def __init__(self, said: Predictions) -> None:
        self.said = said

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: Array) -> Array:
        """Labels of the rows at these positions."""
        answer: Array = self.said.label[rows]
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
    def predict_proba(self, rows: Array) -> Array:
        """Class probabilities of the rows at these positions."""
        return np.asarray(self.said.probability)[rows]

    @available_if(lambda self: self.said.decision is not None)  # type: ignore[untyped-decorator]
    def decision_function(self, rows: Array) -> Array:
        """Decision values of the rows at these positions."""
        return np.asarray(self.said.decision)[rows]


def replay(said: Predictions) -> Any:
    """An object that any scikit-learn scorer takes for a fitted estimator; X is an array of row positions."""
    return ReplayedRegressor(said) if said.classes is None else ReplayedClassifier(said)
