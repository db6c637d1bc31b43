"""Rows as the unit: where one file grows or a few are large, rows and not files arrive, are judged and are held out.

A row is known by its content. Rows are put into 1,024 groups by a hash of it, and groups take the place of datasets in
everything that follows: the permanent holdout, the folds, the resampling. A row is in the same group for as long as the
recipe's columns are the same, so a row of the holdout is never trained on by any version, in whatever file and order it
stands.
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
from ml_action.modelling.validation.duplicates import row_hashes

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

GROUPS = 1024  # the bootstrap merges to a thousand blocks anyhow (decision.md)
_SHIFT = np.uint64(64 - 10)
# Blanks are ASCII's, as pandas has it: float() takes none of \x1c to \x1f, though they are blanks to str.
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class RowOrigins:
    """Which datasets of a table arrived, and which are there only to tell what is old."""

    changed: frozenset[str]  # blob ids of those that arrived or were edited
    before: tuple[Dataset, ...] = ()  # the old versions of what was edited or is gone
    current: frozenset[str] = frozenset()  # blob ids of those that are there, an old version's content among them

    def gone(self, table: Table) -> Flags:
        """Per dataset: whether it is there no more."""
        return _among(table, {item.blob for item in self.before} - self.current)

    def arrived_rows(self, table: Table) -> Flags:
        """Per row: whether it stands in a file that arrived or was edited."""
        return _among(table, self.changed)[table.cluster]

    def edited_rows(self, table: Table) -> Flags:
        """Per row: whether it stands in a file that was edited: its path has an earlier version."""
        paths = {item.path for item in self.before}
        known = np.array([item.path in paths for item in table.datasets], dtype=bool)
        edited: Flags = (_among(table, self.changed) & known)[table.cluster]
        return edited

    def earlier_rows(self, table: Table) -> Flags:
        """Per row: whether it stands in an old version, there or not."""
        return _among(table, {item.blob for item in self.before})[table.cluster]


def _among(table: Table, blobs: Collection[str]) -> Flags:
    return np.array([dataset.blob in blobs for dataset in table.datasets], dtype=bool)


@dataclass(frozen=True, eq=False)
class RowGroups:
    """The rows of a table in groups, old and new ones apart."""

    table: Table  # its datasets are groups: `blob` names the group, of old and of new rows alike
    new: Flags  # per group: whether its rows are new
    arrived: int  # rows that are new


def group_rows(table: Table, columns: Sequence[str], sides: RowOrigins) -> RowGroups:
    """The rows of all datasets that are there, in groups.

    In an edited file occurrences count: of a content that stands n times in the edited files and m times in the old
    versions, the last n - m are new. A row of an added file is new if no old version and no unchanged file has its
    content. `columns` are those of the recipe; the others do not make a row another one.
    """
    hashes = content_hashes(table.frame, columns)
    edited, arrived = sides.edited_rows(table), sides.arrived_rows(table)
    is_new = added_rows(hashes, edited, sides.earlier_rows(table))
    added = np.flatnonzero(arrived & ~edited)
    is_new[added] = ~np.isin(hashes[added], np.unique(hashes[~arrived]))
    group = (hashes >> _SHIFT).astype(np.int64) * 2 + is_new
    kept = np.flatnonzero(~sides.gone(table)[table.cluster])
    kept = kept[np.argsort(group[kept], kind="stable")]
    groups, cluster = np.unique(group[kept], return_inverse=True)
    frame = table.frame.take(kept).reset_index(drop=True)
    found = Table(frame, cluster.astype(np.int64), tuple(map(_group, groups)))
    return RowGroups(found, np.asarray(groups % 2 == 1, dtype=bool), int(is_new.sum()))


def added_rows(hashes: Hashes, now: Flags, then: Flags) -> Flags:
    """Per row: whether it is one of the last n - m of its content, which n rows of `now` have and m of `then`."""
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
    """A group as the dataset that it stands for; old and new rows of one group share its name, and so its fate."""
    return Dataset(f"rows {number // 2:04d}", f"rows-{number // 2:04d}")


def content_hashes(frame: pd.DataFrame, columns: Sequence[str]) -> Hashes:
    """One hash per row, the same for ever: whether a column came as whole numbers or not must not matter."""
    return row_hashes(pd.DataFrame({name: _stable(frame[name]) for name in columns}))


def _stable(column: pd.Series) -> pd.Series:
    boolean = column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "boolean"
    if boolean or pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype(np.float64)
    codes, values = pd.factorize(column.astype("str"))
    known = np.array([*map(_as_read_alone, values.tolist()), None], dtype=object)
    return pd.Series(known[codes], index=column.index, dtype="str")


def _as_read_alone(text: str) -> str:
    """007, 7.0 and TRUE as they read in a file where no word makes text of the column."""
    if _NUMBER.fullmatch(text):
        return formatting.cell_text(float(text))
    word = text.strip().capitalize()
    return word if word in ("True", "False") else text


def without_rows(table: Table, rows: Flags) -> Table:
    """The table without the marked rows; every dataset stays."""
    kept = ~rows
    return replace(table, frame=table.frame.loc[kept].reset_index(drop=True), cluster=table.cluster[kept])
