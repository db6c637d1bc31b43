"""Each dataset by itself: whether its rows can be learned from. The others are rejected with a reason.

These are the fewest checks without which one file would stop the whole loop or spoil a column for all others, and the
user's own rules (`column_rules`). What the champion's data have taught (ranges, units) is checked after them
(`contract.checks`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core import cells
from ml_action.core.cells import Cell, Reason, Sentence
from ml_action.core.errors import DataError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.kinds import dates, numbers
from ml_action.modelling.kinds.cells import Parse, ParsedColumn, parse_column
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.columns import homogeneous, is_string, mostly_numbers, require
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import column_rules
from ml_action.modelling.validation.rejections import Rejections, RowRejections
from ml_action.modelling.validation.requirements import Requirements

LARGEST = 1e100  # no measurement is larger, and the squares of errors of this size are still numbers
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

Flags = npt.NDArray[np.bool_]


class ValidDatasets(NamedTuple):
    """The table of the datasets that can be used, and the rejected ones with reason and line."""

    table: Table
    rejected: tuple[RejectedDataset, ...]


def validate(table: Table, requirements: Requirements) -> ValidDatasets:
    """Separates the datasets that can be used from the others.

    A dataset is rejected if it lacks a target, the weight, or a feature (unless a rule allows that); if it has no
    target value; if it has text in a column that holds numbers by the contract or in most datasets, an infinite
    number, a weight that is missing or below zero, or a value against a rule. Rows without a target are dropped. In
    the result each column is numbers, booleans or text throughout.

    Raises:
        DataError: No dataset has one of the columns, or none can be used.
    """
    require(table, [*requirements.mandatory, *requirements.features])
    columns = requirements.columns(table)
    rejections = Rejections(table)
    for name in columns:
        if not requirements.may_be_absent(name):
            check_presence(rejections, name)
    parsed = parse_numbers(table, requirements, columns)
    with_target = _with_target(table, requirements.targets, parsed)
    rejections.reject(~table.any_in(with_target), no_target_reason(requirements.targets))
    for name in columns:
        check_values(rejections, name, parsed.get(name), holds_numbers=requirements.holds_numbers(name))
        check_dates(rejections, name)
    if requirements.weight:
        check_weights(rejections, requirements.weight, with_target)
    for rule in requirements.rules_for(table):
        column_rules.apply_rule(rejections, rule)
    if not rejections.accepted.any():
        raise nothing_left(rejections.rejected)
    if parsed:
        values = {name: column.floats for name, column in parsed.items()}
        table = replace(table, frame=table.frame.assign(**values))
    usable = table.select(rejections.accepted, with_target)
    return ValidDatasets(unify_types(usable, columns, requirements.rule_of), rejections.rejected)


def parse_numbers(table: Table, requirements: Requirements, columns: Sequence[str]) -> dict[str, ParsedColumn]:
    """Returns the columns of numbers that hold text, parsed: NA and the like are missing in them."""
    return {
        name: parse_column(table.frame[name], parse_of(table, name))
        for name in columns
        if _hides_numbers(table, table.frame[name], holds_numbers=requirements.holds_numbers(name))
    }


def parse_of(table: Table, name: str) -> Parse:
    """Returns how text in a column of numbers is read; text that was left by the column's own form is bad."""
    kind = table.kinds.get(name)
    return refuse if kind and kind.kind == "number" else numbers.plain


def refuse(cell: str) -> float:
    """Raises ValueError."""
    raise ValueError(cell)


def check_dates(rejections: Rejections | RowRejections, name: str) -> None:
    """Rejects what cannot be read as a date, in a column of dates."""
    kind, column = rejections.table.kinds.get(name), rejections.table.frame[name]
    if kind is None or kind.kind != "date":
        return
    words = [word for word in column.dropna().unique() if not dates.is_read(dates.parser([dates.ISO]), str(word))]
    if words:
        forms = ", ".join(dict.fromkeys([*kind.forms, dates.ISO]))
        reason = f"holds '{{}}' in the column '{sanitised(name)}', which is no date as its others are ({forms})"
        rejections.reject_rows(column.isin(words).to_numpy(), reason, name)


def _hides_numbers(table: Table, column: pd.Series, *, holds_numbers: bool | None) -> bool:
    """Whether the text in a column belongs to numbers: by what is known of it, else if most datasets hold no text."""
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return False  # there is no text
    known = holds_numbers if holds_numbers is not None else column.dtype == object and mostly_numbers(table, column)
    return known and bool(is_string(column).any())


def _with_target(table: Table, targets: tuple[str, ...], parsed: Mapping[str, ParsedColumn]) -> Flags:
    """Per row: whether it has a value in each of the targets; a cell that cannot be read is one."""
    found = np.ones(len(table.frame), dtype=bool)
    for name in targets:
        column = parsed[name].floats if name in parsed else table.frame[name]
        found &= column.notna().to_numpy() | (parsed[name].bad if name in parsed else False)
    return found


def no_target_reason(targets: tuple[str, ...]) -> str:
    """Returns the reason to reject a dataset without a target value."""
    if len(targets) == 1:
        return f"has no value in the target '{sanitised(targets[0])}'"
    return f"has no row with a value in each of the targets {quoted_list(targets)}"


def check_presence(rejections: Rejections, name: str) -> None:
    """Rejects the datasets that lack a column."""
    absent = ~rejections.table.has(name)
    if not absent.any():
        return
    for schema, known in enumerate(rejections.table.schemas):
        lacking = absent & rejections.accepted & (rejections.table.schema == schema)
        if lacking.any():  # the search for a similar name takes time in a file of many columns
            hint = _hint(name, known - {name})
            rejections.reject(lacking, cells.joined(f"lacks the column '{sanitised(name)}'", hint))


def _hint(name: str, known: frozenset[str]) -> Reason:
    """Returns what the file probably has in the column's place: without a header, a cell of its first row."""
    (only,) = known if len(known) == 1 else ("",)
    for mark, marks in SEPARATORS.items():
        if mark in only:
            return f" (its columns seem to be separated by {marks}, not commas)"
    near = nearest(name, known)
    return Sentence(" (it has '", Cell(sanitised(near)), "')") if near else ""


def check_values(rejections: Rejections, name: str, parsed: ParsedColumn | None, *, holds_numbers: bool | None) -> None:
    """Rejects text among numbers, if the column was parsed for it, and infinite numbers."""
    if parsed:
        others = "most datasets hold numbers" if holds_numbers is None else "numbers belong"
        reason = f"holds text ('{{}}') in the column '{sanitised(name)}', where {others}"
        rejections.reject_rows(parsed.bad, reason, name)
    check_magnitudes(rejections, parsed.floats if parsed else rejections.table.frame[name], name)


def check_weights(rejections: Rejections | RowRejections, name: str, with_target: Flags) -> None:
    """Rejects a weight that is below zero, or missing in a row with a target."""
    column = rejections.table.frame[name]
    missing = column.isna().to_numpy() & with_target
    rejections.reject_rows(missing, f"holds no weight in the column '{sanitised(name)}'", name)
    below = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64) < 0
    rejections.reject_rows(below, f"holds a weight below zero ({{}}) in the column '{sanitised(name)}'", name)


def check_magnitudes(rejections: Rejections | RowRejections, column: pd.Series, name: str) -> None:
    """Rejects numbers that cannot be calculated with: infinite ones, and those whose squares are infinite."""
    sizes = _magnitudes(column)
    rejections.reject_rows(np.isinf(sizes), f"holds an infinite number in the column '{sanitised(name)}'", name)
    reason = f"holds a number too large to calculate with ({{}}) in the column '{sanitised(name)}'"
    rejections.reject_rows(sizes > LARGEST, reason, name)


def _magnitudes(column: pd.Series) -> npt.NDArray[np.float64]:
    """Per row: the absolute value of a number; NaN or 0 where there is no number, or it cannot be large."""
    if column.dtype == object:
        values = pd.to_numeric(column.where(~is_string(column)), errors="coerce")
        return np.abs(np.asarray(values, dtype=np.float64))
    if pd.api.types.is_float_dtype(column.dtype):
        return np.abs(np.asarray(column, dtype=np.float64))
    return np.zeros(len(column))


def unify_types(table: Table, columns: Sequence[str], rule_of: Mapping[str, ColumnRule]) -> Table:
    """Gives each mixed column one type.

    Numbers if the text among them was rejected; text if strings remain, or if a rule says that the numbers are codes.
    """
    codes = {name for name, rule in rule_of.items() if rule.type == "text"}
    mixed = [name for name in columns if table.frame[name].dtype == object or name in codes]
    if not mixed:
        return table
    frame = table.frame.copy(deep=False)
    for name in mixed:
        has_text = name in codes or is_string(frame[name]).any()
        frame[name] = _text_throughout(frame[name]) if has_text else homogeneous(frame[name])
    return replace(table, frame=frame)


def _text_throughout(column: pd.Series) -> pd.Series:
    """Turns 12 and 12.0 into "12": a file with only digits in a column of codes holds codes too."""
    return column.astype(object).where(is_string(column), column_statistics.as_text(column)).astype("str")


def nothing_left(rejected: tuple[RejectedDataset, ...]) -> DataError:
    """Returns the error for a table without a usable dataset."""
    first = rejected[0]
    several = len(rejected) > 1
    return DataError(
        f"None of {len(rejected)} datasets can be used." if several else "The only dataset cannot be used.",
        why=f"{'The first' if several else 'It'}, {sanitised(first.path, 120)}, {first.reason}.",
        fix="Check `target` and `features`, and the files named above.",
        path=first.path,
        line=first.line,
        set_aside=rejected,
    )
