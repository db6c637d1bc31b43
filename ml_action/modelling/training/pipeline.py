"""Builds an unfitted scikit-learn pipeline from a recipe. It takes the datasets' own columns.

The pipeline needs no code of this package: it consists of scikit-learn's transformers and of functions of `operator`
and `pandas`. The pickled model loads in a service that has only scikit-learn, pandas and NumPy. The steps accept what a
service sends: null for a missing number, a single row, an unknown category.
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
Step = tuple[str, Any]  # name and transformer, as scikit-learn takes them
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?"
_DATE_SHARE = 0.95  # a few typing errors do not turn dates into a category
_DATE_SAMPLE = 500
_FREQUENT = 5  # rows that a category needs; rarer categories are treated like unknown ones
_MAX_CATEGORIES = 64  # columns per categorical feature: a column of identifiers must not fill the memory


def build_pipeline(recipe: Recipe, by_kind: Mapping[str, list[str]], frame: pd.DataFrame) -> Pipeline:
    """Returns an unfitted pipeline for the recipe.

    Its input is a frame with at least the feature columns. The output of the transformers is a dense float array.

    Args:
        recipe: What to build.
        by_kind: The features by kind (see `kinds`).
        frame: The rows that the pipeline will be fitted on; the categories are taken from these.

    Raises:
        DataError: No feature holds a value.
        SettingsError: The estimator cannot be built.
    """
    merge = recipe.merge_spellings
    vocabulary = {name: _frequent(_folded(frame[name]) if merge else frame[name]) for name in by_kind["category"]}
    columns = {**by_kind, "category": [name for name, values in vocabulary.items() if values]}
    encoded = _categories([vocabulary[name] for name in columns["category"]], merge=merge)
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
    """Returns the features by kind: number (booleans too), date (ISO 8601 text), category, empty.

    An empty column is left out of the model, so that any values may arrive in it later.
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


# The methods of a frame that the steps call. Arguments are positional, because skops keeps no keywords of a
# methodcaller; times are NumPy's, which have a wider range than a Timestamp, and which skops knows.
TO_FLOAT = operator.methodcaller("astype", float)
TO_TEXT = operator.methodcaller("astype", "str")
FILL = operator.methodcaller("fillna", "")
# axis, raw and result_type of `apply`; then errors, dayfirst, yearfirst, utc and format of `pandas.to_datetime`
PARSE = operator.methodcaller("apply", pd.to_datetime, 0, False, None, ("coerce", False, False, True, "ISO8601"))
IN_UTC = operator.methodcaller("apply", np.asarray, 0, False, None, ("datetime64[us]",))
SINCE = operator.methodcaller("sub", np.datetime64(0, "us"))
DAYS = operator.methodcaller("div", np.timedelta64(1, "D"))
ENDS = " \t\r\n\u00a0.,;:!"  # what may be around a label; without it, and in lower case, spellings are the same
WITHOUT_ENDS = operator.methodcaller("map", operator.methodcaller("strip", ENDS))
IN_LOWER_CASE = operator.methodcaller("map", operator.methodcaller("casefold"))
CALLS = (TO_FLOAT, TO_TEXT, FILL, PARSE, IN_UTC, SINCE, DAYS, WITHOUT_ENDS, IN_LOWER_CASE)


def _call(call: operator.methodcaller) -> FunctionTransformer:
    """Returns a step that calls a method of the frame. It is stored by name, from the standard library."""
    return FunctionTransformer(call)


def _numbers() -> Pipeline:
    # astype(float) turns booleans, and the nulls and objects of a request, into numbers that the imputer takes.
    return Pipeline([("float", _call(TO_FLOAT)), *_fill_and_scale()])


def _dates() -> Pipeline:
    """Returns the steps to days since 1970; a value that is no date counts as missing."""
    steps = [("parse", _call(PARSE)), ("utc", _call(IN_UTC)), ("since", _call(SINCE)), ("days", _call(DAYS))]
    return Pipeline([*steps, *_fill_and_scale()])


def _frequent(column: pd.Series) -> list[str]:
    """Returns the categories of the column that get a column of their own, sorted. A missing value is "".

    They are counted here and not by OneHotEncoder(min_frequency=...), which counts object by object in Python and
    takes half of the training time at 275,000 rows.
    """
    counts = column.astype("str").fillna("").value_counts()
    return sorted(map(str, counts[counts >= _FREQUENT].index[:_MAX_CATEGORIES]))


def _folded(column: pd.Series) -> pd.Series:
    """Returns the texts as the steps of the pipeline make one of all spellings."""
    texts = column.astype("str").fillna("")
    return texts.map({text: text.strip(ENDS).casefold() for text in texts.unique()})


def _categories(vocabulary: list[list[str]], *, merge: bool) -> Pipeline:
    categories = [np.array(values, dtype=object) for values in vocabulary]
    encoder = OneHotEncoder(categories=categories, handle_unknown="ignore", sparse_output=False)
    folded = [("ends", _call(WITHOUT_ENDS)), ("case", _call(IN_LOWER_CASE))] if merge else []
    return Pipeline([("text", _call(TO_TEXT)), ("fill", _call(FILL)), *folded, ("encode", encoder)])


def _fill_and_scale() -> list[Step]:
    # keep_empty_features: a column may be empty in the rows of one fold only.
    fill = SimpleImputer(strategy="median", keep_empty_features=True)
    return [("fill", fill), ("scale", StandardScaler())]
