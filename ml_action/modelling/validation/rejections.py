"""The first reason that is found against each dataset of a table, with the line that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.reading.table import Table

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


class Rejections:
    """What is found against the datasets of a table, or against those `among` marks; what was found first stays."""

    def __init__(self, table: Table, among: Flags | None = None) -> None:
        self.table = table
        self.among = np.ones(len(table.datasets), dtype=bool) if among is None else among
        self.found: dict[int, RejectedDataset] = {}

    def against(self, datasets: Flags, reason: str | Callable[[int], str]) -> None:
        """Set the marked datasets aside; the reason may depend on the dataset's position."""
        for position in map(int, np.flatnonzero(datasets & self.among)):
            if position not in self.found:
                self._note(position, reason if isinstance(reason, str) else reason(position), 0)

    def against_one(self, position: int, reason: str) -> None:
        """Set one dataset aside."""
        if self.among[position]:
            self._note(position, reason, 0)

    def rows_of(self, position: int) -> slice:
        """The dataset's rows in the table."""
        bounds = np.searchsorted(self.table.cluster, [position, position + 1])
        return slice(int(bounds[0]), int(bounds[1]))

    def against_rows(self, rows: Flags, reason: str, column: str) -> None:
        """Set the datasets of the marked rows aside, with the first one's value (`{}`) and line.

        Lines are right as long as no row was dropped from the table.
        """
        rows = rows & self.among[self.table.cluster]
        if not rows.any():
            return
        clusters, first = np.unique(self.table.cluster[rows], return_index=True)
        starts = np.searchsorted(self.table.cluster, clusters)
        for position, row, start in zip(clusters, np.flatnonzero(rows)[first], starts, strict=True):
            value = sanitised(_as_written(self.table.frame[column].iloc[row]), 40)
            self._note(int(position), reason.replace("{}", value, 1), int(row - start) + 2)

    def _note(self, position: int, reason: str, line: int) -> None:
        dataset = self.table.datasets[position]
        self.found.setdefault(position, RejectedDataset(dataset.path, dataset.blob, reason, line))

    @property
    def good(self) -> Flags:
        """The datasets against which nothing was found."""
        flags = np.ones(len(self.table.datasets), dtype=bool)
        flags[list(self.found)] = False
        return flags

    @property
    def set_aside(self) -> tuple[RejectedDataset, ...]:
        """The datasets against which something was found, in the table's order."""
        return tuple(self.found[position] for position in sorted(self.found))


MOST_TOLD = 50  # rows that are named; all are left out


class RowRejections:
    """What is found against single rows, where rows are the unit: the row is left out, and its file stays."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.left_out = np.zeros(len(table.frame), dtype=bool)
        self._found: list[tuple[Places, str, pd.Series]] = []

    def against(self, datasets: Flags, reason: str | Callable[[int], str]) -> None:
        """What is found against whole datasets says nothing of a row."""

    def against_rows(self, rows: Flags, reason: str, column: str) -> None:
        """Leave the marked rows out."""
        fresh = np.flatnonzero(rows & ~self.left_out)
        if len(fresh):
            self.left_out |= rows
            self._found.append((fresh, reason, self.table.frame[column]))

    def told(self, among: Flags) -> Iterator[RejectedDataset]:
        """The first of the bad rows that are marked, with their values (`{}`) and lines."""
        room = MOST_TOLD
        for rows, reason, values in self._found:
            wanted = rows[among[rows]][:room]
            room -= len(wanted)
            for row in map(int, wanted):
                place = int(self.table.cluster[row])
                line = row - int(np.searchsorted(self.table.cluster, place)) + 2
                value = sanitised(_as_written(values.iloc[row]), 40)
                # without a blob: the file counts, and is not recorded as one that does not
                yield RejectedDataset(self.table.datasets[place].path, "", reason.replace("{}", value, 1), line)


def _as_written(value: object) -> object:
    """12.0 as 12: a gap in the column, or a fraction elsewhere, makes floats of whole numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53 else value
