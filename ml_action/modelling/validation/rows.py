"""Validation with rows as the unit: a bad row is left out and its file stays; a file without a column is rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.kinds.cells import parse_column
from ml_action.modelling.reading.columns import is_string, require
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import column_rules
from ml_action.modelling.validation.datasets import (
    check_dates,
    check_magnitudes,
    check_presence,
    check_weights,
    parse_of,
    unify_types,
)
from ml_action.modelling.validation.rejections import Rejections, RowRejections
from ml_action.modelling.validation.requirements import Requirements
from ml_action.modelling.validation.row_groups import RowOrigins, added_rows, content_hashes, without_rows

MOSTLY = 0.9  # share of the values that are numbers in a column of numbers
_BOOLEANS = {"true": True, "false": False, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}

Flags = npt.NDArray[np.bool_]


class ValidRows(NamedTuple):
    """The rows that can be used, and the rejected ones. Bad rows of old versions are left out without a report."""

    table: Table
    rejected: tuple[RejectedDataset, ...]  # files that lack a column
    reported: tuple[RejectedDataset, ...]  # the first of the new bad rows
    bad: int  # number of new bad rows
    without_target: int  # number of new rows that were left out because a target is missing


def validate_rows(table: Table, requirements: Requirements, origins: RowOrigins | None = None) -> ValidRows:
    """Separates the rows that can be used from the others. Without `origins`, all of them are new.

    A row is bad if it has text in a column of numbers, an infinite number, a weight that is missing or below zero, or a
    value against a rule. Rows without a target are dropped, as they are from a dataset. In the result each column is
    numbers, booleans or text throughout.

    Raises:
        DataError: No dataset has one of the columns.
    """
    require(table, [*requirements.mandatory, *requirements.features])
    origins = origins or RowOrigins(frozenset(item.blob for item in table.datasets))
    columns = requirements.columns(table)
    files = _check_files(table, requirements, columns, origins)
    table = table.select(files.accepted)
    rejections = RowRejections(table)
    with_target = _check_rows(rejections, requirements, columns)
    new = _new_rows(table, rejections.left_out, columns, origins)
    usable = without_rows(rejections.table, rejections.left_out | ~with_target)
    usable = unify_types(_with_booleans(usable, requirements, columns), columns, requirements.rule_of)
    incomplete = _new_rows(table, ~with_target & ~rejections.left_out, columns, origins)
    return ValidRows(usable, files.rejected, tuple(rejections.listed(new)), int(new.sum()), int(incomplete.sum()))


def _check_files(table: Table, requirements: Requirements, columns: Sequence[str], origins: RowOrigins) -> Rejections:
    """Rejects the current files that lack a column."""
    files = Rejections(table, ~origins.removed(table))
    for name in columns:
        if not requirements.may_be_absent(name):
            check_presence(files, name)
    return files


def _check_rows(rejections: RowRejections, requirements: Requirements, columns: Sequence[str]) -> Flags:
    """Rejects bad rows, and converts the columns of numbers. Returns which rows have a value in each target."""
    frame = rejections.table.frame.copy(deep=False)
    for name in columns:
        frame[name] = _checked_column(rejections, name, holds_numbers=requirements.holds_numbers(name))
        check_dates(rejections, name)
    rejections.table = replace(rejections.table, frame=frame)
    with_target: Flags = frame[list(requirements.targets)].notna().all(axis=1).to_numpy()
    if requirements.weight:
        check_weights(rejections, requirements.weight, with_target)
    for rule in requirements.rules_for(rejections.table):
        column_rules.apply_rule(rejections, rule)
    return with_target


def _new_rows(table: Table, rows: Flags, columns: Sequence[str], origins: RowOrigins) -> Flags:
    """Per row: whether it is marked and new. A bad row of an old version was reported when it arrived."""
    new = rows.copy()
    hashes = content_hashes(table.frame.loc[rows, columns].reset_index(drop=True), columns)
    new[new] = added_rows(hashes, origins.arrived_rows(table)[rows], origins.earlier_rows(table)[rows])
    return new


def as_numbers(table: Table, targets: tuple[str, ...] = (), rules: Sequence[ColumnRule] = ()) -> Table:
    """Returns the table with its columns of numbers as numbers; single words in them become missing values."""
    frame, requirements = table.frame.copy(deep=False), Requirements(targets, rules=rules)
    for name in frame.columns:
        frame[name] = _checked_column(RowRejections(table), name, holds_numbers=requirements.holds_numbers(name))
    return replace(table, frame=frame)


def _checked_column(rejections: RowRejections, name: str, *, holds_numbers: bool | None) -> pd.Series:
    """Returns the column, as numbers if it holds numbers; rejects the rows with another value."""
    column = rejections.table.frame[name]
    if holds_numbers is not False and _may_hide_numbers(column, sure=bool(holds_numbers)):
        parsed = parse_column(column, parse_of(rejections.table, name))
        values = int(parsed.floats.notna().sum()) + int(parsed.bad.sum())
        if holds_numbers or parsed.bad.sum() <= (1 - MOSTLY) * max(values, 1):
            reason = f"holds text ('{{}}') in the column '{sanitised(name)}', where numbers belong"
            rejections.reject_rows(parsed.bad, reason, name)
            column = parsed.floats
    check_magnitudes(rejections, column, name)
    return column


def _may_hide_numbers(column: pd.Series, *, sure: bool) -> bool:
    """Whether numbers may be hidden in a column that came as another type.

    Unless it is `sure` to hold numbers, a column of booleans with gaps is left alone.
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    return sure or pd.api.types.infer_dtype(column, skipna=True) != "boolean"


def _with_booleans(table: Table, requirements: Requirements, columns: Sequence[str]) -> Table:
    """Turns text into booleans where a rule requires booleans: one word made text of every cell of its file."""
    frame = table.frame.copy(deep=False)
    for name in columns:
        rule = requirements.rule_of.get(name)
        if rule and rule.type == "boolean" and is_string(frame[name]).any():
            frame[name] = pd.Series(map(_as_boolean, frame[name]), index=frame.index, dtype=object)
    return replace(table, frame=frame)


def _as_boolean(cell: object) -> object:
    return _BOOLEANS.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell
