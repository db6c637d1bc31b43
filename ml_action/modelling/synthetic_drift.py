"""Simulates drift of a known size on real datasets: the power of a gate is measured on these (docs/simulation.md).

The target changes along a random direction of the features, as the champion's own preparation presents them (numbers
scaled, categories as columns): a number is shifted by it, the odds of classes are shifted by it. The strength is chosen
so that a model that knows the change, and otherwise what the champion knows, has a given share less error: the gain.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression

from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import losses, metric_lookup, scoring
from ml_action.modelling.evaluation.predictions import Predictions, perfect, predict, with_decision
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

_DOUBLINGS, _HALVINGS = 20, 16
_WEAKEST = 2.0**-8  # of the residuals' spread, or of log-odds


def gain(recipe: Recipe, better: Predictions, worse: Predictions, target: Array, weight: Floats | None = None) -> float:
    """Returns by how much the recipe's metric improves, as a share of the worse predictions' error, as the gate does.

    NaN if the metric has no value.
    """
    loss = losses.loss_for(recipe.metric, target, weight)
    try:
        if loss is None:
            return _gain_of_score(recipe.metric, better, worse, target, weight)
        ours, theirs = (float(np.average(loss(each, target), weights=weight)) for each in (better, worse))
    except (ValueError, scoring.Unscorable):
        return float("nan")
    return 1 - ours / theirs if theirs > 0 else 0.0


def _gain_of_score(metric: str, better: Predictions, worse: Predictions, target: Array, weight: Floats | None) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        ours, theirs = (scoring.score(metric, each, target, None, weight) for each in (better, worse))
        best = metric_lookup.get_metric(metric).best
        limit = scoring.score(metric, perfect(target), target, None, weight) if best is None else best
    whole = limit - theirs if np.isfinite(limit) else abs(theirs)
    return (ours - theirs) / whole if whole > 0 else 0.0


@dataclass(frozen=True, eq=False)
class _Changed:
    """The data after a change."""

    target: Array  # of all rows
    informed: Predictions  # what the champion would predict for the unseen rows if it knew the change


@dataclass(frozen=True, eq=False)
class DriftSimulator:
    """A table, its champion, and the direction in which the target may change."""

    table: Table
    recipe: Recipe
    champion: Any  # a fitted pipeline of `pipeline.build_pipeline`
    unseen: Flags  # per row: the champion did not learn from it; the size of a gain is measured on these
    seed: tuple[int, ...]

    def changed(self, gain: float, where: Flags) -> Table | None:
        """Returns the table with the target changed in the marked rows; None if no change gives such a gain."""
        strength = None if self._is_constant else self._strength(gain)
        if strength is None:
            return None
        pushed, kept = self._push(strength).target, self.table
        both = zip(self.recipe.outputs, _columns(pushed).T, _columns(self._target).T, strict=True)
        columns = {name: pd.Series(np.where(where, new, old), index=kept.frame.index) for name, new, old in both}
        return replace(kept, frame=kept.frame.assign(**columns))

    def _strength(self, gain: float) -> float | None:
        """Returns the weakest change that gives such a gain, by doubling and halving."""
        high = _WEAKEST
        for _ in range(_DOUBLINGS):
            if self.gain_of(high) >= gain:
                return _bisect(self.gain_of, gain, high)
            high *= 2
        return None

    def gain_of(self, strength: float) -> float:
        """Returns the share of the champion's error that a model saves by knowing a change of this strength."""
        changed = self._push(strength)
        weight = fit.weights(self.recipe, self.table)
        own = None if weight is None else weight[self.unseen]
        return gain(self.recipe, changed.informed, self._predictions, changed.target[self.unseen], own)

    @cached_property
    def _push(self) -> Callable[[float], _Changed]:
        return self._shift_numbers() if self.recipe.task == "regression" else self._shift_odds()

    @cached_property
    def _target(self) -> Array:
        return fit.labels(self.recipe, self.table)

    @cached_property
    def _features(self) -> pd.DataFrame:
        return self.table.frame[list(self.recipe.features)]

    @cached_property
    def _predictions(self) -> Predictions:
        classes = None if self.recipe.task == "regression" else np.unique(self._target)
        return predict(self.champion, self._features[self.unseen], classes, len(self.recipe.outputs))

    @cached_property
    def _prepared(self) -> Floats:
        return np.asarray(self.champion[:-1].transform(self._features), dtype=np.float64)

    @property
    def _is_constant(self) -> bool:
        """Whether the champion has seen a single class: its odds cannot be shifted."""
        return self.recipe.task != "regression" and len(np.unique(self._target[~self.unseen])) < 2

    def _direction(self, rng: np.random.Generator, width: int) -> Floats:
        """Returns (rows, width): random linear functions of the features, with mean 0 and standard deviation 1."""
        drawn: Floats = self._prepared @ rng.normal(size=(self._prepared.shape[1], width))
        spread = drawn.std(axis=0)
        found: Floats = (drawn - drawn.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
        return found

    def _shift_numbers(self) -> Callable[[float], _Changed]:
        """Regression: adds the direction, in spreads of the champion's errors. Targets without negatives keep none."""
        target, label = _columns(self._target), self._predictions.label
        direction = self._direction(np.random.default_rng(self.seed), target.shape[1])
        direction = direction * (target[self.unseen] - _columns(label)).std(axis=0)
        least = target.min(axis=0)
        least = np.where(least >= 0, least, -np.inf)

        def push(strength: float) -> _Changed:
            raised = np.maximum(target + strength * direction, least)
            informed = _columns(label) + strength * direction[self.unseen]
            return _Changed(raised.reshape(self._target.shape), Predictions(informed.reshape(label.shape)))

        return push

    def _shift_odds(self) -> Callable[[float], _Changed]:
        """Classification: changes as few labels as needed to shift the odds of the classes along the direction."""
        rng = np.random.default_rng(self.seed)
        classes = np.unique(self._target)
        odds, own = self._usual_odds(classes), np.searchsorted(classes, self._target)
        direction = self._direction(rng, len(classes))
        luck, pick = rng.random((2, len(own)))
        shares, rows = _shares(self._predictions, classes), np.arange(len(own))

        def push(strength: float) -> _Changed:
            moves = _moves(odds, strength * direction)
            chosen = (np.cumsum(moves.to, axis=1) < pick[:, None]).sum(axis=1).clip(max=len(classes) - 1)
            target = classes[np.where(luck < moves.stay[rows, own], own, chosen)]
            stay = moves.stay[self.unseen]
            kept, gone = shares * stay, (shares * (1 - stay)).sum(axis=1, keepdims=True)
            return _Changed(target, _informed(kept + gone * moves.to[self.unseen], self._predictions, classes))

        return push

    def _usual_odds(self, classes: Array) -> Floats:
        """Returns (rows, classes), the probability of each class by a simple model: the champion may give none."""
        simple = LogisticRegression(max_iter=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not have to converge
            simple.fit(self._prepared[~self.unseen], self._target[~self.unseen])
        found: Floats = np.maximum(np.asarray(predict(simple, self._prepared, classes).probability), 1e-6)
        return found


def _columns(values: Array) -> Array:
    """Returns (rows, targets), for any number of targets."""
    return values.reshape(len(values), -1)


@dataclass(frozen=True, eq=False)
class _Moves:
    """How labels change, (rows, classes)."""

    stay: Floats  # the probability that a label of this class stays
    to: Floats  # the distribution of the labels that do not stay


def _moves(odds: Floats, shift: Floats) -> _Moves:
    """Returns the moves that shift the odds."""
    now = odds / odds.sum(axis=1, keepdims=True)
    power = np.log(now) + shift
    then = np.exp(power - power.max(axis=1, keepdims=True))
    then /= then.sum(axis=1, keepdims=True)
    more = np.maximum(then - now, 0)
    total = more.sum(axis=1, keepdims=True)
    to = np.divide(more, total, out=np.full_like(more, 1 / more.shape[1]), where=total > 0)
    return _Moves(np.minimum(1, then / now), to)


def _shares(predictions: Predictions, classes: Array) -> Floats:
    """Returns (rows, classes): the probabilities, or 1 for the label of a model that gives none."""
    if predictions.probability is not None:
        return predictions.probability
    found: Floats = (predictions.label[:, None] == classes[None, :]).astype(np.float64)
    return found


def _informed(shares: Floats, champion: Predictions, classes: Array) -> Predictions:
    """Returns predictions with these shares, in the form of the champion's own."""
    known = with_decision(Predictions(classes[shares.argmax(axis=1)], shares, None, classes))
    return replace(
        known,
        probability=None if champion.probability is None else shares,
        decision=None if champion.decision is None else known.decision,
    )


def _bisect(function: Callable[[float], float], wanted: float, high: float) -> float:
    """Returns where the function reaches a value, between half of a place where it does and that place."""
    low = high / 2 if high > _WEAKEST else 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if function(middle) >= wanted else (middle, high)
    return high
