"""Renders the results as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmarks.decision import rules, sequences
from benchmarks.decision.results import (
    MOST_EXCESS,
    STEPS,
    CourseResult,
    Line,
    Results,
    Tally,
    misses,
    pooled,
    ratio,
)
from benchmarks.intervals import wilson

VERDICTS = ("hold", "reject", "review", "stopped", "incomparable", "failed")


def markdown(results: Results) -> str:
    """Returns every table."""
    return "\n".join([*_head(results), *_summary(results), *_details(results), *_power(results), *_courses(results)])


def sentences(results: Results) -> str:
    """Lists some of our gate's reasons."""
    reasons = [
        f"- {line.world}: **{verdict}** {text}"
        for line in results.lines
        for verdict, texts in line.reasons.items()
        for text in texts
    ]
    return "\n".join(["## Reasons", "", *reasons])


def _head(results: Results) -> Iterator[str]:
    played = sum(line.rules[rules.DEFAULT].played for line in results.lines)
    yield f"{played:,} replications, mode {results.mode}, seed {results.seed}. Shares in %, 95 % intervals (Wilson)."
    yield "q: true loss in production of the deployed model / of the champion."
    yield ""


def _summary(results: Results) -> Iterator[str]:
    """Compares the rules: promoted / with q > 1.00 / with q > 1.01."""
    if not results.lines:
        return
    yield "## Side by side: promoted / of these q > 1.00 / q > 1.01"
    yield ""
    yield f"| world | right | {' | '.join(rules.NAMES)} |"
    yield "|---|---|" + "---|" * len(rules.NAMES)
    for line in results.lines:
        cells = [_three(line.rules[rule]) for rule in rules.NAMES]
        yield f"| {line.world} | {line.right} | {' | '.join(cells)} |"
    cells = [_three(pooled(results.lines, rule)) for rule in rules.NAMES]
    yield f"| **all worlds** | | {' | '.join(cells)} |"
    yield ""


def _details(results: Results) -> Iterator[str]:
    for kind in dict.fromkeys(line.kind for line in results.lines):
        lines = [line for line in results.lines if line.kind == kind]
        yield f"## In full: {kind}"
        yield ""
        yield "| world (n, gain on offer) | rule | promoted | q > 1.00 | q > 1.01 | otherwise | aims |"
        yield "|---|---|---|---|---|---|---|"
        for line in lines:
            yield from _rows(line)
        yield ""
    for rule in rules.NAMES if results.lines else ():
        tally = pooled(results.lines, rule)
        yield f"{rule}, all worlds: harm {_share(tally.harm, tally.played)} of {tally.played:,}  "
    yield ""


def _rows(line: Line) -> Iterator[str]:
    played = line.rules[rules.DEFAULT].played
    for place, rule in enumerate(rules.NAMES):
        tally = line.rules[rule]
        missed = "; ".join(misses(line, tally))
        name = f"**{rule}**" if rule == rules.DEFAULT else rule
        cells = [
            f"{line.world} ({played}, {100 * line.gain:.1f} %)" if place == 0 else "",
            name,
            *(_share(hits, played) for hits in (tally.promoted, tally.worse, tally.harm)),
            _verdicts(tally),
            f"missed: {missed}" if missed else "met",
        ]
        yield f"| {' | '.join(cells)} |"


def _power(results: Results) -> Iterator[str]:
    """Shows how often a gain is found, by its true size."""
    if not any(played for steps in results.power.values() for _, played in steps):
        return
    yield "## Promoted, by the true gain on offer (linear worlds, sound data)"
    yield ""
    shown = [place for place in range(len(STEPS) - 1) if results.power[rules.DEFAULT][place][1]]
    yield f"| rule | {' | '.join(_step(place) for place in shown)} |"
    yield "|---|" + "---|" * len(shown)
    for rule in rules.NAMES:
        cells = [_share(*results.power[rule][place]) for place in shown]
        yield f"| {rule} | {' | '.join(cells)} |"
    yield "| n | " + " | ".join(str(results.power[rules.DEFAULT][place][1]) for place in shown) + " |"
    yield ""


def _courses(results: Results) -> Iterator[str]:
    for course in results.courses:
        count = len(course.excess[sequences.ORACLE])
        yield f"## {course.name} ({count} sequences)"
        yield ""
        yield "| rule | excess loss | times the oracle's | promotions | harmful | aims |"
        yield "|---|---|---|---|---|---|"
        yield from (_course_row(course, rule) for rule in course.excess)
        yield ""


def _course_row(course: CourseResult, rule: str) -> str:
    times = ratio(course.excess, rule, sequences.ORACLE)
    interval = "" if math.isnan(times.low) else f" [{times.low:.2f}, {times.high:.2f}]"
    aim = "" if rule == sequences.ORACLE else "met" if times.value <= MOST_EXCESS else f"missed: > {MOST_EXCESS}"
    cells = [
        rule,
        f"{100 * _mean(course.excess[rule]):.2f} %",
        f"{times.value:.2f}{interval}",
        f"{_mean(course.promotions[rule]):.1f}",
        f"{_mean(course.harmful[rule]):.2f}",
        aim,
    ]
    return f"| {' | '.join(cells)} |"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _three(tally: Tally) -> str:
    shares = [100 * hits / tally.played for hits in (tally.promoted, tally.worse, tally.harm)]
    return " / ".join(f"{share:.0f}" if share >= 1 or not share else f"{share:.1f}" for share in shares)


def _share(hits: int, played: int) -> str:
    if not played:
        return "–"
    interval = wilson(hits, played)
    return f"{100 * hits / played:.0f} [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def _verdicts(tally: Tally) -> str:
    found = [(name, tally.verdicts.get(name, 0)) for name in VERDICTS]
    return ", ".join(f"{name} {100 * count / tally.played:.0f}" for name, count in found if count)


def _step(place: int) -> str:
    low, high = STEPS[place], STEPS[place + 1]
    if math.isinf(low):
        return "< 0 %"
    return f"≥ {100 * low:g} %" if math.isinf(high) else f"{100 * low:g} to {100 * high:g} %"
