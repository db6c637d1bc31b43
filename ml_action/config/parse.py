"""Raw values become `Settings`, from the table in `options`.

Precedence: action input or CLI flag, then ml-auto-update.toml in the repository, then the default. Everything is
parsed once; all problems are reported together, each with name, value, reason and the nearest valid choice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ml_action.config.option import Group, Option
from ml_action.config.options import BY_NAME, OPTIONS
from ml_action.config.settings import CONFIG_FILE, GROUPS, Settings
from ml_action.config.signing_key import is_private
from ml_action.core.dataclass import replace
from ml_action.core.errors import SettingsError
from ml_action.core.formatting import nearest

LEAST_FOR_DRIFT = 30  # datasets


def parse(given: Mapping[str, str], file: Mapping[str, object]) -> Settings:
    """The settings from inputs or flags (by name; empty means not given) and the keys of ml-auto-update.toml.

    Raises:
        SettingsError: with every problem found, not only the first.
    """
    problems: list[str] = []
    parsed: dict[str, Any] = {}
    problems += [_unknown(name, "input of ml-auto-update", tuple(BY_NAME)) for name in given if name not in BY_NAME]
    keys = tuple(setting.name for setting in OPTIONS if setting.in_file)
    problems += [_not_in_file(name, keys) for name in file if name not in keys]
    for setting in OPTIONS:
        text, source = _text_of(setting, given, file)
        try:
            parsed[setting.field] = _parse_one(setting, text)
        except ValueError as error:
            problems.append(f"{setting.name} = {_shown(setting, text)} ({source}): {error}")
    problems += [] if problems else _contradictions(parsed)
    if problems:
        raise _problem(problems)
    return replace(_grouped(parsed), given=tuple(name for name in keys if given.get(name, "").strip()))


def _grouped(parsed: Mapping[str, Any]) -> Settings:
    groups: dict[str, Any] = {
        group.value: kind(**{name: parsed[name] for name in kind.__match_args__}) for group, kind in GROUPS.items()
    }
    return Settings(**groups, **{option.field: parsed[option.field] for option in OPTIONS if option.group is Group.RUN})


class _SourcedText(NamedTuple):
    """The text of a setting, and where it comes from."""

    text: str
    source: str  # given | ml-auto-update.toml | default


def _text_of(setting: Option, given: Mapping[str, str], file: Mapping[str, object]) -> _SourcedText:
    """A setting's text and where it comes from."""
    text = given.get(setting.name, "").strip()
    if text:
        return _SourcedText(text, "given")
    if setting.in_file and setting.name in file:
        return _SourcedText(_as_text(file[setting.name]), CONFIG_FILE)
    return _SourcedText(setting.default, "default")


def texts(file: Mapping[str, object]) -> dict[str, str]:
    """The keys of ml-auto-update.toml as inputs would spell them."""
    return {name: _as_text(value) for name, value in file.items()}


def _as_text(value: object) -> str:
    """A TOML value in the spelling of an input: one parser for both."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join('"' + str(item).replace('"', '""') + '"' for item in value)
    return json.dumps(value, default=str)


def _parse_one(setting: Option, text: str) -> Any:
    if setting.choices and text not in setting.choices:
        raise ValueError(f"choose one of {', '.join(setting.choices)}{_suggestion(text, setting.choices)}")
    return setting.parse(text)


def _contradictions(parsed: Mapping[str, Any]) -> Iterator[str]:
    """Settings that are fine by themselves and not together."""
    yield from _of_places(parsed)
    yield from _of_triggers(parsed)
    yield from _of_columns(parsed)
    if parsed["signing"] == "sigstore" and (parsed["signing_key"] or parsed["signing_public_key"]):
        yield "signing = 'sigstore' and a key: either Sigstore signs, or the key; leave the other out"
    if parsed["forge"] == "github" and not parsed["token"]:
        yield "token is empty: forge github needs one; pass `token: ${{ github.token }}` or an App's token"


def _of_places(parsed: Mapping[str, Any]) -> Iterator[str]:
    model, selection = parsed["model_dir"], parsed["data_path"]
    if selection.only_files_of_root and parsed["untracked"]:
        yield f"untracked = true and data-path = '{selection}': put files that git does not track into a folder"
    for data in selection.roots:
        if selection.only_files_of_root and data == ".":
            continue
        if data == "." or model == data or model.startswith(f"{data}/") or data.startswith(f"{model}/"):
            yield f"model-dir = {model!r} and data-path = {data!r}: one may not lie inside the other"


def _of_triggers(parsed: Mapping[str, Any]) -> Iterator[str]:
    if parsed["untracked"] and parsed["unit"] == "rows":
        yield (
            "untracked and unit = 'rows': git keeps no earlier version of an untracked file, so its new rows are "
            "unknown; commit the files, or count datasets"
        )
    if parsed["drift_threshold"] >= parsed["threshold"]:
        yield "drift-threshold: it has to be less than threshold, or drift could never pull the trigger first"
    if 0 < parsed["drift_threshold"] < LEAST_FOR_DRIFT:
        yield f"drift-threshold: it has to be at least {LEAST_FOR_DRIFT}: below that chance alone moves a column"


def _of_columns(parsed: Mapping[str, Any]) -> Iterator[str]:
    for target in parsed["target"]:
        if target in parsed["features"]:
            yield f"features: the target {target!r} is among them; a model cannot predict from its answer"
        if target == parsed["group"]:
            yield f"group: {target!r} is the target too; it has to say which rows belong together"
        if target == parsed["weight"]:
            yield f"weight: {target!r} is the target too; it has to say how much each row counts"


def _shown(setting: Option, text: str) -> str:
    return "***" if setting.secret or is_private(text) else repr(text[:200])


def _unknown(name: str, kind: str, known: tuple[str, ...]) -> str:
    return f"{name[:80]!r} is no {kind}{_suggestion(name, known)}"


def _not_in_file(name: str, keys: tuple[str, ...]) -> str:
    if name in BY_NAME:
        return f"{name!r} may not stand in {CONFIG_FILE}: pass it as an input or a flag"
    return _unknown(name, f"key of {CONFIG_FILE}", keys)


def _suggestion(name: str, known: tuple[str, ...]) -> str:
    near = nearest(name, known, cutoff=0.6)
    return f"; perhaps you meant {near!r}?" if near else ""


def _problem(problems: list[str]) -> SettingsError:
    count = "A setting is wrong" if len(problems) == 1 else f"{len(problems)} settings are wrong"
    lines = "\n".join(f"  - {problem}" for problem in problems)
    return SettingsError(
        f"{count}:\n{lines}",
        why="a typing error, or a value of another version of the action",
        fix="correct it in the workflow, on the command line or in ml-auto-update.toml; "
        "the README lists every setting with its default",
    )


def json_schema() -> dict[str, Any]:
    """The JSON schema of ml-auto-update.toml, for editors."""
    properties: dict[str, Any] = {}
    for setting in OPTIONS:
        if setting.in_file:
            entry: dict[str, Any] = {"type": setting.schema, "description": setting.help}
            entry |= {"enum": list(setting.choices)} if setting.choices and setting.schema == "string" else {}
            entry |= {"items": {"type": "string"}} if setting.schema == "array" else {}
            entry |= {"type": ["array", "string"]} if setting.name in ("data-path", "target") else {}  # one is no list
            properties[setting.name] = entry
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": CONFIG_FILE,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
