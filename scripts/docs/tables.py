"""The tables of settings, outputs and exit codes: written by `make docs`, checked by `make lint`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ml_action.config.option import Option
from ml_action.config.options import BY_NAME, OPTIONS
from ml_action.core import errors
from ml_action.reports.outputs import CHECK_OUTPUTS, OUTPUTS

CHECK_INPUTS = ("name", "data-path", "threshold", "base", "forge", "token", "workspace", "ca-bundle")


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
    """The README's table of exit codes."""
    rows = (f"| {code} | {meaning} |" for code, meaning in errors.exit_codes().items())
    return "\n".join(["| code | meaning |", "|---|---|", *rows]) + "\n"
