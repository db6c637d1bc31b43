"""`data check`, `data contract` and `data explain` for a reader, or as JSON."""

from __future__ import annotations

from typing import Any

from ml_action.commands.data import report
from ml_action.commands.data.effective_contract import ColumnRequirement, EffectiveContract
from ml_action.commands.data.explanation import Explanation
from ml_action.commands.data.findings import DatasetFinding, Inspection
from ml_action.core.formatting import count_of, percent
from ml_action.reports.blocks import (
    Blocks,
    Code,
    Facts,
    Inline,
    Labelled,
    Paragraph,
    Table,
    Untrusted,
    Verbatim,
    joined,
    text,
)
from ml_action.runtime import console

CATEGORIES = 6  # shown of a column
WIDTH = 200  # characters, where a program or a file reads along: a path stays on one line


# --- data check -------------------------------------------------------------------------------------------------


def check(inspection: Inspection, *, as_json: bool) -> None:
    """Prints every dataset with its verdict, what it was judged against, and what drifted."""
    console.print_page(report.report(inspection), _inspection(inspection), as_json=as_json, piped=WIDTH)


def _inspection(inspection: Inspection) -> dict[str, Any]:
    return {
        "sentence": report.sentence(inspection),
        "bad": len(inspection.bad),
        "contract": inspection.source,
        "datasets": [_finding(item) for item in inspection.findings],
        "warnings": list(inspection.warnings),
        "drift": [vars(shift) for shift in inspection.shifts],
    }


def _finding(item: DatasetFinding) -> dict[str, Any]:
    return {
        "path": item.path, "line": item.line, "verdict": str(item.status), "reason": item.reason, "blob": item.blob,
        "more": list(item.more),
    }  # fmt: skip


# --- data contract ----------------------------------------------------------------------------------------------


def contract(agreement: EffectiveContract, *, as_json: bool, change: str | None = None) -> None:
    """Prints the effective contract, or the change that was made to the user's file."""
    known: dict[str, Any] = {
        "target": agreement.learned.target,
        "source": agreement.source,
        "columns": [vars(requirement) for requirement in agreement.requirements],
    }
    if change is None:
        console.print_page(_contract(agreement), known, as_json=as_json, piped=WIDTH)
    else:
        console.print_page(_change(change), {**known, "change": change}, as_json=as_json, piped=WIDTH)


def _change(change: str) -> Blocks:
    nothing = Paragraph("nothing to add: every column has its table already")
    return (Verbatim(tuple(change.splitlines())) if change else nothing,)


def _contract(agreement: EffectiveContract) -> Blocks:
    learned = agreement.learned
    rows = tuple(map(_requirement, agreement.requirements))
    amount = Untrusted(count_of(learned.datasets, agreement.unit))
    return (
        Table(("column", "type", "range or categories", "missing, at most", "source"), rows),
        Paragraph(
            text("target {}; learned from {}, {}", Code(learned.target), amount, count_of(learned.rows, "rows")),
        ),
    )


def _requirement(item: ColumnRequirement) -> tuple[Inline, ...]:
    missing = "" if item.missing is None else percent(item.missing)
    return Code(item.column), Untrusted(item.type), _values(item), missing, Untrusted(item.source)


def _values(item: ColumnRequirement) -> Inline:
    if not item.asked:
        return "nothing is asked"
    if item.categories:
        shown = joined(", ", tuple(map(Code, item.categories[:CATEGORIES])))
        more = len(item.categories) - CATEGORIES
        return text("{} and {} more", shown, more) if more > 0 else shown
    if item.low is None and item.high is None:
        return "any"
    low, high = ("" if bound is None else f"{bound:g}" for bound in (item.low, item.high))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


# --- data explain -----------------------------------------------------------------------------------------------


def explain(found: Explanation, *, as_json: bool) -> None:
    """Prints why a file counts or does not, the facts, and what to do next."""
    data = {
        "path": found.path,
        "counts": found.counts,
        "reason": found.why,
        "next": found.next_step,
        "facts": {name: value for name, value in found.facts if name != "also"},  # those are in the finding
        "finding": _finding(found.finding) if found.finding else None,
    }
    console.print_page(_explanation(found), data, as_json=as_json, piped=WIDTH)


def _explanation(found: Explanation) -> Blocks:
    end = "" if found.why.endswith("?") else "."
    return (
        Paragraph(text("{} {}{}", Code(found.path), Untrusted(found.why), end)),
        Facts(tuple((Untrusted(name), Untrusted(value)) for name, value in found.facts)),
        Labelled("Next", Untrusted(found.next_step)),
    )
