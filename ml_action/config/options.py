"""One table of settings: the source of action.yml's inputs, the CLI's flags, the keys of ml-auto-update.toml,
the README's table and the JSON schema (contract tests pin them all).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_action.config import parsers
from ml_action.config.column_rules import ColumnRule
from ml_action.config.data_path import DataPath
from ml_action.core.records.choices import Autonomy


@dataclass(frozen=True)
class Option:
    """One row of the table."""

    name: str  # as inputs, flags and keys spell it
    default: str
    help: str
    parse: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    secret: bool = False
    in_file: bool = True  # whether ml-auto-update.toml may set it: never a secret, never what a run does
    schema: str = "string"  # its type in the JSON schema


MODES = ("run", "check", "data", "approve", "rollback", "doctor")

OPTIONS: tuple[Option, ...] = (
    Option(
        "mode",
        "run",
        "What this step does: the whole loop, only the count, a pull request's datasets, the verified approval, a "
        "rollback, or what would work here.",
        parsers.text,
        choices=MODES,
        in_file=False,
    ),
    Option(
        "name",
        "model",
        "The model's name, one per model of the repository; part of the bot's branch names.",
        parsers.name,
    ),
    Option(
        "data-path",
        "data/new_data",
        "Where datasets arrive: folders, or patterns such as data/*/new/*.csv, parted by commas.",
        DataPath.parse,
        schema="array",
    ),
    Option(
        "unit",
        "datasets",
        "What is counted and judged: datasets (files), or rows where one file grows or a few are large.",
        parsers.text,
        choices=("datasets", "rows"),
    ),
    Option(
        "untracked",
        "false",
        "Whether files in the data path that git does not track count too, such as those an earlier step fetched.",
        parsers.flag,
        choices=("true", "false"),
        schema="boolean",
    ),
    Option("threshold", "200", "New datasets (or rows) that pull the trigger.", parsers.positive, schema="integer"),
    Option(
        "drift-threshold",
        "0",
        "New datasets (or rows) that pull the trigger already when the data drifted; 0: drift pulls no trigger.",
        parsers.count,
        schema="integer",
    ),
    Option(
        "drift",
        "0.2",
        "How far a column has to move to count as drifted: the largest difference of cumulative shares, 0 to 1.",
        parsers.share,
        schema="number",
    ),
    Option(
        "max-quarantine",
        "0.1",
        "Share of the new datasets that may be bad; above it the run stops, since then the source is broken.",
        parsers.proportion,
        schema="number",
    ),
    Option(
        "max-dataset-size",
        "2000",
        "The largest dataset that is read, unpacked, in megabytes; a larger one is set aside.",
        parsers.positive,
        schema="integer",
    ),
    Option(
        "max-columns",
        "10000",
        "The most columns a dataset may have; one with more is set aside.",
        parsers.positive,
        schema="integer",
    ),
    Option(
        "contract",
        "{}",
        "What each column has to hold, beside what is learned from the champion's data: a table [contract.NAME] each.",
        ColumnRule.parse_all,
        schema="object",
    ),
    Option(
        "target",
        "",
        "The column to predict; several columns of numbers, parted by commas. Default: the champion's, else the last.",
        parsers.names,
        schema="array",
    ),
    Option(
        "features",
        "",
        "The columns to predict from, parted by commas. Default: the champion's, else all others.",
        parsers.names,
        schema="array",
    ),
    Option(
        "task",
        "auto",
        "What kind of prediction it is. auto: decided by the target's values.",
        parsers.text,
        choices=("auto", "regression", "classification"),
    ),
    Option(
        "estimator",
        "auto",
        "Import path of a scikit-learn estimator. auto: LinearRegression, or LogisticRegression for a classification.",
        parsers.text,
    ),
    Option(
        "params",
        "{}",
        'Parameters of the estimator as a JSON object, such as {"alpha": 0.5}.',
        parsers.mapping,
        schema="object",
    ),
    Option(
        "metric",
        "auto",
        "Any scikit-learn scorer, or the import path of a scorer or a metric function that is installed. auto: r2, or "
        "accuracy for a classification.",
        parsers.text,
    ),
    Option(
        "weight",
        "",
        "A column of numbers from 0 that says how much each row counts, in fitting and in every score.",
        parsers.text,
    ),
    Option(
        "group",
        "",
        "A column, such as the user's id, of which all rows of one value belong together: held out and judged as one.",
        parsers.text,
    ),
    Option("test-size", "0.2", "Share of the datasets that no version ever trains on.", parsers.share, schema="number"),
    Option(
        "confidence",
        "0.95",
        "How sure the gate has to be that the challenger is better.",
        parsers.confidence,
        schema="number",
    ),
    Option(
        "min-improvement",
        "0.005",
        "The smallest gain worth a promotion, as a share of the champion's error.",
        parsers.share,
        schema="number",
    ),
    Option(
        "gate",
        "better",
        "What has to be proven: that the challenger is better, or not worse by the margin; higher: nothing, the scores "
        "decide.",
        parsers.text,
        choices=("better", "not-worse", "higher"),
    ),
    Option(
        "margin",
        "0.02",
        "For gate not-worse: how much worse is not worse, as a share of the champion's error.",
        parsers.share,
        schema="number",
    ),
    Option(
        "slices",
        "",
        "Columns, parted by commas: no value of them may become worse, however much the average gains.",
        parsers.names,
        schema="array",
    ),
    Option(
        "guardrails",
        "{}",
        "Further metrics that may not become worse: a JSON object of metrics and margins, such as "
        '{"neg_mean_absolute_error": 0.01}.',
        parsers.margins,
        schema="object",
    ),
    Option(
        "max-suspicious",
        "0.1",
        "Share of the new datasets that may look wrong to the champion; above it a person has to review them.",
        parsers.proportion,
        schema="number",
    ),
    Option(
        "on-review",
        "report",
        "When a person has to decide: only say so, or open a draft pull request too; the bot never merges it.",
        parsers.text,
        choices=("report", "draft"),
    ),
    Option(
        "force",
        "",
        "A reason to train now and propose the challenger whatever the gate says; a person has to merge it.",
        parsers.text,
        in_file=False,
    ),
    Option(
        "watch",
        "off",
        "On each new batch, hold the champion against the version before it: only say so when it is proven worse, or "
        "open the rollback too.",
        parsers.text,
        choices=("off", "report", "rollback"),
    ),
    Option("to", "", "For a rollback: the version to go back to, such as v1.", parsers.version, in_file=False),
    Option("why", "", "For a rollback: the reason, which stands in the pull request.", parsers.text, in_file=False),
    Option(
        "fit-budget",
        "6",
        "Models fitted in a training: one to release, the others to judge it. 1: the holdout alone judges.",
        parsers.positive,
        schema="integer",
    ),
    Option(
        "seed",
        "0",
        "Seeds every random choice: the same inputs give the same model and verdict.",
        parsers.seed,
        schema="integer",
    ),
    Option(
        "model-format",
        "pickle",
        "How the model is written: pickle (joblib), or skops, which makes objects only of types that are trusted.",
        parsers.text,
        choices=("pickle", "skops"),
    ),
    Option(
        "trusted-types",
        "",
        "For skops: the types that may be in a model beside those that skops trusts by itself, by their import paths.",
        parsers.types,
        schema="array",
    ),
    Option("model-dir", "model", "The folder of the model, its metadata and its model card.", parsers.model_dir),
    Option(
        "autonomy",
        "propose",
        "How far the bot goes by itself; each step includes the ones before.",
        Autonomy,
        choices=tuple(str(step) for step in Autonomy),
    ),
    Option("label", "model-update", "The label of the pull request; created when absent.", parsers.text),
    Option(
        "merge-method",
        "squash",
        "How the pull request is merged.",
        parsers.text,
        choices=("merge", "squash", "rebase"),
    ),
    Option(
        "commit-signing",
        "none",
        "api: GitHub signs the bot's commits, for repositories that require signatures; needs an App's token or the "
        "workflow's own.",
        parsers.text,
        choices=("none", "api"),
    ),
    Option("base", "", "The branch that production reads. Default: the repository's default branch.", parsers.branch),
    Option(
        "in-fork",
        "report",
        "What the loop does in a fork: only report, or run there too, for a model of the fork's own.",
        parsers.text,
        choices=("report", "run"),
    ),
    Option(
        "dashboard",
        "false",
        "Whether an issue shows where the loop stands, with a box that asks for a training; needs issues: write.",
        parsers.flag,
        choices=("true", "false"),
        schema="boolean",
    ),
    Option(
        "forge",
        "auto",
        "Where the pull request is opened. auto: GitHub when a token and a repository are known, "
        "else none; none: the local repository only; sandbox: a stand-in on this machine.",
        parsers.text,
        choices=("auto", "github", "sandbox", "none"),
        in_file=False,
    ),
    Option(
        "token",
        "",
        "The token that pushes the branch and opens the pull request.",
        parsers.text,
        secret=True,
        in_file=False,
    ),
    Option(
        "approver-token",
        "",
        "A second identity's token that approves; needed from autonomy approve on.",
        parsers.text,
        secret=True,
        in_file=False,
    ),
)
BY_NAME: Mapping[str, Option] = {setting.name: setting for setting in OPTIONS}
