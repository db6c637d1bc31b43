"""From settings and a table to a recipe: what was left open is inferred, what was said is checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_action.errors import DataProblem, SettingsProblem
from ml_action.modelling import estimators, scoring
from ml_action.modelling.columns import automatic_features, mostly_numbers, need, texts, unmixed, usual_columns
from ml_action.modelling.frames import Table
from ml_action.modelling.wording import nearest, plain
from ml_action.records import Recipe

_TASKS = ("regression", "classification")
_MOST_CLASSES = 20
_RAREST = 0.1  # of an even share


def infer_target(columns: Iterable[object]) -> str:
    """The last column. Raises DataProblem when there is none."""
    names = [str(name) for name in columns]
    if not names:
        raise DataProblem("The datasets have no columns.", fix="Check the data path and the files in it.")
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
    target: str,
    features: Sequence[str],
    task: str,
    estimator: str,
    params: Mapping[str, object],
    metric: str,
    seed: int,
    apart: Collection[str] = (),
) -> Recipe:
    """The recipe in full. Empty or "auto" means: infer it; columns that stand `apart` are never inferred.

    The task follows the setting, else the target if it is text, else the estimator, else the metric, else
    `infer_task`. Raises DataProblem for a column that no dataset has or a target with nothing to learn;
    SettingsProblem for a task, estimator, parameter or metric that does not exist or does not suit the task.
    """
    target = _open(target) or infer_target(name for name in usual_columns(table) if name not in apart)
    features = tuple(name for name in features if _open(name)) or tuple(
        name for name in automatic_features(table, target) if name not in apart
    )
    _check_columns(table, target, features)
    column = _sound_values(table, target)
    task = _task(column, _open(task), _open(estimator), params, _open(metric), seed)
    recipe = Recipe(
        target=target,
        features=features,
        task=task,
        estimator=_open(estimator) or estimators.DEFAULTS[task],
        params=dict(params),
        metric=_open(metric) or scoring.DEFAULTS[task],
        seed=seed,
    )
    _check(recipe, column)
    return recipe


def _sound_values(table: Table, target: str) -> pd.Series:
    """The target without the text that `validation.sort_out` will set aside, if it has not done so yet."""
    column = table.frame[target].dropna()
    if column.dtype == object and mostly_numbers(table, table.frame[target]):
        return unmixed(column[~texts(column)])
    return column.infer_objects()


def _open(setting: str) -> str:
    """The setting, or empty when it was left open."""
    return "" if setting == "auto" else setting


def _check_columns(table: Table, target: str, features: Sequence[str]) -> None:
    need(table, [target, *features])
    if target in features:
        raise SettingsProblem(
            f"features: '{plain(target)}' is the target.",
            why="A model that is given the answer learns nothing else.",
            fix="Take it out of `features`.",
        )
    if not features:
        raise DataProblem(
            f"The datasets have no column besides the target '{plain(target)}'.",
            fix="Add feature columns, or check `target`.",
        )


def _task(column: pd.Series, task: str, estimator: str, params: Mapping[str, object], metric: str, seed: int) -> str:
    """regression or classification, by the first that has a say."""
    if task and task not in _TASKS:
        near = nearest(task, _TASKS)
        raise SettingsProblem(
            f"task '{plain(task)}' is unknown.",
            fix=f"Did you mean '{near}'?" if near else f"One of {_TASKS}.",
        )
    if task or not _is_number(column):
        return task or "classification"
    if estimator:
        return estimators.task_of(estimators.build(estimator, params, seed))
    return scoring.task_of(metric) if metric else infer_task(column)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def _check(recipe: Recipe, column: pd.Series) -> None:
    """Raises when the parts of the recipe do not fit each other or the target."""
    if recipe.task == "regression" and not _is_number(column):
        raise DataProblem(
            f"The target '{plain(recipe.target)}' holds text, and regression needs numbers.",
            fix="Set `task` to classification, or `target` to a column of numbers.",
        )
    if recipe.task == "classification" and pd.api.types.is_float_dtype(column.dtype) and (column % 1 != 0).any():
        raise DataProblem(
            f"The target '{plain(recipe.target)}' holds fractions, and classification needs classes.",
            fix="Set `task` to regression with a metric of it, or `target` to a column of classes.",
        )
    if column.nunique() < 2:
        raise DataProblem(
            f"The target '{plain(recipe.target)}' is the same in every row: there is nothing to learn.",
            fix="Check `target`, or wait for datasets in which it differs.",
        )
    built = estimators.task_of(estimators.build(recipe.estimator, recipe.params, recipe.seed))
    if built != recipe.task:
        raise _unsuited("estimator", recipe.estimator, built, recipe.task, estimators.DEFAULTS[recipe.task])
    judged = scoring.task_of(recipe.metric)
    if judged != recipe.task:
        raise _unsuited("metric", recipe.metric, judged, recipe.task, scoring.DEFAULTS[recipe.task])


def _unsuited(setting: str, value: str, made_for: str, task: str, usual: str) -> SettingsProblem:
    return SettingsProblem(
        f"{setting} '{plain(value)}' is made for {made_for}, and the task is {task}.",
        fix=f"Choose another {setting}, for example '{usual}', or set `task` to {made_for}.",
    )
