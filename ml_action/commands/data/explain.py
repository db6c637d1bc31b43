"""`data explain`: why one file counts, or why it does not."""

from __future__ import annotations

import argparse

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.commands.data import explanation, views
from ml_action.commands.data.local_files import open_clone


def run(call: Invocation) -> None:
    """Shows the explanation of one file."""
    local, options = open_clone(call), own_options(call)
    path, target = local.path_of(options.file), local.target
    found = explanation.explain(path, local.datasets, target.workspace, target.settings, call.log)
    views.explain(found, as_json=options.json)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the file."""
    parser.add_argument("file", metavar="PATH", help="the file")
    json_option(parser)
