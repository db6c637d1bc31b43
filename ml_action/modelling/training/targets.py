"""Checks that a target can be learned: it is filled, it varies, and its values suit the task; and names its classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml_action.core import cells
from ml_action.core.errors import DataError, SettingsError
from ml_action.core.formatting import cell_text, nearest, quoted_list, sanitised

MANY, ROWS_EACH = 50, 10  # more classes than MANY need so many rows each, on average
MOST = 1_000  # classes: a linear model of more takes minutes for every fit, whatever the rows are


class ConstantTargetError(DataError):
    """The target has the same value in every row."""


def check_filled(name: str, column: pd.Series) -> None:
    """Raises a DataError if a target has no value."""
    if column.empty:
        raise DataError(
            f"The target '{sanitised(name)}' is empty in every row: there is nothing to learn.",
            fix="Check `target`, or wait for datasets in which it is filled.",
        )


def check(name: str, column: pd.Series, task: str, *, private: bool) -> None:
    """Raises an error if the values of a target do not suit the task.

    Args:
        name: The target's name.
        column: Its values, without missing ones.
        task: regression or classification.
        private: Whether no cell may be quoted.

    Raises:
        ConstantTargetError: There is only one value.
        DataError: Regression of text; classes that are fractions, or that are too many to be learned (see
            `too_many_classes`).
    """
    if task == "regression" and not _is_number(column):
        raise DataError(
            f"The target '{sanitised(name)}' holds text, and regression needs numbers.",
            fix="Set `task` to classification, or `target` to a column of numbers.",
        )
    if task == "classification" and pd.api.types.is_float_dtype(column.dtype) and (column % 1 != 0).any():
        raise DataError(
            f"The target '{sanitised(name)}' holds fractions, and classification needs classes.",
            fix="Set `task` to regression with a metric of it, or `target` to a column of classes.",
        )
    count = column.nunique()
    if count < 2:
        raise ConstantTargetError(
            f"The target '{sanitised(name)}' is the same in every row: there is nothing to learn.",
            fix="Check `target`, or wait for datasets in which it differs.",
        )
    if task == "classification" and too_many_classes(count, len(column)):
        raise _many_classes(name, column, count, private=private)


def too_many_classes(count: int, rows: int) -> bool:
    """Whether no classifier could learn so many classes: more than 50 with fewer than 10 rows each, or over 1,000."""
    return count > MOST or (count > MANY and rows < ROWS_EACH * count)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype)


def _many_classes(name: str, column: pd.Series, count: int, *, private: bool) -> DataError:
    """Returns the error for a target of too many classes, with a sample value."""
    sample = sanitised(column.iloc[0], 30)
    what = f"The target '{sanitised(name)}' holds {count:,} different values in {len(column):,} rows, such as '{{}}'"
    if _is_number(column):
        fix = "Set `task` to regression, or `target` to a column of classes."
    else:
        fix = "Write plain numbers such as 1234.5 if they are numbers, or set `target` to a column of classes."
    return DataError(
        cells.written(cells.with_value(f"{what}: too many classes to learn.", sample), private=private),
        why=f"More than {MANY} classes need {ROWS_EACH} rows each on average; more than {MOST:,} are never learned.",
        fix=fix,
    )


def class_named(text: str, column: pd.Series, *, private: bool) -> str | int | bool:
    """Returns the class of the target that a setting names, with the type that estimators get.

    Raises:
        SettingsError: The target has no such class.
    """
    exact = {cell_text(value): value for value in column.unique()}
    classes = {name.casefold(): value for name, value in exact.items()}
    found = exact.get(text, classes.get(text.casefold()))
    if found is None:
        listed = cells.with_value("The classes are {}.", quoted_list(sorted(exact)))
        near = nearest(text, exact) if not private else ""
        raise SettingsError(
            f"positive: '{sanitised(text)}' is no class of the target.",
            why=cells.written(listed, private=private),
            fix=f"Did you mean '{sanitised(near)}'?" if near else "Name one of the classes.",
        )
    if isinstance(found, str):
        return found
    return bool(found) if isinstance(found, bool | np.bool_) else int(found)
