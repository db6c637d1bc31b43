"""`run`: the whole loop, once."""

from __future__ import annotations

from ml_action.commands import table
from ml_action.commands.base import Invocation, json_option
from ml_action.core.records.outcome import Outcome
from ml_action.loop import run as loop
from ml_action.runtime import wiring

add_options = json_option


def run(call: Invocation) -> Outcome | int | None:
    """Runs the loop; with `forge: sandbox`, on a copy of the repository."""
    if call.inputs.get("forge") == "sandbox":
        return table.load(table.COMMANDS["rehearse"]).run(call)
    target = wiring.find_place(call.inputs, call.context, call.log.info)
    prepared = wiring.prepare_run(target, call.temporary_folder(), call.log)
    return prepared.labelled(loop.run(prepared.settings, prepared.dependencies))
