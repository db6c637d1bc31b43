"""The columns of a table: which are features, which hold numbers or text, and the error for a missing one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import cells
from ml_action.core.errors import DataError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.modelling.reading import csv_file
from ml_action.modelling.reading.table import Table

Flags = npt.NDArray[np.bool_]


def automatic_features(table: Table, excluded: Collection[str]) -> tuple[str, ...]:
    """Returns the usual columns without the excluded ones, such as the target, and without unnamed row numbers."""
    return tuple(name for name in usual_columns(table) if name not in excluded and not name.startswith("Unnamed: "))


def usual_columns(table: Table) -> tuple[str, ...]:
    """Returns the columns that at least half of the datasets have, so that one odd file adds none."""
    half = len(table.datasets) / 2
    return tuple(name for name in map(str, table.frame.columns) if table.has(name).sum() >= half)


def mostly_numbers(table: Table, column: pd.Series) -> bool:
    """Whether most of the datasets that have a value in the column have no word in it; NA and the like are none."""
    known = np.asarray(column.notna() & ~column.isin(csv_file.MISSING_MARKS), dtype=bool)
    with_value, with_word = table.any_in(known), table.any_in(known & is_string(column))
    return bool(2 * with_word.sum() <= with_value.sum())


def mixed_columns(table: Table) -> frozenset[str]:
    """Returns the columns of which pandas reads some files as text, and others as something else, such as 7 for 007."""
    return frozenset(
        str(name)
        for name, column in table.frame.items()
        if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in ("mixed", "mixed-integer")
    )


def is_string(column: pd.Series) -> Flags:
    """Per row: whether the value is a string."""
    return np.fromiter((isinstance(value, str) for value in column), dtype=bool, count=len(column))


def homogeneous(column: pd.Series) -> pd.Series:
    """Returns a column without strings as booleans or numbers; whole numbers too large for one type become floats."""
    found = column.infer_objects()
    if found.dtype == object and pd.api.types.infer_dtype(found, skipna=True) not in ("boolean", "empty", "string"):
        return found.astype(np.float64)  # where most files hold numbers, true is 1
    return found


def as_trimmed(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """Returns the names as the table has them: versions of before blanks were taken off may have a name with some."""
    return tuple(name if name in table.frame.columns else name.strip() for name in names)


def require(table: Table, names: Sequence[str]) -> None:
    """Checks that there are datasets and that at least one of them has each of the columns.

    Raises:
        DataError: There is no dataset, or a column is missing from all of them.
    """
    if not table.datasets:
        raise DataError("No dataset could be read.", fix="See the reasons they were set aside for, and fix the files.")
    for name in names:
        if name not in table.frame.columns:
            raise _missing(name, table)


def _missing(name: str, table: Table) -> DataError:
    """Returns an error that lists the columns and suggests the most similar one."""
    known = list(map(str, table.frame.columns))
    near = nearest(name, known)
    listed = "The columns are {}."  # without a header, they are the cells of a row
    if table.private:
        near = ""
    return DataError(
        f"No dataset has the column '{sanitised(name)}'.",
        why=cells.written(cells.with_value(listed, quoted_list(known)), private=table.private),
        fix=f"Did you mean '{near}'?" if near else "Set `target` and `features` to columns of the datasets.",
    )
