"""The columns of a table: which are features, which hold numbers, and what to say of one that is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.errors import DataError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.modelling.reading import csv_file
from ml_action.modelling.reading.table import Table


def automatic_features(table: Table, apart: Collection[str]) -> tuple[str, ...]:
    """Every usual column but those that stand apart, such as the target. Unnamed ones are row numbers."""
    return tuple(name for name in usual_columns(table) if name not in apart and not name.startswith("Unnamed: "))


def usual_columns(table: Table) -> tuple[str, ...]:
    """The columns that at least half of the datasets have: what one odd file brings along means nothing."""
    half = len(table.datasets) / 2
    return tuple(name for name in map(str, table.frame.columns) if table.has(name).sum() >= half)


def mostly_numbers(table: Table, column: pd.Series) -> bool:
    """Whether most of the datasets that have a value in the column have no text in it."""
    with_value = table.any_in(column.notna().to_numpy())
    with_text = table.any_in(texts(column))
    return bool(2 * with_text.sum() <= with_value.sum())


def texts(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Per row: whether the value is text."""
    return np.fromiter((isinstance(value, str) for value in column), dtype=bool, count=len(column))


def homogeneous(column: pd.Series) -> pd.Series:
    """A column without text as what it is: booleans, or numbers; of whole numbers too large for one type, floats."""
    found = column.infer_objects()
    if found.dtype == object and pd.api.types.infer_dtype(found, skipna=True) not in ("boolean", "empty", "string"):
        return found.astype(np.float64)  # where most files hold numbers, true is 1
    return found


def is_text(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Per row: whether the value is text and could be nothing else."""
    return np.fromiter((csv_file.is_text(value) for value in column), dtype=bool, count=len(column))


def require(table: Table, names: Sequence[str]) -> None:
    """Raises DataError when there is no dataset at all, or none of them has one of the columns."""
    if not table.datasets:
        raise DataError("No dataset could be read.", fix="See the reasons they were set aside for, and mend the files.")
    for name in names:
        if name not in table.frame.columns:
            raise _missing(name, table)


def _missing(name: str, table: Table) -> DataError:
    """What columns there are, and which one was probably meant."""
    at_hand = list(map(str, table.frame.columns))
    near = nearest(name, at_hand)
    return DataError(
        f"No dataset has the column '{sanitised(name)}'.",
        why=f"The columns are {quoted_list(at_hand)}.",
        fix=f"Did you mean '{near}'?" if near else "Set `target` and `features` to columns of the datasets.",
    )
