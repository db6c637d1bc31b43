"""What speaks for a challenger and against it, as rows and lines of plain text: for pages and for the terminal alike.

Cells and lines may hold text of strangers (values of a slice, names of metrics): who shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ml_action.core.formatting import count_of, number, percent, percents, probability

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.evaluation import Check, Comparison, Decision

Row = tuple[str, ...]

LISTED = 50  # rows of one table
SLICES = ("column", "value", "datasets", "gain", "")
GUARDRAILS = ("metric", "champion", "challenger", "gain", "margin", "p", "")
_IN_TABLES = ("slice ", "guardrail ")  # conditions of which a table tells more


def score_heads(comparison: Comparison, champion: str, challenger: str) -> Row:
    """Whose scores there are."""
    first = (f"champion {champion}",) if comparison.champion else ()
    return ("metric", *first, f"challenger {challenger}", "dummy")


def version_heads(comparison: Comparison, champion: str, version: str) -> Row:
    """The same where no challenger was trained: two versions, or one alone."""
    first = (f"{champion}, in production",) if comparison.champion else ()
    return ("metric", *first, version, "dummy")


def scores(comparison: Comparison) -> Iterator[Row]:
    """Every reported metric of champion, challenger and dummy on the same unseen rows, the deciding one first."""
    contestants = [comparison.champion] if comparison.champion else []
    for name in sorted(comparison.challenger, key=lambda name: name != comparison.metric):
        found = (scores.get(name) for scores in (*contestants, comparison.challenger, comparison.baseline))
        yield name, *map(number, found)


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """The paired evidence in numbers."""
    low, high = comparison.improvement_interval.low, comparison.improvement_interval.high
    whose = "champion's" if comparison.champion else "dummy baseline's"
    sure = f"at {percent(comparison.confidence, 0)} confidence"
    yield f"{comparison.metric}: {comparison.improvement:+.4f}, interval [{low:+.4f}, {high:+.4f}] {sure}"
    yield f"gain: {percent(comparison.gain)} of the {whose} error, interval {percents(comparison.gain_interval)}"
    judged = f"{count_of(comparison.datasets, comparison.unit)} ({count_of(comparison.rows, 'rows')})"
    yield f"sign-flip test over {judged}: p {probability(comparison.p_value)}"
    yield f"{percent(comparison.win_rate, 0)} of the {comparison.unit} are predicted no worse"


def lines_of_old_attempt(attempt: Attempt) -> Iterator[str]:
    """The numbers of an attempt whose comparison the journal does not hold: it was written by an earlier version."""
    if attempt.challenger_score is None:
        return
    champion = f" against {number(attempt.champion_score)}" if attempt.champion_score is not None else ""
    yield f"{attempt.metric}: {number(attempt.challenger_score)}{champion}"
    if attempt.improvement is not None and attempt.interval:
        low, high = attempt.interval.low, attempt.interval.high
        yield f"difference: {attempt.improvement:+.4f}, interval [{low:+.4f}, {high:+.4f}]"
    if attempt.gain is not None and attempt.p_value is not None:
        yield f"gain: {percent(attempt.gain)} of the error, p {probability(attempt.p_value)}"
    yield "the journal of that time held no more: no conditions, no picture"


def slices(comparison: Comparison) -> Iterator[Row]:
    """Each part of the rows by itself, those that became worse first."""
    for part in sorted(comparison.slices, key=lambda part: not part.worse)[:LISTED]:
        yield part.column, part.value, f"{part.datasets:,}", percent(part.gain), "worse" if part.worse else ""


def guardrails(comparison: Comparison) -> Iterator[Row]:
    """Each metric that may not become worse."""
    from ml_action.core.records.policy import Policy

    alpha = Policy(confidence=comparison.confidence).alpha
    for rail in comparison.guardrails:
        kept = "kept" if rail.p_value <= alpha else "may be worse"
        yield (
            rail.metric, number(rail.champion), number(rail.challenger), percent(rail.gain), percent(rail.margin),
            probability(rail.p_value), kept,
        )  # fmt: skip


def conditions(decision: Decision) -> Iterator[Check]:
    """The conditions of the gate. Of those that a table tells more of, the ones that failed, or how many there are."""
    yield from (check for check in decision.checks if not (check.passed and check.name.startswith(_IN_TABLES)))
    for kind, told in zip(_IN_TABLES, ("none of {} is worse", "none of {} may be worse"), strict=True):
        some = [check for check in decision.checks if check.name.startswith(kind)]
        if some and all(check.passed for check in some):
            yield replace(some[0], name=f"{kind.strip()}s", text=told.format(len(some)))
