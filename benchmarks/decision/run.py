"""Runs the replications of the worlds and courses, in parallel processes, and counts the verdicts."""

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
from benchmarks.decision.scenarios import Aim, Case, World
from benchmarks.decision.sequences import COURSES, Run

FULL, QUICK = "full", "quick"
MAX_REASONS = 3  # of each verdict
POWER = "linear"  # the kind of worlds that the power curve is computed from
_START = time.monotonic()

Progress = Callable[[int, int], None]  # done, total


@dataclass(frozen=True)
class Job:
    """One replication, of a world or of a course."""

    name: str
    seed: int
    is_course: bool = False


def jobs(mode: str, seed: int, names: Sequence[str] = (), times: float = 1.0) -> list[Job]:
    """Returns all replications of a mode, the long ones first; `names` are parts of the wanted names."""
    everything: tuple[sequences.Course | World, ...] = (*COURSES, *WORLDS)
    wanted = [(item, item.full if mode == FULL else item.quick) for item in everything if _is_named(item.name, names)]
    return [
        Job(item.name, _seed_of(seed, item.name, number), isinstance(item, sequences.Course))
        for item, count in wanted
        for number in range(max(1, round(count * times)) if count else 0)
    ]


def run(mode: str, seed: int, planned: Sequence[Job], processes: int, report: Progress | None = None) -> Results:
    """Returns the results of these replications. They do not depend on the number of processes."""
    found: dict[Job, list[Any]] = {}
    for done, played in enumerate(_play_all(planned, processes), start=1):
        found[played.job] = played.outcomes
        if report:
            report(done, len(planned))
    results = Results(mode, seed)
    results.power = {rule: [[0, 0] for _ in STEPS[1:]] for rule in rules.NAMES}
    for world in WORLDS:
        outcomes = [found[job] for job in planned if job.name == world.name]
        if outcomes:
            results.lines.append(_line(world, outcomes, results.power))
    for course in COURSES:
        runs = [found[job] for job in planned if job.name == course.name]
        if runs:
            results.courses.append(_course(course, runs))
    return results


def play(job: Job) -> list[Outcome] | list[Run]:
    """Runs one replication."""
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore")  # a logistic regression does not have to converge here
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


def progress(done: int, total: int) -> None:
    """Reports on stderr: on one line of a terminal, or now and then elsewhere."""
    spent = time.monotonic() - _START
    text = f"{done}/{total} replications, {spent / 60:.1f} min, about {spent / done * (total - done) / 60:.1f} min left"
    if sys.stderr.isatty():
        print(f"\r{text:<70}", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done == total or done % max(1, total // 20) == 0:
        print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class _Played:
    """A replication and its outcomes."""

    job: Job
    outcomes: list[Any]


def _play_all(planned: Sequence[Job], processes: int) -> Iterator[_Played]:
    if processes == 1:
        yield from map(_play, planned)
        return
    pool = Parallel(n_jobs=processes, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
    yield from pool(delayed(_play)(job) for job in planned)


def _play(job: Job) -> _Played:
    return _Played(job, play(job))


def _line(world: World, played: Sequence[Sequence[Outcome]], power: dict[str, list[list[int]]]) -> Line:
    asked = world.aim is Aim.GAIN and world.power
    line = Line(world.name, world.kind, world.aim.value, asked, rules={rule: Tally() for rule in rules.NAMES})
    for outcomes in played:
        gain = _gain(outcomes)
        line.gains.append(gain)
        for outcome in outcomes:
            line.rules[outcome.rule].add(outcome, gain)
            if outcome.rule == rules.DEFAULT:
                reasons = line.reasons.setdefault(outcome.verdict, [])
                reasons += [outcome.reason] if len(reasons) < MAX_REASONS else []
            if world.kind == POWER and world.aim in (Aim.SAME, Aim.GAIN):
                cell = power[outcome.rule][step_of(gain)]
                cell[0] += outcome.verdict == rules.PROMOTE
                cell[1] += 1
    return line


def _gain(outcomes: Sequence[Outcome]) -> float:
    """Returns the true gain of our challenger; without one, that of the holdout rules."""
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
    """Returns a seed for each replication that does not depend on the other replications."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name} {number}".encode()).digest()[:4], "big")
