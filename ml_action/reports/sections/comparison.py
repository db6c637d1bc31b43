"""Champion and challenger compared on the same unseen rows: scores, numbers and chart. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ml_action.core.formatting import (
    count_of,
    is_negated,
    number,
    percent,
    percents,
    probability,
    shown_metric,
    shown_score,
)
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.evaluation import Comparison
from ml_action.core.records.policy import Policy
from ml_action.reports.blocks import Block, Bullets, Code, Inline, Table, Text, Untrusted, Verbatim, text
from ml_action.reports.chart import gain_chart

Heads = Callable[[Comparison, str, str], tuple[Inline, ...]]

HEADING = "Scores on the same unseen rows"


def comparison(found: Comparison, champion: str, challenger: str, policy: Policy | None) -> Iterator[Block]:
    """Yields scores, numbers and chart. Without a `policy` the chart does not show what the gate asks for."""
    yield scores_table(found, champion, challenger)
    yield from numbers(found, policy)


def numbers(found: Comparison, policy: Policy | None) -> Iterator[Block]:
    """Yields the paired evidence in numbers, and the chart."""
    yield Bullets(tuple(_lines(found)))
    yield Verbatim(tuple(gain_chart(found, policy).splitlines()), drawn=True)


def score_heads(found: Comparison, champion: str, challenger: str) -> tuple[Inline, ...]:
    """Returns the heads of the scores of a champion, where there is one, and a challenger."""
    first = (text("champion {}", Untrusted(champion)),) if found.champion else ()
    return ("metric", *first, text("challenger {}", Untrusted(challenger)), "dummy")


def version_heads(found: Comparison, champion: str, version: str) -> tuple[Inline, ...]:
    """Returns the heads where no challenger was trained: the scores of two versions, or of one alone."""
    first = (text("{}, in production", Untrusted(champion)),) if found.champion else ()
    return ("metric", *first, Untrusted(version), "dummy")


def scores_table(found: Comparison, champion: str, challenger: str, heads: Heads = score_heads) -> Table:
    """Returns every reported metric of champion, challenger and dummy, the deciding one first."""
    names = [name for name in sorted(found.challenger, key=lambda name: name != found.metric) if _is_shown(name, found)]
    contestants = (*([found.champion] if found.champion else []), found.challenger, found.baseline)
    rows = (
        (_metric(name, found), *(number(shown_score(name, scores.get(name))) for scores in contestants))
        for name in names
    )
    return Table(heads(found, champion, challenger), tuple(rows))


def _is_shown(name: str, found: Comparison) -> bool:
    """Whether a table has the metric: a regression's r2 in percent, which records hold, is no accuracy."""
    return name != "accuracy_percent" or "r2" not in found.challenger or name == found.metric


def _metric(name: str, found: Comparison) -> Inline:
    shown = Code(shown_metric(name))
    return text("{} (decides)", shown) if name == found.metric else shown


def _lines(found: Comparison) -> Iterator[Text]:
    difference, gain = found.improvement_interval, percents(found.gain_interval)
    change, low, high = found.improvement, difference.low, difference.high
    if is_negated(found.metric):
        change, low, high = 0.0 - change, 0.0 - high, 0.0 - low
    whose = "champion's" if found.champion else "dummy baseline's"
    yield text(
        "{}: {:+.4f}, interval [{:+.4f}, {:+.4f}] at {} confidence",
        Untrusted(shown_metric(found.metric)), change, low, high, percent(found.confidence, 0),
    )  # fmt: skip
    yield text("gain: {} of the {} error, interval {}", percent(found.gain), whose, gain)
    yield text(
        "sign-flip test over {} ({}): p {}",
        Untrusted(count_of(found.datasets, found.unit)), count_of(found.rows, "rows"), probability(found.p_value),
    )  # fmt: skip
    yield text("{} of the {} are predicted no worse", percent(found.win_rate, 0), Untrusted(found.unit))


def numbers_of_old_attempt(attempt: Attempt) -> Iterator[Inline]:
    """Yields the numbers of an attempt of an earlier release, whose journal does not hold the comparison."""
    if attempt.challenger_score is None:
        return
    ours, theirs = (
        number(shown_score(attempt.metric, score)) for score in (attempt.challenger_score, attempt.champion_score)
    )
    champion = f" against {theirs}" if attempt.champion_score is not None else ""
    yield Untrusted(f"{shown_metric(attempt.metric)}: {ours}{champion}")
    if attempt.improvement is not None and attempt.interval:
        low, high = attempt.interval.low, attempt.interval.high
        yield Untrusted(f"difference: {attempt.improvement:+.4f}, interval [{low:+.4f}, {high:+.4f}]")
    if attempt.gain is not None and attempt.p_value is not None:
        yield Untrusted(f"gain: {percent(attempt.gain)} of the error, p {probability(attempt.p_value)}")
    yield Untrusted("the journal of that time held no more: no conditions, no picture")
