"""Fitting: the same recipe on the same rows gives the same model."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from ml_action.core import cells
from ml_action.core.errors import DataError, ModelError, SettingsError
from ml_action.core.formatting import sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training.pipeline import ESTIMATOR, build_pipeline, kinds


def fit(recipe: Recipe, table: Table, rows: npt.NDArray[Any]) -> Any:
    """Returns a pipeline fitted on these rows, weighted by the recipe's `weight` column.

    It uses one BLAS and OpenMP thread: sums that are split over threads are rounded in an order that varies. The kinds
    of columns are those of the whole table, so that all fits of an attempt use the same columns.

    Args:
        recipe: What to fit.
        table: The data.
        rows: A mask or positions.

    Raises:
        ModelError: The estimator fails; with its message.
        SettingsError: The estimator rejects a parameter.
        DataError: Every row has weight 0.
    """
    frame = table.frame.loc[rows, list(recipe.features)]
    pipeline = build_pipeline(recipe, kinds(table.frame, recipe.features), frame)
    target, weight = labels(recipe, table)[rows], weights(recipe, table)
    weighted = {} if weight is None else {f"{ESTIMATOR}__sample_weight": weight[rows]}
    if weight is not None and not weight[rows].any():
        raise _weightless(recipe)
    with threadpool_limits(limits=1):
        try:
            return pipeline.fit(frame, target, **weighted)
        except Exception as error:  # an estimator may raise anything at all
            raise failure(recipe, error, private=table.private) from error


def labels(recipe: Recipe, table: Table) -> npt.NDArray[Any]:
    """Returns the target of each row as estimators take it: floats, or classes as integers, booleans or text.

    For several targets the shape is (rows, targets). Rows without a target must have been dropped
    (`validation.datasets.validate`).
    """
    if len(recipe.outputs) > 1:
        return table.frame[list(recipe.outputs)].to_numpy(dtype=np.float64)
    column = table.frame[recipe.outputs[0]]
    if recipe.task == "regression":
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_float_dtype(column.dtype) and (column == np.floor(column)).all():
        return column.to_numpy(dtype=np.int64)  # whole numbers are floats if a value was missing somewhere
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy()
    if pd.api.types.infer_dtype(column) == "boolean":
        return column.to_numpy(dtype=bool)
    return column.astype("str").to_numpy(dtype=object)


def weights(recipe: Recipe, table: Table) -> npt.NDArray[np.float64] | None:
    """Returns the weight of each row; None if all are equal."""
    return table.frame[recipe.weight].to_numpy(dtype=np.float64) if recipe.weight else None


class TargetAndWeight(NamedTuple):
    """The target and the weight of each row; None if all weights are equal."""

    target: npt.NDArray[Any]
    weight: npt.NDArray[np.float64] | None


def target_and_weights(recipe: Recipe, table: Table, rows: npt.NDArray[np.bool_]) -> TargetAndWeight:
    """Returns the targets and weights of the marked rows."""
    weight = weights(recipe, table)
    return TargetAndWeight(labels(recipe, table)[rows], None if weight is None else weight[rows])


def has_weight(recipe: Recipe, table: Table) -> npt.NDArray[np.bool_]:
    """Returns, for each row, whether its weight is above 0. Only such rows are scored."""
    weight = weights(recipe, table)
    return np.ones(len(table.frame), dtype=bool) if weight is None else np.asarray(weight > 0, dtype=bool)


def _weightless(recipe: Recipe) -> DataError:
    return DataError(
        f"All rows to learn from have the weight 0 in '{sanitised(recipe.weight)}'.",
        fix="Check `weight`, or wait for datasets with rows that count.",
    )


def failure(
    recipe: Recipe, error: Exception, what: str = "could not be fitted", *, private: bool
) -> ModelError | SettingsError:
    """Turns what an estimator raised into one of our errors. Of `private` data no cell is quoted."""
    message = cells.of_error(error, sanitised(error, 300))
    text = cells.written(message, private=private)
    if type(error).__name__ == "InvalidParameterError":  # scikit-learn keeps the class in a private module
        return SettingsError(f"params: {recipe.estimator} refuses a value: {cells.written(message, private=False)}")
    return ModelError(
        f"{recipe.estimator} {what}: {text}",
        why="The estimator does not suit these columns, this target or its parameters.",
        fix="Change `estimator`, `params` or `features`; try it with ml-auto-update run --autonomy report.",
    )
