"""Simulated cases: what changes between the champion's data, the new batch, and production."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from benchmarks.decision import corruption, populations, product_rules
from benchmarks.decision.corruption import Damage
from benchmarks.decision.populations import FEATURES, PASSED, TARGET, Change, Population
from benchmarks.decision.scenarios import Case, Sample, Truth, case_of
from benchmarks.decision.truth import Passes, Scores

OLD, NEW, FRESH = 400, 220, 400  # datasets of the champion and of a batch; students that the true loss is computed on
FILES = 5  # of a student who has several
STUDENT = "student"
STEPS, CLOSE, SMALLEST = 4, 0.0005, 1e-4  # of the search for a change of the right size


@dataclass(frozen=True)
class Aimed:
    """A change of the size at which the challenger has the wanted q."""

    change: Callable[[float], Change]
    q: float
    guesses: tuple[float, float]  # sizes to start from
    part: int = 0  # 0: q in total; 1: in the first watched subgroup


@dataclass(frozen=True)
class Plan:
    """How a simulated case is made."""

    change: Change | Aimed = lambda before, _: before  # from the champion's data to the new batch and production
    start: Mapping[str, object] = field(default_factory=dict)  # fields of the population, before and after
    damage: tuple[float, Damage] | None = None  # to a share of the batch's files
    repeated: int = 0  # distinct contents among the batch's files
    old: int = OLD
    files: int = 1  # of each student in the batch
    settings: Mapping[str, str] = field(default_factory=dict)


LINEAR = {"target": TARGET, "features": ",".join(FEATURES), "estimator": "sklearn.linear_model.LinearRegression"}


def case_from(plan: Plan, seed: int) -> Case:
    """Makes the case of a plan and a seed."""
    if not isinstance(plan.change, Aimed):
        return _case(plan, plan.change, seed)
    aimed = plan.change
    # The secant method: the random numbers stay the same, so that q is a smooth function of the size.
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
    """Returns q of the challenger that is trained on all valid data."""
    champion = product_rules.first(case.old_table, case.settings, case.salt)
    challenger = product_rules.first(case.table, case.settings, case.salt)
    before, after = (case.truth.losses(one.model)[part] for one in (champion, challenger))
    return after / before


def _case(plan: Plan, change: Change, seed: int) -> Case:
    rng = np.random.default_rng([seed, 0])
    settings = {**LINEAR, **plan.settings}
    before = replace(populations.population(rng), **plan.start)  # type: ignore[arg-type]
    after = change(before, rng)
    old = _draw(before, plan.old, plan, settings, rng, "o")
    new = _draw(after, plan.repeated or NEW, plan, settings, rng, "n")
    new = _repeated(new, NEW, rng) if plan.repeated else new
    new = corruption.corrupt(new, *plan.damage, rng) if plan.damage else new
    return case_of(old, new, _truth(after, settings, rng), settings, seed)


def _draw(
    people: Population, datasets: int, plan: Plan, settings: Mapping[str, str], rng: np.random.Generator, name: str
) -> Sample:
    """Draws old ("o") or new ("n") datasets. Only the new ones of a student are in several files."""
    label = populations.graded if settings["target"] == PASSED else populations.scored
    files = plan.files if name == "n" else 1
    found = label(people, populations.weeks(people, datasets // files, rng, files), rng)
    return found if plan.files == 1 else _in_files(found, files, name)


def _in_files(sample: Sample, files: int, name: str) -> Sample:
    """Splits each student's weeks into several files; a column names the student."""
    counts = np.bincount(sample.owner)
    place = np.arange(len(sample.owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    owner = sample.owner * files + place * files // counts[sample.owner]
    names = pd.Series([f"{name}{student}" for student in sample.owner]).astype("str")
    return Sample(sample.frame.assign(**{STUDENT: names}), owner)


def _repeated(sample: Sample, files: int, rng: np.random.Generator) -> Sample:
    """Repeats the contents, with the rows in another order each time."""
    rows = [rng.permutation(np.flatnonzero(sample.owner == place % sample.count)) for place in range(files)]
    owner = np.repeat(np.arange(files), [len(each) for each in rows])
    return Sample(sample.frame.iloc[np.concatenate(rows)].reset_index(drop=True), owner.astype(np.int64))


def _truth(after: Population, settings: Mapping[str, str], rng: np.random.Generator) -> Truth:
    if settings["target"] == PASSED:
        return Passes(after, FRESH, rng, settings["metric"])
    return Scores(after, FRESH, rng)
