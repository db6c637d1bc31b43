"""Rows as the unit: where one file grows or a few are large, rows and not files arrive, are judged and are held out.

A row is identified by its content. Rows are put into 1,024 groups by a hash of it, and groups replace datasets in
everything that follows: the permanent holdout, the folds, the resampling. A row is in the same group as long as the
recipe's columns are the same, so no version ever trains on a row of the holdout, in whatever file and order it comes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import formatting
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import overlaps
from ml_action.modelling.validation.duplicates import row_hashes

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

GROUPS = 1024  # a power of two; the bootstrap merges to a thousand blocks anyway (decision.md)
_SHIFT = np.uint64(64 - (GROUPS - 1).bit_length())  # leaves the first bits of a hash: the number of its group
# Blanks are those of ASCII, as in pandas: float() accepts none of \x1c to \x1f, though str counts them as blanks.
_NUMBER = re.compile(r"\s*+[+-]?+([0-9]++(\.[0-9]*+)?+|\.[0-9]++)(e[+-]?+[0-9]++)?+\s*+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class RowOrigins:
    """Which datasets of a table arrived, and which are old versions that only show which rows are old."""

    changed: frozenset[str]  # blob ids of those that arrived or were edited
    before: tuple[Dataset, ...] = ()  # the old versions of those that were edited or removed
    current: frozenset[str] = frozenset()  # blob ids of those that exist now; an old version may have the same content

    def removed(self, table: Table) -> Flags:
        """Per dataset: whether it exists no longer."""
        return _among(table, {item.blob for item in self.before} - self.current)

    def arrived_rows(self, table: Table) -> Flags:
        """Per row: whether its file arrived or was edited."""
        return _among(table, self.changed)[table.cluster]

    def edited_rows(self, table: Table) -> Flags:
        """Per row: whether its file was edited, which means that the path has an earlier version."""
        paths = {item.path for item in self.before}
        known = np.array([item.path in paths for item in table.datasets], dtype=bool)
        edited: Flags = (_among(table, self.changed) & known)[table.cluster]
        return edited

    def earlier_rows(self, table: Table) -> Flags:
        """Per row: whether it is in an old version, even if that is current as well."""
        return _among(table, {item.blob for item in self.before})[table.cluster]


def _among(table: Table, blobs: Collection[str]) -> Flags:
    return np.array([dataset.blob in blobs or dataset.key in blobs for dataset in table.datasets], dtype=bool)


@dataclass(frozen=True, eq=False)
class RowGroups:
    """The rows of a table in groups, old and new rows separately."""

    table: Table  # its datasets are groups; the old and the new rows of one group have the same `blob`
    new: Flags  # per group: whether its rows are new
    arrived: int  # number of new rows


def group_rows(table: Table, columns: Sequence[str], origins: RowOrigins) -> RowGroups:
    """Groups the rows of all current datasets.

    Occurrences count: of a content that occurs n times in the files that arrived and m times in the old versions of
    those that were edited or removed, the last n - m are new. Rows in which an added file overlaps with an unchanged
    one are that file's rows. Rows are compared in `columns`, those of the recipe.
    """
    hashes = content_hashes(table.frame, columns)
    edited, arrived = origins.edited_rows(table), origins.arrived_rows(table)
    earlier = origins.earlier_rows(table)
    arrived &= ~overlaps.overlapping_rows(hashes, table.cluster, arrived & ~edited, ~arrived & ~earlier)
    is_new = added_rows(hashes, arrived, earlier)
    group = (hashes >> _SHIFT).astype(np.int64) * 2 + is_new
    kept = np.flatnonzero(~origins.removed(table)[table.cluster])
    kept = kept[np.argsort(group[kept], kind="stable")]
    groups, cluster = np.unique(group[kept], return_inverse=True)
    frame = table.frame.take(kept).reset_index(drop=True)
    found = Table(frame, cluster.astype(np.int64), tuple(map(_group, groups)), kinds=table.kinds, padded=table.padded)
    return RowGroups(found, np.asarray(groups % 2 == 1, dtype=bool), int(is_new.sum()))


def added_rows(hashes: Hashes, now: Flags, then: Flags) -> Flags:
    """Per row: whether it is one of the last n - m with its content, of which `now` marks n rows and `then` m."""
    rows = np.flatnonzero(now)
    rows = rows[np.argsort(hashes[rows], kind="stable")]
    contents, starts, counts = np.unique(hashes[rows], return_index=True, return_counts=True)
    known = np.sort(hashes[then])
    known_counts = np.searchsorted(known, contents, "right") - np.searchsorted(known, contents, "left")
    rank = np.arange(len(rows)) - np.repeat(starts, counts)
    found = np.zeros(len(hashes), dtype=bool)
    found[rows[rank >= np.repeat(known_counts, counts)]] = True
    return found


def _group(number: int) -> Dataset:
    """Returns a group as a dataset; old and new rows of one group have the same name, so they are held out together."""
    return Dataset(f"rows {number // 2:04d}", f"rows-{number // 2:04d}")


def content_hashes(frame: pd.DataFrame, columns: Sequence[str]) -> Hashes:
    """Returns one hash per row, which never changes: it does not depend on whether a column came as whole numbers."""
    return row_hashes(pd.DataFrame({name: _stable(frame[name]) for name in columns}))


def _stable(column: pd.Series) -> pd.Series:
    boolean = column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "boolean"
    if boolean or pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(np.float64)
    codes, values = pd.factorize(column.astype("str"))
    known = np.array([*map(_as_read_alone, values.tolist()), None], dtype=object)
    return pd.Series(known[codes], index=column.index, dtype="str")


def _as_read_alone(text: str) -> str:
    """Returns 007, 7.0 and TRUE as they are read from a file where no word makes text of the column."""
    if _NUMBER.fullmatch(text):
        return formatting.cell_text(float(text))
    word = text.strip().capitalize()
    return word if word in ("True", "False") else text


def without_rows(table: Table, rows: Flags) -> Table:
    """Returns the table without the marked rows; every dataset stays."""
    kept = ~rows
    return replace(table, frame=table.frame.loc[kept].reset_index(drop=True), cluster=table.cluster[kept])
