"""Copies: datasets that hold the same rows are one dataset (decision.md, step 0)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.modelling.reading.table import Table

Hashes = npt.NDArray[np.uint64]

_BITS = 44  # of a float's 53: what a program that writes 15 digits keeps
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: spreads the bits of a product


def find_copies(table: Table, old: frozenset[str]) -> tuple[RejectedDataset, ...]:
    """The datasets (not in `old`, blob ids) whose rows are those of an old dataset or of an earlier new one.

    The same rows in any order, with columns in any order, and numbers in any spelling (1, 1.0, 1e0) or
    rounded at the 14th digit. A dataset's identity is a 128-bit hash of its rows as a multiset.
    """
    identities = _identities(table)
    is_old = np.array([dataset.blob in old for dataset in table.datasets], dtype=bool)
    found: list[RejectedDataset] = []
    first: dict[bytes, Dataset] = {}
    # Old ones first: a copy of an old dataset is the copy, wherever it stands.
    for position in np.argsort(~is_old, kind="stable"):
        dataset = table.datasets[position]
        original = first.setdefault(identities[position].tobytes(), dataset)
        if original.blob != dataset.blob and not is_old[position]:
            reason = f"holds the same rows as {sanitised(original.path, 120)}"
            found.append(RejectedDataset(dataset.path, dataset.blob, reason, copy_of=original.blob))
    return tuple(found)


def without(table: Table, blobs: frozenset[str]) -> Table:
    """The table without the datasets of these blob ids."""
    return table.keep(np.array([dataset.blob not in blobs for dataset in table.datasets], dtype=bool))


def _identities(table: Table) -> npt.NDArray[np.uint64]:
    """(datasets, 2): two sums of row hashes, modulo 2**64. A sum does not mind the order of the rows."""
    rows = row_hashes(table.frame)
    mixed = rows * _ODD
    spread = (mixed ^ (mixed >> np.uint64(29))) * (rows | np.uint64(1))
    sums = np.zeros((len(table.datasets), 2), dtype=np.uint64)
    np.add.at(sums[:, 0], table.cluster, rows)
    np.add.at(sums[:, 1], table.cluster, spread)
    return sums


def row_hashes(frame: pd.DataFrame) -> Hashes:
    """One hash per row, over the columns in the order of their names."""
    columns = {str(name): _canonical(frame[name]) for name in sorted(frame.columns, key=str)}
    hashed = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False)
    return np.asarray(hashed, dtype=np.uint64)


def _canonical(column: pd.Series) -> pd.Series:
    """Values that mean the same made the same: floats without their last bits, no negative zero."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return column
    mantissa, exponent = np.frexp(column.to_numpy())
    with np.errstate(over="ignore"):  # the largest float of all may round up to infinity
        rounded = np.ldexp(np.round(mantissa * 2.0**_BITS), exponent - _BITS)
    return pd.Series(rounded + 0.0)
