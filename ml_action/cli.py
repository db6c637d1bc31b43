"""The entry of the command line and of the Action.

Nothing is imported before it is needed: the Action has no command line, and only a terminal has progress bars.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action.commands.base import Invocation
from ml_action.commands.table import COMMANDS, load
from ml_action.config.options import MODES, OPTIONS
from ml_action.core.dataclass import replace
from ml_action.core.errors import SettingsError
from ml_action.core.log import Log, PlainLog
from ml_action.core.records.outcome import Outcome
from ml_action.runtime import actions, boundary, pipes, secret_memory
from ml_action.runtime.actions import ActionsLog, RunContext

if TYPE_CHECKING:
    import argparse

    from ml_action.commands.table import Command

SECRETS = tuple(setting.name for setting in OPTIONS if setting.secret)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Runs a command; without arguments on a runner, the Action. Returns the exit code."""
    given = dict(os.environ if environ is None else environ)
    if environ is None:
        _forget_secrets()
        pipes.forgive_closed_pipes()
    environ = actions.without(given, SECRETS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # any file name can be shown, on any terminal
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if argv is None else list(argv)
    if not arguments and environ.get("GITHUB_ACTIONS") == "true":
        return _run_action(actions.read_inputs(given), environ)
    return _run_command_line(arguments, given, environ)


def _forget_secrets() -> None:
    """Takes the secrets out of this process's environment: no child inherits one, and no code of users finds one."""
    names = os.environ.keys() - actions.without(os.environ, SECRETS).keys()
    secret_memory.forget(os.environ, [*names, actions.IDENTITY_TOKEN])


def _run_action(inputs: Mapping[str, str], environ: Mapping[str, str]) -> int:
    """A step of a workflow: inputs from the environment, the log for the runner."""
    context = actions.read_context(environ, Path(environ.get("GITHUB_WORKSPACE", ".")).resolve())
    log = ActionsLog(sys.stdout)
    for secret in _secrets(inputs):
        log.mask(secret)
    mode = inputs.get("mode", MODES[0])  # an unknown mode is reported with the other wrong settings
    return _run(COMMANDS[mode if mode in MODES else MODES[0]], inputs, context, log)


def _run_command_line(arguments: Sequence[str], given: Mapping[str, str], environ: Mapping[str, str]) -> int:
    from ml_action.commands import parser

    try:
        options = parser.make_parser(arguments).parse_args(arguments)
    except SettingsError as not_installed:
        context = actions.read_context(environ, Path.cwd())
        return boundary.run_guarded(_raise(not_installed), context, _log(context, "", piped=False))
    context = actions.read_context(environ, Path(getattr(options, "workspace", ".")).resolve())
    piped = getattr(options, "json", False) or getattr(options, "markdown", False)
    log = _log(context, options.command, piped=piped)
    return _run(parser.named_command(options), parser.read_inputs(options, given), context, log, options)


def _raise(error: SettingsError) -> Callable[[], Outcome]:
    def story() -> Outcome:
        raise error

    return story


def _run(
    command: Command,
    inputs: Mapping[str, str],
    context: RunContext,
    log: Log,
    options: argparse.Namespace | None = None,
) -> int:
    """Runs a command behind the boundary, with a temporary folder that is deleted at the end."""
    with ExitStack() as stack:
        if isinstance(log, ActionsLog):
            stack.callback(log.close)
        folder = cache(lambda: Path(stack.enter_context(_temporary_folder(context))))

        def story() -> Outcome | int | None:
            return load(command).run(Invocation(inputs, _trusting(context, inputs, log, folder), log, folder, options))

        return boundary.run_guarded(
            story,
            context,
            log,
            _secrets(inputs),
            as_json=getattr(options, "json", False),
        )


def _trusting(context: RunContext, inputs: Mapping[str, str], log: Log, folder: Callable[[], Path]) -> RunContext:
    """Returns the context with an environment in which git and the API trust the authorities that the user names."""
    from ml_action.config import certificates

    chosen = certificates.choose(context.environ, inputs.get("ca-bundle", ""), context.workspace, log.warn)
    bundle = certificates.write_bundle(chosen, folder)
    return replace(context, environ=certificates.with_bundle(context.environ, bundle))


def _temporary_folder(context: RunContext) -> AbstractContextManager[str]:
    import tempfile

    return tempfile.TemporaryDirectory(prefix="ml-auto-update-", dir=context.scratch, ignore_cleanup_errors=True)


def _secrets(inputs: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets among the inputs: of one with several lines also the lines that are secret by themselves."""
    texts = [inputs.get(name, "").strip() for name in SECRETS]
    lines = [line.strip() for text in texts for line in text.splitlines() if not line.startswith("-----")]
    return tuple(dict.fromkeys(text for text in (*texts, *lines) if text))


def _log(context: RunContext, command: str, *, piped: bool) -> Log:
    """Returns the runner's log on a runner; otherwise plain lines, or progress bars at a terminal.

    With `piped`, standard output is for another program and the log goes to standard error.
    """
    stream = sys.stderr if piped else sys.stdout
    if context.in_actions:
        return ActionsLog(stream)
    if command and command != "check" and not piped and stream.isatty():
        with contextlib.suppress(ModuleNotFoundError):  # plain lines do without the extra
            from ml_action.runtime import console

            return console.make_log()
    return PlainLog(stream)


if __name__ == "__main__":
    sys.exit(main())
