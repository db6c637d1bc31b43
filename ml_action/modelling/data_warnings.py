"""Warns of data that a loop should not be built on unchecked. Each warning is a sentence with what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_action.core.formatting import cell_text, percent, quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.training import pipeline

TOO_GOOD, USELESS = 0.995, 0.02  # of the possible score: few tasks are so easy, or worth a loop with so little
ONE_VALUE = 0.5  # of the rows: an average error says little about a target that is mostly one number
ENOUGH_ROWS = 60  # twice what the gate asks for
SAMPLE = 200  # cells of a column
MAX_CLASSES = 20  # distinct texts: a column of fewer is a category, whatever it looks like
MONEY = re.compile(r"\s*+[-+]?+[$€£¥]?+\s*+[-+]?+\d[\d.,'\s]*+[$€£¥%]?+\s*+")
DATE = re.compile(r"\s*+(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{2,4})([T ].*)?")


def warnings_for(frame: pd.DataFrame, recipe: Recipe, scores: Mapping[str, float], metric: str) -> Iterator[str]:
    """Yields every warning.

    Args:
        frame: The rows.
        recipe: What would be trained.
        scores: The score of each estimator on unseen rows, if any was computed.
        metric: The metric of these scores.
    """
    target = frame[recipe.outputs[0]]
    if scores:
        yield from _of_score(frame, recipe, max(scores.values()), metric)
    if recipe.task == "regression":
        yield from _of_frequent_value(target)
    yield from _of_text(frame, recipe.features)


def _of_score(frame: pd.DataFrame, recipe: Recipe, best: float, metric: str) -> Iterator[str]:
    """Warns of a score that is too good, or no better than the dummy's."""
    target = recipe.outputs[0]
    floor = _score_of_dummy(frame[target], metric)
    if floor is None:
        return
    if best >= TOO_GOOD:
        leaks = [name for name in recipe.features if _determines(frame[name], frame[target])]
        source = f"{quoted_list(leaks)} alone determines it" if leaks else "some of the columns may determine it"
        yield (
            f"'{sanitised(target)}' is predicted almost without error: {source}; if that is not known before the "
            "target is, leave it out: name the other columns with --features"
        )
    elif _is_useless(best, floor):
        yield (
            f"no column predicts '{sanitised(target)}' better than its usual value does ({metric} {best:.3f}); choose "
            "another --target, or collect columns that are related to it"
        )


def is_hopeless(frame: pd.DataFrame, recipe: Recipe, scores: Mapping[str, float], metric: str) -> bool:
    """Whether no estimator predicts the target better than its usual value does; false where that is not known.

    The scores of a few rows say nothing.
    """
    floor = _score_of_dummy(frame[recipe.outputs[0]], metric) if scores and len(frame) >= ENOUGH_ROWS else None
    return floor is not None and _is_useless(max(scores.values()), floor)


def _is_useless(best: float, floor: float) -> bool:
    return best <= floor + USELESS * (1 - floor)


def _score_of_dummy(target: pd.Series, metric: str) -> float | None:
    """Returns the score of a constant prediction; None if it is not known for this metric."""
    known = {"r2": 0.0, "roc_auc": 0.5, "accuracy": float(target.value_counts(normalize=True).max())}
    return known.get(metric)


def _determines(column: pd.Series, target: pd.Series) -> bool:
    """Whether one column nearly equals the target, up to scale or names."""
    numbers = [pd.to_numeric(values, errors="coerce") for values in (column, target)]
    if all(values.notna().any() and values.nunique() > 1 for values in numbers):  # noqa: PD101  gaps do not count
        return bool(abs(numbers[0].corr(numbers[1])) >= TOO_GOOD)
    return 1 < column.nunique() <= MAX_CLASSES and bool(target.groupby(column).nunique().max() == 1)


def _of_frequent_value(target: pd.Series) -> Iterator[str]:
    shares = target.value_counts(normalize=True)
    if shares.iloc[0] > ONE_VALUE:
        value, share = cell_text(shares.index[0]), percent(shares.iloc[0], 0)
        yield (
            f"{share} of the rows have '{sanitised(target.name)}' = {value}: the error depends on the few others; "
            f"predict first whether it is {value} (a column with yes and no)"
        )


def _of_text(frame: pd.DataFrame, features: Sequence[str]) -> Iterator[str]:
    """Warns of columns of text that a person would read as numbers or dates."""
    texts = list(pipeline.kinds(frame, features)["category"])
    for matches, kind, fix in (
        (DATE.fullmatch, "dates", "write them as 2024-03-31, and their days are counted"),
        (MONEY.fullmatch, "numbers with signs", "write plain numbers such as 1234.5"),
    ):
        found = [name for name in texts if _look_alike(matches, frame[name])]
        texts = [name for name in texts if name not in found]
        if found:
            yield f"{quoted_list(found)}: {kind}, which are read as text and are of little use to a model; {fix}"


def _look_alike(matches: Callable[[str], object], column: pd.Series) -> bool:
    values = pd.Series(column.dropna().unique()[:SAMPLE], dtype=object)
    found = [bool(matches(str(value))) for value in values]
    return len(values) > MAX_CLASSES and bool(np.mean(found) > 0.9)
