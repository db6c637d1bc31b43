"""What the modules of the commands share.

Each of them has `run(call)`, which does the work, and `add_options(parser)`, which adds the command's own options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action.core.dataclass import dataclass
from ml_action.core.log import Log
from ml_action.runtime.actions import RunContext

if TYPE_CHECKING:  # the Action has no command line
    import argparse


@dataclass(frozen=True)
class Invocation:
    """The arguments of a command and what it works with."""

    inputs: Mapping[str, str]  # settings by name, from the Action's inputs or from flags
    context: RunContext
    log: Log
    temporary_folder: Callable[[], Path]  # created on the first call
    options: argparse.Namespace | None = None  # of the command line


def own_options(call: Invocation) -> argparse.Namespace:
    """Returns the command's own options.

    Raises:
        LookupError: The Action calls the command, and the Action has none.
    """
    if call.options is None:
        raise LookupError("this command is only for the command line")
    return call.options


def json_option(parser: argparse.ArgumentParser) -> None:
    """Adds the switch to JSON."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON on standard output")


def path_option(parser: argparse.ArgumentParser) -> None:
    """Adds the path of a repository."""
    parser.add_argument("path", nargs="?", default=".", help="the repository (default: this folder)")
