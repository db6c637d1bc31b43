"""Simulated students: their weeks and scores, and how a population changes.

One dataset is the study log of one student: 5 to 50 weeks. Habits, school, region and device belong to the student, and
a talent that no column shows is added to every score, so that rows of one student resemble each other. Each replication
draws its own population, in which the strengths of all effects differ by half and more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.decision.scenarios import Floats, Integers, Sample

Change = Callable[["Population", np.random.Generator], "Population"]

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
WEEKLY = ("subject",)  # varies from week to week; the other categories belong to the student
WORD_POINTS = 2.0  # standard deviation of a category's effect
FEATURES = (*NUMBERS, *WORDS)
_PASSING = 7.0  # points that double the odds of passing, and more


@dataclass(frozen=True)
class Population:
    """How scores are made, in points."""

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
    exempt: tuple[str, str] = ("", "")  # column and category of a subgroup whose slopes `offsets` corrects
    offsets: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=lambda: WORDS)

    @property
    def variance(self) -> float:
        """The variance of a score that no model can explain."""
        spread = 1.0 if math.isinf(self.tail) else self.tail / (self.tail - 2)
        return self.talent**2 + spread * self.luck**2


@dataclass(frozen=True, eq=False)
class Weeks:
    """Students' weeks without scores: the features, and the expected score."""

    frame: pd.DataFrame
    owner: Integers
    mean: Floats


def population(rng: np.random.Generator) -> Population:
    """Draws one of many possible populations."""
    slopes = {name: figures[-1] * rng.uniform(0.5, 1.5) for name, figures in NUMBERS.items()}
    effects = {name: {word: rng.normal(0, WORD_POINTS) for word, _ in words} for name, words in WORDS.items()}
    return Population(slopes, effects)


def drifted(before: Population, amount: float, rng: np.random.Generator) -> Population:
    """Returns the population after a change in a random direction.

    The change explains `amount` times the variance that no model can explain.
    """
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
    """Draws the weeks of so many students, `times` as many weeks as usual."""
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
        chosen = _drawn_words(name, words, owner, rng)
        columns[name] = pd.Series(np.array([word for word, _ in words], dtype=object)[chosen]).astype("str")
        mean += np.array([people.effects[name].get(word, 0.0) for word, _ in words])[chosen]
    mean += people.bend * (scaled["hours_studied"] * scaled["stress"] - np.square(scaled["sleep_hours"]) + 1)
    frame = pd.DataFrame(columns)
    if people.exempt[0]:
        here = (frame[people.exempt[0]] == people.exempt[1]).to_numpy()
        for name, points in people.offsets.items():
            mean += here * points * scaled[name]
    return Weeks(frame, owner.astype(np.int64), mean)


def _drawn_words(
    name: str, words: tuple[tuple[str, float], ...], owner: Integers, rng: np.random.Generator
) -> Integers:
    """Draws a category for each row, as its position in `words`."""
    weekly = name in WEEKLY
    students = int(owner[-1]) + 1
    chosen = rng.choice(len(words), size=len(owner) if weekly else students, p=[share for _, share in words])
    return chosen if weekly else chosen[owner]


def scored(people: Population, found: Weeks, rng: np.random.Generator) -> Sample:
    """Adds scores."""
    talent = rng.normal(0, people.talent, found.owner[-1] + 1)[found.owner]
    size = len(found.owner)
    luck = rng.normal(size=size) if math.isinf(people.tail) else rng.standard_t(people.tail, size)
    return Sample(found.frame.assign(**{TARGET: np.round(found.mean + talent + people.luck * luck, 2)}), found.owner)


def graded(people: Population, found: Weeks, rng: np.random.Generator) -> Sample:
    """Adds whether the student passed, "yes" or "no"."""
    talent = rng.normal(0, people.talent, found.owner[-1] + 1)[found.owner]
    passed = rng.random(len(found.owner)) < chance_of_passing(found.mean + talent - people.base)
    words = pd.Series(np.where(passed, "yes", "no").astype(object)).astype("str")
    return Sample(found.frame.assign(**{PASSED: words}), found.owner)


def chance_of_passing(points: Floats) -> Floats:
    """Returns the probability, from the points above the centre."""
    chance: Floats = 1 / (1 + np.exp(-points / _PASSING))
    return chance


# --- changes ------------------------------------------------------------------------------------------------


def drift(amount: float) -> Change:
    """Drifts in a random direction; `amount` is relative to the variance that no model can explain."""
    return lambda before, rng: drifted(before, amount, rng)


def then(*changes: Change) -> Change:
    """Applies one change after the other."""

    def change(people: Population, rng: np.random.Generator) -> Population:
        for each in changes:
            people = each(people, rng)
        return people

    return change


def become(**fields: object) -> Change:
    """Sets fields of the population."""
    return lambda before, _: replace(before, **fields)  # type: ignore[arg-type]


def drift_except(device: str) -> Callable[[float], Change]:
    """Lets the slopes drift by an amount, but not for students with this device."""

    def of(amount: float) -> Change:
        def change(before: Population, rng: np.random.Generator) -> Population:
            after = drifted(before, amount, rng)
            stay = {name: before.slopes[name] - after.slopes[name] for name in NUMBERS}
            return replace(after, effects=before.effects, base=before.base, exempt=("device", device), offsets=stay)

        return change

    return of


def new_school(share: float, points: float) -> Change:
    """Adds a school that is new."""

    def change(before: Population, _: np.random.Generator) -> Population:
        schools = (*((name, part * (1 - share)) for name, part in WORDS["school"]), ("academy", share))
        effects = {**before.effects, "school": {**before.effects["school"], "academy": points}}
        return replace(before, words={**WORDS, "school": schools}, effects=effects)

    return change
