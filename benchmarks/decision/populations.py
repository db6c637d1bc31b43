"""Simulated students: how their weeks and scores come about, and the true loss of a model among them.

One dataset is the study log of one student: 5 to 50 weeks. Habits, school, region, device are the student's own, and
a talent that no column tells is added to every score, so rows of one student are alike. Each replication draws its own
population: strengths of all effects differ by half and more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.decision.scenarios import Flags, Floats, Integers, Sample

TARGET, PASSED = "score", "passed"
CENTRE = 60.0  # points
# column: (mean, spread between students, spread between weeks, least, most, points per standard deviation)
NUMBERS = {
    "hours_studied": (6.0, 1.8, 1.5, 0.3, 16.0, 6.0),
    "sleep_hours": (7.0, 0.8, 0.7, 3.0, 11.0, 2.5),
    "attendance": (0.8, 0.08, 0.08, 0.0, 1.0, 3.0),
    "stress": (5.0, 1.2, 1.2, 0.0, 10.0, -2.0),
    "commute_minutes": (35.0, 15.0, 4.0, 0.0, 120.0, -1.0),
    "practice_tests": (3.0, 1.0, 1.4, 0.0, 12.0, 2.0),
    "age": (16.0, 1.5, 0.0, 10.0, 25.0, 0.5),
}
WORDS = {
    "school": (("town", 0.5), ("village", 0.3), ("online", 0.2)),
    "region": (("north", 0.3), ("south", 0.25), ("east", 0.2), ("west", 0.15), ("islands", 0.1)),
    "subject": (("maths", 0.3), ("history", 0.2), ("biology", 0.2), ("art", 0.1), ("music", 0.1), ("sport", 0.1)),
    "device": (("laptop", 0.5), ("phone", 0.35), ("tablet", 0.15)),
}
WEEKLY = ("subject",)  # what changes from week to week; the rest is the student's own
WORD_POINTS = 2.0  # standard deviation of a category's effect
FEATURES = (*NUMBERS, *WORDS)
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_PASSING = 7.0  # points that double the odds of passing, and more


@dataclass(frozen=True)
class Population:
    """Where scores come from, in points."""

    slopes: Mapping[str, float]  # per standard deviation of a number
    effects: Mapping[str, Mapping[str, float]]  # per category
    base: float = CENTRE
    talent: float = 3.0  # standard deviation between students
    luck: float = 6.0  # standard deviation between weeks
    tail: float = math.inf  # degrees of freedom of luck: few mean outliers
    bend: float = 0.0  # curvature, which a linear model cannot follow
    rows: tuple[float, float] = (5, 50)  # weeks of a student
    giants: float = 0.0  # spread of the logarithm of a student's weeks, for logs of very different length
    moved: Mapping[str, float] = field(default_factory=dict)  # where habits have moved, in standard deviations
    exempt: tuple[str, str] = ("", "")  # a category to which `apart` applies in place of the slopes
    apart: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=lambda: WORDS)

    @property
    def variance(self) -> float:
        """What no model can know of a score."""
        spread = 1.0 if math.isinf(self.tail) else self.tail / (self.tail - 2)
        return self.talent**2 + spread * self.luck**2


@dataclass(frozen=True, eq=False)
class Weeks:
    """Students' weeks before their scores: features, and the expected score."""

    frame: pd.DataFrame
    owner: Integers
    mean: Floats


def population(rng: np.random.Generator) -> Population:
    """One of many possible populations."""
    slopes = {name: figures[-1] * rng.uniform(0.5, 1.5) for name, figures in NUMBERS.items()}
    effects = {name: {word: rng.normal(0, WORD_POINTS) for word, _ in words} for name, words in WORDS.items()}
    return Population(slopes, effects)


def drifted(before: Population, amount: float, rng: np.random.Generator) -> Population:
    """The same after a change in a random direction: it explains `amount` times the variance that is left to luck."""
    slopes = {name: rng.normal() for name in NUMBERS}
    effects = {name: {word: rng.normal() for word, _ in words} for name, words in before.words.items()}
    change = Population(slopes, effects, base=rng.normal(0, 0.5), moved=before.moved, words=before.words)
    size = math.sqrt(float(np.square(weeks(change, 400, rng).mean).mean()))
    scale = math.sqrt(amount) * math.sqrt(before.variance) / size
    return replace(
        before,
        slopes={name: before.slopes[name] + scale * slopes[name] for name in NUMBERS},
        effects={
            name: {word: before.effects[name][word] + scale * points for word, points in words.items()}
            for name, words in effects.items()
        },
        base=before.base + scale * change.base,
    )


def weeks(people: Population, students: int, rng: np.random.Generator, times: int = 1) -> Weeks:
    """The weeks of so many students, `times` as long as usual."""
    counts = rng.integers(int(people.rows[0]), int(people.rows[1]) + 1, students) * times
    if people.giants:
        counts = np.maximum(2, np.exp(rng.normal(np.log(people.rows[0]), people.giants, students))).astype(np.int64)
    owner = np.repeat(np.arange(students), counts)
    columns: dict[str, Any] = {}
    mean = np.full(len(owner), people.base)
    scaled: dict[str, Floats] = {}
    for name, (middle, between, within, least, most, _) in NUMBERS.items():
        habit = middle + between * (people.moved.get(name, 0.0) + rng.normal(size=students))
        values = np.clip(habit[owner] + within * rng.normal(size=len(owner)), least, most)
        columns[name] = np.round(values, 3)
        scaled[name] = (columns[name] - middle) / math.hypot(between, within)
        mean += people.slopes[name] * scaled[name]
    for name, words in people.words.items():
        shares = [share for _, share in words]
        weekly = name in WEEKLY
        chosen = rng.choice(len(words), size=len(owner) if weekly else students, p=shares)
        chosen = chosen if weekly else chosen[owner]
        columns[name] = pd.Series(np.array([word for word, _ in words], dtype=object)[chosen]).astype("str")
        mean += np.array([people.effects[name].get(word, 0.0) for word, _ in words])[chosen]
    mean += people.bend * (scaled["hours_studied"] * scaled["stress"] - np.square(scaled["sleep_hours"]) + 1)
    frame = pd.DataFrame(columns)
    if people.exempt[0]:
        here = (frame[people.exempt[0]] == people.exempt[1]).to_numpy()
        for name, points in people.apart.items():
            mean += here * points * scaled[name]
    return Weeks(frame, owner.astype(np.int64), mean)


def scored(people: Population, found: Weeks, rng: np.random.Generator) -> Sample:
    """With scores."""
    talent = rng.normal(0, people.talent, found.owner[-1] + 1)[found.owner]
    size = len(found.owner)
    luck = rng.normal(size=size) if math.isinf(people.tail) else rng.standard_t(people.tail, size)
    return Sample(found.frame.assign(**{TARGET: np.round(found.mean + talent + people.luck * luck, 2)}), found.owner)


def graded(people: Population, found: Weeks, rng: np.random.Generator) -> Sample:
    """With "yes" or "no": passed or not."""
    talent = rng.normal(0, people.talent, found.owner[-1] + 1)[found.owner]
    passed = rng.random(len(found.owner)) < _odds(found.mean + talent - people.base)
    words = pd.Series(np.where(passed, "yes", "no").astype(object)).astype("str")
    return Sample(found.frame.assign(**{PASSED: words}), found.owner)


def _odds(points: Floats) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-points / _PASSING))
    return chance


class Scores:
    """The true squared error among fresh students: what luck adds is known, so only features are sampled."""

    def __init__(self, people: Population, students: int, rng: np.random.Generator) -> None:
        self._weeks = weeks(people, students, rng)
        self._variance = people.variance
        self._parts: tuple[Flags, ...] = ()
        if people.exempt[0]:
            self._parts = ((self._weeks.frame[people.exempt[0]] == people.exempt[1]).to_numpy(),)

    def losses(self, model: Any) -> tuple[float, ...]:
        """Mean squared error, in all and in the exempt subgroup."""
        said = model.predict(self._weeks.frame[list(FEATURES)])
        error = np.square(said - self._weeks.mean) + self._variance
        return (float(error.mean()), *(float(error[part].mean()) for part in self._parts))


class Passes:
    """The true loss of a classifier among fresh students: error rate, log loss or 1 - ROC AUC."""

    def __init__(self, people: Population, students: int, rng: np.random.Generator, metric: str) -> None:
        found = weeks(people, students, rng)
        self._frame = found.frame[list(FEATURES)]
        talents = people.talent * _NODES[:, None]
        chances = _odds(found.mean - people.base + talents)
        self._chance: Floats = (_WEIGHTS[:, None] * chances).sum(axis=0) / _WEIGHTS.sum()
        self._metric = metric

    def losses(self, model: Any) -> tuple[float, ...]:
        """The loss that the metric stands for."""
        yes = model.predict_proba(self._frame)[:, list(model.classes_).index("yes")]
        return ({"accuracy": self._errors, "neg_log_loss": self._log, "roc_auc": self._order}[self._metric](yes),)

    def _errors(self, yes: Floats) -> float:
        return float(np.where(yes > 0.5, 1 - self._chance, self._chance).mean())

    def _log(self, yes: Floats) -> float:
        yes = np.clip(yes, 1e-12, 1 - 1e-12)
        return float(-(self._chance * np.log(yes) + (1 - self._chance) * np.log(1 - yes)).mean())

    def _order(self, yes: Floats) -> float:
        both = np.concatenate([np.ones(len(yes)), np.zeros(len(yes))])
        weight = np.concatenate([self._chance, 1 - self._chance])
        return 1 - float(roc_auc_score(both, np.concatenate([yes, yes]), sample_weight=weight))
