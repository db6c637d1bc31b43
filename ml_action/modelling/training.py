"""Fitting: the same recipe on the same rows gives the same model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from ml_action.errors import ModelProblem, SettingsProblem
from ml_action.modelling import recipes
from ml_action.modelling.frames import Table
from ml_action.modelling.wording import plain
from ml_action.records import Recipe


def fit(recipe: Recipe, table: Table, rows: npt.NDArray[Any]) -> Any:
    """A pipeline fitted on these rows (a mask or positions) of the table.

    One BLAS and OpenMP thread: sums that are split over threads are rounded in an order that varies. Kinds of
    columns are taken from the whole table, so that all fits of an attempt speak of the same columns.
    Raises ModelProblem with the estimator's words when it fails, SettingsProblem for a value it refuses.
    """
    frame = table.frame.loc[rows, list(recipe.features)]
    pipeline = recipes.build(recipe, recipes.kinds(table.frame, recipe.features), frame)
    target = labels(recipe, table)[rows]
    with threadpool_limits(limits=1):
        try:
            return pipeline.fit(frame, target)
        except Exception as error:  # an estimator may raise anything at all
            raise _failure(recipe, error) from error


def labels(recipe: Recipe, table: Table) -> npt.NDArray[Any]:
    """The target as estimators take it, one per row: floats, or classes as integers, booleans or text.

    Missing targets must have been dropped (`validation.sort_out`).
    """
    column = table.frame[recipe.target]
    if recipe.task == "regression":
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_float_dtype(column.dtype) and (column == np.floor(column)).all():
        return column.to_numpy(dtype=np.int64)  # 0.0 and 1.0 only because a value was missing somewhere
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy()
    if pd.api.types.infer_dtype(column) == "boolean":
        return column.to_numpy(dtype=bool)
    return column.astype("str").to_numpy(dtype=object)


def _failure(recipe: Recipe, error: Exception) -> ModelProblem | SettingsProblem:
    text = f"{type(error).__name__}: {plain(error, 300)}"
    if type(error).__name__ == "InvalidParameterError":  # scikit-learn keeps the class in a private module
        return SettingsProblem(f"params: {recipe.estimator} refuses a value: {text}")
    return ModelProblem(
        f"{recipe.estimator} could not be fitted: {text}",
        why="The estimator does not suit these columns, this target or its parameters.",
        fix="Change `estimator`, `params` or `features`; try it with ml-auto-update run --autonomy report.",
    )
