"""`explain`: why an attempt ended as it did, from the journal alone: no data are read, no model is loaded."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ml_action.commands.base import Invocation, own_options
from ml_action.core.codec import encode
from ml_action.core.log import Log
from ml_action.git import journal, registry, repository
from ml_action.reports import attempts, pages
from ml_action.reports.render import json, markdown
from ml_action.runtime import console, repository_access, wiring
from ml_action.runtime.repository_access import Target

WIDTH = 120  # characters, where a program or a file reads along


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
    """Prints the attempt that is `wanted`, for a reader, or in another `form`: json | markdown."""
    opened = repository_access.open_with_journal(place, scratch, log)
    git, tips = opened.store, opened.tips
    state_branch = repository.state_branch(place.settings.name)
    attempt = attempts.find(journal.read(git, tips.state).attempts, wanted, state_branch)
    if form == "json":
        sys.stdout.write(json.render(encode(attempt)))
        return
    page = pages.explanation(attempt, registry.read(git, tips.base, place.settings.publication.model_dir))
    if form == "markdown":
        sys.stdout.write(markdown.render(page))
        return
    console.show(console.make_console(piped=WIDTH), page)
