"""Validation where rows are the unit: a bad row is left out and its file goes on; a file without a column does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.reading.columns import automatic_features, require, texts
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import column_rules
from ml_action.modelling.validation.datasets import (
    is_number,
    judge_presence,
    judge_sizes,
    judge_weights,
    required,
    unify_types,
)
from ml_action.modelling.validation.rejections import Rejections, RowRejections
from ml_action.modelling.validation.row_groups import RowOrigins, added_rows, content_hashes, without_rows

MOSTLY = 0.9  # share of the values that are numbers in a column of numbers
_TRUTHS = {"true": True, "false": False, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}


class ValidRows(NamedTuple):
    """The usable rows, and what is not: old bad rows are left out and told no more."""

    table: Table
    unfit: tuple[RejectedDataset, ...]  # files that lack a column
    told: tuple[RejectedDataset, ...]  # the first of the new bad rows
    bad: int  # new bad rows


def sort_out(
    table: Table,
    targets: tuple[str, ...],
    features: Sequence[str],
    rules: Sequence[ColumnRule] = (),
    numbers: frozenset[str] = frozenset(),
    sides: RowOrigins | None = None,
    weight: str = "",
) -> ValidRows:
    """The usable rows. Without `sides`, all of them are new.

    Bad: text in a column of numbers, an infinite number, a weight that is missing or below zero, a value against a
    rule. Rows without a target are dropped, as they are from a dataset. In the result each column is number, boolean or
    text throughout. Raises DataError when a column is in no dataset.
    """
    held = (*targets, weight) if weight else targets
    require(table, [*held, *features])
    sides = sides or RowOrigins(frozenset(item.blob for item in table.datasets))
    columns = list(dict.fromkeys([*held, *(features or automatic_features(table, held))]))
    demanded = {rule.name: rule for rule in rules if rule.name in table.frame.columns}
    files = Rejections(table, ~sides.gone(table))
    for name in required(columns, held, demanded):
        judge_presence(files, name)
    table = table.keep(files.good)
    verdicts, frame = RowRejections(table), table.frame.copy(deep=False)
    for name in columns:
        sure = True if name == weight else is_number(name, targets, demanded, numbers)
        frame[name] = _values(verdicts, name, sure)
    verdicts.table = replace(table, frame=frame)
    valued = frame[list(targets)].notna().all(axis=1).to_numpy()
    if weight:
        judge_weights(verdicts, weight, valued)
    for rule in demanded.values():
        column_rules.apply_rule(verdicts, rule)
    new = verdicts.left_out.copy()  # a bad row that an old version held has been told
    bad = table.frame.loc[new, columns].reset_index(drop=True)
    new[new] = added_rows(content_hashes(bad, columns), sides.arrived_rows(table)[new], sides.earlier_rows(table)[new])
    sound = without_rows(verdicts.table, verdicts.left_out | ~valued)
    sound = unify_types(_with_truths(sound, columns, demanded), columns, demanded)
    return ValidRows(sound, files.set_aside, tuple(verdicts.told(new)), int(new.sum()))


def as_numbers(table: Table, targets: tuple[str, ...] = (), rules: Sequence[ColumnRule] = ()) -> Table:
    """The table with its columns of numbers as numbers, a stray word in them as nothing: to see what they hold."""
    frame, demanded = table.frame.copy(deep=False), {rule.name: rule for rule in rules}
    for name in frame.columns:
        frame[name] = _values(RowRejections(table), name, is_number(name, targets, demanded, frozenset()))
    return replace(table, frame=frame)


def _values(verdicts: RowRejections, name: str, is_number: bool | None) -> pd.Series:
    """The column, as numbers where it is one of numbers; what is none is found against its row."""
    column = verdicts.table.frame[name]
    if is_number is not False and _may_hide_numbers(column, sure=bool(is_number)):
        found = pd.to_numeric(column, errors="coerce")
        strange = (found.isna() & column.notna()).to_numpy()
        if is_number or strange.sum() <= (1 - MOSTLY) * max(int(column.notna().sum()), 1):
            said = f"holds text ('{{}}') in the column '{sanitised(name)}', where numbers belong"
            verdicts.against_rows(strange, said, name)
            column = found
    judge_sizes(verdicts, column, name)
    return column


def _may_hide_numbers(column: pd.Series, *, sure: bool) -> bool:
    """Whether it is no column of numbers as it came; booleans with gaps are none that most values could decide on."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    return sure or pd.api.types.infer_dtype(column, skipna=True) != "boolean"


def _with_truths(table: Table, columns: Sequence[str], demanded: Mapping[str, ColumnRule]) -> Table:
    """One word made text of every cell of its file: where true or false is demanded, they are that again."""
    frame = table.frame.copy(deep=False)
    for name in columns:
        if name in demanded and demanded[name].type == "boolean" and texts(frame[name]).any():
            truths = [
                _TRUTHS.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell for cell in frame[name]
            ]
            frame[name] = pd.Series(truths, index=frame.index, dtype=object)
    return replace(table, frame=frame)
