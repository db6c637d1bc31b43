"""`status`: what the branches remember, for a reader or as JSON. Reads only."""

from __future__ import annotations

from pathlib import Path

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.core.log import Log
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.promotion.rolled_back import active_rollbacks
from ml_action.reports import status as pages
from ml_action.runtime import console, repository_access, wiring
from ml_action.runtime.repository_access import Target

add_options = json_option


def run(call: Invocation) -> None:
    """Shows what is remembered and what waits."""
    place = wiring.find_place(call.inputs, call.context, call.log.info)
    status(place, call.temporary_folder(), call.log, as_json=own_options(call).json)


def snapshot(place: Target, scratch: Path, log: Log) -> Snapshot:
    """Returns the data and what is remembered, where the journal is."""
    return survey.take_snapshot(place.settings, repository_access.open_with_journal(place, scratch, log))


def status(place: Target, scratch: Path, log: Log, *, as_json: bool) -> None:
    """Prints counter, champion, last attempts and open promotion."""
    found = snapshot(place, scratch, log)
    rollbacks = active_rollbacks(found.state.attempts)
    page, data = pages.status(found, rollbacks), pages.status_data(found, rollbacks)
    console.print_page(page, data, as_json=as_json)
