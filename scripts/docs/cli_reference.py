"""docs/cli.md: the help of every command. Written by `make docs`, checked by `make lint`."""

from __future__ import annotations

import contextlib
import io
import os

from ml_action.commands.parser import make_parser
from ml_action.commands.table import COMMANDS, Command


def cli_reference() -> str:
    """docs/cli.md: the help of every command, the settings once."""
    os.environ["COLUMNS"] = "110"
    parts = [_fenced(_help([]))]
    for name in COMMANDS:
        parts.append(f"## {name}\n\n" + _of_command([name], COMMANDS[name]))
        for verb, command in COMMANDS[name].verbs.items():
            parts.append(f"### {name} {verb}\n\n" + _of_command([name, verb], command))
    parts.append(
        "## Settings\n\nEvery command but `sandbox` and `demo` takes them.\n\n"
        + _fenced(
            _help(["run"]).partition("\nsettings:\n")[2].rpartition("\n\n")[0]
            or _help(["run"]).partition("\nsettings:\n")[2]
        )
    )
    return "\n".join(parts)


def _of_command(words: list[str], command: Command) -> str:
    """A command's own help; that of the settings is the same everywhere."""
    own = _help(words).split("\nsettings:\n")[0]
    usage, _, rest = own.partition("\n\n")
    short = f"usage: ml-auto-update {' '.join(words)} [settings]" if command.settings else " ".join(usage.split())
    return _fenced(f"{short}\n\n{rest}")


def _help(arguments: list[str]) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        make_parser(arguments).parse_args([*arguments, "--help"])
    return text.getvalue()


def _fenced(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"
