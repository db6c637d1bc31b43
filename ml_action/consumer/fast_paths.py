"""The steps of a pipeline of ours (modelling/recipes.py) computed from plain rows, without a frame.

Operation by operation what scikit-learn does, in its order, so that the bits are the same. Nothing here is trusted:
`answering` compares before it uses it.
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
Way = Callable[[Sequence[Row]], Array]
Block = Callable[[Sequence[Row]], Array]
_NUMBER, _CATEGORY = ("float", "fill", "scale"), ("text", "fill", "encode")


def of(model: Any, features: Sequence[str]) -> dict[str, Way]:
    """Ways to predict, the shortest first; none for a model of another make."""
    blocks = _blocks(model, features)
    if not blocks:
        return {}
    estimator = model.steps[-1][1]
    matrix = _matrix(blocks)
    ways: dict[str, Way] = {}
    if is_regressor(estimator) and hasattr(estimator, "coef_") and hasattr(estimator, "intercept_"):
        weights, intercept = np.asarray(estimator.coef_).T, estimator.intercept_
        ways["linear"] = lambda rows: np.asarray(matrix(rows) @ weights + intercept)
    ways["matrix"] = lambda rows: np.asarray(estimator.predict(matrix(rows)))
    return ways


def _matrix(blocks: Sequence[Block]) -> Block:
    """What the estimator is given, (n, columns)."""
    if len(blocks) == 1:
        return blocks[0]
    return lambda rows: np.hstack([block(rows) for block in blocks])


def _blocks(model: Any, features: Sequence[str]) -> list[Block]:
    """One for each kind of column; none when there is a step that is not known."""
    if not isinstance(model, Pipeline) or len(model.steps) != 2 or not isinstance(model.steps[0][1], ColumnTransformer):
        return []
    found = []
    for name, steps, columns in model.steps[0][1].transformers_:
        if name == "remainder" and steps == "drop":
            continue
        if not isinstance(steps, Pipeline) or not set(columns) <= set(features):
            return []
        make = {_NUMBER: _numbers, _CATEGORY: _categories}.get(tuple(step for step, _ in steps.steps))
        if make is None:
            return []
        found.append(make(steps, list(columns)))
    return found


def _numbers(steps: Pipeline, columns: list[str]) -> Block:
    middles = steps.named_steps["fill"].statistics_
    mean, scale = steps.named_steps["scale"].mean_, steps.named_steps["scale"].scale_

    def block(rows: Sequence[Row]) -> Array:
        values = np.array([[row.get(name) for name in columns] for row in rows], dtype=np.float64)
        holes = np.isnan(values)
        if holes.any():
            values = np.where(holes, middles, values)
        values -= mean
        values /= scale
        return values

    return block


def _categories(steps: Pipeline, columns: list[str]) -> Block:
    known = [list(map(str, values)) for values in steps.named_steps["encode"].categories_]
    starts = np.cumsum([0, *map(len, known)]).tolist()
    places = [
        {value: start + at for at, value in enumerate(values)} for values, start in zip(known, starts, strict=False)
    ]
    width = starts[-1]

    def block(rows: Sequence[Row]) -> Array:
        encoded = np.zeros((len(rows), width))
        for at, row in enumerate(rows):
            for name, place in zip(columns, places, strict=True):
                value = row.get(name)
                here = place.get("" if value is None else str(value))
                if here is not None:
                    encoded[at, here] = 1.0
        return encoded

    return block
