"""The parts of the documentation that code knows: written by `make docs`, checked by `make lint`."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from ml_action.commands.parser import make_parser
from ml_action.commands.table import COMMANDS, Command
from ml_action.config import parse
from ml_action.config.option import Option
from ml_action.config.options import BY_NAME, OPTIONS
from ml_action.core import errors
from ml_action.core.records import contract, evaluation, model
from ml_action.git import registry
from ml_action.reports.outputs import CHECK_OUTPUTS, OUTPUTS

SCHEMA = Path("ml-auto-update.schema.json")
METADATA_SCHEMA = Path("model_metadata.schema.json")
CHECK_INPUTS = ("name", "data-path", "threshold", "base", "forge", "token")


def _described(setting: Option) -> str:
    choices = f" One of {', '.join(setting.choices)}." if setting.choices else ""
    default = f" Default {setting.default}." if setting.default and not setting.secret else ""
    return setting.help + choices + default


def _yaml_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def action_inputs(names: Iterable[str] = BY_NAME) -> str:
    """The `inputs` of an action.yml. No default but the token's: what is not given is the file's to say."""
    lines = ["inputs:"]
    for name in names:
        lines += [f"  {name}:", f"    description: {_yaml_text(_described(BY_NAME[name]))}", "    required: false"]
        lines += [f"    default: {'${{ github.token }}' if name == 'token' else _yaml_text('')}"]
    return "\n".join(lines) + "\n"


def action_outputs() -> str:
    """The `outputs` of action.yml."""
    lines = ["outputs:"]
    for name, text in OUTPUTS.items():
        lines += [f"  {name}:", f"    description: {_yaml_text(text)}"]
    return "\n".join(lines) + "\n"


def check_outputs() -> str:
    """The `outputs` of check/action.yml."""
    lines = ["outputs:"]
    for name in CHECK_OUTPUTS:
        lines += [f"  {name}:", f"    description: {_yaml_text(OUTPUTS[name])}"]
        lines += [f"    value: ${{{{ steps.check.outputs.{name} }}}}"]
    return "\n".join(lines) + "\n"


def check_env() -> str:
    """The environment of the check's one step: every input, never inside a script."""
    rows = (f"INPUT_{name.upper().replace('-', '_')}: ${{{{ inputs.{name} }}}}" for name in CHECK_INPUTS)
    return textwrap.indent("\n".join(rows), " " * 8) + "\n"


def inputs_table() -> str:
    """The README's table of inputs."""
    lines = ["| input | default | meaning |", "|---|---|---|"]
    for setting in OPTIONS:
        default = "the workflow's token" if setting.name == "token" else setting.default
        choices = f" (`{'`, `'.join(setting.choices)}`)" if setting.choices else ""
        lines.append(f"| `{setting.name}` | {_cell(default)} | {setting.help}{choices} |")
    return "\n".join(lines) + "\n"


def _cell(default: str) -> str:
    return default if " " in default else f"`{default}`" if default else ""


def outputs_table() -> str:
    """The README's table of outputs."""
    return (
        "\n".join(["| output | meaning |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in OUTPUTS.items())])
        + "\n"
    )


def exit_codes_table() -> str:
    """The README's table of exit codes, from the classes."""
    rows = [(0, "The run ended as it should, whatever the verdict")]
    rows += [
        (kind.exit_code, (kind.__doc__ or "").rstrip("."))
        for kind in errors.ExpectedError.__subclasses__()
        if kind.__module__ == errors.__name__
    ]
    rows += [
        (errors.EXIT_BUG, "A bug: the log has a report to paste into an issue"),
        (errors.EXIT_INTERRUPTED, "Interrupted"),
        (errors.EXIT_TERMINATED, "Terminated: the job was cancelled"),
    ]
    return "\n".join(["| code | meaning |", "|---|---|", *(f"| {code} | {text} |" for code, text in rows)]) + "\n"


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


def schema() -> str:
    """ml-auto-update.schema.json."""
    return json.dumps(parse.json_schema(), indent=2) + "\n"


def metadata_schema() -> str:
    """model_metadata.schema.json: the records' hints, described by the comments next to them."""
    kinds = (
        model.History,
        model.Version,
        evaluation.Interval,
        contract.DataContract,
        contract.ColumnProfile,
        contract.Dispersion,
    )
    described = {kind.__name__: _comments(kind) for kind in kinds}
    return json.dumps(registry.json_schema(described), indent=2, ensure_ascii=False) + "\n"


def _comments(kind: type) -> dict[str, str]:
    return dict(re.findall(r"(?m)^    (\w+): [^#\n]*#  ?(.+)$", inspect.getsource(kind)))


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
    METADATA_SCHEMA.write_text(metadata_schema(), encoding="utf-8")
