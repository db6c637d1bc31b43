"""Each dataset by itself: can its rows be learned from? What cannot is set aside with the reason in words.

The checks are the least without which one file would stop the whole loop or spoil a column for all others. The
data contract (types, ranges, units learned from the champion's data) judges after them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.errors import DataProblem
from ml_action.modelling.frames import Table
from ml_action.modelling.wording import listing, nearest, plain
from ml_action.records import SetAside

Flags = npt.NDArray[np.bool_]


class _Verdicts:
    """The first reason found against each dataset of a table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: dict[int, SetAside] = {}

    def against(self, datasets: Flags, reason: str) -> None:
        """Set the marked datasets aside."""
        for position in np.flatnonzero(datasets):
            self._note(int(position), reason, 0)

    def against_rows(self, rows: Flags, reason: str, column: str) -> None:
        """Set the datasets of the marked rows aside, with the first one's value (`{}`) and line."""
        if not rows.any():
            return
        clusters, first = np.unique(self.table.cluster[rows], return_index=True)
        starts = np.searchsorted(self.table.cluster, clusters)
        for position, row, start in zip(clusters, np.flatnonzero(rows)[first], starts, strict=True):
            value = plain(self.table.frame[column].iloc[row], 40)
            self._note(int(position), reason.replace("{}", value), int(row - start) + 2)

    def _note(self, position: int, reason: str, line: int) -> None:
        dataset = self.table.datasets[position]
        self.found.setdefault(position, SetAside(dataset.path, dataset.blob, reason, line))

    @property
    def good(self) -> Flags:
        """The datasets against which nothing was found."""
        flags = np.ones(len(self.table.datasets), dtype=bool)
        flags[list(self.found)] = False
        return flags


def sort_out(table: Table, target: str, features: Sequence[str]) -> tuple[Table, tuple[SetAside, ...]]:
    """The table of usable datasets, and the datasets set aside with the reason and, where one is known, the line.

    Set aside: a dataset without the target or a feature column; without any target value; with text where most
    datasets hold numbers; with an infinite number. Rows without a target are dropped. No `features` means
    `automatic_features`. In the result every column is a number, boolean or text throughout.
    Raises DataProblem when a column is in no dataset, or no dataset remains.
    """
    _need(table, [target, *features])
    columns = [target, *(features or automatic_features(table, target))]
    verdicts = _Verdicts(table)
    for name in columns:
        _judge_presence(verdicts, name)
    valued = table.frame[target].notna().to_numpy()
    verdicts.against(~table.any_in(valued), f"has no value in the target '{plain(target)}'")
    for name in columns:
        _judge_values(verdicts, name)
    set_aside = tuple(verdicts.found[position] for position in sorted(verdicts.found))
    if not verdicts.good.any():
        raise _nothing_left(set_aside)
    return _tidy(table.keep(verdicts.good, valued), columns), set_aside


def automatic_features(table: Table, target: str) -> tuple[str, ...]:
    """Every column but the target that at least half of the datasets have. Unnamed ones are row numbers."""
    half = len(table.datasets) / 2
    return tuple(
        name
        for name in map(str, table.frame.columns)
        if name != target and not name.startswith("Unnamed: ") and table.has(name).sum() >= half
    )


def _need(table: Table, columns: Sequence[str]) -> None:
    """Raises DataProblem when there is no dataset, or no dataset has one of the columns."""
    if not table.datasets:
        raise DataProblem(
            "No dataset could be read.", fix="See the reasons they were set aside for, and mend the files."
        )
    for name in columns:
        if name not in table.frame.columns:
            raise missing_column(name, table)


def missing_column(name: str, table: Table) -> DataProblem:
    """No dataset has this column: what they have, and the one that was probably meant."""
    at_hand = list(map(str, table.frame.columns))
    near = nearest(name, at_hand)
    return DataProblem(
        f"No dataset has the column '{plain(name)}'.",
        why=f"The columns are {listing(at_hand)}.",
        fix=f"Did you mean '{near}'?" if near else "Set `target` and `features` to columns of the datasets.",
    )


def _judge_presence(verdicts: _Verdicts, name: str) -> None:
    absent = ~verdicts.table.has(name)
    if not absent.any():
        return
    for schema, known in enumerate(verdicts.table.schemas):
        near = nearest(name, known - {name})
        hint = f" (it has '{plain(near)}')" if near else ""
        verdicts.against(
            absent & (verdicts.table.schema == schema), f"lacks the column '{plain(name)}'{hint}"
        )


def _judge_values(verdicts: _Verdicts, name: str) -> None:
    """Text among numbers, and infinity, in one column."""
    column = verdicts.table.frame[name]
    said = f"the column '{plain(name)}'"
    if column.dtype == object and _mostly_numbers(verdicts.table, column):
        reason = f"holds text ('{{}}') in {said}, where most datasets hold numbers"
        verdicts.against_rows(_texts(column), reason, name)
    verdicts.against_rows(_infinities(column), f"holds an infinite number in {said}", name)


def _mostly_numbers(table: Table, column: pd.Series) -> bool:
    """Whether most of the datasets that have a value in the column have no text in it."""
    with_value = table.any_in(column.notna().to_numpy())
    with_text = table.any_in(_texts(column))
    return bool(2 * with_text.sum() <= with_value.sum())


def _texts(column: pd.Series) -> Flags:
    return np.fromiter((isinstance(value, str) for value in column), dtype=bool, count=len(column))


def _infinities(column: pd.Series) -> Flags:
    if column.dtype == object:
        values = column.where(~_texts(column))
        return np.isinf(pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64))
    if pd.api.types.is_float_dtype(column.dtype):
        return np.isinf(column.to_numpy())
    return np.zeros(len(column), dtype=bool)


def _tidy(table: Table, columns: Sequence[str]) -> Table:
    """Mixed columns made one: numbers again where the text went, text where numbers are among it."""
    mixed = [name for name in columns if table.frame[name].dtype == object]
    if not mixed:
        return table
    frame = table.frame.copy(deep=False)
    for name in mixed:
        frame[name] = (
            _text_throughout(frame[name]) if _texts(frame[name]).any() else frame[name].infer_objects()
        )
    return Table(frame, table.cluster, table.datasets, table.schemas, table.schema)


def _text_throughout(column: pd.Series) -> pd.Series:
    """12 and 12.0 become "12": a file with only digits in a column of codes holds codes too."""
    whole = [
        str(int(value)) if isinstance(value, float) and value.is_integer() else value for value in column
    ]
    return pd.Series(whole, index=column.index, dtype=object).astype("str")


def _nothing_left(set_aside: tuple[SetAside, ...]) -> DataProblem:
    first = set_aside[0]
    return DataProblem(
        f"None of {len(set_aside)} datasets can be used.",
        why=f"The first, {plain(first.path, 120)}, {first.reason}.",
        fix="Check `target` and `features`, and the files named above.",
        path=first.path,
        line=first.line,
    )
