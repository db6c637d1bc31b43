"""From a recipe to an unfitted scikit-learn pipeline that takes the datasets' own columns.

Everything in the pipeline is importable without this package: scikit-learn's transformers, `operator` and
`pandas` functions. The pickled model loads in a service that has scikit-learn, pandas and numpy and nothing
of ours. The steps accept what a service sends: null for a missing number, one row, a category never seen.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from ml_action.core.errors import DataError
from ml_action.core.records.model import Recipe
from ml_action.modelling.training import estimators

ESTIMATOR = "estimator"  # the last step's name
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"
_DATE_SHARE = 0.95  # a few slips do not make dates a category
_DATE_SAMPLE = 500
_FREQUENT = 5  # rows that a category must be met in; rarer ones and unknown ones are treated alike
_MOST = 64  # columns per categorical feature: a column of identifiers must not fill the memory


def build_pipeline(recipe: Recipe, by_kind: Mapping[str, list[str]], frame: pd.DataFrame) -> Pipeline:
    """An unfitted pipeline for the recipe. `by_kind` sorts its features (see `kinds`); `frame` holds the rows
    that it will be fitted on, from which the categories are taken.

    Input: a frame with at least the feature columns. Output of the transformers: a dense float array.
    Raises DataError when no feature holds a value, SettingsError for the estimator.
    """
    vocabulary = {name: _frequent(frame[name]) for name in by_kind["category"]}
    columns = {**by_kind, "category": [name for name, values in vocabulary.items() if values]}
    encoded = _categories([vocabulary[name] for name in columns["category"]])
    steps = {"number": _numbers(), "date": _dates(), "category": encoded}
    used = [(kind, step, columns[kind]) for kind, step in steps.items() if columns[kind]]
    if not used:
        raise DataError(
            "No feature column holds anything to learn from.",
            why="Each of them is empty, or text in which nothing is repeated.",
            fix="Check `features` and the datasets' header lines.",
        )
    # Output must be dense: several estimators, HistGradientBoosting among them, take no sparse matrix.
    prepared = ColumnTransformer(used, remainder="drop", sparse_threshold=0.0)
    estimator = estimators.for_outputs(estimators.build_from_recipe(recipe), len(recipe.outputs))
    return Pipeline([("columns", prepared), (ESTIMATOR, estimator)])


def kinds(frame: pd.DataFrame, features: Sequence[str]) -> dict[str, list[str]]:
    """The features by kind: number (booleans too), date (ISO 8601 text), category, empty.

    An empty column is left out of the model, which then does not mind what arrives in it one day.
    """
    found: dict[str, list[str]] = {"number": [], "date": [], "category": [], "empty": []}
    for name in features:
        found[_kind(frame[name])].append(name)
    return found


def _kind(column: pd.Series) -> str:
    if not column.notna().any():
        return "empty"
    if pd.api.types.is_numeric_dtype(column.dtype):  # booleans are numeric to pandas
        return "number"
    if pd.api.types.infer_dtype(column, skipna=True) in {
        "boolean",
        "integer",
        "floating",
        "mixed-integer-float",
    }:
        return "number"
    return "date" if _holds_dates(column) else "category"


def _holds_dates(column: pd.Series) -> bool:
    """Whether nearly all of the first few hundred distinct values are ISO 8601 dates or times."""
    values = pd.Series(column.dropna().unique()[:_DATE_SAMPLE]).astype("str")
    if values.str.fullmatch(_DATE).mean() < _DATE_SHARE:
        return False
    return bool(pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True).notna().mean() >= _DATE_SHARE)


# What the steps call, on a frame: by position, since skops keeps no keywords of a methodcaller, and with NumPy's times,
# which reach farther than a Timestamp does and which skops knows.
TO_FLOAT = operator.methodcaller("astype", float)
TO_TEXT = operator.methodcaller("astype", "str")
FILL = operator.methodcaller("fillna", "")
# errors, dayfirst, yearfirst, utc, format of `pandas.to_datetime`, behind axis, raw and result_type of `apply`
PARSE = operator.methodcaller("apply", pd.to_datetime, 0, False, None, ("coerce", False, False, True, "ISO8601"))
IN_UTC = operator.methodcaller("apply", np.asarray, 0, False, None, ("datetime64[us]",))
SINCE = operator.methodcaller("sub", np.datetime64(0, "us"))
DAYS = operator.methodcaller("div", np.timedelta64(1, "D"))
CALLS = (TO_FLOAT, TO_TEXT, FILL, PARSE, IN_UTC, SINCE, DAYS)


def _call(call: operator.methodcaller) -> FunctionTransformer:
    """A step that calls a method of the frame: written by name, from the standard library."""
    return FunctionTransformer(call)


def _numbers() -> Pipeline:
    # astype(float) turns booleans, and the nulls and objects of a request, into what the imputer takes.
    return Pipeline([("float", _call(TO_FLOAT)), *_fill_and_scale()])


def _dates() -> Pipeline:
    """Days since 1970; what is no date counts as missing."""
    steps = [("parse", _call(PARSE)), ("utc", _call(IN_UTC)), ("since", _call(SINCE)), ("days", _call(DAYS))]
    return Pipeline([*steps, *_fill_and_scale()])


def _frequent(column: pd.Series) -> list[str]:
    """The categories of the column (missing is "") that get a column of their own, sorted.

    Counted here and not by OneHotEncoder(min_frequency=...), which counts object by object in Python and
    takes half of the training time at 275,000 rows.
    """
    counts = column.astype("str").fillna("").value_counts()
    return sorted(map(str, counts[counts >= _FREQUENT].index[:_MOST]))


def _categories(vocabulary: list[list[str]]) -> Pipeline:
    categories = [np.array(values, dtype=object) for values in vocabulary]
    encoder = OneHotEncoder(categories=categories, handle_unknown="ignore", sparse_output=False)
    return Pipeline([("text", _call(TO_TEXT)), ("fill", _call(FILL)), ("encode", encoder)])


def _fill_and_scale() -> list[tuple[str, Any]]:
    # keep_empty_features: a column may be empty in the rows of one fold only.
    fill = SimpleImputer(strategy="median", keep_empty_features=True)
    return [("fill", fill), ("scale", StandardScaler())]
