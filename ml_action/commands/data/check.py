"""`data check`: datasets of the working tree, judged before they are merged."""

from __future__ import annotations

import argparse

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.commands.data import inspection, views
from ml_action.commands.data.local_files import open_clone
from ml_action.core.errors import DataError


def run(call: Invocation) -> int:
    """Shows the verdict on each dataset. Returns the exit code of a DataError if one is bad."""
    local, options = open_clone(call), own_options(call)
    datasets = local.datasets
    if options.paths:
        candidates = tuple(local.named(options.paths))
    else:
        candidates = datasets.added or datasets.snapshot.inventory.new
    found = inspection.inspect(datasets, candidates, local.target.settings, call.log)
    views.check(found, as_json=options.json)
    return DataError.exit_code if found.bad else 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the paths."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: what is not merged yet)")
    json_option(parser)
