"""`run`: the whole loop, once."""

from __future__ import annotations

from dataclasses import replace

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
    reason = wiring.reason_to_write_nothing(target)
    if reason:
        outcome = loop.run(*wiring.read_only_dependencies(target, reason, call.temporary_folder(), call.log))
        return replace(outcome, next_step=reason, notes=(*outcome.notes, reason))
    return loop.run(target.settings, wiring.make_tools(target, call.temporary_folder(), call.log))
