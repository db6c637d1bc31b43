"""One table of settings: the source of action.yml's inputs, the CLI's flags, the keys of ml-auto-update.toml,
the README's table and the JSON schema (contract tests pin them all).

Precedence: action input or CLI flag, then ml-auto-update.toml in the repository, then the default. Everything is
parsed once, into a frozen value; all problems are reported together, each with name, value, reason and the
nearest valid choice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from ml_action import values
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


MODES = ("run", "check", "approve")

TABLE: tuple[Setting, ...] = (
    Setting(
        "mode",
        "run",
        "What this step does: the whole loop, only the count, or the verified approval.",
        values.text,
        choices=MODES,
        in_file=False,
    ),
    Setting(
        "name",
        "model",
        "The model's name, one per model of the repository; part of the bot's branch names.",
        values.name,
    ),
    Setting("data-path", "data/new_data", "The folder in which datasets (CSV files) arrive.", values.path),
    Setting("threshold", "200", "New datasets that pull the trigger.", values.positive, schema="integer"),
    Setting("target", "", "The column to predict. Default: the champion's, else the last column.", values.text),
    Setting(
        "features",
        "",
        "The columns to predict from, parted by commas. Default: the champion's, else all others.",
        values.names,
        schema="array",
    ),
    Setting(
        "task",
        "auto",
        "What kind of prediction it is. auto: decided by the target's values.",
        values.text,
        choices=("auto", "regression", "classification"),
    ),
    Setting(
        "estimator",
        "auto",
        "Import path of a scikit-learn estimator. auto: LinearRegression, or LogisticRegression for a classification.",
        values.text,
    ),
    Setting(
        "params",
        "{}",
        'Parameters of the estimator as a JSON object, such as {"alpha": 0.5}.',
        values.mapping,
        schema="object",
    ),
    Setting("metric", "auto", "Any scikit-learn scorer. auto: r2, or accuracy for a classification.", values.text),
    Setting("test-size", "0.2", "Share of the datasets that no version ever trains on.", values.share, schema="number"),
    Setting(
        "confidence",
        "0.95",
        "How sure the gate has to be that the challenger is better.",
        values.confidence,
        schema="number",
    ),
    Setting(
        "min-improvement",
        "0.005",
        "The smallest gain worth a promotion, as a share of the champion's error.",
        values.share,
        schema="number",
    ),
    Setting(
        "seed",
        "0",
        "Seeds every random choice: the same inputs give the same model and verdict.",
        values.seed,
        schema="integer",
    ),
    Setting("model-dir", "model", "The folder of the model, its metadata and its model card.", values.model_dir),
    Setting(
        "autonomy",
        "propose",
        "How far the bot goes by itself; each step includes the ones before.",
        Autonomy,
        choices=tuple(str(step) for step in Autonomy),
    ),
    Setting("label", "model-update", "The label of the pull request; created when absent.", values.text),
    Setting(
        "merge-method",
        "squash",
        "How the pull request is merged.",
        values.text,
        choices=("merge", "squash", "rebase"),
    ),
    Setting("base", "", "The branch that production reads. Default: the repository's default branch.", values.branch),
    Setting(
        "forge",
        "auto",
        "Where the pull request is opened. auto: GitHub when a token and a repository are known, "
        "else none; none: the local repository only; sandbox: a stand-in on this machine.",
        values.text,
        choices=("auto", "github", "sandbox", "none"),
        in_file=False,
    ),
    Setting(
        "token",
        "",
        "The token that pushes the branch and opens the pull request.",
        values.text,
        secret=True,
        in_file=False,
    ),
    Setting(
        "approver-token",
        "",
        "A second identity's token that approves; needed from autonomy approve on.",
        values.text,
        secret=True,
        in_file=False,
    ),
)
# what shapes a model or its verdict, and so belongs into a fingerprint
MAKING = ("target", "features", "task", "estimator", "params", "metric", "seed")
JUDGING = ("test_size", "confidence", "min_improvement")
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in TABLE}


def parse(given: Mapping[str, str], file: Mapping[str, object]) -> Settings:
    """The settings from inputs or flags (by name; empty means not given) and the keys of ml-auto-update.toml.

    Raises:
        SettingsProblem: with every problem found, not only the first.
    """
    problems: list[str] = []
    parsed: dict[str, Any] = {}
    problems += [_unknown(name, "input of ml-auto-update", tuple(BY_NAME)) for name in given if name not in BY_NAME]
    keys = tuple(setting.name for setting in TABLE if setting.in_file)
    problems += [_not_in_file(name, keys) for name in file if name not in keys]
    for setting in TABLE:
        text, source = _text_of(setting, given, file)
        try:
            parsed[setting.name.replace("-", "_")] = _parse_one(setting, text)
        except ValueError as error:
            problems.append(f"{setting.name} = {_shown(setting, text)} ({source}): {error}")
    problems += [] if problems else _contradictions(parsed)
    if problems:
        raise _problem(problems)
    return Settings(**parsed)


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


def _contradictions(parsed: Mapping[str, Any]) -> Iterator[str]:
    """Settings that are fine by themselves and not together."""
    data, model = parsed["data_path"], parsed["model_dir"]
    if data == "." or model == data or model.startswith(f"{data}/") or data.startswith(f"{model}/"):
        yield f"model-dir = {model!r} and data-path = {data!r}: one may not lie inside the other"
    if parsed["target"] and parsed["target"] in parsed["features"]:
        yield f"features: the target {parsed['target']!r} is among them; a model cannot predict from its answer"
    if parsed["forge"] == "github" and not parsed["token"]:
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
    return {spec.name: getattr(settings, spec.name) for spec in fields(settings) if spec.name in MAKING + JUDGING}
