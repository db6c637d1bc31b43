"""From settings and a table to a recipe: what was left open is inferred, what was said is checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_action.config import parsers
from ml_action.core.errors import DataError, SettingsError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import metrics, scoring
from ml_action.modelling.reading.columns import (
    automatic_features,
    homogeneous,
    is_string,
    mostly_numbers,
    require,
    usual_columns,
)
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import estimators

_TASKS = ("regression", "classification")
_MOST_CLASSES = 20
_RAREST = 0.1  # of an even share


class ConstantTarget(DataError):
    """The answer is always the same."""


def infer_target(columns: Iterable[object]) -> str:
    """The last column. Raises DataError when there is none."""
    names = [str(name) for name in columns]
    if not names:
        raise DataError("The datasets have no columns.", fix="Check the data path and the files in it.")
    return names[-1]


def infer_task(series: pd.Series) -> str:
    """classification for text, booleans, two distinct numbers, and class codes; else regression.

    Class codes are whole numbers 0, 1, 2, … or 1, 2, 3, … without a gap, at most 20 of them, of which the
    rarest is met at least a tenth as often as if all were equally frequent. Counts (few large ones) and
    grades on a long scale fail that and are regression. Missing values do not count.
    """
    values = series.dropna()
    if not pd.api.types.is_numeric_dtype(values.infer_objects().dtype):
        return "classification"
    numbers, counts = np.unique(values.to_numpy(dtype=np.float64), return_counts=True)
    if pd.api.types.is_bool_dtype(values.infer_objects().dtype) or len(numbers) == 2:
        return "classification"
    gapless = numbers[0] in (0, 1) and np.array_equal(numbers, numbers[0] + np.arange(len(numbers)))
    even = counts.sum() / len(numbers)
    codes = 2 < len(numbers) <= _MOST_CLASSES and gapless and counts.min() >= _RAREST * even
    return "classification" if codes else "regression"


def resolve_recipe(
    table: Table,
    *,
    targets: Sequence[str],
    features: Sequence[str],
    task: str,
    estimator: str,
    params: Mapping[str, object],
    metric: str,
    seed: int,
    apart: Collection[str] = (),
    weight: str = "",
    guardrails: Iterable[str] = (),
) -> Recipe:
    """The recipe in full. Empty or "auto" means: infer it; columns that stand `apart` are never inferred.

    The task follows the setting, else the target if it is text, else the estimator, else the metric, else
    `infer_task`. Raises DataError for a column that no dataset has or a target with nothing to learn;
    SettingsError for a task, estimator, parameter or metric that does not exist or does not suit the task, the
    targets or the weights.
    """
    apart = {*apart, weight} - {""}
    outputs = tuple(name for name in dict.fromkeys(targets) if _open(name)) or (
        infer_target(name for name in usual_columns(table) if name not in apart),
    )
    features = tuple(name for name in features if _open(name)) or automatic_features(table, {*outputs, *apart})
    _check_columns(table, outputs, features, weight)
    columns = [_sound_values(table, name) for name in outputs]
    for name, column in zip(outputs, columns, strict=True):
        _check_filled(name, column)
    task = _task(columns, _open(task), _open(estimator), params, _open(metric), seed)
    _check_outputs(outputs, task)
    recipe = Recipe(
        target=parsers.format_names(outputs),
        features=features,
        task=task,
        estimator=_open(estimator) or estimators.DEFAULTS[task],
        params=dict(params),
        metric=_open(metric) or scoring.DEFAULTS[task],
        seed=seed,
        targets=outputs if len(outputs) > 1 else (),
        weight=weight,
    )
    for name, column in zip(outputs, columns, strict=True):
        _check_target(name, column, task)
    _check_estimator(recipe)
    for setting, name in (("metric", recipe.metric), *(("guardrails", name) for name in guardrails)):
        _check_metric(recipe, name, setting)
    return recipe


def _sound_values(table: Table, target: str) -> pd.Series:
    """The target without the text that `validation` will reject, if it has not done so yet."""
    column = table.frame[target].dropna()
    if column.dtype == object and mostly_numbers(table, table.frame[target]):
        return homogeneous(column[~is_string(column)])
    return column.infer_objects()


def _open(setting: str) -> str:
    """The setting, or empty when it was left open."""
    return "" if setting == "auto" else setting


def _check_columns(table: Table, outputs: tuple[str, ...], features: Sequence[str], weight: str) -> None:
    require(table, [*outputs, *features, *([weight] if weight else [])])
    for name in outputs:
        if name in features:
            raise SettingsError(
                f"features: '{sanitised(name)}' is the target.",
                why="A model that is given the answer learns nothing else.",
                fix="Take it out of `features`.",
            )
    if weight in outputs:
        raise SettingsError(
            f"weight: '{sanitised(weight)}' is the target.",
            why="The weight says how much a row counts, whatever its answer is.",
            fix="Set `weight` to another column, or `target`.",
        )
    if not features:
        raise DataError(
            f"The datasets have no column besides the target {quoted_list(outputs)}.",
            fix="Add feature columns, or check `target`.",
        )


def _task(
    columns: Sequence[pd.Series], task: str, estimator: str, params: Mapping[str, object], metric: str, seed: int
) -> str:
    """regression or classification, by the first that has a say; several targets are classes when all look like it."""
    if task and task not in _TASKS:
        near = nearest(task, _TASKS)
        raise SettingsError(
            f"task '{sanitised(task)}' is unknown.",
            fix=f"Did you mean '{near}'?" if near else f"One of {_TASKS}.",
        )
    if task or not all(map(_is_number, columns)):
        return task or "classification"
    if estimator:
        return estimators.task_of(estimators.build(estimator, params, seed))
    suggested = {infer_task(column) for column in columns}
    return (metrics.get_metric(metric).task if metric else "") or max(
        suggested
    )  # regression comes after classification


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def _check_outputs(outputs: tuple[str, ...], task: str) -> None:
    if task == "classification" and len(outputs) > 1:
        raise SettingsError(
            f"target: {quoted_list(outputs)} are classes, and several targets are a regression's.",
            why="scikit-learn's metrics take no multiclass-multioutput target: two models could not be compared.",
            fix="Give each target a model of its own, with its own `name` and `model-dir`; if numbers are meant, set "
            "`task` to regression.",
        )


def _check_filled(name: str, column: pd.Series) -> None:
    if column.empty:
        raise DataError(
            f"The target '{sanitised(name)}' is empty in every row: there is nothing to learn.",
            fix="Check `target`, or wait for datasets in which it is filled.",
        )


def _check_target(name: str, column: pd.Series, task: str) -> None:
    """Raises when the values of a target do not suit the task, or teach nothing."""
    if task == "regression" and not _is_number(column):
        raise DataError(
            f"The target '{sanitised(name)}' holds text, and regression needs numbers.",
            fix="Set `task` to classification, or `target` to a column of numbers.",
        )
    if task == "classification" and pd.api.types.is_float_dtype(column.dtype) and (column % 1 != 0).any():
        raise DataError(
            f"The target '{sanitised(name)}' holds fractions, and classification needs classes.",
            fix="Set `task` to regression with a metric of it, or `target` to a column of classes.",
        )
    if column.nunique() < 2:
        raise ConstantTarget(
            f"The target '{sanitised(name)}' is the same in every row: there is nothing to learn.",
            fix="Check `target`, or wait for datasets in which it differs.",
        )


def _check_estimator(recipe: Recipe) -> None:
    """Raises when the estimator does not suit the task or the weights."""
    estimator = estimators.build_from_recipe(recipe)
    built = estimators.task_of(estimator)
    if built != recipe.task:
        raise _unsuited("estimator", recipe.estimator, built, recipe.task, estimators.DEFAULTS[recipe.task])
    if recipe.weight and not estimators.takes_weights(estimator):
        raise SettingsError(
            f"estimator '{sanitised(recipe.estimator)}' takes no weights, and `weight` is "
            f"'{sanitised(recipe.weight)}'.",
            why="Its fit has no sample_weight: every row would count alike.",
            fix=f"Choose an estimator that takes them, for example '{estimators.DEFAULTS[recipe.task]}', or leave "
            "`weight` empty.",
        )


def _check_metric(recipe: Recipe, name: str, setting: str) -> None:
    """Raises when a metric does not exist, or does not suit the task or the weights."""
    metric = metrics.get_metric(name, setting)
    if metric.task not in ("", recipe.task):
        raise _unsuited(setting, name, metric.task, recipe.task, scoring.DEFAULTS[recipe.task])
    if recipe.weight and not metric.weighted:
        raise SettingsError(
            f"{setting} '{sanitised(name)}' takes no weights, and `weight` is '{sanitised(recipe.weight)}'.",
            why="It has no sample_weight: every row would count alike.",
            fix=f"Choose one that takes them, for example '{scoring.DEFAULTS[recipe.task]}', or leave `weight` empty.",
        )


def _unsuited(setting: str, value: str, made_for: str, task: str, usual: str) -> SettingsError:
    return SettingsError(
        f"{setting} '{sanitised(value)}' is made for {made_for}, and the task is {task}.",
        fix=f"Choose another {setting}, for example '{usual}', or set `task` to {made_for}.",
    )
