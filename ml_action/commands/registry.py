"""What each command does: it takes a call apart, and hands it to its story. Everything is imported late."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action.config import parsers
from ml_action.core.errors import SettingsError
from ml_action.core.log import Log
from ml_action.core.records.outcome import Outcome
from ml_action.runtime.actions import RunContext

if TYPE_CHECKING:  # late at run time: the Action has no command line
    import argparse


@dataclass(frozen=True)
class Invocation:
    """What a command is called with."""

    given: Mapping[str, str]  # settings, by name
    context: RunContext
    log: Log
    scratch: Callable[[], Path]  # a folder for temporary files, made when it is first needed
    options: argparse.Namespace | None = None


@dataclass(frozen=True)
class Command:
    """A verb of the command line, with verbs below it where it has some."""

    help: str
    run: Callable[[Invocation], Outcome | int | None]
    options: Callable[[argparse.ArgumentParser], None] = lambda _: None
    settings: bool = True  # whether it takes the settings as flags
    verbs: Mapping[str, Command] = field(default_factory=dict)


def own_options(call: Invocation) -> argparse.Namespace:
    """The command's own options; the Action has none, and none of these commands."""
    if call.options is None:
        raise LookupError("this command is only for the command line")
    return call.options


def check(call: Invocation) -> Outcome:
    """The count."""
    from ml_action.commands import check as counting
    from ml_action.runtime import wiring

    place, repository, tips = wiring.open_for_reading(
        wiring.find_place(call.given, call.context, call.log.info), call.scratch
    )
    return counting.check(place.settings, repository, tips)


def run(call: Invocation) -> Outcome:
    """The whole loop."""
    from ml_action.loop import run as loop
    from ml_action.runtime import wiring

    if call.given.get("forge") == "sandbox":
        return rehearse(call)
    place = wiring.find_place(call.given, call.context, call.log.info)
    why = wiring.reason_to_write_nothing(place)
    if why:
        outcome = loop.run(*wiring.read_only_dependencies(place, why, call.scratch(), call.log))
        return replace(outcome, next_step=why, notes=(*outcome.notes, why))
    return loop.run(place.settings, wiring.make_tools(place, call.scratch(), call.log))


def approve(call: Invocation) -> Outcome:
    """The verified approval."""
    from ml_action.commands import approve as approval
    from ml_action.runtime import wiring

    place = wiring.find_place(call.given, call.context, call.log.info)
    return approval.approve(*wiring.make_approval_tools(place, call.scratch(), call.log), call.context.asking)


def doctor(call: Invocation) -> Outcome | int:
    """What will work here; as JSON, or in the log and the summary."""
    from ml_action.commands import doctor as physician
    from ml_action.reports import doctor as doctor_report
    from ml_action.runtime import wiring

    place = wiring.find_place(call.given, call.context, call.log.info)
    found = physician.diagnose(*wiring.make_approval_tools(place, call.scratch(), call.log))
    ending = physician.outcome(found)
    if getattr(call.options, "json", False):
        sys.stdout.write(json.dumps(doctor_report.to_json(found), indent=2) + "\n")
        return ending.exit_code
    for line in doctor_report.lines(found):
        call.log.info(line)
    return ending


def rollback(call: Invocation) -> Outcome:
    """An earlier version back."""
    from ml_action.commands import rollback as back
    from ml_action.runtime import wiring

    place = wiring.find_place(call.given, call.context)
    return back.rollback(place.settings, wiring.make_tools(place, call.scratch(), call.log))


@contextmanager
def requires_extras(verb: str) -> Iterator[None]:
    """Tells what is missing in the Action's image, or in an installation without the extras."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"the stand-in of GitHub is not installed here ({missing.name} is missing)",
            why="it is for people's machines: the Action's image comes without it",
            fix=f"leave `forge` out, or run `{verb}` in a checkout of ml-auto-update after `make setup`",
        ) from missing


def rehearse(call: Invocation) -> Outcome:
    """The whole loop on a copy."""
    with requires_extras("rehearse"):
        from ml_action.commands import rehearse as rehearsal

    path = Path(getattr(call.options, "path", call.context.workspace))
    return rehearsal.rehearse(path.resolve(), call.given, call.log)


def status(call: Invocation) -> None:
    """What is remembered and what waits."""
    from ml_action.commands import status as views
    from ml_action.runtime import wiring

    views.status(
        wiring.find_place(call.given, call.context, call.log.info),
        call.scratch(),
        call.log,
        as_json=own_options(call).json,
    )


def history(call: Invocation) -> None:
    """Every version."""
    from ml_action.commands import status as views
    from ml_action.runtime import wiring

    views.history(
        wiring.find_place(call.given, call.context, call.log.info),
        call.scratch(),
        call.log,
        as_json=own_options(call).json,
    )


def explain(call: Invocation) -> None:
    """Why an attempt ended as it did."""
    from ml_action.commands import explain as attempt_views
    from ml_action.runtime import wiring

    options, place = own_options(call), wiring.find_place(call.given, call.context, call.log.info)
    form = "json" if options.json else "markdown" if options.markdown else ""
    attempt_views.explain(place, call.scratch(), call.log, options.attempt, form=form)


def simulate(call: Invocation) -> None:
    """A policy on the repository's own datasets: no token, no network, nothing written."""
    from ml_action.commands.simulate import simulation
    from ml_action.commands.simulate import views as simulation_views
    from ml_action.datasets import survey
    from ml_action.runtime import wiring

    place = wiring.find_place({**call.given, "forge": "none"}, call.context)
    scratch, options = call.scratch(), own_options(call)
    repository, tips = wiring.open_locally(place, scratch)
    scene = survey.take_snapshot(place.settings, repository, tips)
    wish = simulation.SimulationRequest(options.thresholds, options.rounds, options.jobs)
    with safe_children(os.environ):
        found = simulation.run(scene, place.settings, wish, call.log, scratch)
    simulation_views.print_simulation(found, as_json=options.json)


@contextmanager
def safe_children(environ: MutableMapping[str, str]) -> Iterator[None]:
    """No file of the folder that we are called in stands in for a module in the processes that we start.

    https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH
    """
    before = environ.get("PYTHONSAFEPATH")
    environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        environ.pop("PYTHONSAFEPATH")
        environ.update({} if before is None else {"PYTHONSAFEPATH": before})


def add_data(call: Invocation) -> None:
    """Simulated datasets."""
    from ml_action.commands.demo import students
    from ml_action.runtime import wiring

    place = wiring.find_place(call.given, call.context, call.log.info)
    students.add_data(
        place.workspace.directory / place.settings.data.data_path.roots[0],
        own_options(call).count,
        world=own_options(call).world,
        seed=own_options(call).seed_of_data,
        say=call.log.info,
    )


def sandbox(call: Invocation) -> None:
    """The stand-in of GitHub."""
    from ml_action.commands import rehearse as rehearsal

    rehearsal.serve(Path(own_options(call).path), own_options(call).port, call.log)


def demo(call: Invocation) -> None:
    """The loop on example data."""
    from ml_action.commands.demo import story

    story.run(own_options(call).data, Path(own_options(call).keep) if own_options(call).keep else None)


def json_option(parser: argparse.ArgumentParser) -> None:
    """The switch to JSON."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON on standard output")


def explain_options(parser: argparse.ArgumentParser) -> None:
    """Which attempt, and in which form."""
    parser.add_argument(
        "attempt",
        nargs="?",
        default="",
        metavar="ATTEMPT",
        help="its id, the beginning of one, its version (v3), or a number: 1 is the last, 2 the one before it",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print the journal's record as JSON")
    forms.add_argument("--markdown", action="store_true", help="print the report as Markdown")


def path_option(parser: argparse.ArgumentParser) -> None:
    """Where a repository is."""
    parser.add_argument("path", nargs="?", default=".", help="the repository (default: this folder)")


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """How many datasets, and which."""
    parser.add_argument("count", type=int, help="how many datasets")
    parser.add_argument("--world", choices=("steady", "drifted"), default="steady", help="which world they come from")
    parser.add_argument("--seed-of-data", type=int, default=None, help="seeds the numbers (default: at random)")


def simulate_options(parser: argparse.ArgumentParser) -> None:
    """How much is simulated."""
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


def sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Where it serves, and what."""
    path_option(parser)
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")


def demo_options(parser: argparse.ArgumentParser) -> None:
    """Whose data, and what is kept."""
    parser.add_argument("--data", choices=("students", "real"), default="students", help="whose datasets arrive")
    parser.add_argument("--keep", metavar="FOLDER", help="where the sandbox's repository is kept (default: temporary)")
