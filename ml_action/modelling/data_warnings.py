"""What makes a person look twice before a loop is built on these data: each doubt is a sentence with what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_action.core.formatting import cell_text, percent, quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.training import pipeline

TOO_GOOD, USELESS = 0.995, 0.02  # of what can be reached: hardly any task is so easy, or is worth a loop
ONE_VALUE = 0.5  # of the rows: of a target that is mostly one number, an average error tells the others
LOOKED_AT = 200  # cells of a column
MANY = 20  # different words: fewer are classes, whatever they look like
MONEY = re.compile(r"\s*[-+]?[$€£¥]?\s*[-+]?\d[\d.,'\s]*[$€£¥%]?\s*")
DATE = re.compile(r"\s*(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{2,4})([T ].*)?")


def warnings_for(frame: pd.DataFrame, recipe: Recipe, scores: Mapping[str, float], metric: str) -> Iterator[str]:
    """All of them; `scores`: of each estimator on rows that it has not seen, where there are any."""
    target = frame[recipe.outputs[0]]
    if scores:
        yield from _of_score(frame, recipe, max(scores.values()), metric)
    if recipe.task == "regression":
        yield from _of_one_value(target)
    yield from _of_words(frame, recipe.features)


def _of_score(frame: pd.DataFrame, recipe: Recipe, best: float, metric: str) -> Iterator[str]:
    """Too good, or not good at all."""
    target = recipe.outputs[0]
    floor = _score_of_dummy(frame[target], metric)
    if floor is None:
        return
    if best >= TOO_GOOD:
        telling = [name for name in recipe.features if _tells(frame[name], frame[target])]
        who = f"{quoted_list(telling)} alone tells it" if telling else "something among the columns may tell it"
        yield (
            f"'{sanitised(target)}' is predicted almost without error: {who}; if that is not known before the "
            f"answer is, "
            "leave it out: name the others with --features"
        )
    elif best <= floor + USELESS * (1 - floor):
        yield (
            f"nothing here predicts '{sanitised(target)}' better than its usual value does ({metric} "
            f"{best:.3f}); choose "
            "another --target, or collect columns that tell more of it"
        )


def _score_of_dummy(target: pd.Series, metric: str) -> float | None:
    """The score of who knows nothing; None: of that metric it is not known here."""
    known = {"r2": 0.0, "roc_auc": 0.5, "accuracy": float(target.value_counts(normalize=True).max())}
    return known.get(metric)


def _tells(column: pd.Series, target: pd.Series) -> bool:
    """Whether one column is nearly the target in other words."""
    numbers = [pd.to_numeric(one, errors="coerce") for one in (column, target)]
    if all(one.notna().any() and one.nunique() > 1 for one in numbers):  # noqa: PD101  gaps do not count
        return bool(abs(numbers[0].corr(numbers[1])) >= TOO_GOOD)
    return 1 < column.nunique() <= MANY and bool(target.groupby(column).nunique().max() == 1)


def _of_one_value(target: pd.Series) -> Iterator[str]:
    shares = target.value_counts(normalize=True)
    if shares.iloc[0] > ONE_VALUE:
        value, share = cell_text(shares.index[0]), percent(shares.iloc[0], 0)
        yield (
            f"{share} of the rows have '{sanitised(target.name)}' = {value}: errors hang on the few others; predict "
            f"whether it is {value} first (a column with yes and no)"
        )


def _of_words(frame: pd.DataFrame, features: Sequence[str]) -> Iterator[str]:
    """Columns of text that a person would read as numbers or dates."""
    texts = list(pipeline.kinds(frame, features)["category"])
    for shape, kind, do in (
        (DATE, "dates", "write them as 2024-03-31, and their days are counted"),
        (MONEY, "numbers with signs", "write plain numbers such as 1234.5"),
    ):
        found = [name for name in texts if _looks_like(shape, frame[name])]
        texts = [name for name in texts if name not in found]
        if found:
            yield f"{quoted_list(found)}: {kind}, which are read as words and tell a model next to nothing; {do}"


def _looks_like(shape: re.Pattern[str], column: pd.Series) -> bool:
    words = pd.Series(column.dropna().unique()[:LOOKED_AT], dtype=object)
    return len(words) > MANY and bool(np.mean([bool(shape.fullmatch(str(one))) for one in words]) > 0.9)
