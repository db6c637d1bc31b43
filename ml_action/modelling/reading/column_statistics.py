"""Each dataset in a few numbers per column: medians, sizes, shares. All datasets at once, by grouped arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import formatting
from ml_action.modelling.reading.table import Table

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

MIN_ROWS = 5  # with fewer rows, "all the same" says little
MAX_SQUARABLE = 1e150  # larger numbers are clipped, so that differences and quotients stay finite


@dataclass(frozen=True, eq=False)
class ColumnStatistics:
    """Statistics per dataset (rows of each array) and number column (columns of each array)."""

    names: tuple[str, ...]
    centre: Floats  # median; NaN without a value
    size: Floats  # logarithm of the median absolute value; NaN where that is zero
    counts: Integers  # rows per dataset

    def spread_factors(self, usual_rows: float | None = None) -> Floats:
        """Per dataset: how many times more the median of its rows varies than that of the usual number of rows.

        Without `usual_rows`, the mean of these datasets is usual.
        """
        if usual_rows is None:
            usual_rows = float(self.counts.mean()) if len(self.counts) else 1.0
        return np.asarray(np.maximum(1.0, np.sqrt(usual_rows / np.maximum(self.counts, 1))), dtype=np.float64)


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers, and not booleans."""
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def kind_of(column: pd.Series) -> str:
    """Returns number, boolean, text, or empty: a column without a value may hold anything later."""
    if not column.notna().any():
        return "empty"
    if is_number(column):
        return "number"
    return "boolean" if pd.api.types.infer_dtype(column, skipna=True) == "boolean" else "text"


def as_text(column: pd.Series) -> pd.Series:
    """Returns the column as text, each cell as `formatting.cell_text` writes it.

    So "12" stays "12" even if a gap or a fraction elsewhere makes floats of the column. Each distinct value is
    formatted once.
    """
    if pd.api.types.infer_dtype(column, skipna=True) in ("mixed", "mixed-integer"):
        cells = [
            cell if missing else formatting.cell_text(cell) for cell, missing in zip(column, column.isna(), strict=True)
        ]
        return pd.Series(cells, index=column.index, dtype="str")  # true and 1 are one value to a hash table
    codes, values = pd.factorize(column)
    known = np.array([*map(formatting.cell_text, values.tolist()), None], dtype=object)
    return pd.Series(known[codes], index=column.index, dtype="str")


def compute(table: Table, columns: tuple[str, ...]) -> ColumnStatistics:
    """Returns the statistics of all datasets of the table, for those of the columns that hold numbers."""
    names = tuple(name for name in columns if is_number(table.frame[name]))
    values = np.clip(table.frame[list(names)].to_numpy(dtype=np.float64), -MAX_SQUARABLE, MAX_SQUARABLE)
    centre = _medians(values, table)
    with np.errstate(divide="ignore"):
        size = np.log(_medians(np.abs(values), table))
    return ColumnStatistics(names, centre, np.where(np.isfinite(size), size, np.nan), table.counts)


def _medians(values: Floats, table: Table) -> Floats:
    """(datasets, columns): the medians of (rows, columns)."""
    if not values.shape[1]:
        return np.zeros((len(table.datasets), 0))
    found = pd.DataFrame(values).groupby(table.cluster, sort=True).median()
    return found.reindex(range(len(table.datasets))).to_numpy(dtype=np.float64)


def missing_shares(table: Table, column: str) -> Floats:
    """Per dataset: the share of rows without a value."""
    return shares(table, table.frame[column].isna().to_numpy())


def shares(table: Table, rows: Flags) -> Floats:
    """Per dataset: the share of its rows that are marked; 0 without rows."""
    marked = np.bincount(table.cluster[rows], minlength=len(table.datasets))
    return np.asarray(marked / np.maximum(table.counts, 1), dtype=np.float64)


def is_constant(table: Table, column: str) -> Flags:
    """Per dataset: whether it has at least `MIN_ROWS` rows, and a single value in the column."""
    codes = pd.factorize(table.frame[column])[0]
    counts = table.counts
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    held = counts > 0
    same = np.ones(len(counts), dtype=bool)
    same[held] = np.maximum.reduceat(codes, starts[held]) == np.minimum.reduceat(codes, starts[held])
    return same & (counts >= MIN_ROWS)


def distinct_counts(table: Table, column: str) -> Floats:
    """Per dataset: the number of distinct values in the column."""
    found = distinct_values(table, table.frame[column])
    return np.bincount(found.datasets, minlength=len(table.datasets)).astype(np.float64)


class DistinctValues(NamedTuple):
    """Each dataset with each distinct value that it holds."""

    datasets: Integers  # positions
    codes: Integers  # numbers of the values


def distinct_values(table: Table, column: pd.Series) -> DistinctValues:
    """Returns each pair of a dataset and a value that it holds, once; missing values are none."""
    codes, values = pd.factorize(column)
    known = codes >= 0
    found = np.unique(table.cluster[known] * max(len(values), 1) + codes[known])
    return DistinctValues(found // max(len(values), 1), found % max(len(values), 1))
