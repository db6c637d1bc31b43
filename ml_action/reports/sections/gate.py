"""The conditions of the gate, and the slices and metrics that it guards. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ml_action.core.formatting import number, percent, probability, shown_metric, shown_score
from ml_action.core.records.evaluation import Check, Comparison, Decision
from ml_action.core.records.policy import Policy
from ml_action.reports.blocks import Block, Bullets, Code, Strong, Table, Untrusted, section, text

LISTED = 50  # rows of one table
_IN_TABLES = (("slice ", "none of {} is worse"), ("guardrail ", "none of {} may be worse"))  # by the condition's name


def gate(decision: Decision, found: Comparison | None) -> Iterator[Block]:
    """Yields each condition, then the slices and metrics that were guarded."""
    yield from section("The gate", conditions(decision))
    if found:
        yield from guarded(found)


def guarded(found: Comparison) -> Iterator[Block]:
    """Yields how the slices and the metrics fare that may not become worse."""
    yield from section("Slices", slices_table(found))
    yield from section("Guardrails", guardrails_table(found))


def conditions(decision: Decision) -> Bullets:
    """Returns each condition of the gate, and whether it holds."""
    return Bullets(
        tuple(
            text("{} {}: {}", "✅" if check.passed else "❌", Strong(Untrusted(check.name)), Untrusted(check.text))
            for check in _listed(decision)
        )
    )


def _listed(decision: Decision) -> Iterator[Check]:
    """Yields the conditions; those that have a table of their own only if they failed, or else as one."""
    kinds = tuple(kind for kind, _ in _IN_TABLES)
    yield from (check for check in decision.checks if not (check.passed and check.name.startswith(kinds)))
    for kind, summary in _IN_TABLES:
        checks = [check for check in decision.checks if check.name.startswith(kind)]
        if checks and all(check.passed for check in checks):
            yield replace(checks[0], name=f"{kind.strip()}s", text=summary.format(len(checks)))


def slices_table(found: Comparison) -> Table:
    """Returns each slice with its gain, those that became worse first."""
    parts = sorted(found.slices, key=lambda part: not part.worse)
    rows = (
        (Code(part.column), Code(part.value), f"{part.datasets:,}", percent(part.gain), "worse" if part.worse else "")
        for part in parts[:LISTED]
    )
    return Table(("column", "value", "datasets", "gain", ""), tuple(rows), more=len(parts) - LISTED)


def guardrails_table(found: Comparison) -> Table:
    """Returns each guarded metric with its change and the margin that it may lose."""
    alpha = Policy(confidence=found.confidence).alpha
    rows = (
        (
            Code(shown_metric(rail.metric)), number(shown_score(rail.metric, rail.champion)),
            number(shown_score(rail.metric, rail.challenger)), percent(rail.gain),
            percent(rail.margin), probability(rail.p_value), "kept" if rail.p_value <= alpha else "may be worse",
        )
        for rail in found.guardrails
    )  # fmt: skip
    return Table(("metric", "champion", "challenger", "gain", "margin", "p", ""), tuple(rows))
