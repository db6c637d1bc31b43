"""Copies of datasets, and repeated rows: within a dataset, in an earlier dataset, in the permanent holdout.

Datasets that hold the same rows are one dataset (decision.md, step 0).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.datasets.readings import name_of
from ml_action.modelling.reading.table import Table

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]

_BITS = 44  # of a float's 53: those that a program keeps which writes 15 digits
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: spreads the bits of a product


# --- datasets with the same rows --------------------------------------------------------------------------


def find_copies(table: Table, old: frozenset[str]) -> tuple[RejectedDataset, ...]:
    """Returns the datasets, except those in `old` (keys), with the rows of an old or of an earlier new dataset.

    Rows are the same in any order, with columns in any order, and with numbers in any spelling (1, 1.0, 1e0) or rounded
    at the 14th digit. A dataset of one row is a reading: it is a copy only if its file has the name of the other. A
    dataset's identity is a 128-bit hash of its rows as a multiset.
    """
    identities, is_reading = _identities(table), table.counts == 1
    is_old = np.array([dataset.key in old or dataset.blob in old for dataset in table.datasets], dtype=bool)
    found: list[RejectedDataset] = []
    first: dict[tuple[bytes, str], Dataset] = {}
    # Old ones first: a new dataset with the rows of an old one is the copy, whatever their order in the table.
    for position in np.argsort(~is_old, kind="stable"):
        dataset = table.datasets[position]
        name = name_of(dataset.path) if is_reading[position] else ""
        original = first.setdefault((identities[position].tobytes(), name), dataset)
        if original.blob != dataset.blob and not is_old[position]:
            reason = f"holds the same rows as {sanitised(original.path, 120)}"
            found.append(RejectedDataset(dataset.path, dataset.blob, reason, copy_of=original.blob))
    return tuple(found)


def without_datasets(table: Table, blobs: frozenset[str]) -> Table:
    """Returns the table without the datasets of these blob ids."""
    return table.select(np.array([dataset.blob not in blobs for dataset in table.datasets], dtype=bool))


def _identities(table: Table) -> npt.NDArray[np.uint64]:
    """(datasets, 2): two sums of row hashes, modulo 2**64. A sum does not depend on the order of the rows."""
    rows = row_hashes(table.frame)
    mixed = rows * _ODD
    spread = (mixed ^ (mixed >> np.uint64(29))) * (rows | np.uint64(1))
    sums = np.zeros((len(table.datasets), 2), dtype=np.uint64)
    np.add.at(sums[:, 0], table.cluster, rows)
    np.add.at(sums[:, 1], table.cluster, spread)
    return sums


def row_hashes(frame: pd.DataFrame) -> Hashes:
    """Returns one hash per row, over the columns in the order of their names."""
    columns = {str(name): _canonical(frame[name]) for name in sorted(frame.columns, key=str)}
    hashed = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False)
    return np.asarray(hashed, dtype=np.uint64)


def _canonical(column: pd.Series) -> pd.Series:
    """Makes equal values identical: floats lose their last bits, and zero its sign.

    Values of several types become texts one by one: pandas would make an array of texts that are all as long as the
    longest, which takes gigabytes where one cell is long.
    """
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):
        codes, values = pd.factorize(column)
        return pd.Series(np.array([*map(str, values), None], dtype=object)[codes], dtype=object)
    if not pd.api.types.is_float_dtype(column.dtype):
        return column
    mantissa, exponent = np.frexp(column.to_numpy())
    with np.errstate(over="ignore"):  # the largest float may be rounded up to infinity
        rounded = np.ldexp(np.round(mantissa * 2.0**_BITS), exponent - _BITS)
    return pd.Series(rounded + 0.0)


# --- rows that were there before --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RepeatedRows:
    """Per row of a table, with datasets in the order in which they count as earlier."""

    within: Flags  # repeats an earlier row of its own dataset
    source: Integers  # position of the earliest other dataset that holds the row, if it is earlier; else -1
    elsewhere: Flags  # another dataset holds the row too, earlier or later

    @property
    def across(self) -> Flags:
        """Rows that an earlier dataset holds too."""
        return self.source >= 0


def find_repeated_rows(table: Table, earlier: Flags, columns: Iterable[str]) -> RepeatedRows:
    """Returns the repeated rows; the marked datasets count as earlier than the others, else their order decides.

    Only `columns`, those that a model sees, are compared: a file made of others often has an additional one with row
    numbers.
    """
    hashes = row_hashes(table.frame[[name for name in dict.fromkeys(columns) if name in table.frame]])
    rank = np.argsort(np.argsort(~earlier, kind="stable"), kind="stable")[table.cluster]
    order = np.lexsort((rank, hashes))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = hashes[order][1:] != hashes[order][:-1]
    group = np.cumsum(begins) - 1
    owner = table.cluster[order]
    first = owner[begins][group]  # the owner of the first equal row, since they are sorted by rank
    ends = np.roll(begins, -1)  # marks the last of equal rows, which comes before the next ones
    found = RepeatedRows(np.zeros_like(begins), np.full(len(order), -1, dtype=np.int64), np.zeros_like(begins))
    found.within[order] = ~begins & (np.roll(owner, 1) == owner)
    found.source[order] = np.where(first != owner, first, -1)
    found.elsewhere[order] = (first != owner[ends][group]) if len(order) else False
    return found
