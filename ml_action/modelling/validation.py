"""Each dataset by itself: can its rows be learned from? What cannot is set aside with the reason in words.

The checks are the least without which one file would stop the whole loop or spoil a column for all others.
The data contract (types, ranges, units learned from the champion's data) judges after them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.errors import DataProblem
from ml_action.modelling.columns import automatic_features, mostly_numbers, need, texts, words
from ml_action.modelling.frames import Table
from ml_action.modelling.resolution import infer_target, infer_task, resolve_recipe
from ml_action.modelling.wording import nearest, plain
from ml_action.records import SetAside

__all__ = ["infer_target", "infer_task", "resolve_recipe", "sort_out"]

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
    """The table of usable datasets, and the datasets set aside, with the reason and the line if one is known.

    Set aside: a dataset without the target or a feature column; without any target value; with text where
    most datasets hold numbers; with an infinite number. Rows without a target are dropped. No `features`
    means `automatic_features`. In the result each of these columns is number, boolean or text throughout.
    Raises DataProblem when a column is in no dataset, or no dataset remains.
    """
    need(table, [target, *features])
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


def _judge_presence(verdicts: _Verdicts, name: str) -> None:
    absent = ~verdicts.table.has(name)
    if not absent.any():
        return
    for schema, known in enumerate(verdicts.table.schemas):
        near = nearest(name, known - {name})
        hint = f" (it has '{plain(near)}')" if near else ""
        verdicts.against(absent & (verdicts.table.schema == schema), f"lacks the column '{plain(name)}'{hint}")


def _judge_values(verdicts: _Verdicts, name: str) -> None:
    """Text among numbers, and infinity, in one column."""
    column = verdicts.table.frame[name]
    said = f"the column '{plain(name)}'"
    if column.dtype == object and mostly_numbers(verdicts.table, column):
        reason = f"holds text ('{{}}') in {said}, where most datasets hold numbers"
        # One word makes text of every cell of its file: the word is named, not the number before it.
        verdicts.against_rows(words(column), reason, name)
        verdicts.against_rows(texts(column), reason, name)
    verdicts.against_rows(_infinities(column), f"holds an infinite number in {said}", name)


def _infinities(column: pd.Series) -> Flags:
    if column.dtype == object:
        values = column.where(~texts(column))
        return np.isinf(np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64))
    if pd.api.types.is_float_dtype(column.dtype):
        return np.isinf(np.asarray(column, dtype=np.float64))
    return np.zeros(len(column), dtype=bool)


def _tidy(table: Table, columns: Sequence[str]) -> Table:
    """Mixed columns made one: numbers again where the text went, text where numbers are among it."""
    mixed = [name for name in columns if table.frame[name].dtype == object]
    if not mixed:
        return table
    frame = table.frame.copy(deep=False)
    for name in mixed:
        frame[name] = _text_throughout(frame[name]) if texts(frame[name]).any() else frame[name].infer_objects()
    return Table(frame, table.cluster, table.datasets, table.schemas, table.schema)


def _text_throughout(column: pd.Series) -> pd.Series:
    """12 and 12.0 become "12": a file with only digits in a column of codes holds codes too."""
    whole = [str(int(value)) if isinstance(value, float) and value.is_integer() else value for value in column]
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
