"""The command `demo`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ml_action.commands.base import Invocation, own_options
from ml_action.commands.demo import story


def run(call: Invocation) -> None:
    """Plays the story."""
    options = own_options(call)
    story.run(options.data, Path(options.keep) if options.keep else None)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the data, and where the repository is kept."""
    parser.add_argument("--data", choices=("students", "real"), default="students", help="whose datasets arrive")
    parser.add_argument("--keep", metavar="FOLDER", help="where the sandbox's repository is kept (default: temporary)")
