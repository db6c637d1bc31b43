"""Many rounds: the world drifts, now and then a batch is bad, and what a rule deploys meets the next round's batch.

Loss is measured after each round in the world as it is by then, against the least that is possible (luck alone). The
oracle knows which files are bad and trains without them, and deploys a challenger exactly when it is better in truth.
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
from benchmarks.decision.worlds import LINEAR

ORACLE = "oracle"
RULES = (ORACLE, SEED, CLUSTERS, "ours, not-worse", "ours, better")
NEW, KEPT = 220, 6  # datasets of a batch; batches that stay in the repository
ROWS = (5, 15)
STUDENTS = 300  # whom production is measured on
HARM = 1.01
LEAP = 10.0  # as much drift as usual in one round
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
    """A kind of sequence, and how often it is played in either mode."""

    name: str
    rounds: int
    drift: float  # per round, in what no model can know
    leaps: float  # chance of a round with ten times as much
    bad: float  # chance of a bad batch
    full: int
    quick: int = 0


COURSES = (
    Course("12 rounds, steady drift", 12, 0.01, 0.0, 0.0, 8),
    Course("12 rounds, drift and bad batches", 12, 0.005, 0.1, 0.25, 8, 1),
    Course("50 rounds, drift and bad batches", 50, 0.005, 0.05, 0.15, 6),
)


@dataclass(frozen=True)
class Run:
    """One sequence as one rule went through it."""

    course: str
    rule: str
    excess: float  # mean over the rounds of loss / least possible loss - 1
    promotions: int
    harmful: int  # promotions that made it worse by more than 1 %
    verdicts: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Round:
    """A batch, and the world after it."""

    batch: Sample
    sound: Flags  # per dataset of the batch
    truth: populations.Scores
    least: float  # loss of the best model there is


def play(course: Course, seed: int) -> list[Run]:
    """The sequence of a seed, gone through by every rule."""
    rng = np.random.default_rng([seed, 4])
    people = replace(populations.population(rng), rows=ROWS)
    past = [(f"{seed} before {place}", _batch(people, rng)) for place in range(KEPT)]
    rounds = list(_rounds(course, people, rng))
    champion = rules.first(_case(past, "", rounds[0].truth, seed, 0))
    return [_played(course, rule, past, champion, rounds, seed) for rule in RULES]


def _rounds(course: Course, people: Population, rng: np.random.Generator) -> Iterator[_Round]:
    for _ in range(course.rounds):
        leap = rng.random() < course.leaps
        people = populations.drifted(people, course.drift * (LEAP if leap else 1.0), rng)
        batch = clean = _batch(people, rng)
        if rng.random() < course.bad:
            share, damage = BAD[rng.integers(len(BAD))]
            batch = corruption.spoil(batch, share, damage, rng)
        changed = (batch.frame != clean.frame).any(axis=1).to_numpy()
        sound = ~np.isin(np.arange(batch.count), batch.owner[changed])
        yield _Round(batch, sound, populations.Scores(people, STUDENTS, rng), people.variance)


def _batch(people: Population, rng: np.random.Generator) -> Sample:
    return populations.scored(people, populations.weeks(people, NEW, rng), rng)


def _played(
    course: Course, rule: str, past: list[tuple[str, Sample]], champion: Champion, rounds: Sequence[_Round], seed: int
) -> Run:
    at_hand, gone = past, frozenset[str]()
    losses: list[float] = []
    verdicts: list[str] = []
    harmful = 0
    for number, now in enumerate(rounds):
        name = f"{seed} round {number}"
        batch = now.batch.take(np.flatnonzero(now.sound)) if rule == ORACLE else now.batch
        at_hand = [*at_hand, (name, batch)][-KEPT:]
        case = _doubting(_case(at_hand, name, now.truth, seed, number), gone)
        before = after = now.truth.losses(champion.model)[0]
        ruling = _oracle(case, champion, before) if rule == ORACLE else rules.family_of(rule)(case, champion)[rule]
        gone |= ruling.set_aside
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


def _case(batches: Sequence[tuple[str, Sample]], new: str, truth: populations.Scores, seed: int, number: int) -> Case:
    table = table_of(batches)
    is_new = np.array([dataset.path.startswith(f"data/{new}/") for dataset in table.datasets], dtype=bool)
    return Case(table, is_new, LINEAR, truth, f"salt {seed}", 1000 * seed + number)


def _doubting(case: Case, gone: frozenset[str]) -> Case:
    return replace(case, doubted=np.array([dataset.blob in gone for dataset in case.table.datasets], dtype=bool))
