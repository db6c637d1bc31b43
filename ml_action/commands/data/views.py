"""`data check`, `data contract` and `data explain` for a person, or as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from ml_action.commands.data import report
from ml_action.commands.data.effective_contract import ColumnRequirement, EffectiveContract
from ml_action.commands.data.explanation import Explanation
from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.core.formatting import count_of, percent
from ml_action.core.log import escaped
from ml_action.runtime import console as terminal

GOOD_ONES = 50  # listed by name
CATEGORIES = 6  # shown of a column
WIDTH = 200  # characters, where a program or a file reads along: a path stays on one line


def check(inspection: Inspection, *, as_json: bool) -> None:
    """Every dataset with its mark, what it was judged against, and what drifted."""
    if as_json:
        _print_json(_inspection(inspection))
        return
    console = terminal.make_console(piped=WIDTH)
    good = inspection.marked(FindingStatus.GOOD)
    named = {item.path for item in good[:GOOD_ONES]}
    listed = [item for item in inspection.findings if item.mark is not FindingStatus.GOOD or item.path in named]
    if listed:
        terminal.table(console, ("dataset", "line", "verdict", "reason"), map(_row, listed))
    lines = [f"… and {len(good) - GOOD_ONES} more good ones"] if len(good) > GOOD_ONES else []
    lines += [f"judged against {inspection.source}"] if inspection.source else []
    drifted = [f"{escaped(item.column)} ({percent(item.effect, 0)})" for item in inspection.shifts if item.drifted]
    lines += [f"drifted: {', '.join(drifted)}"] if drifted else []
    sentence, next_step = report.sentence(inspection), report.next_step(inspection)
    lines += [
        f"{report.ICONS[FindingStatus.BAD if inspection.bad else FindingStatus.GOOD]} {sentence}",
        f"   next: {next_step}",
    ]
    terminal.lines(console, lines)


def _row(item: DatasetFinding) -> tuple[str, ...]:
    return escaped(item.path), str(item.line or ""), str(item.mark), item.reason


def _inspection(inspection: Inspection) -> dict[str, Any]:
    return {
        "sentence": report.sentence(inspection),
        "bad": len(inspection.bad),
        "contract": inspection.source,
        "datasets": [_finding(item) for item in inspection.findings],
        "drift": [vars(shift) for shift in inspection.shifts],
    }


def _finding(item: DatasetFinding) -> dict[str, Any]:
    return {
        "path": item.path, "line": item.line, "verdict": str(item.mark), "reason": item.reason, "blob": item.blob,
        "more": list(item.more),
    }  # fmt: skip


def contract(agreement: EffectiveContract, *, as_json: bool, change: str | None = None) -> None:
    """The effective contract, or the change that was made to the user's file."""
    if as_json:
        columns = [vars(demand) for demand in agreement.demands]
        known = {"target": agreement.learned.target, "source": agreement.source, "columns": columns}
        _print_json(known if change is None else {**known, "change": change})
        return
    console = terminal.make_console(piped=WIDTH)
    if change is not None:
        terminal.lines(console, change.splitlines() or ["nothing to add: every column has its table already"])
        return
    heads = ("column", "type", "range or categories", "missing, at most", "source")
    terminal.table(console, heads, map(_demand, agreement.demands))
    learned = agreement.learned
    amount = f"{count_of(learned.datasets, agreement.unit)}, {count_of(learned.rows, 'rows')}"
    told = f"target {escaped(learned.target)}; learned from {amount}"
    terminal.lines(console, [told])


def _demand(item: ColumnRequirement) -> tuple[str, ...]:
    missing = "" if item.missing is None else percent(item.missing)
    return escaped(item.column), item.type, _values(item), missing, item.source


def _values(item: ColumnRequirement) -> str:
    if not item.asked:
        return "nothing is asked"
    if item.categories:
        shown = ", ".join(map(escaped, item.categories[:CATEGORIES]))
        more = len(item.categories) - CATEGORIES
        return f"{shown} and {more} more" if more > 0 else shown
    if item.low is None and item.high is None:
        return "any"
    low, high = ("" if bound is None else f"{bound:g}" for bound in (item.low, item.high))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def explain(found: Explanation, *, as_json: bool) -> None:
    """The sentence, the facts, and what to do next."""
    if as_json:
        known = {"path": found.path, "counts": found.counts, "reason": found.why, "next": found.next_step}
        finding = _finding(found.finding) if found.finding else None
        facts = {name: text for name, text in found.facts if name != "also"}  # those are in the finding
        _print_json({**known, "facts": facts, "finding": finding})
        return
    console = terminal.make_console(piped=WIDTH)
    end = "" if found.why.endswith("?") else "."
    terminal.lines(console, [f"{escaped(found.path)} {found.why}{end}"])
    if found.facts:
        terminal.table(console, ("", ""), found.facts)
    terminal.lines(console, [f"   next: {found.next_step}"])


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
