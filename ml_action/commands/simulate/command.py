"""The command `simulate`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.commands.simulate import simulation, views
from ml_action.config import parsers
from ml_action.datasets import survey
from ml_action.runtime import repository_access, wiring


def run(call: Invocation) -> None:
    """Simulates a policy on the repository's own datasets: no token, no network, nothing is written."""
    target = wiring.find_place({**call.inputs, "forge": "none"}, call.context)
    folder, options = call.temporary_folder(), own_options(call)
    repository = repository_access.open_locally(target, folder)
    scene = survey.take_snapshot(target.settings, repository)
    wish = simulation.SimulationRequest(options.thresholds, options.rounds, options.jobs)
    with safe_children(os.environ):
        found = simulation.run(scene, target.settings, wish, call.log, folder)
    views.print_simulation(found, as_json=options.json)


@contextmanager
def safe_children(environ: MutableMapping[str, str]) -> Iterator[None]:
    """Keeps files of the current folder from replacing modules in the processes that we start.

    https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH
    """
    before = environ.get("PYTHONSAFEPATH")
    environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        environ.pop("PYTHONSAFEPATH")
        environ.update({} if before is None else {"PYTHONSAFEPATH": before})


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds how much is simulated."""
    parser.add_argument(
        "--thresholds", type=_numbers, default=(), metavar="N,N", help="thresholds to try (default: some around yours)"
    )
    parser.add_argument(
        "--rounds", type=parsers.count, default=40, metavar="N", help="random batches for each (default: 40; 0: none)"
    )
    parser.add_argument(
        "--jobs", type=parsers.count, default=0, metavar="N", help="processes (default: one for each processor)"
    )
    json_option(parser)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(parsers.positive(word) for word in text.split(","))
