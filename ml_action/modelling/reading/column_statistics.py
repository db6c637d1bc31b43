"""Each dataset in a few figures per column: medians, sizes, shares. All datasets at once, by grouped arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import formatting
from ml_action.modelling.reading.table import Table

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_ROWS = 5  # below it "all the same" says little
MAX_SQUARABLE = 1e150  # larger figures are cut: the differences and quotients of what is left stay finite


@dataclass(frozen=True, eq=False)
class ColumnStatistics:
    """Figures per dataset (rows of each array) and number column (columns of each array)."""

    names: tuple[str, ...]
    centre: Floats  # median; NaN without a value
    size: Floats  # logarithm of the median absolute value; NaN where that is zero
    counts: npt.NDArray[np.int64]  # rows per dataset

    def fewer_than(self, usual: float) -> Floats:
        """Per dataset: by how much a median of its rows varies more than one of the usual number of rows."""
        return np.asarray(np.maximum(1.0, np.sqrt(usual / np.maximum(self.counts, 1))), dtype=np.float64)

    @property
    def fewer(self) -> Floats:
        """The same, against these very datasets."""
        return self.fewer_than(float(self.counts.mean()) if len(self.counts) else 1.0)


def is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers, and not booleans."""
    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)


def kind_of(column: pd.Series) -> str:
    """number, boolean, text, or empty: a column without a value may hold anything one day."""
    if not column.notna().any():
        return "empty"
    if is_number(column):
        return "number"
    return "boolean" if pd.api.types.infer_dtype(column, skipna=True) == "boolean" else "text"


def words(column: pd.Series) -> pd.Series:
    """The column as text, cell by cell as `figures.word` has it: a gap or a fraction elsewhere makes "12" of no other.

    Each value is looked at once.
    """
    if pd.api.types.infer_dtype(column, skipna=True) in ("mixed", "mixed-integer"):
        spelled = [
            cell if missing else formatting.cell_text(cell) for cell, missing in zip(column, column.isna(), strict=True)
        ]
        return pd.Series(spelled, index=column.index, dtype="str")  # true and 1 are one value to a hash table
    codes, values = pd.factorize(column)
    known = np.array([*map(formatting.cell_text, values.tolist()), None], dtype=object)
    return pd.Series(known[codes], index=column.index, dtype="str")


def compute(table: Table, columns: tuple[str, ...]) -> ColumnStatistics:
    """The portraits of all datasets of the table, over those of the columns that hold numbers."""
    names = tuple(name for name in columns if is_number(table.frame[name]))
    values = np.clip(table.frame[list(names)].to_numpy(dtype=np.float64), -MAX_SQUARABLE, MAX_SQUARABLE)
    centre = _medians(values, table)
    with np.errstate(divide="ignore"):
        size = np.log(_medians(np.abs(values), table))
    return ColumnStatistics(names, centre, np.where(np.isfinite(size), size, np.nan), table.counts)


def _medians(values: Floats, table: Table) -> Floats:
    """(datasets, columns)."""
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
    """Per dataset of `MIN_ROWS` rows and more: whether the column has one value only."""
    codes = pd.factorize(table.frame[column])[0]
    counts = table.counts
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    held = counts > 0
    same = np.ones(len(counts), dtype=bool)
    same[held] = np.maximum.reduceat(codes, starts[held]) == np.minimum.reduceat(codes, starts[held])
    return same & (counts >= MIN_ROWS)


def distinct(table: Table, column: str) -> Floats:
    """Per dataset: how many values the column has."""
    owners, _ = pairs(table, table.frame[column])
    return np.bincount(owners, minlength=len(table.datasets)).astype(np.float64)


def pairs(table: Table, column: pd.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each dataset with each value that it holds, once: positions of the datasets, and numbers of the values."""
    codes, values = pd.factorize(column)
    known = codes >= 0
    found = np.unique(table.cluster[known] * max(len(values), 1) + codes[known])
    return found // max(len(values), 1), found % max(len(values), 1)
