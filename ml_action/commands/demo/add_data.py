"""The command `add-data`: simulated datasets in the data path."""

from __future__ import annotations

import argparse

from ml_action.commands.base import Invocation, own_options
from ml_action.commands.demo import students
from ml_action.runtime import wiring


def run(call: Invocation) -> None:
    """Writes the datasets."""
    options, target = own_options(call), wiring.find_place(call.inputs, call.context, call.log.info)
    students.add_data(
        target.workspace.directory / target.settings.data.data_path.roots[0],
        options.count,
        world=options.world,
        seed=options.seed_of_data,
        info=call.log.info,
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the number of datasets, and how they are simulated."""
    parser.add_argument("count", type=int, help="how many datasets")
    parser.add_argument("--world", choices=("steady", "drifted"), default="steady", help="which world they come from")
    parser.add_argument("--seed-of-data", type=int, default=None, help="seeds the numbers (default: at random)")
