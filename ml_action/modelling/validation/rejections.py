"""The first reason to reject each dataset of a table, or each row, with the line that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import cells
from ml_action.core.cells import Reason
from ml_action.core.formatting import MAX_EXACT, sanitised
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.reading.table import Table

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


class Rejections:
    """Collects the rejected datasets of a table, or of the marked `candidates`; the first reason for each counts."""

    def __init__(self, table: Table, candidates: Flags | None = None) -> None:
        self.table = table
        self.candidates = np.ones(len(table.datasets), dtype=bool) if candidates is None else candidates
        self._found: dict[int, RejectedDataset] = {}

    def reject(self, datasets: Flags, reason: Reason | Callable[[int], Reason]) -> None:
        """Rejects the marked datasets; the reason may depend on the dataset's position."""
        for position in map(int, np.flatnonzero(datasets & self.candidates)):
            if position not in self._found:
                self._add(position, reason(position) if callable(reason) else reason, 0)

    def reject_one(self, position: int, reason: Reason) -> None:
        """Rejects one dataset."""
        if self.candidates[position]:
            self._add(position, reason, 0)

    def rows_of(self, position: int) -> slice:
        """Returns the dataset's rows in the table."""
        bounds = np.searchsorted(self.table.cluster, [position, position + 1])
        return slice(int(bounds[0]), int(bounds[1]))

    def reject_rows(self, rows: Flags, reason: str, column: str) -> None:
        """Rejects the datasets of the marked rows. `{}` in the reason is replaced by the first row's value.

        The lines are correct as long as no row was removed from the table.
        """
        rows = rows & self.candidates[self.table.cluster]
        if not rows.any():
            return
        clusters, first = np.unique(self.table.cluster[rows], return_index=True)
        starts = np.searchsorted(self.table.cluster, clusters)
        for position, row, start in zip(clusters, np.flatnonzero(rows)[first], starts, strict=True):
            value = sanitised(_as_written(self.table.frame[column].iloc[row]), 40)
            self._add(int(position), cells.with_value(reason, value), int(row - start) + 2)

    def _add(self, position: int, reason: Reason, line: int) -> None:
        dataset = self.table.datasets[position]
        text = cells.written(reason, private=dataset.private)
        self._found.setdefault(position, RejectedDataset(dataset.path, dataset.blob, text, line))

    @property
    def accepted(self) -> Flags:
        """Per dataset: whether it was not rejected."""
        flags = np.ones(len(self.table.datasets), dtype=bool)
        flags[list(self._found)] = False
        return flags

    @property
    def rejected(self) -> tuple[RejectedDataset, ...]:
        """The rejected datasets in the table's order."""
        return tuple(self._found[position] for position in sorted(self._found))


MAX_LISTED = 50  # rejected rows that are named


class _Found(NamedTuple):
    rows: Places
    reason: str
    values: pd.Series


class RowRejections:
    """Collects rejected rows, where rows are the unit: the row is left out, and its file stays."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.left_out = np.zeros(len(table.frame), dtype=bool)
        self._found: list[_Found] = []

    def reject(self, datasets: Flags, reason: Reason | Callable[[int], Reason]) -> None:
        """Does nothing: a fault of a whole dataset is the fault of no row."""

    def reject_rows(self, rows: Flags, reason: str, column: str) -> None:
        """Leaves the marked rows out. `{}` in the reason is replaced by the value of each."""
        fresh = np.flatnonzero(rows & ~self.left_out)
        if len(fresh):
            self.left_out |= rows
            self._found.append(_Found(fresh, reason, self.table.frame[column]))

    def listed(self, marked: Flags) -> Iterator[RejectedDataset]:
        """Yields the first of the rejected rows that are marked, with their values and lines."""
        room = MAX_LISTED
        for rows, reason, values in self._found:
            selected = rows[marked[rows]][:room]
            room -= len(selected)
            for row in map(int, selected):
                place = int(self.table.cluster[row])
                line = row - int(np.searchsorted(self.table.cluster, place)) + 2
                dataset, value = self.table.datasets[place], sanitised(_as_written(values.iloc[row]), 40)
                text = cells.written(cells.with_value(reason, value), private=dataset.private)
                # without a blob: the file counts, and is not recorded as one that does not
                yield RejectedDataset(dataset.path, "", text, line)


def _as_written(value: object) -> object:
    """Returns 12 for 12.0: a gap in the column, or a fraction elsewhere, makes floats of whole numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT else value
