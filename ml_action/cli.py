"""The command line and the Action's entry: one door over the same settings table."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action import __version__
from ml_action.commands import registry
from ml_action.commands.data import command as data_commands
from ml_action.commands.init import command as init_command
from ml_action.commands.registry import Command, Invocation
from ml_action.config.option import Option
from ml_action.config.options import MODES, OPTIONS
from ml_action.core.log import Log, PlainLog
from ml_action.runtime import actions, boundary
from ml_action.runtime.actions import ActionsLog, RunContext

if TYPE_CHECKING:  # late at run time: the Action has no command line
    import argparse


COMMANDS: Mapping[str, Command] = {
    "init": Command(
        "set the loop up in a repository that has data: settings, workflow, a first rehearsal",
        init_command.init,
        init_command.init_options,
    ),
    "check": Command("count the new datasets; nothing is trained or written", registry.check, registry.json_option),
    "run": Command("the whole loop, once", registry.run, registry.json_option),
    "approve": Command(
        "verify the open proposal against the journal and approve it", registry.approve, registry.json_option
    ),
    "rollback": Command(
        "propose an earlier version (--to) for production again, with a reason (--why)",
        registry.rollback,
        registry.json_option,
    ),
    "data": Command(
        "judge datasets before they are merged: check, contract, explain",
        data_commands.judge_pull,
        settings=False,
        verbs=data_commands.VERBS,
    ),
    "doctor": Command(
        "which autonomy will work with this repository and these tokens, and how to mend what does not",
        registry.doctor,
        registry.json_option,
    ),
    "status": Command("counter, champion, last attempts, open pull request", registry.status, registry.json_option),
    "history": Command("every version with its scores and dates", registry.history, registry.json_option),
    "explain": Command(
        "why an attempt ended as it did, and what would have changed it; from the journal alone",
        registry.explain,
        registry.explain_options,
    ),
    "add-data": Command(
        "write simulated datasets of students into the data path", registry.add_data, registry.add_data_options
    ),
    "rehearse": Command(
        "clone a repository and play the whole loop on it; nothing leaves this machine",
        registry.rehearse,
        registry.path_option,
    ),
    "simulate": Command(
        "replay the history of arrivals against a policy, and measure what it finds; nothing is written",
        registry.simulate,
        registry.simulate_options,
    ),
    "sandbox": Command(
        "serve a stand-in of GitHub on this machine", registry.sandbox, registry.sandbox_options, settings=False
    ),
    "demo": Command("watch the whole loop on example data", registry.demo, registry.demo_options, settings=False),
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
    _add_verbs(parser, {only: COMMANDS[only]} if only in COMMANDS else COMMANDS, "command")
    return parser


def _add_verbs(parser: argparse.ArgumentParser, verbs: Mapping[str, Command], dest: str) -> None:
    """A parser for each command, and for each below it."""
    group = parser.add_subparsers(dest=dest, metavar="COMMAND", required=True)
    for name, command in verbs.items():
        verb = group.add_parser(name, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}.")
        command.options(verb)
        if command.settings:
            _add_settings(verb)
        if command.verbs:
            _add_verbs(verb, command.verbs, "verb")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    group.add_argument("--workspace", default=".", help="the repository's folder (default: this one)")
    for setting in OPTIONS:
        if setting.name != "mode":  # the verb says it
            group.add_argument(
                f"--{setting.name}",
                dest=f"setting {setting.name}",
                default="",
                metavar=_metavar(setting),
                help=_help(setting),
            )


def _metavar(setting: Option) -> str:
    return "{" + ",".join(setting.choices) + "}" if setting.choices else setting.name.rpartition("-")[2].upper()


def _help(setting: Option) -> str:
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
    context = actions.read_context(environ, Path(getattr(options, "workspace", ".")).resolve())
    piped = getattr(options, "json", False) or getattr(options, "markdown", False)
    command = COMMANDS[options.command]
    command = command.verbs[options.verb] if command.verbs else command
    return _run(command, _given(options, environ), context, _log(context, options.command, piped), options)


def _as_action(environ: Mapping[str, str]) -> int:
    """A step of a workflow: inputs from the environment, the log for the runner."""
    context = actions.read_context(environ, Path(environ.get("GITHUB_WORKSPACE", ".")).resolve())
    log = ActionsLog(sys.stdout)
    given = actions.read_inputs(environ)
    for secret in _secrets(given):
        log.mask(secret)
    mode = given.get("mode", MODES[0])  # an unknown mode is told with the other settings
    return _run(COMMANDS[mode if mode in MODES else MODES[0]], given, context, log)


def _run(
    command: Command,
    given: Mapping[str, str],
    context: RunContext,
    log: Log,
    options: argparse.Namespace | None = None,
) -> int:
    """Runs a command behind the boundary, with a scratch folder that goes when it ends."""
    with ExitStack() as stack:
        if isinstance(log, ActionsLog):
            stack.callback(log.close)
        scratch = cache(lambda: Path(stack.enter_context(_temporary_folder(context))))
        call = Invocation(given, context, log, scratch, options)
        return boundary.run_guarded(
            lambda: command.run(call),
            context,
            log,
            _secrets(given),
            as_json=getattr(options, "json", False),
        )


def _temporary_folder(context: RunContext) -> AbstractContextManager[str]:
    import tempfile

    return tempfile.TemporaryDirectory(prefix="ml-auto-update-", dir=context.scratch, ignore_cleanup_errors=True)


def _given(options: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings given as flags; the secret ones also from the environment, where no process list shows them."""
    flags = {
        name[len("setting ") :]: value for name, value in vars(options).items() if name.startswith("setting ") and value
    }
    secret = (setting.name for setting in OPTIONS if setting.secret)
    return {name: environ.get(f"ML_AUTO_UPDATE_{name.upper().replace('-', '_')}", "") for name in secret} | flags


def _secrets(given: Mapping[str, str]) -> tuple[str, ...]:
    texts = (given.get(setting.name, "").strip() for setting in OPTIONS if setting.secret)
    return tuple(text for text in texts if text)


def _log(context: RunContext, command: str, piped: bool) -> Log:
    """The runner's log on a runner; else plain lines, or progress bars for a person at a terminal.

    Where standard output is for a program (`piped`), it is kept free of it.
    """
    stream = sys.stderr if piped else sys.stdout
    if context.in_actions:
        return ActionsLog(stream)
    if command != "check" and not piped and stream.isatty():
        from ml_action.runtime import console

        return console.make_log()
    return PlainLog(stream)


if __name__ == "__main__":
    sys.exit(main())
