"""How a simulated world's cases come about: what changes between the champion's data, the new batch and production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pandas as pd

from benchmarks.decision import corruption, populations, product_rules
from benchmarks.decision.corruption import Damage
from benchmarks.decision.populations import FEATURES, NUMBERS, PASSED, TARGET, WORDS, Population
from benchmarks.decision.scenarios import Case, Sample, Truth, case_of

OLD, NEW, FRESH = 400, 220, 400  # datasets of the champion and of a batch, students that production is measured on
FILES = 5  # of a student, where students have several
STUDENT = "student"
STEPS, CLOSE, SMALLEST = 4, 0.0005, 1e-4  # of the search for a change of the right size

Change = Callable[[Population, np.random.Generator], Population]


class Aim(Enum):
    """What is right in a world. That no harm is done is right in all of them."""

    SAME = "hold"  # next to nothing to gain: seldom promoted with q > 1.00
    GAIN = "promote"  # a gain that has to be found
    BAD = "hold or set aside"  # spoilt data
    FREE = "either"  # something to gain and something to lose


@dataclass(frozen=True)
class World:
    """One line of the tables: what is right in it, who makes its cases from a seed, how often it is played."""

    name: str
    kind: str  # the table it stands in
    aim: Aim
    make: Callable[[int], Case]
    full: int
    quick: int = 0
    power: bool = True  # whether it is asked for, where there is a gain


@dataclass(frozen=True)
class Aimed:
    """A change of such a size that the challenger comes to a q that is wanted."""

    change: Callable[[float], Change]
    q: float
    guesses: tuple[float, float]  # sizes to start from
    part: int = 0  # 0: q in all; 1: in the first subgroup that is watched


@dataclass(frozen=True)
class Plan:
    """How a simulated case comes about."""

    change: Change | Aimed = lambda before, _: before  # from the champion's data to the new batch and production
    start: Mapping[str, object] = field(default_factory=dict)  # of the population, throughout
    damage: tuple[float, Damage] | None = None  # to a share of the batch's files
    repeated: int = 0  # distinct contents among the batch's files
    old: int = OLD
    files: int = 1  # of each student in the batch
    settings: Mapping[str, str] = field(default_factory=dict)


LINEAR = {"target": TARGET, "features": ",".join(FEATURES), "estimator": "sklearn.linear_model.LinearRegression"}


def drift(amount: float) -> Change:
    """In a random direction; `amount` is in units of what no model can know."""
    return lambda before, rng: populations.drifted(before, amount, rng)


def then(*changes: Change) -> Change:
    """One after the other."""

    def change(people: Population, rng: np.random.Generator) -> Population:
        for one in changes:
            people = one(people, rng)
        return people

    return change


def become(**fields: object) -> Change:
    """These fields of the population from then on."""
    return lambda before, _: replace(before, **fields)  # type: ignore[arg-type]


def apart(word: str) -> Callable[[float], Change]:
    """The slopes drift so much, but not for those who work on a device of this kind."""

    def of(amount: float) -> Change:
        def change(before: Population, rng: np.random.Generator) -> Population:
            after = populations.drifted(before, amount, rng)
            stay = {name: before.slopes[name] - after.slopes[name] for name in NUMBERS}
            return replace(after, effects=before.effects, base=before.base, exempt=("device", word), apart=stay)

        return change

    return of


def new_school(share: float, points: float) -> Change:
    """A school that nobody went to before."""

    def change(before: Population, _: np.random.Generator) -> Population:
        schools = (*((name, part * (1 - share)) for name, part in WORDS["school"]), ("academy", share))
        effects = {**before.effects, "school": {**before.effects["school"], "academy": points}}
        return replace(before, words={**WORDS, "school": schools}, effects=effects)

    return change


def case_from(plan: Plan, seed: int) -> Case:
    """The case of a plan and a seed."""
    if not isinstance(plan.change, Aimed):
        return _case(plan, plan.change, seed)
    aimed = plan.change
    # A secant: the random numbers stay the same, so that q is a smooth function of the size.
    one, other = aimed.guesses
    before = _q(_case(plan, aimed.change(one), seed), aimed.part)
    for _ in range(STEPS):
        after = _q(_case(plan, aimed.change(other), seed), aimed.part)
        if abs(after - aimed.q) < CLOSE or after == before:
            break
        slope = (after - before) / (other - one)
        one, before, other = other, after, max(other + (aimed.q - after) / slope, SMALLEST)
    return _case(plan, aimed.change(other), seed)


def _q(case: Case, part: int) -> float:
    """Of the challenger that all sound data make."""
    champion = product_rules.first(case.old_table, case.settings, case.salt)
    challenger = product_rules.first(case.table, case.settings, case.salt)
    before, after = (case.truth.losses(one.model)[part] for one in (champion, challenger))
    return after / before


def _case(plan: Plan, change: Change, seed: int) -> Case:
    rng = np.random.default_rng([seed, 0])
    settings = {**LINEAR, **plan.settings}
    before = replace(populations.population(rng), **plan.start)  # type: ignore[arg-type]
    after = change(before, rng)
    old = _drawn(before, plan.old, plan, settings, rng, "o")
    new = _drawn(after, plan.repeated or NEW, plan, settings, rng, "n")
    new = _again(new, NEW, rng) if plan.repeated else new
    new = corruption.spoil(new, *plan.damage, rng) if plan.damage else new
    return case_of(old, new, _truth(after, settings, rng), settings, seed)


def _drawn(
    people: Population, datasets: int, plan: Plan, settings: Mapping[str, str], rng: np.random.Generator, name: str
) -> Sample:
    label = populations.graded if settings["target"] == PASSED else populations.scored
    files = plan.files if name == "n" else 1
    found = label(people, populations.weeks(people, datasets // files, rng, files), rng)
    return found if plan.files == 1 else _in_files(found, files, name)


def _in_files(sample: Sample, files: int, name: str) -> Sample:
    """Each student's weeks in several files; a column tells the student."""
    counts = np.bincount(sample.owner)
    place = np.arange(len(sample.owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    owner = sample.owner * files + place * files // counts[sample.owner]
    names = pd.Series([f"{name}{student}" for student in sample.owner]).astype("str")
    return Sample(sample.frame.assign(**{STUDENT: names}), owner)


def _again(sample: Sample, files: int, rng: np.random.Generator) -> Sample:
    """The same contents over and over, their rows in another order each time."""
    rows = [rng.permutation(np.flatnonzero(sample.owner == place % sample.count)) for place in range(files)]
    owner = np.repeat(np.arange(files), [len(one) for one in rows])
    return Sample(sample.frame.iloc[np.concatenate(rows)].reset_index(drop=True), owner.astype(np.int64))


def _truth(after: Population, settings: Mapping[str, str], rng: np.random.Generator) -> Truth:
    if settings["target"] == PASSED:
        return populations.Passes(after, FRESH, rng, settings["metric"])
    return populations.Scores(after, FRESH, rng)
