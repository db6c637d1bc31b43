"""Suggests what could be predicted from a table, as what kind of target, and by which estimator. With reasons."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold

from ml_action.config.settings import TrainingOptions
from ml_action.core.errors import DataError, ExpectedError
from ml_action.core.formatting import quoted_list
from ml_action.core.records.model import Recipe
from ml_action.modelling import data_warnings
from ml_action.modelling.evaluation import scoring
from ml_action.modelling.reading.columns import require, usual_columns
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements

Choose = Callable[[str, Iterable[str], str], str]  # the reason for the guess, the columns, the guess -> the target

LIKELY_TARGETS = (
    "target", "label", "y", "outcome", "class", "score", "price", "result", "quality", "churn", "default", "sales",
)  # fmt: skip
KEY = re.compile(r"^index$|(^|[_ ])(id|uuid|guid|key)$|^Unnamed: ", re.IGNORECASE)
CLASSES = 20  # distinct texts: a column of more is no likely target
GROUP_NAMES = re.compile(
    r"^(user|person|patient|customer|client|student|subject|member|household|device|machine|store|shop|plot)"
    r"([_ ]?(id|no|nr|number|code))?$",
    re.IGNORECASE,
)
MIN_GROUPS = 30  # that the gate needs
BOOSTING = {
    "regression": "sklearn.ensemble.HistGradientBoostingRegressor",
    "classification": "sklearn.ensemble.HistGradientBoostingClassifier",
}
MUCH_BETTER = 0.95  # of the simple model's error: a black box must be clearly better
RARE = 0.2  # of the rows: accuracy says little about a class that is rarer
MAX_ROWS, FOLDS = 20_000, 5
GIVEN = "as you specified"
ROW_NAMES = "the name of a row says nothing about other rows"


@dataclass(frozen=True)
class Suggestion:
    """What a loop could learn from a table."""

    target: str
    task: str
    metric: str
    estimator: str
    group: str  # the column that names the owner of a row; empty: no such column
    rows: int  # with a target
    features: tuple[str, ...] = ()  # empty: every other column
    why: Mapping[str, str] = field(default_factory=dict)  # the reason, by setting
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Choice:
    """A value, and the reason for it; empty if there is nothing to explain."""

    value: str
    reason: str = ""


@dataclass(frozen=True, eq=False)
class _Task:
    """What the scores of estimators are computed from."""

    recipe: Recipe
    table: Table  # the valid rows
    group: str


def suggest(table: Table, options: TrainingOptions, choose: Choose) -> Suggestion:
    """Suggests the options that are not set.

    Args:
        table: The datasets.
        options: Those that are set are not changed.
        choose: Called with a guess of the target, because everything else depends on the target.

    Raises:
        DataError: No column can be predicted, or none is left to predict from.
    """
    keys = [name for name in usual_columns(table) if _is_key(table.frame[name], name)]
    names = [name for name in usual_columns(table) if name not in keys]
    target = options.target[0] if options.target else _chosen(table, names, choose)
    group = options.group or _group_column(table.frame, target)
    require(table, [options.group] if options.group else [])
    left = tuple(name for name in names if name not in (target, group, options.weight, *options.target))
    task = _resolved(table, options, target, left, group)
    metric = _metric(task, options)
    scores = _scores(task, options, metric.value)
    estimator = _estimator(task.recipe, scores, metric.value)
    group_reason = "" if options.group else _group_reason(task)
    row_names = [name for name in keys if name not in (target, group) and not name.startswith("Unnamed: ")]
    reasons = {
        "metric": metric.reason,
        "estimator": GIVEN if _given(options.estimator) else estimator.reason,
        **({"group": group_reason} if group_reason else {}),
        **({"features": f"all but {quoted_list(row_names)}: {ROW_NAMES}"} if row_names else {}),
    }
    return Suggestion(
        target, task.recipe.task, metric.value, estimator.value, group, len(task.table.frame),
        features=left if row_names and not options.features else (), why=reasons,
        warnings=tuple(data_warnings.warnings_for(task.table.frame, task.recipe, scores, metric.value)),
    )  # fmt: skip


def _group_reason(task: _Task) -> str:
    """Returns why rows are grouped; empty without a group."""
    if not task.group:
        return ""
    count = task.table.frame[task.group].nunique()
    return f"{count:,} different ones: rows with the same one belong together and are judged as one"


def _is_key(column: pd.Series, name: str) -> bool:
    """Whether a column names its rows. Fractions are measurements."""
    if not KEY.search(name):
        return False
    numbers = pd.to_numeric(column, errors="coerce").dropna()
    return bool((numbers % 1 == 0).all())


def _chosen(table: Table, names: list[str], choose: Choose) -> str:
    """Returns the target that the user chooses."""
    if not names:
        raise DataError(
            f"no column of {quoted_list(table.frame.columns)} looks like a target",
            why="each of them names its row, as an id does",
            fix="name it with --target",
        )
    guess = _guess_target(names, table.frame)
    return choose(guess.reason, names, guess.value)


def _guess_target(names: list[str], frame: pd.DataFrame) -> _Choice:
    """Returns the column that is named like a target, else the last one that can be predicted."""
    for likely in LIKELY_TARGETS:
        found = next((name for name in names if name.casefold() == likely), "")
        if found:
            return _Choice(found, f"'{found}' sounds like it")
    usual = [name for name in names if _can_be_predicted(frame[name])]
    if not usual or usual[-1] == names[-1]:
        return _Choice(names[-1], "the last column is the usual place")
    return _Choice(usual[-1], "the last column that is mostly filled, and neither free text nor always the same")


def _can_be_predicted(column: pd.Series) -> bool:
    count = column.nunique()
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    return bool(2 * column.notna().sum() >= len(column) and count > 1 and (is_number or count <= CLASSES))


def _group_column(frame: pd.DataFrame, target: str) -> str:
    """Returns the column that names the owner of a row, if owners have several rows each."""
    for name in map(str, frame.columns):
        if name != target and GROUP_NAMES.match(name):
            count = frame[name].nunique()
            if MIN_GROUPS <= count <= len(frame) / 2:
                return name
    return ""


def _given(setting: str) -> str:
    return "" if setting == "auto" else setting


def _resolved(table: Table, options: TrainingOptions, target: str, features: tuple[str, ...], group: str) -> _Task:
    """Returns the complete recipe, and the rows that are valid for it."""
    chosen = replace(
        options, target=options.target or (target,), features=options.features or features, group=group, weight=""
    )
    recipe = resolve_recipe(table, chosen)
    return _Task(recipe, validate(table, Requirements(recipe.outputs, recipe.features)).table, group)


def _metric(task: _Task, options: TrainingOptions) -> _Choice:
    """Returns a metric that suits the task and the shares of the classes."""
    metric = task.recipe.metric
    if _given(options.metric):
        return _Choice(metric, GIVEN)
    if task.recipe.task == "regression":
        return _Choice(metric, "the share of the target's variance that is explained")
    shares = task.table.frame[task.recipe.outputs[0]].value_counts(normalize=True)
    if shares.min() >= RARE or len(shares) > 2:
        return _Choice(metric, "the share of right answers")
    return _Choice("roc_auc", f"the rarer class is {shares.min():.0%} of the rows: plain accuracy would not see it")


def _scores(task: _Task, options: TrainingOptions, metric: str) -> dict[str, float]:
    """Returns the scores of the simple estimator and of boosting on unseen rows.

    They are not computed if an estimator is set, or for several targets: then the loop itself will judge.

    Raises:
        DataError: There is nothing to learn from, for any estimator.
    """
    recipe = task.recipe
    if _given(options.estimator) or len(recipe.outputs) > 1:
        return {}
    try:
        return {path: _cross_validated(task, path, metric) for path in (recipe.estimator, BOOSTING[recipe.task])}
    except DataError:
        raise
    except ExpectedError:
        return {}  # such as a class that is missing in a fold: the loop itself will judge


def _estimator(recipe: Recipe, scores: Mapping[str, float], metric: str) -> _Choice:
    """Returns the simple estimator, unless boosting is clearly better."""
    if not scores:
        return _Choice(recipe.estimator)
    boosting = BOOSTING[recipe.task]
    listed = ", ".join(f"{path.rpartition('.')[2]} {score:.3f}" for path, score in scores.items())
    is_better = 1 - scores[boosting] < MUCH_BETTER * (1 - scores[recipe.estimator])
    return _Choice(boosting if is_better else recipe.estimator, f"{metric} on unseen rows: {listed}")


def _cross_validated(task: _Task, estimator: str, metric: str) -> float:
    """Returns the mean score over folds; rows of one owner or dataset are in the same fold."""
    table, params = task.table, task.recipe.params if estimator == task.recipe.estimator else {}
    recipe = replace(task.recipe, estimator=estimator, metric=metric, params=params)
    rows = np.arange(len(table.frame))
    if len(rows) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
    together = pd.factorize(table.frame[task.group])[0][rows] if task.group else table.cluster[rows]
    is_grouped = len(np.unique(together)) >= 2 * FOLDS
    folds = GroupKFold(FOLDS) if is_grouped else KFold(FOLDS, shuffle=True, random_state=0)
    truth = fit.labels(recipe, table)
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence: this is only an estimate
        for trained, tested in folds.split(rows, groups=together if is_grouped else None):
            model = fit.fit(recipe, table, rows[trained])
            frame = table.frame.loc[rows[tested], list(recipe.features)]
            scores.append(scoring.report(model, frame, truth[rows[tested]], recipe)[metric])
    return float(np.mean(scores))
