"""The same datasets in a world that changed by a known amount: what a gate's power is measured in (docs/simulation.md).

The target changes along a random direction of the features, as the champion's own preparation presents them (numbers
scaled, categories as columns): a number is raised by it, the odds of classes are tilted by it. How far is chosen so
that whoever knows the change, and else what the champion knows, has a given share less error: that gain is there.
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
from ml_action.modelling.evaluation import losses, metrics, scoring
from ml_action.modelling.evaluation.predictions import Predictions, perfect, predict, with_decision
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
Changed = tuple[Array, Predictions]  # the target, and what the champion would say if it knew the change

_DOUBLINGS, _HALVINGS = 20, 16
_WEAKEST = 2.0**-8  # of the residuals' spread, or of log-odds


def gain(recipe: Recipe, said: Predictions, than: Predictions, target: Array, weight: Floats | None = None) -> float:
    """How much less the recipe's metric finds wrong, as a share of the other's error, as the gate has it.

    NaN where it has no value.
    """
    loss = losses.loss_for(recipe.metric, target, weight)
    try:
        if loss is None:
            return _by_score(recipe.metric, said, than, target, weight)
        ours, theirs = (float(np.average(loss(one, target), weights=weight)) for one in (said, than))
    except (ValueError, scoring.Unscorable):
        return float("nan")
    return 1 - ours / theirs if theirs > 0 else 0.0


def _by_score(metric: str, said: Predictions, than: Predictions, target: Array, weight: Floats | None) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        ours, theirs = (scoring.score(metric, one, target, None, weight) for one in (said, than))
        best = metrics.get_metric(metric).best
        limit = scoring.score(metric, perfect(target), target, None, weight) if best is None else best
    whole = limit - theirs if np.isfinite(limit) else abs(theirs)
    return (ours - theirs) / whole if whole > 0 else 0.0


@dataclass(frozen=True, eq=False)
class DriftSimulator:
    """A table as its champion knows it, and the direction in which it may change."""

    table: Table
    recipe: Recipe
    champion: Any  # a fitted pipeline of `recipes.build`
    unseen: Flags  # per row: the champion did not learn from it; how large a gain is, is measured on these
    seed: tuple[int, ...]

    def changed(self, gain: float, where: Flags) -> Table | None:
        """The table with the target changed in the marked rows; None where no change makes such a gain."""
        strength = None if self._is_flat else self._strength(gain)
        if strength is None:
            return None
        pushed, kept = self._push(strength)[0], self.table
        both = zip(self.recipe.outputs, _columns(pushed).T, _columns(self._target).T, strict=True)
        columns = {name: pd.Series(np.where(where, new, old), index=kept.frame.index) for name, new, old in both}
        return Table(kept.frame.assign(**columns), kept.cluster, kept.datasets, kept.schemas, kept.schema)

    def _strength(self, gain: float) -> float | None:
        """The weakest change that makes such a gain, by doubling and halving."""
        high = _WEAKEST
        for _ in range(_DOUBLINGS):
            if self.gain_of(high) >= gain:
                return _bisect(self.gain_of, gain, high)
            high *= 2
        return None

    def gain_of(self, strength: float) -> float:
        """The share of the champion's error that knowing a change of this strength saves."""
        target, knowing = self._push(strength)
        weight = fit.weights(self.recipe, self.table)
        own = None if weight is None else weight[self.unseen]
        return gain(self.recipe, knowing, self._said, target[self.unseen], own)

    @cached_property
    def _push(self) -> Callable[[float], Changed]:
        return self._raised() if self.recipe.task == "regression" else self._tilted()

    @cached_property
    def _target(self) -> Array:
        return fit.labels(self.recipe, self.table)

    @cached_property
    def _features(self) -> pd.DataFrame:
        return self.table.frame[list(self.recipe.features)]

    @cached_property
    def _said(self) -> Predictions:
        classes = None if self.recipe.task == "regression" else np.unique(self._target)
        return predict(self.champion, self._features[self.unseen], classes, len(self.recipe.outputs))

    @cached_property
    def _prepared(self) -> Floats:
        return np.asarray(self.champion[:-1].transform(self._features), dtype=np.float64)

    @property
    def _is_flat(self) -> bool:
        """Whether the champion has met one class only: there are no odds to tilt."""
        return self.recipe.task != "regression" and len(np.unique(self._target[~self.unseen])) < 2

    def _direction(self, rng: np.random.Generator, width: int) -> Floats:
        """(rows, width): random linear functions of the features, with mean 0 and standard deviation 1."""
        drawn: Floats = self._prepared @ rng.normal(size=(self._prepared.shape[1], width))
        spread = drawn.std(axis=0)
        found: Floats = (drawn - drawn.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
        return found

    def _raised(self) -> Callable[[float], Changed]:
        """Regression: the direction, in spreads of the champion's errors, is added. What is never negative stays so."""
        target = _columns(self._target)
        direction = self._direction(np.random.default_rng(self.seed), target.shape[1])
        direction = direction * (target[self.unseen] - _columns(self._said.label)).std(axis=0)
        least = target.min(axis=0)
        least = np.where(least >= 0, least, -np.inf)

        def push(strength: float) -> Changed:
            raised = np.maximum(target + strength * direction, least)
            knowing = _columns(self._said.label) + strength * direction[self.unseen]
            return raised.reshape(self._target.shape), Predictions(knowing.reshape(self._said.label.shape))

        return push

    def _tilted(self) -> Callable[[float], Changed]:
        """Classification: labels move just as far as it takes to tilt the odds of the classes along the direction."""
        rng = np.random.default_rng(self.seed)
        classes = np.unique(self._target)
        odds, own = self._usual_odds(classes), np.searchsorted(classes, self._target)
        direction = self._direction(rng, len(classes))
        luck, pick = rng.random((2, len(own)))
        said, places = _shares(self._said, classes), np.arange(len(own))

        def push(strength: float) -> Changed:
            keep, moved = _moves(odds, strength * direction)
            chosen = (np.cumsum(moved, axis=1) < pick[:, None]).sum(axis=1).clip(max=len(classes) - 1)
            target = classes[np.where(luck < keep[places, own], own, chosen)]
            kept, gone = said * keep[self.unseen], (said * (1 - keep[self.unseen])).sum(axis=1, keepdims=True)
            return target, _knowing(kept + gone * moved[self.unseen], self._said, classes)

        return push

    def _usual_odds(self, classes: Array) -> Floats:
        """(rows, classes): how likely each class is, by a plain model: whatever the champion is, it need not say."""
        plain = LogisticRegression(max_iter=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it did not converge is all right
            plain.fit(self._prepared[~self.unseen], self._target[~self.unseen])
        found: Floats = np.maximum(np.asarray(predict(plain, self._prepared, classes).probability), 1e-6)
        return found


def _columns(values: Array) -> Array:
    """(rows, targets), of however many."""
    return values.reshape(len(values), -1)


def _moves(odds: Floats, tilt: Floats) -> tuple[Floats, Floats]:
    """Per row and class: the chance that a label of this class stays, and where one that does not stay goes."""
    now = odds / odds.sum(axis=1, keepdims=True)
    power = np.log(now) + tilt
    then = np.exp(power - power.max(axis=1, keepdims=True))
    then /= then.sum(axis=1, keepdims=True)
    more = np.maximum(then - now, 0)
    total = more.sum(axis=1, keepdims=True)
    return np.minimum(1, then / now), np.divide(more, total, out=np.full_like(more, 1 / more.shape[1]), where=total > 0)


def _shares(said: Predictions, classes: Array) -> Floats:
    """(rows, classes): the probabilities; of a model that tells none its labels."""
    if said.probability is not None:
        return said.probability
    found: Floats = (said.label[:, None] == classes[None, :]).astype(np.float64)
    return found


def _knowing(shares: Floats, said: Predictions, classes: Array) -> Predictions:
    """The champion's answer with the change in it, told as the champion tells its own."""
    known = with_decision(Predictions(classes[shares.argmax(axis=1)], shares, None, classes))
    return replace(
        known,
        probability=None if said.probability is None else shares,
        decision=None if said.decision is None else known.decision,
    )


def _bisect(function: Callable[[float], float], wanted: float, high: float) -> float:
    """Where the function reaches what is wanted, between half of a place where it does and that place."""
    low = high / 2 if high > _WEAKEST else 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if function(middle) >= wanted else (middle, high)
    return high
