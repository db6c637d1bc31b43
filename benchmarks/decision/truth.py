"""The true loss of a model in production: computed for simulated students, measured on rows that are held back."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.decision.populations import FEATURES, Population, chance_of_passing, weeks
from benchmarks.decision.scenarios import Flags, Floats, Sample

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


class Scores:
    """The true squared error among new students. Only features are sampled, since the variance of luck is known."""

    def __init__(self, people: Population, students: int, rng: np.random.Generator) -> None:
        self._weeks = weeks(people, students, rng)
        self._variance = people.variance
        self._parts: tuple[Flags, ...] = ()
        if people.exempt[0]:
            self._parts = ((self._weeks.frame[people.exempt[0]] == people.exempt[1]).to_numpy(),)

    def losses(self, model: Any) -> tuple[float, ...]:
        """Returns the mean squared error, in total and in the exempt subgroup."""
        predicted = model.predict(self._weeks.frame[list(FEATURES)])
        error = np.square(predicted - self._weeks.mean) + self._variance
        return (float(error.mean()), *(float(error[part].mean()) for part in self._parts))


class Passes:
    """The true loss of a classifier among new students: error rate, log loss or 1 - ROC AUC."""

    def __init__(self, people: Population, students: int, rng: np.random.Generator, metric: str) -> None:
        found = weeks(people, students, rng)
        self._frame = found.frame[list(FEATURES)]
        talents = people.talent * _NODES[:, None]
        chances = chance_of_passing(found.mean - people.base + talents)
        self._chance: Floats = (_WEIGHTS[:, None] * chances).sum(axis=0) / _WEIGHTS.sum()
        self._metric = metric

    def losses(self, model: Any) -> tuple[float, ...]:
        """Returns the loss of the metric."""
        yes = model.predict_proba(self._frame)[:, list(model.classes_).index("yes")]
        loss = {"accuracy": self._error_rate, "neg_log_loss": self._log_loss, "roc_auc": self._one_minus_auc}
        return (loss[self._metric](yes),)

    def _error_rate(self, yes: Floats) -> float:
        return float(np.where(yes > 0.5, 1 - self._chance, self._chance).mean())

    def _log_loss(self, yes: Floats) -> float:
        yes = np.clip(yes, 1e-12, 1 - 1e-12)
        return float(-(self._chance * np.log(yes) + (1 - self._chance) * np.log(1 - yes)).mean())

    def _one_minus_auc(self, yes: Floats) -> float:
        both = np.concatenate([np.ones(len(yes)), np.zeros(len(yes))])
        weight = np.concatenate([self._chance, 1 - self._chance])
        return 1 - float(roc_auc_score(both, np.concatenate([yes, yes]), sample_weight=weight))


class HeldBack:
    """The loss on datasets that no model has seen: a sample of production."""

    def __init__(self, sample: Sample, target: str) -> None:
        self._frame, self._target = sample.frame.drop(columns=target), sample.frame[target].to_numpy()

    def losses(self, model: Any) -> tuple[float, ...]:
        """Returns the mean squared error, or the log loss of a classifier."""
        if hasattr(model, "classes_"):
            predicted = model.predict_proba(self._frame)
            return (float(log_loss(self._target, predicted, labels=model.classes_)),)
        return (float(np.square(self._target - model.predict(self._frame)).mean()),)
