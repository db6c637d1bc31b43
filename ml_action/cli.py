"""The command line and the Action's entry: one door over the same settings table."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action import __version__, boundary, runner
from ml_action.arrivals import Outcome
from ml_action.errors import SettingsProblem
from ml_action.log import Log, PlainLog
from ml_action.runner import ActionsLog, Context
from ml_action.settings import MODES, TABLE, Setting

if TYPE_CHECKING:  # late at run time: the Action has no command line
    import argparse


@dataclass(frozen=True)
class Call:
    """What a command is called with."""

    given: Mapping[str, str]  # settings, by name
    context: Context
    log: Log
    scratch: Callable[[], Path]  # a folder for temporary files, made when it is first needed
    options: argparse.Namespace | None = None


def _check(call: Call) -> Outcome:
    from ml_action import wiring
    from ml_action.check import check

    place, repository, tips = wiring.open_for_reading(wiring.find_place(call.given, call.context), call.scratch)
    return check(place.settings, repository, tips)


def _run(call: Call) -> Outcome:
    from ml_action import loop, wiring

    if call.given.get("forge") == "sandbox":
        return _rehearse(call)
    place = wiring.find_place(call.given, call.context)
    return loop.run(place.settings, wiring.make_tools(place, call.scratch(), call.log))


def _approve(call: Call) -> Outcome:
    from ml_action import wiring
    from ml_action.approve import approve

    place = wiring.find_place(call.given, call.context)
    return approve(*wiring.make_approval_tools(place, call.scratch(), call.log))


def _rehearse(call: Call) -> Outcome:
    try:
        from ml_action import rehearse
    except ModuleNotFoundError as missing:  # the Action's image, or an installation without the extras
        raise SettingsProblem(
            f"the stand-in of GitHub is not installed here ({missing.name} is missing)",
            why="it is for people's machines: the Action's image comes without it",
            fix="leave `forge` out, or run `rehearse` in a checkout of ml-auto-update after `make setup`",
        ) from missing

    path = Path(getattr(call.options, "path", call.context.workspace))
    return rehearse.rehearse(path.resolve(), call.given, call.log)


def _options(call: Call) -> argparse.Namespace:
    """The command's own options; the Action has none, and none of these commands."""
    if call.options is None:
        raise LookupError("this command is only for the command line")
    return call.options


def _status(call: Call) -> None:
    from ml_action import views, wiring

    views.status(wiring.find_place(call.given, call.context), call.scratch(), as_json=_options(call).json)


def _history(call: Call) -> None:
    from ml_action import views, wiring

    views.history(wiring.find_place(call.given, call.context), call.scratch(), as_json=_options(call).json)


def _add_data(call: Call) -> None:
    from ml_action import students, wiring

    place = wiring.find_place(call.given, call.context)
    students.add_data(
        place.workspace.directory / place.settings.data_path,
        _options(call).count,
        world=_options(call).world,
        seed=_options(call).seed_of_data,
        say=call.log.say,
    )


def _sandbox(call: Call) -> None:
    from ml_action import rehearse

    rehearse.serve(Path(_options(call).path), _options(call).port, call.log)


def _demo(call: Call) -> None:
    from ml_action import demo

    demo.play(_options(call).data, Path(_options(call).keep) if _options(call).keep else None)


def _no_options(_: argparse.ArgumentParser) -> None:
    """A command whose settings say it all."""


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON on standard output")


def _path_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", help="the repository (default: this folder)")


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("count", type=int, help="how many datasets")
    parser.add_argument("--world", choices=("steady", "drifted"), default="steady", help="which world they come from")
    parser.add_argument("--seed-of-data", type=int, default=None, help="seeds the numbers (default: at random)")


def _sandbox_options(parser: argparse.ArgumentParser) -> None:
    _path_option(parser)
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", choices=("students", "real"), default="students", help="whose datasets arrive")
    parser.add_argument("--keep", metavar="FOLDER", help="where the sandbox's repository is kept (default: temporary)")


@dataclass(frozen=True)
class Command:
    """A verb of the command line."""

    help: str
    run: Callable[[Call], Outcome | None]
    options: Callable[[argparse.ArgumentParser], None] = _no_options
    settings: bool = True  # whether it takes the settings as flags


COMMANDS: Mapping[str, Command] = {
    "check": Command("count the new datasets; nothing is trained or written", _check, _json_option),
    "run": Command("the whole loop, once", _run, _json_option),
    "approve": Command("verify the open proposal against the journal and approve it", _approve, _json_option),
    "status": Command("counter, champion, last attempts, open pull request", _status, _json_option),
    "history": Command("every version with its scores and dates", _history, _json_option),
    "add-data": Command("write simulated datasets of students into the data path", _add_data, _add_data_options),
    "rehearse": Command(
        "clone a repository and play the whole loop on it; nothing leaves this machine",
        _rehearse,
        _path_option,
    ),
    "sandbox": Command("serve a stand-in of GitHub on this machine", _sandbox, _sandbox_options, settings=False),
    "demo": Command("watch the whole loop on example data", _demo, _demo_options, settings=False),
}


def make_parser(only: str = "") -> argparse.ArgumentParser:
    """The command line, with a flag for every setting of the table; for one command alone where `only` names it."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="ml-auto-update",
        description="The auto-retrain loop, on this machine.",
        epilog="Settings may also stand in ml-auto-update.toml; see the README.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        if only in COMMANDS and name != only:
            continue
        verb = verbs.add_parser(name, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}.")
        command.options(verb)
        if command.settings:
            _add_settings(verb)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    group.add_argument("--workspace", default=".", help="the repository's folder (default: this one)")
    for setting in TABLE:
        if setting.name != "mode":  # the verb says it
            group.add_argument(
                f"--{setting.name}",
                dest=f"setting {setting.name}",
                default="",
                metavar=_metavar(setting),
                help=_help(setting),
            )


def _metavar(setting: Setting) -> str:
    return "{" + ",".join(setting.choices) + "}" if setting.choices else setting.name.rpartition("-")[2].upper()


def _help(setting: Setting) -> str:
    default = f" (default: {setting.default})" if setting.default and not setting.secret else ""
    where = (
        " Better in the environment: ML_AUTO_UPDATE_" + setting.name.upper().replace("-", "_") if setting.secret else ""
    )
    return (setting.help + default + where).replace("%", "%%")


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Runs a command; without arguments on a runner, the Action. The exit code."""
    environ = os.environ if environ is None else environ
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # any file name can be shown, on any terminal
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if argv is None else list(argv)
    if not arguments and environ.get("GITHUB_ACTIONS") == "true":
        return _as_action(environ)
    options = make_parser(arguments[0] if arguments else "").parse_args(arguments)
    context = runner.read_context(environ, Path(getattr(options, "workspace", ".")).resolve())
    as_json = getattr(options, "json", False)
    return _guarded(
        options.command, _given(options, environ), context, _log(context, options.command, as_json), options
    )


def _as_action(environ: Mapping[str, str]) -> int:
    """A step of a workflow: inputs from the environment, the log for the runner."""
    context = runner.read_context(environ, Path(environ.get("GITHUB_WORKSPACE", ".")).resolve())
    log = ActionsLog(sys.stdout)
    given = runner.read_inputs(environ)
    for secret in _secrets(given):
        log.mask(secret)
    mode = given.get("mode", MODES[0])  # an unknown mode is told with the other settings
    return _guarded(mode if mode in MODES else MODES[0], given, context, log)


def _guarded(
    command: str,
    given: Mapping[str, str],
    context: Context,
    log: Log,
    options: argparse.Namespace | None = None,
) -> int:
    """Runs a command behind the boundary, with a scratch folder that goes when it ends."""
    with ExitStack() as stack:
        if isinstance(log, ActionsLog):
            stack.callback(log.close)
        scratch = cache(lambda: Path(stack.enter_context(_temporary_folder(context))))
        call = Call(given, context, log, scratch, options)
        return boundary.guard(
            lambda: COMMANDS[command].run(call),
            context,
            log,
            _secrets(given),
            as_json=getattr(options, "json", False),
        )


def _temporary_folder(context: Context) -> AbstractContextManager[str]:
    import tempfile

    return tempfile.TemporaryDirectory(prefix="ml-auto-update-", dir=context.scratch, ignore_cleanup_errors=True)


def _given(options: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings given as flags; the secret ones also from the environment, where no process list shows them."""
    flags = {
        name[len("setting ") :]: value for name, value in vars(options).items() if name.startswith("setting ") and value
    }
    secret = (setting.name for setting in TABLE if setting.secret)
    return {name: environ.get(f"ML_AUTO_UPDATE_{name.upper().replace('-', '_')}", "") for name in secret} | flags


def _secrets(given: Mapping[str, str]) -> tuple[str, ...]:
    texts = (given.get(setting.name, "").strip() for setting in TABLE if setting.secret)
    return tuple(text for text in texts if text)


def _log(context: Context, command: str, as_json: bool) -> Log:
    """The runner's log on a runner; else plain lines, or progress bars for a person at a terminal."""
    stream = sys.stderr if as_json else sys.stdout
    if context.in_actions:
        return ActionsLog(stream)
    if command != "check" and stream.isatty():
        from ml_action import terminal

        return terminal.make_log()
    return PlainLog(stream)


if __name__ == "__main__":
    sys.exit(main())
