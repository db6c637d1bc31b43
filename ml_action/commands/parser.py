"""The parser of the command line: the commands of the table, and a flag for each setting."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from ml_action import __version__
from ml_action.commands.table import COMMANDS, Command, load
from ml_action.config.option import Option
from ml_action.config.options import OPTIONS

_PREFIX = "setting "  # of a setting's attribute, so that no setting hides an option of a command


def make_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Returns the parser of a command line.

    Only the command that `words` name has its options: to know them, its module has to be imported.

    Raises:
        SettingsError: The module cannot be imported, because its libraries are not installed.
    """
    parser = argparse.ArgumentParser(
        prog="ml-auto-update",
        description="The auto-retrain loop, on this machine.",
        epilog="Settings may also stand in ml-auto-update.toml; see the README.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    _add_commands(parser, COMMANDS, "command", words)
    return parser


def _add_commands(
    parser: argparse.ArgumentParser, commands: Mapping[str, Command], dest: str, words: Sequence[str]
) -> None:
    """Adds a parser for each command, or only for the one that the first word names. The named one is complete."""
    group = parser.add_subparsers(dest=dest, metavar="COMMAND", required=True)
    named = next((word for word in words if word in commands), None)
    for name, command in commands.items():
        if named and named == words[0] != name:
            continue
        below = group.add_parser(name, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}.")
        if name != named:
            continue
        if command.verbs:
            _add_commands(below, command.verbs, "verb", words[words.index(name) + 1 :])
        else:
            load(command).add_options(below)
        if command.settings:
            _add_settings(below)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings")
    group.add_argument("--workspace", default=".", help="the repository's folder (default: this one)")
    for setting in OPTIONS:
        if setting.name != "mode" and setting.has_flag:  # the command is the mode
            group.add_argument(
                f"--{setting.name}",
                dest=f"{_PREFIX}{setting.name}",
                default="",
                metavar=_metavar(setting),
                help=_help(setting),
            )


def _metavar(setting: Option) -> str:
    return "{" + ",".join(setting.choices) + "}" if setting.choices else setting.name.rpartition("-")[2].upper()


def _help(setting: Option) -> str:
    default = f" (default: {setting.default})" if setting.default and not setting.secret else ""
    where = f" Better in the environment: {_variable(setting)}" if setting.secret else ""
    return (setting.help + default + where).replace("%", "%%")


def _variable(setting: Option) -> str:
    return "ML_AUTO_UPDATE_" + setting.name.upper().replace("-", "_")


def read_inputs(options: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings given as flags; secrets also from the environment, where no list of processes shows them."""
    secrets = {setting.name: environ.get(_variable(setting), "") for setting in OPTIONS if setting.secret}
    flags = {
        name.removeprefix(_PREFIX): value for name, value in vars(options).items() if name.startswith(_PREFIX) and value
    }
    return secrets | flags


def named_command(options: argparse.Namespace) -> Command:
    """Returns the command that was parsed."""
    command = COMMANDS[options.command]
    return command.verbs[options.verb] if command.verbs else command
