"""Courses of many rounds: the population drifts, some batches are bad, and a deployed model meets the next batch.

The loss is measured after each round in the population of that time, relative to the smallest possible loss (luck
alone). The oracle knows which files are bad and trains without them; it deploys a challenger exactly if it is better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.decision import corruption, populations, product_rules, rules
from benchmarks.decision.catalogue import MINUTES, NOISY, REVERSED, SWAPPED
from benchmarks.decision.corruption import Damage
from benchmarks.decision.populations import Population
from benchmarks.decision.rules import CLUSTERS, SEED, Champion, Ruling
from benchmarks.decision.scenarios import Case, Flags, Sample, table_of
from benchmarks.decision.simulated import LINEAR
from benchmarks.decision.truth import Scores

ORACLE = "oracle"
RULES = (ORACLE, SEED, CLUSTERS, "ours, not-worse", "ours, better")
NEW, KEPT = 220, 6  # datasets of a batch; batches that stay in the repository
ROWS = (5, 15)
STUDENTS = 300  # that the true loss is computed on
HARM = 1.01
LEAP = 10.0  # times the usual drift in one round
BAD: tuple[tuple[float, Damage], ...] = (
    (0.15, REVERSED),
    (0.05, REVERSED),
    (0.1, MINUTES),
    (1.0, MINUTES),
    (0.2, SWAPPED),
    (0.3, NOISY),
)


@dataclass(frozen=True)
class Course:
    """A kind of sequence, and its replications in each mode."""

    name: str
    rounds: int
    drift: float  # per round, relative to the variance that no model can explain
    leaps: float  # probability of a round with ten times the drift
    bad: float  # probability of a bad batch
    full: int
    quick: int = 0


COURSES = (
    Course("12 rounds, steady drift", 12, 0.01, 0.0, 0.0, 8),
    Course("12 rounds, drift and bad batches", 12, 0.005, 0.1, 0.25, 8, 1),
    Course("50 rounds, drift and bad batches", 50, 0.005, 0.05, 0.15, 6),
)


@dataclass(frozen=True)
class Run:
    """The result of one rule in one sequence."""

    course: str
    rule: str
    excess: float  # mean over the rounds of loss / least possible loss - 1
    promotions: int
    harmful: int  # promotions that are worse by more than 1 %
    verdicts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Round:
    """A batch, and the population after it."""

    batch: Sample
    valid: Flags  # per dataset of the batch
    truth: Scores
    least: float  # the loss of the best possible model


def play(course: Course, seed: int) -> list[Run]:
    """Plays the sequence of a seed with every rule."""
    rng = np.random.default_rng([seed, 4])
    people = replace(populations.population(rng), rows=ROWS)
    past = [(f"{seed} before {place}", _batch(people, rng)) for place in range(KEPT)]
    rounds = list(_rounds(course, people, rng))
    champion = rules.first(_case(past, "", rounds[0].truth, seed, 0))
    return [_play(course, rule, past, champion, rounds, seed) for rule in RULES]


def _rounds(course: Course, people: Population, rng: np.random.Generator) -> Iterator[_Round]:
    for _ in range(course.rounds):
        leap = rng.random() < course.leaps
        people = populations.drifted(people, course.drift * (LEAP if leap else 1.0), rng)
        batch = clean = _batch(people, rng)
        if rng.random() < course.bad:
            share, damage = BAD[rng.integers(len(BAD))]
            batch = corruption.corrupt(batch, share, damage, rng)
        changed = (batch.frame != clean.frame).any(axis=1).to_numpy()
        valid = ~np.isin(np.arange(batch.count), batch.owner[changed])
        yield _Round(batch, valid, Scores(people, STUDENTS, rng), people.variance)


def _batch(people: Population, rng: np.random.Generator) -> Sample:
    return populations.scored(people, populations.weeks(people, NEW, rng), rng)


def _play(
    course: Course, rule: str, past: list[tuple[str, Sample]], champion: Champion, rounds: Sequence[_Round], seed: int
) -> Run:
    kept, rejected = past, frozenset[str]()
    losses: list[float] = []
    verdicts: list[str] = []
    harmful = 0
    for number, now in enumerate(rounds):
        name = f"{seed} round {number}"
        batch = now.batch.take(np.flatnonzero(now.valid)) if rule == ORACLE else now.batch
        kept = [*kept, (name, batch)][-KEPT:]
        case = _with_rejected(_case(kept, name, now.truth, seed, number), rejected)
        before = after = now.truth.losses(champion.model)[0]
        ruling = _oracle(case, champion, before) if rule == ORACLE else rules.family_of(rule)(case, champion)[rule]
        rejected |= ruling.set_aside
        verdicts.append(ruling.verdict)
        if ruling.promoted and ruling.challenger:
            champion = ruling.challenger
            after = now.truth.losses(champion.model)[0]
            harmful += after > HARM * before
        losses.append(after / now.least - 1)
    return Run(course.name, rule, float(np.mean(losses)), verdicts.count(rules.PROMOTE), harmful, tuple(verdicts))


def _oracle(case: Case, champion: Champion, before: float) -> Ruling:
    challenger = product_rules.first(case.table, case.settings, case.salt)
    better = case.truth.losses(challenger.model)[0] < before
    return Ruling(rules.PROMOTE if better else rules.HOLD, Champion(challenger, champion.remembered))


def _case(batches: Sequence[tuple[str, Sample]], new: str, truth: Scores, seed: int, number: int) -> Case:
    table = table_of(batches)
    is_new = np.array([dataset.path.startswith(f"data/{new}/") for dataset in table.datasets], dtype=bool)
    return Case(table, is_new, LINEAR, truth, f"salt {seed}", 1000 * seed + number)


def _with_rejected(case: Case, blobs: frozenset[str]) -> Case:
    return replace(case, rejected=np.array([dataset.blob in blobs for dataset in case.table.datasets], dtype=bool))
