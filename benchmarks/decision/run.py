"""Plays the worlds and the courses, in parallel over processes, and counts."""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.decision import rules, sequences
from benchmarks.decision.catalogue import WORLDS
from benchmarks.decision.results import STEPS, CourseResult, Line, Outcome, Results, Tally, step_of
from benchmarks.decision.rules import Champion
from benchmarks.decision.scenarios import Case
from benchmarks.decision.sequences import COURSES, Run
from benchmarks.decision.worlds import Aim, World

FULL, QUICK = "full", "quick"
TOLD = 3  # sentences of each verdict
POWER = "linear"  # the kind of worlds that the power curve is drawn from
_START = time.monotonic()

Say = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """One replication, of a world or of a course."""

    name: str
    seed: int
    is_course: bool = False


def jobs(mode: str, seed: int, names: Sequence[str] = (), times: float = 1.0) -> list[Job]:
    """All replications of a mode, the long ones first; `names` are parts of the names that are wanted."""
    everything: tuple[sequences.Course | World, ...] = (*COURSES, *WORLDS)
    wanted = [(item, item.full if mode == FULL else item.quick) for item in everything if _is_named(item.name, names)]
    return [
        Job(item.name, _seed_of(seed, item.name, number), isinstance(item, sequences.Course))
        for item, count in wanted
        for number in range(max(1, round(count * times)) if count else 0)
    ]


def run(mode: str, seed: int, planned: Sequence[Job], processes: int, say: Say | None = None) -> Results:
    """The results of these replications; the same whatever the number of processes."""
    found: dict[Job, list[Any]] = {}
    for done, (job, outcome) in enumerate(_played(planned, processes), start=1):
        found[job] = outcome
        if say:
            say(done, len(planned))
    results = Results(mode, seed)
    results.power = {rule: [[0, 0] for _ in STEPS[1:]] for rule in rules.NAMES}
    for world in WORLDS:
        played = [found[job] for job in planned if job.name == world.name]
        if played:
            results.lines.append(_line(world, played, results.power))
    for course in COURSES:
        runs = [found[job] for job in planned if job.name == course.name]
        if runs:
            results.courses.append(_course(course, runs))
    return results


def play(job: Job) -> list[Outcome] | list[Run]:
    """One replication."""
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")  # a logistic regression that has not converged yet is as good as any
        if job.is_course:
            return sequences.play(next(item for item in COURSES if item.name == job.name), job.seed)
        case = next(world for world in WORLDS if world.name == job.name).make(job.seed)
        return list(_outcomes(job.name, case))


def _outcomes(name: str, case: Case) -> Iterator[Outcome]:
    champion = rules.first(case)
    before = case.truth.losses(champion.model)
    known: dict[Champion, list[float]] = {}
    for family in rules.FAMILIES:
        for rule, ruling in family(case, champion).items():
            if ruling.challenger is None:
                yield Outcome(name, rule, ruling.verdict, None, None, ruling.reason)
                continue
            if ruling.challenger not in known:
                after = case.truth.losses(ruling.challenger.model)
                known[ruling.challenger] = [new / old for new, old in zip(after, before, strict=True)]
            q = known[ruling.challenger]
            yield Outcome(name, rule, ruling.verdict, q[0], max(q), ruling.reason)


def progress(done: int, of: int) -> None:
    """A line on stderr, written over itself on a terminal and now and then elsewhere."""
    spent = time.monotonic() - _START
    text = f"{done}/{of} replications, {spent / 60:.1f} min, about {spent / done * (of - done) / 60:.1f} min left"
    if sys.stderr.isatty():
        print(f"\r{text:<70}", end="\n" if done == of else "", file=sys.stderr, flush=True)
    elif done == of or done % max(1, of // 20) == 0:
        print(text, file=sys.stderr, flush=True)


def _played(planned: Sequence[Job], processes: int) -> Iterator[tuple[Job, Any]]:
    if processes == 1:
        yield from ((job, play(job)) for job in planned)
        return
    pool = Parallel(n_jobs=processes, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
    yield from pool(delayed(_named)(job) for job in planned)


def _named(job: Job) -> tuple[Job, Any]:
    return job, play(job)


def _line(world: World, played: Sequence[Sequence[Outcome]], power: dict[str, list[list[int]]]) -> Line:
    asked = world.aim is Aim.GAIN and world.power
    line = Line(world.name, world.kind, world.aim.value, asked, rules={rule: Tally() for rule in rules.NAMES})
    for outcomes in played:
        gain = _gain(outcomes)
        line.gains.append(gain)
        for outcome in outcomes:
            line.rules[outcome.rule].add(outcome, gain)
            if outcome.rule == rules.DEFAULT:
                said = line.said.setdefault(outcome.verdict, [])
                said += [outcome.reason] if len(said) < TOLD else []
            if world.kind == POWER and world.aim in (Aim.SAME, Aim.GAIN):
                cell = power[outcome.rule][step_of(gain)]
                cell[0] += outcome.verdict == rules.PROMOTE
                cell[1] += 1
    return line


def _gain(outcomes: Sequence[Outcome]) -> float:
    """What our challenger gains in truth; where it came to none, that of the holdout rules."""
    q = {outcome.rule: outcome.q for outcome in outcomes}
    return 1 - next(found for found in (q[rules.DEFAULT], q[rules.CLUSTERS]) if found is not None)


def _course(course: sequences.Course, runs: Sequence[Sequence[Run]]) -> CourseResult:
    found = CourseResult(course.name, course.rounds)
    for run_ in (run_ for several in runs for run_ in several):
        found.excess.setdefault(run_.rule, []).append(run_.excess)
        found.promotions.setdefault(run_.rule, []).append(run_.promotions)
        found.harmful.setdefault(run_.rule, []).append(run_.harmful)
    return found


def _is_named(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(part.lower() in name.lower() for part in parts)


def _seed_of(seed: int, name: str, number: int) -> int:
    """A seed of its own for each replication, whatever else is played."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name} {number}".encode()).digest()[:4], "big")
