"""One table of settings: the source of action.yml's inputs, the CLI's flags, the keys of ml-auto-update.toml,
the README's table and the JSON schema (contract tests pin them all).

Precedence: action input or CLI flag, then ml-auto-update.toml in the repository, then the default. Everything is
parsed once, into a frozen value; all problems are reported together, each with name, value, reason and the
nearest valid choice.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from ml_action.arrivals import Autonomy
from ml_action.errors import SettingsProblem

CONFIG_FILE = "ml-auto-update.toml"
NO_PARAMS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    name: str  # as inputs, flags and keys spell it
    default: str
    help: str
    parse: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    secret: bool = False
    in_file: bool = True  # whether ml-auto-update.toml may set it: never a secret, never what a run does
    schema: str = "string"  # its type in the JSON schema


@dataclass(frozen=True)
class Settings:
    """Every setting, parsed. The fields are the table's names with underscores."""

    mode: str
    name: str
    data_path: str
    threshold: int
    target: str
    features: tuple[str, ...]
    task: str
    estimator: str
    params: Mapping[str, object]
    metric: str
    test_size: float
    confidence: float
    min_improvement: float
    seed: int
    model_dir: str
    autonomy: Autonomy
    label: str
    merge_method: str
    base: str
    forge: str
    token: str = field(repr=False)
    approver_token: str = field(repr=False)


# --- parsers: text to value, ValueError with the reason ---------------------------------------------------


def _text(text: str) -> str:
    if any(character in text for character in "\r\n\0"):
        raise ValueError("it has to be one line")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", text):
        raise ValueError("use lower-case letters, digits and hyphens, 63 at most: it becomes part of branch names")
    return text


def _positive(text: str) -> int:
    number = _integer(text)
    if number < 1:
        raise ValueError("it has to be 1 or more")
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("it has to be a whole number") from None


def _seed(text: str) -> int:
    number = _integer(text)
    if not 0 <= number < 2**32:
        raise ValueError("it has to be from 0 to 4294967295: scikit-learn takes no other")
    return number


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("it has to be a number between 0 and 1") from None
    if not 0 <= number < 1:
        raise ValueError("it has to be at least 0 and less than 1")
    return number


def _confidence(text: str) -> float:
    number = _share(text)
    if number < 0.5:
        raise ValueError("it has to be at least 0.5: below that the gate promotes noise")
    return number


def _path(text: str) -> str:
    """A folder inside the repository, in POSIX spelling."""
    path = posixpath.normpath(_text(text))
    if posixpath.isabs(path) or path == ".." or path.startswith("../"):
        raise ValueError("it has to be a path inside the repository, relative to its root")
    return path


def _model_dir(text: str) -> str:
    path = _path(text)
    if path == "." or path.split("/")[0].lower() in (".git", ".github"):
        raise ValueError("it has to be a folder of its own, outside .git and .github")
    return path


def _branch(text: str) -> str:
    # git-check-ref-format(1), the part a person gets wrong
    if re.search(r"[\s\x00-\x1f\x7f~^:?*\[\\]|\.\.|@\{|^[-/]|/$|\.lock$|//", text):
        raise ValueError("it is not a branch name")
    return text


def _names(text: str) -> tuple[str, ...]:
    """Names parted by commas or newlines; a name with a comma in it stands in double quotes, as in a CSV header."""
    import csv  # late: most runs name no features

    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return tuple(name for name in (cell.strip() for row in rows for cell in row) if name)


def _mapping(text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f'it has to be a JSON object such as {{"alpha": 0.5}} ({error})') from None
    if not isinstance(value, dict):
        raise ValueError('it has to be a JSON object such as {"alpha": 0.5}')
    return value


MODES = ("run", "check", "approve")

TABLE: tuple[Setting, ...] = (
    Setting(
        "mode",
        "run",
        "What this step does: the whole loop, only the count, or the verified approval.",
        _text,
        choices=MODES,
        in_file=False,
    ),
    Setting(
        "name",
        "model",
        "The model's name, one per model of the repository; part of the bot's branch names.",
        _name,
    ),
    Setting("data-path", "data/new_data", "The folder in which datasets (CSV files) arrive.", _path),
    Setting("threshold", "200", "New datasets that pull the trigger.", _positive, schema="integer"),
    Setting("target", "", "The column to predict. Default: the champion's, else the last column.", _text),
    Setting(
        "features",
        "",
        "The columns to predict from, parted by commas. Default: the champion's, else all others.",
        _names,
        schema="array",
    ),
    Setting(
        "task",
        "auto",
        "What kind of prediction it is. auto: decided by the target's values.",
        _text,
        choices=("auto", "regression", "classification"),
    ),
    Setting(
        "estimator",
        "auto",
        "Import path of a scikit-learn estimator. auto: LinearRegression, or LogisticRegression for a classification.",
        _text,
    ),
    Setting(
        "params",
        "{}",
        'Parameters of the estimator as a JSON object, such as {"alpha": 0.5}.',
        _mapping,
        schema="object",
    ),
    Setting("metric", "auto", "Any scikit-learn scorer. auto: r2, or accuracy for a classification.", _text),
    Setting("test-size", "0.2", "Share of the datasets that no version ever trains on.", _share, schema="number"),
    Setting(
        "confidence",
        "0.95",
        "How sure the gate has to be that the challenger is better.",
        _confidence,
        schema="number",
    ),
    Setting(
        "min-improvement",
        "0.005",
        "The smallest gain worth a promotion, as a share of the champion's error.",
        _share,
        schema="number",
    ),
    Setting(
        "seed",
        "0",
        "Seeds every random choice: the same inputs give the same model and verdict.",
        _seed,
        schema="integer",
    ),
    Setting("model-dir", "model", "The folder of the model, its metadata and its model card.", _model_dir),
    Setting(
        "autonomy",
        "propose",
        "How far the bot goes by itself; each step includes the ones before.",
        Autonomy,
        choices=tuple(str(step) for step in Autonomy),
    ),
    Setting("label", "model-update", "The label of the pull request; created when absent.", _text),
    Setting(
        "merge-method",
        "squash",
        "How the pull request is merged.",
        _text,
        choices=("merge", "squash", "rebase"),
    ),
    Setting("base", "", "The branch that production reads. Default: the repository's default branch.", _branch),
    Setting(
        "forge",
        "auto",
        "Where the pull request is opened. auto: GitHub when a token and a repository are known, "
        "else none; none: the local repository only; sandbox: a stand-in on this machine.",
        _text,
        choices=("auto", "github", "sandbox", "none"),
        in_file=False,
    ),
    Setting(
        "token",
        "",
        "The token that pushes the branch and opens the pull request.",
        _text,
        secret=True,
        in_file=False,
    ),
    Setting(
        "approver-token",
        "",
        "A second identity's token that approves; needed from autonomy approve on.",
        _text,
        secret=True,
        in_file=False,
    ),
)
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in TABLE}


def parse(given: Mapping[str, str], file: Mapping[str, object]) -> Settings:
    """The settings from inputs or flags (by name; empty means not given) and the keys of ml-auto-update.toml.

    Raises:
        SettingsProblem: with every problem found, not only the first.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    problems += [_unknown(name, "input of ml-auto-update", tuple(BY_NAME)) for name in given if name not in BY_NAME]
    keys = tuple(setting.name for setting in TABLE if setting.in_file)
    problems += [_not_in_file(name, keys) for name in file if name not in keys]
    for setting in TABLE:
        text, source = _text_of(setting, given, file)
        try:
            values[setting.name.replace("-", "_")] = _parse_one(setting, text)
        except ValueError as error:
            problems.append(f"{setting.name} = {_shown(setting, text)} ({source}): {error}")
    problems += [] if problems else _contradictions(values)
    if problems:
        raise _problem(problems)
    return Settings(**values)


def _text_of(setting: Setting, given: Mapping[str, str], file: Mapping[str, object]) -> tuple[str, str]:
    """A setting's text and where it comes from."""
    text = given.get(setting.name, "").strip()
    if text:
        return text, "given"
    if setting.in_file and setting.name in file:
        return _as_text(file[setting.name]), CONFIG_FILE
    return setting.default, "default"


def _as_text(value: object) -> str:
    """A TOML value in the spelling of an input: one parser for both."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join('"' + str(item).replace('"', '""') + '"' for item in value)
    return json.dumps(value, default=str)


def _parse_one(setting: Setting, text: str) -> Any:
    if setting.choices and text not in setting.choices:
        raise ValueError(f"choose one of {', '.join(setting.choices)}{_nearest(text, setting.choices)}")
    return setting.parse(text)


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    """Settings that are fine by themselves and not together."""
    data, model = values["data_path"], values["model_dir"]
    if data == "." or model == data or model.startswith(f"{data}/") or data.startswith(f"{model}/"):
        yield f"model-dir = {model!r} and data-path = {data!r}: one may not lie inside the other"
    if values["target"] and values["target"] in values["features"]:
        yield f"features: the target {values['target']!r} is among them; a model cannot predict from its answer"
    if values["forge"] == "github" and not values["token"]:
        yield "token is empty: forge github needs one; pass `token: ${{ github.token }}` or an App's token"


def _shown(setting: Setting, text: str) -> str:
    return "***" if setting.secret else repr(text[:200])


def _unknown(name: str, kind: str, known: tuple[str, ...]) -> str:
    return f"{name[:80]!r} is no {kind}{_nearest(name, known)}"


def _not_in_file(name: str, keys: tuple[str, ...]) -> str:
    if name in BY_NAME:
        return f"{name!r} may not stand in {CONFIG_FILE}: pass it as an input or a flag"
    return _unknown(name, f"key of {CONFIG_FILE}", keys)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    import difflib  # late: only a wrong setting needs it

    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; perhaps you meant {matches[0]!r}?" if matches else ""


def _problem(problems: list[str]) -> SettingsProblem:
    count = "A setting is wrong" if len(problems) == 1 else f"{len(problems)} settings are wrong"
    lines = "\n".join(f"  - {problem}" for problem in problems)
    return SettingsProblem(
        f"{count}:\n{lines}",
        why="a typing error, or a value of another version of the action",
        fix="correct it in the workflow, on the command line or in ml-auto-update.toml; "
        "the README lists every setting with its default",
    )


def json_schema() -> dict[str, Any]:
    """The JSON schema of ml-auto-update.toml, for editors."""
    properties: dict[str, Any] = {}
    for setting in TABLE:
        if setting.in_file:
            entry: dict[str, Any] = {"type": setting.schema, "description": setting.help}
            entry |= {"enum": list(setting.choices)} if setting.choices else {}
            entry |= {"items": {"type": "string"}} if setting.schema == "array" else {}
            properties[setting.name] = entry
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": CONFIG_FILE,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def for_journal(settings: Settings) -> dict[str, object]:
    """What of the settings shapes a model or its verdict: the part that belongs into a fingerprint."""
    shaping = (
        "target",
        "features",
        "task",
        "estimator",
        "params",
        "metric",
        "test_size",
        "confidence",
        "min_improvement",
        "seed",
    )
    return {spec.name: getattr(settings, spec.name) for spec in fields(settings) if spec.name in shaping}
