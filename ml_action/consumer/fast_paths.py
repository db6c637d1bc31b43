"""The steps of our pipelines (modelling/training/pipeline.py) computed from plain rows, without a frame.

Operation by operation what scikit-learn does, in its order, so that every bit is the same. None of it is trusted:
`prediction` compares the results before it uses a path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

Row = Mapping[str, object]
Array = npt.NDArray[Any]
PredictFunction = Callable[[Sequence[Row]], Array]
Block = Callable[[Sequence[Row]], Array]  # rows to the matrix of some columns, (n, columns)
_NUMBER, _CATEGORY = ("float", "fill", "scale"), ("text", "fill", "encode")


def fast_paths(model: Any, features: Sequence[str]) -> dict[str, PredictFunction]:
    """Returns ways to predict by name, the fastest first; empty for a model that is not one of our pipelines."""
    blocks = _blocks(model, features)
    if not blocks:
        return {}
    estimator = model.steps[-1][1]
    matrix = _matrix(blocks)
    paths: dict[str, PredictFunction] = {}
    if is_regressor(estimator) and hasattr(estimator, "coef_") and hasattr(estimator, "intercept_"):
        weights, intercept = np.asarray(estimator.coef_).T, estimator.intercept_
        paths["linear"] = lambda rows: np.asarray(matrix(rows) @ weights + intercept)
    paths["matrix"] = lambda rows: np.asarray(estimator.predict(matrix(rows)))
    return paths


def known_categories(model: Any) -> dict[str, list[str]]:
    """Returns the categories that one of our pipelines encodes, by feature; empty for another model."""
    if not isinstance(model, Pipeline) or not isinstance(model.steps[0][1], ColumnTransformer):
        return {}
    return {
        column: list(map(str, values))
        for _, steps, columns in model.steps[0][1].transformers_
        if isinstance(steps, Pipeline) and tuple(step for step, _ in steps.steps) == _CATEGORY
        for column, values in zip(columns, steps.named_steps["encode"].categories_, strict=False)
    }


def _matrix(blocks: Sequence[Block]) -> Block:
    """Returns the function that computes the estimator's input, (n, columns)."""
    if len(blocks) == 1:
        return blocks[0]
    return lambda rows: np.hstack([block(rows) for block in blocks])


def _blocks(model: Any, features: Sequence[str]) -> list[Block]:
    """Returns a block for each kind of column; empty if the pipeline has a step that is not known."""
    if not isinstance(model, Pipeline) or len(model.steps) != 2 or not isinstance(model.steps[0][1], ColumnTransformer):
        return []
    blocks = []
    for name, steps, columns in model.steps[0][1].transformers_:
        if name == "remainder" and steps == "drop":
            continue
        if not isinstance(steps, Pipeline) or not set(columns) <= set(features):
            return []
        make = {_NUMBER: _numbers, _CATEGORY: _categories}.get(tuple(step for step, _ in steps.steps))
        if make is None:
            return []
        blocks.append(make(steps, list(columns)))
    return blocks


def _numbers(steps: Pipeline, columns: list[str]) -> Block:
    fill = steps.named_steps["fill"].statistics_
    mean, scale = steps.named_steps["scale"].mean_, steps.named_steps["scale"].scale_

    def block(rows: Sequence[Row]) -> Array:
        # Column by column in memory, as a frame's values are: BLAS sums a matrix of another order in another order.
        values = np.array([[row.get(name) for name in columns] for row in rows], dtype=np.float64, order="F")
        missing = np.isnan(values)
        if missing.any():
            values = np.where(missing, fill, values)
        values -= mean
        values /= scale
        return values

    return block


def _categories(steps: Pipeline, columns: list[str]) -> Block:
    known = [list(map(str, values)) for values in steps.named_steps["encode"].categories_]
    starts = np.cumsum([0, *map(len, known)]).tolist()
    positions = [
        {value: start + index for index, value in enumerate(values)}
        for values, start in zip(known, starts, strict=False)
    ]
    width = starts[-1]

    def block(rows: Sequence[Row]) -> Array:
        encoded = np.zeros((len(rows), width))
        for index, row in enumerate(rows):
            for name, of_value in zip(columns, positions, strict=True):
                value = row.get(name)
                position = of_value.get("" if value is None else str(value))
                if position is not None:
                    encoded[index, position] = 1.0
        return encoded

    return block
