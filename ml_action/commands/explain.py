"""`explain`: why an attempt ended as it did, from the journal alone: no data are read, no model is loaded."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from ml_action.commands.base import Invocation, own_options
from ml_action.core.codec import encode
from ml_action.core.log import Log
from ml_action.core.markdown import one_line
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.evaluation import Comparison, Decision, Screening
from ml_action.git import journal, registry, repository
from ml_action.reports import attempts, chart, comparison_rows, pages
from ml_action.runtime import console as terminal
from ml_action.runtime import wiring
from ml_action.runtime.wiring import Target

WIDTH = 120  # characters, where a program or a file reads along
_line: Callable[[str], str] = partial(one_line, limit=2_000)


def run(call: Invocation) -> None:
    """Shows one attempt."""
    options, place = own_options(call), wiring.find_place(call.inputs, call.context, call.log.info)
    form = "json" if options.json else "markdown" if options.markdown else ""
    explain(place, call.temporary_folder(), call.log, options.attempt, form=form)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the attempt and the form."""
    parser.add_argument(
        "attempt",
        nargs="?",
        default="",
        metavar="ATTEMPT",
        help="its id, the beginning of one, its version (v3), or a number: 1 is the last, 2 the one before it",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print the journal's record as JSON")
    forms.add_argument("--markdown", action="store_true", help="print the report as Markdown")


def explain(place: Target, scratch: Path, log: Log, wanted: str, *, form: str = "") -> None:
    """The attempt that is `wanted`, for a person, or in another `form`: json | markdown."""
    found, tips = wiring.open_with_journal(place, scratch, log)
    git = found.store
    state_branch, _ = repository.branch_names(place.settings.name)
    attempt = attempts.find(journal.read(git, tips.state).attempts, wanted, state_branch)
    if form == "json":
        sys.stdout.write(json.dumps(encode(attempt), indent=2) + "\n")
        return
    facts = attempts.facts(attempt, registry.read(git, tips.base, place.settings.publication.model_dir))
    if form == "markdown":
        sys.stdout.write(pages.from_journal(attempt, facts))
        return
    _show(terminal.make_console(piped=WIDTH), attempt, facts)


# --- for a person -----------------------------------------------------------------------------------------


def _show(console: Console, attempt: Attempt, facts: Mapping[str, str]) -> None:
    decision, comparison = attempt.decision, attempt.comparison
    width = max(map(len, facts))
    terminal.lines(console, _first(attempt))
    terminal.lines(console, ["", *(f"{name:{width}}  {_line(text)}" for name, text in facts.items())])
    if comparison:
        _show_comparison(console, attempt, comparison)
    elif not decision:
        _section(console, "Scores on the same unseen rows", comparison_rows.lines_of_old_attempt(attempt))
    if decision:
        _section(console, "The gate", _conditions(decision))
    if comparison:
        _table(console, "Slices", comparison_rows.SLICES, comparison_rows.slices(comparison))
        _table(console, "Guardrails", comparison_rows.GUARDRAILS, comparison_rows.guardrails(comparison))
    _section(console, "Watch", [attempt.watched.text] if attempt.watched else [])
    if attempt.screening:
        _show_screening(console, attempt.screening)
    _section(console, "Notes", attempt.notes)


def _first(attempt: Attempt) -> Iterator[str]:
    """The verdict, why, and what would change it."""
    yield f"{pages.ICONS[attempt.verdict]} {attempt.verdict}: {_line(attempt.reason)}"
    if attempt.decision and attempt.decision.outlook:
        yield f"   what would change it: {_line(attempt.decision.outlook)}"
    if attempt.forced:
        yield f"   a person forced it: {_line(attempt.forced)}"
    if attempt.draft:
        yield "   proposed as a draft for a person"


def _show_comparison(console: Console, attempt: Attempt, comparison: Comparison) -> None:
    heads_of = comparison_rows.version_heads if attempt.rolls_back else comparison_rows.score_heads
    heads = heads_of(comparison, attempt.champion, attempt.version)
    rows = (
        (f"{name} (decides)" if name == comparison.metric else name, *cells)
        for name, *cells in comparison_rows.scores(comparison)
    )
    _table(console, "Scores on the same unseen rows", heads, rows)
    terminal.lines(console, map(_line, comparison_rows.comparison_lines(comparison)))
    drawn = "" if console.options.ascii_only else chart.gain_chart(comparison, attempt.policy)
    terminal.lines(console, ["", *drawn.splitlines()] if drawn else [])


def _conditions(decision: Decision) -> Iterator[str]:
    for check in comparison_rows.conditions(decision):
        yield f"{'✅' if check.passed else '❌'} {check.name}: {check.text}"


def _show_screening(console: Console, screening: Screening) -> None:
    if screening.suspicious:
        _section(console, f"Suspicious: {screening.suspicious:,} of {screening.judged:,} datasets", screening.found)
        rows = [(item.path, str(item.line or ""), item.reason) for item in screening.suspects]
        _table(console, "", ("dataset", "line", "reason"), rows)
        more = screening.suspicious - len(rows)
        terminal.lines(console, [f"… and {more:,} more"] if rows and more > 0 else [])
    _section(console, "Moved as a whole", screening.moved)


def _section(console: Console, heading: str, texts: Iterable[str]) -> None:
    """A heading with lines under it; nothing where there are none."""
    found = [_line(text) for text in texts]
    if found:
        terminal.lines(console, ["", heading, *found])


def _table(console: Console, heading: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The same with a table."""
    found = [[_line(cell) for cell in row] for row in rows]
    if found:
        terminal.lines(console, ["", heading] if heading else [])
        terminal.table(console, heads, found)
