"""Suggests what could be predicted from a table, as what kind of target, and by which estimator. With reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from ml_action.config.settings import TrainingOptions
from ml_action.core import cells
from ml_action.core.errors import DataError
from ml_action.core.formatting import quoted_list
from ml_action.core.log import Log
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.model import Recipe
from ml_action.modelling import column_roles, data_warnings, estimator_scores
from ml_action.modelling.estimator_scores import ScoringTask
from ml_action.modelling.loop_view import LoopView
from ml_action.modelling.reading.columns import require, usual_columns
from ml_action.modelling.reading.table import Table
from ml_action.modelling.target_guess import TargetGuess, guess_target
from ml_action.modelling.training.recipe import resolve_recipe

MANY_CLASSES = 20  # boosting fits a hundred trees for each
BOOSTING = {
    "regression": "sklearn.ensemble.HistGradientBoostingRegressor",
    "classification": "sklearn.ensemble.HistGradientBoostingClassifier",
}
MUCH_BETTER = 0.95  # of the simple model's error: a black box must be clearly better
RARE = 0.2  # of the rows: accuracy says little about a class that is rarer
GIVEN = "as you specified"
ROW_NAMES = "the name of a row says nothing about other rows"


Choose = Callable[[TargetGuess, Sequence[str]], str]  # the guess, the columns -> the target


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
    set_aside: tuple[RejectedDataset, ...] = ()  # what the loop would not use
    hopeless: bool = False  # whether nothing predicted the target better than its usual value does
    work: int = 1  # cells that the estimator gets from a row, times the classes


@dataclass(frozen=True)
class _Choice:
    """A value, and the reason for it; empty if there is nothing to explain."""

    value: str
    reason: str = ""


def suggest(table: Table, options: TrainingOptions, choose: Choose, view: LoopView, log: Log) -> Suggestion:
    """Suggests the options that are not set.

    Args:
        table: The datasets as they were read.
        options: Those that are set are not changed.
        choose: Called with a guess of the target, because everything else depends on the target.
        view: How the loop looks at the table.
        log: Hears about progress.

    Raises:
        DataError: No column can be predicted, or none is left to predict from.
    """
    as_read, table = table, view.read(table, options)
    keys = [name for name in usual_columns(table) if column_roles.is_key(table.frame[name], name, table.cluster)]
    names = [name for name in usual_columns(table) if name not in keys]
    target = options.target[0] if options.target else _chosen(table, names, choose)
    group = options.group or _group_column(table.frame, target)
    require(table, [options.group] if options.group else [])
    left = tuple(name for name in names if name not in (target, group, options.weight, *options.target))
    recipe = _recipe(table, options, target, left, group)
    usable = view.usable(as_read, recipe)
    task = ScoringTask(recipe, usable.table, group)
    metric = _metric(task, options)
    scores = _scores(task, options, metric.value, log)
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
        warnings=tuple(_warnings(task, scores, metric.value)),
        set_aside=usable.set_aside, hopeless=data_warnings.is_hopeless(task.table.frame, recipe, scores, metric.value),
        work=task.work,
    )  # fmt: skip


def _warnings(task: ScoringTask, scores: Mapping[str, float], metric: str) -> Iterator[str]:
    for reason in data_warnings.warnings_for(task.table.frame, task.recipe, scores, metric):
        yield cells.written(reason, private=False)  # only the owner of the data runs this, at a terminal
    yield from data_warnings.column_warnings(task.table, task.recipe, task.group)


def _group_reason(task: ScoringTask) -> str:
    """Returns why rows are grouped; empty without a group."""
    if not task.group:
        return ""
    count = task.table.frame[task.group].nunique()
    return f"{count:,} different ones: rows with the same one belong together and are judged as one"


def _chosen(table: Table, names: list[str], choose: Choose) -> str:
    """Returns the target that the user chooses."""
    if not names:
        raise DataError(
            f"no column of {quoted_list(table.frame.columns)} looks like a target",
            why="each of them names its row, as an id does",
            fix="name it with --target",
        )
    return choose(guess_target(names, table.frame), names)


def _group_column(frame: pd.DataFrame, target: str) -> str:
    """Returns the column that names the owner of a row, if owners have several rows each."""
    names = [name for name in map(str, frame.columns) if name != target]
    return next(column_roles.owner_columns(frame, names), "")


def _given(setting: str) -> str:
    return "" if setting == "auto" else setting


def _recipe(table: Table, options: TrainingOptions, target: str, features: tuple[str, ...], group: str) -> Recipe:
    """Returns the complete recipe."""
    chosen = replace(
        options, target=options.target or (target,), features=options.features or features, group=group, weight=""
    )
    return resolve_recipe(table, chosen)


def _metric(task: ScoringTask, options: TrainingOptions) -> _Choice:
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


def _scores(task: ScoringTask, options: TrainingOptions, metric: str, log: Log) -> dict[str, float]:
    """Returns the scores of the simple estimator and of boosting on unseen rows.

    They are not computed if an estimator is set, or for several targets: then the loop itself will judge. Boosting fits
    a hundred trees for each class, and is left out where these are many.
    """
    recipe = task.recipe
    if _given(options.estimator) or len(recipe.outputs) > 1:
        return {}
    boosting = (BOOSTING[recipe.task],) if task.classes <= MANY_CLASSES else ()
    return estimator_scores.scores_of(task, (recipe.estimator, *boosting), metric, log)


def _estimator(recipe: Recipe, scores: Mapping[str, float], metric: str) -> _Choice:
    """Returns the simple estimator, unless boosting is clearly better."""
    if not scores:
        return _Choice(recipe.estimator)
    boosting = BOOSTING[recipe.task]
    listed = ", ".join(f"{path.rpartition('.')[2]} {score:.3f}" for path, score in scores.items())
    is_better = boosting in scores and 1 - scores[boosting] < MUCH_BETTER * (1 - scores[recipe.estimator])
    return _Choice(boosting if is_better else recipe.estimator, f"{metric} on unseen rows: {listed}")
