"""The table of commands, which is data: a command's module is imported when the command is called, and no other.

So `check` loads neither the modelling nor the terminal's libraries, and every module of a command imports what it needs
at its top.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from ml_action.core.dataclass import dataclass, field
from ml_action.core.errors import SettingsError

if TYPE_CHECKING:
    import argparse

    from ml_action.commands.base import Invocation
    from ml_action.core.records.outcome import Outcome


class CommandModule(Protocol):
    """A module of a command."""

    def run(self, call: Invocation, /) -> Outcome | int | None:
        """Does the work. Returns the outcome, or an exit code where the command only shows something."""

    def add_options(self, parser: argparse.ArgumentParser, /) -> None:
        """Adds the command's own options to its parser."""


@dataclass(frozen=True)
class Command:
    """A command of the command line, perhaps with verbs of its own."""

    help: str
    module: str  # below ml_action.commands
    settings: bool = True  # whether it takes the settings as flags
    needs_sandbox: bool = False
    verbs: Mapping[str, Command] = field(default_factory=dict)  # with verbs, `module` is the Action's mode


COMMANDS: Mapping[str, Command] = {
    "init": Command(
        "set the loop up in a repository that has data: settings, workflow, a first rehearsal",
        "init.command",
        needs_sandbox=True,
    ),
    "check": Command("count the new datasets; nothing is trained or written", "check"),
    "run": Command("the whole loop, once", "run"),
    "approve": Command("verify the open proposal against the journal and approve it", "approve"),
    "rollback": Command("propose an earlier version (--to) for production again, with a reason (--why)", "rollback"),
    "data": Command(
        "judge datasets before they are merged: check, contract, explain",
        "data.pull_request",
        settings=False,
        verbs={
            "check": Command("judge datasets that are not merged yet; nothing is written", "data.check"),
            "contract": Command("what each column has to hold, learned and stated", "data.contract"),
            "explain": Command("why a file counts, or why it does not", "data.explain"),
        },
    ),
    "doctor": Command(
        "which autonomy will work with this repository and these tokens, and how to fix what does not", "doctor"
    ),
    "status": Command("counter, champion, last attempts, open pull request", "status"),
    "history": Command("every version with its scores and dates", "history"),
    "explain": Command(
        "why an attempt ended as it did, and what would have changed it; from the journal alone", "explain"
    ),
    "verify": Command(
        "whether a model folder is what your loop signed; exit code 0 if it is, 6 if it is not",
        "verify",
        settings=False,
    ),
    "add-data": Command("write simulated datasets of students into the data path", "demo.add_data"),
    "rehearse": Command(
        "clone a repository and play the whole loop on it; nothing leaves this machine", "rehearse", needs_sandbox=True
    ),
    "simulate": Command(
        "replay the history of arrivals against a policy, and measure what it finds; nothing is written",
        "simulate.command",
    ),
    "sandbox": Command("serve a stand-in of GitHub on this machine", "sandbox", settings=False, needs_sandbox=True),
    "demo": Command("watch the whole loop on example data", "demo.command", settings=False, needs_sandbox=True),
}


def load(command: Command) -> CommandModule:
    """Imports the module of a command.

    Raises:
        SettingsError: The command needs the sandbox, and its libraries are not installed.
    """
    try:
        return cast("CommandModule", import_module(f"ml_action.commands.{command.module}"))
    except ModuleNotFoundError as missing:
        if not command.needs_sandbox:
            raise
        verb = command.module.partition(".")[0]
        raise SettingsError(
            f"the stand-in of GitHub is not installed here ({missing.name} is missing)",
            why="it is for people's machines: the Action's image comes without it",
            fix=f"leave `forge` out, or run `{verb}` in a checkout of ml-auto-update after `make setup`",
        ) from missing
