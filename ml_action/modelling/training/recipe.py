"""Resolves settings and a table into a recipe: what is not set is inferred, what is set is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_action.config import parsers
from ml_action.config.settings import TrainingOptions
from ml_action.core.errors import DataError, SettingsError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import metric_lookup, metric_spec, scoring
from ml_action.modelling.evaluation.metric_spec import MetricSpec
from ml_action.modelling.reading.columns import (
    automatic_features,
    homogeneous,
    is_string,
    mostly_numbers,
    require,
    usual_columns,
)
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import estimators, targets

_TASKS = ("regression", "classification")
_MOST_CLASSES = 20
_RAREST = 0.1  # of the share that each class has if all are equally frequent


def infer_target(columns: Iterable[object]) -> str:
    """Returns the last column. Raises DataError if no column exists."""
    names = [str(name) for name in columns]
    if not names:
        raise DataError("The datasets have no columns.", fix="Check the data path and the files in it.")
    return names[-1]


def infer_task(series: pd.Series) -> str:
    """Returns classification for text, booleans, two distinct numbers, and class codes; else regression.

    Class codes are whole numbers 0, 1, 2, … or 1, 2, 3, … without a gap, at most 20 of them, of which the rarest is at
    least a tenth as frequent as if all were equally frequent. Counts (few large ones) and grades on a long scale do not
    meet this and are regression. Missing values are ignored.
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


def resolve_recipe(table: Table, options: TrainingOptions, guardrails: Iterable[str] = ()) -> Recipe:
    """Returns the complete recipe. An option that is empty or "auto" is inferred.

    The task is the option's; else classification if the target is text; else that of the estimator; else that of the
    metric; else that of `infer_task`. The columns of `group` and `weight` are never inferred as target or features.

    Args:
        table: The datasets.
        options: The user's choices.
        guardrails: The metrics of the guardrails, which are only checked.

    Raises:
        DataError: No dataset has a column, or there is nothing to learn about a target.
        SettingsError: A task, estimator, parameter or metric does not exist, or does not suit the task, the targets or
            the weights.
    """
    outputs = _outputs(table, options)
    features = tuple(filter(_explicit, options.features)) or automatic_features(table, {*outputs, *_reserved(options)})
    _check_columns(table, outputs, features, options.weight)
    columns = {name: _valid_values(table, name) for name in outputs}
    task = _task(columns, options)
    recipe = Recipe(
        target=parsers.format_names(outputs),
        features=features,
        task=task,
        estimator=_explicit(options.estimator) or estimators.DEFAULTS[task],
        params=dict(options.params),
        metric=metric_with_parameters(options, task, next(iter(columns.values())), private=table.private),
        seed=options.seed,
        targets=outputs if len(outputs) > 1 else (),
        weight=options.weight,
        merge_spellings=options.merge_spellings,
    )
    for name, column in columns.items():
        targets.check(name, column, task, private=table.private)
    _check_recipe(recipe, guardrails)
    return recipe


def metric_with_parameters(options: TrainingOptions, task: str, target: pd.Series, *, private: bool) -> str:
    """Returns the name of the metric with the parameters that the settings give it.

    Raises:
        SettingsError: The metric does not exist, or the class that counts is none of the target's.
    """
    spec = metric_spec.parse(_explicit(options.metric) or scoring.DEFAULTS[task])
    params = {**spec.params, **options.metric_params}
    named = str(MetricSpec(spec.name, params))
    if options.positive and metric_lookup.takes_positive(named):
        params["pos_label"] = targets.class_named(options.positive, target, private=private)
    return str(MetricSpec(spec.name, params))


def _reserved(options: TrainingOptions) -> set[str]:
    """Returns the columns that are never inferred as target or features."""
    return {options.group, options.weight} - {""}


def _outputs(table: Table, options: TrainingOptions) -> tuple[str, ...]:
    """Returns the targets, each once; by default the last column."""
    given = tuple(name for name in dict.fromkeys(options.target) if _explicit(name))
    return given or (infer_target(name for name in usual_columns(table) if name not in _reserved(options)),)


def _check_recipe(recipe: Recipe, guardrails: Iterable[str]) -> None:
    """Raises an error if a part of the recipe does not suit the others."""
    _check_estimator(recipe)
    for setting, name in (("metric", recipe.metric), *(("guardrails", name) for name in guardrails)):
        _check_metric(recipe, name, setting)


def _valid_values(table: Table, target: str) -> pd.Series:
    """Returns the target without the text that `validation.datasets.validate` rejects, in case it has not run yet."""
    column = table.frame[target].dropna()
    if column.dtype == object and mostly_numbers(table, table.frame[target]):
        return homogeneous(column[~is_string(column)])
    return column.infer_objects()


def _explicit(setting: str) -> str:
    """Returns the setting, or an empty string if it is to be inferred."""
    return "" if setting == "auto" else setting


def _check_columns(table: Table, outputs: tuple[str, ...], features: Sequence[str], weight: str) -> None:
    require(table, [*outputs, *features, *([weight] if weight else [])])
    for name in outputs:
        if name in features:
            raise SettingsError(
                f"features: '{sanitised(name)}' is the target.",
                why="A model that is given the target learns nothing else.",
                fix="Take it out of `features`.",
            )
    if weight in outputs:
        raise SettingsError(
            f"weight: '{sanitised(weight)}' is the target.",
            why="The weight is the importance of a row, independent of its target.",
            fix="Set `weight` to another column, or `target`.",
        )
    if not features:
        raise DataError(
            f"The datasets have no column besides the target {quoted_list(outputs)}.",
            fix="Add feature columns, or check `target`.",
        )


def _task(columns: Mapping[str, pd.Series], options: TrainingOptions) -> str:
    """Returns the task that suits the targets. Raises an error for empty ones, and for several targets of classes."""
    for name, column in columns.items():
        targets.check_filled(name, column)
    task = _inferred_task(list(columns.values()), options)
    _check_outputs(tuple(columns), task)
    return task


def _inferred_task(columns: Sequence[pd.Series], options: TrainingOptions) -> str:
    """Returns regression or classification. Several targets are classes only if all of them look like classes."""
    task, estimator, metric = (_explicit(setting) for setting in (options.task, options.estimator, options.metric))
    if task and task not in _TASKS:
        near = nearest(task, _TASKS)
        raise SettingsError(
            f"task '{sanitised(task)}' is unknown.",
            fix=f"Did you mean '{near}'?" if near else f"One of {_TASKS}.",
        )
    if task or not all(map(_is_number, columns)):
        return task or "classification"
    if estimator:
        return estimators.task_of(estimators.build(estimator, options.params, options.seed))
    inferred = {infer_task(column) for column in columns}
    return (metric_lookup.task_of(metric) if metric else "") or max(inferred)  # regression sorts after classification


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


def _check_estimator(recipe: Recipe) -> None:
    """Raises an error if the estimator does not suit the task or the weights."""
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
    """Raises an error if the metric does not exist, or does not suit the task or the weights."""
    metric = metric_lookup.get_metric(name, setting)
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
