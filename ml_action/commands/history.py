"""`history`: every version, for a reader or as JSON. Reads only."""

from __future__ import annotations

from pathlib import Path

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.commands.status import snapshot
from ml_action.core.log import Log
from ml_action.promotion.rolled_back import active_rollbacks
from ml_action.reports import status as pages
from ml_action.runtime import console, wiring
from ml_action.runtime.repository_access import Target

add_options = json_option


def run(call: Invocation) -> None:
    """Shows every version."""
    place = wiring.find_place(call.inputs, call.context, call.log.info)
    history(place, call.temporary_folder(), call.log, as_json=own_options(call).json)


def history(place: Target, scratch: Path, log: Log, *, as_json: bool) -> None:
    """Prints every version that was in production."""
    found = snapshot(place, scratch, log)
    rollbacks = active_rollbacks(found.state.attempts)
    page, data = pages.versions(found.history, rollbacks), pages.versions_data(found.history, rollbacks)
    console.print_page(page, data, as_json=as_json)
