"""Fitting: the same recipe on the same rows gives the same model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from ml_action.core.errors import DataError, ModelError, SettingsError
from ml_action.core.formatting import sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import pipeline as recipes


def fit(recipe: Recipe, table: Table, rows: npt.NDArray[Any]) -> Any:
    """A pipeline fitted on these rows (a mask or positions) of the table, each as heavy as the recipe's `weight` says.

    One BLAS and OpenMP thread: sums that are split over threads are rounded in an order that varies. Kinds of
    columns are taken from the whole table, so that all fits of an attempt speak of the same columns.
    Raises ModelError with the estimator's words when it fails, SettingsError for a value it refuses, DataError
    when no row counts.
    """
    frame = table.frame.loc[rows, list(recipe.features)]
    pipeline = recipes.build_pipeline(recipe, recipes.kinds(table.frame, recipe.features), frame)
    target, weight = labels(recipe, table)[rows], weights(recipe, table)
    weighted = {} if weight is None else {f"{recipes.ESTIMATOR}__sample_weight": weight[rows]}
    if weight is not None and not weight[rows].any():
        raise _weightless(recipe)
    with threadpool_limits(limits=1):
        try:
            return pipeline.fit(frame, target, **weighted)
        except Exception as error:  # an estimator may raise anything at all
            raise failure(recipe, error) from error


def labels(recipe: Recipe, table: Table) -> npt.NDArray[Any]:
    """The target as estimators take it, one per row: floats, or classes as integers, booleans or text.

    Of several targets (rows, targets). Missing targets must have been dropped (`validation.datasets`).
    """
    if len(recipe.outputs) > 1:
        return table.frame[list(recipe.outputs)].to_numpy(dtype=np.float64)
    column = table.frame[recipe.outputs[0]]
    if recipe.task == "regression":
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_float_dtype(column.dtype) and (column == np.floor(column)).all():
        return column.to_numpy(dtype=np.int64)  # 0.0 and 1.0 only because a value was missing somewhere
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy()
    if pd.api.types.infer_dtype(column) == "boolean":
        return column.to_numpy(dtype=bool)
    return column.astype("str").to_numpy(dtype=object)


def weights(recipe: Recipe, table: Table) -> npt.NDArray[np.float64] | None:
    """How much each row counts; None: all count alike."""
    return table.frame[recipe.weight].to_numpy(dtype=np.float64) if recipe.weight else None


def target_and_weights(
    recipe: Recipe, table: Table, rows: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64] | None]:
    """The targets and the weights of some rows."""
    weight = weights(recipe, table)
    return labels(recipe, table)[rows], None if weight is None else weight[rows]


def has_weight(recipe: Recipe, table: Table) -> npt.NDArray[np.bool_]:
    """Per row: whether it has a weight. What counts nothing judges nobody, and its dataset is none that was judged."""
    weight = weights(recipe, table)
    return np.ones(len(table.frame), dtype=bool) if weight is None else np.asarray(weight > 0, dtype=bool)


def _weightless(recipe: Recipe) -> DataError:
    return DataError(
        f"All rows to learn from have the weight 0 in '{sanitised(recipe.weight)}'.",
        fix="Check `weight`, or wait for datasets with rows that count.",
    )


def failure(recipe: Recipe, error: Exception, what: str = "could not be fitted") -> ModelError | SettingsError:
    """What an estimator raised, as an ending."""
    text = f"{type(error).__name__}: {sanitised(error, 300)}"
    if type(error).__name__ == "InvalidParameterError":  # scikit-learn keeps the class in a private module
        return SettingsError(f"params: {recipe.estimator} refuses a value: {text}")
    return ModelError(
        f"{recipe.estimator} {what}: {text}",
        why="The estimator does not suit these columns, this target or its parameters.",
        fix="Change `estimator`, `params` or `features`; try it with ml-auto-update run --autonomy report.",
    )
