"""Which kind each column of a table is, and by which forms its cells are read.

What is known stays as it is: the user's rules, and the kinds that the champion was trained with. Only a column of dates
takes on a further form, if its cells prove one. What is not known is learned once, from the cells of all files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core import formatting
from ml_action.core.records.contract import AS_WRITTEN, ColumnKind, DataContract
from ml_action.modelling.kinds import dates, number_forms
from ml_action.modelling.reading.columns import is_string, mostly_numbers
from ml_action.modelling.reading.csv_file import MISSING_MARKS
from ml_action.modelling.reading.table import Table

SAMPLE = 200  # distinct cells that show whether there can be numbers or dates at all
FEWEST_DAYS = 10  # distinct whole numbers such as 20240331 that make a column of dates
FIRST_DAY, LAST_DAY = 1900_01_01, 2100_12_31
TEXT = ColumnKind("text", (AS_WRITTEN,))

Flags = npt.NDArray[np.bool_]


def known_kinds(contract: DataContract | None, rules: Iterable[ColumnRule]) -> dict[str, ColumnKind]:
    """Returns the kinds that are known before anything is read: the champion's, and those of the rules."""
    columns = contract.columns if contract else ()
    learned = {item.name: ColumnKind(item.kind, item.forms) for item in columns if item.kind != "empty"}
    return learned | {rule.name: _of_rule(rule) for rule in rules if rule.type}


def _of_rule(rule: ColumnRule) -> ColumnKind:
    if rule.type == "text":
        return TEXT
    return ColumnKind(rule.type or "", (rule.format,) if rule.format else ())


def needs_cells(kind: ColumnKind) -> bool:
    """Whether a file that holds nothing but digits is read otherwise than pandas reads it alone."""
    if kind.kind == "number":
        return not all(map(number_forms.reads_plain_numbers, kind.forms))
    return kind.kind != "boolean"


def learn_kinds(table: Table, known: Mapping[str, ColumnKind], old: Collection[str]) -> dict[str, ColumnKind]:
    """Returns the kind of each column that needs one.

    Args:
        table: The cells as they are written; numbers where pandas found nothing else.
        known: Kinds that are known.
        old: The datasets that were accepted before (blob ids or keys). An older record calls dates text: then these
            show what they are.
    """
    found = dict(known)
    for name, column in table.frame.items():
        kind = known.get(str(name))
        learned = _learned(table, column) if kind is None else _continued(table, column, kind, old)
        if learned:
            found[str(name)] = learned
    return found


def _continued(table: Table, column: pd.Series, kind: ColumnKind, old: Collection[str]) -> ColumnKind:
    """Returns a known kind; a column of dates with the forms that were added to it."""
    if kind.kind == "text" and not kind.forms:
        before = np.array([item.blob in old or item.key in old for item in table.datasets], dtype=bool)[table.cluster]
        dated = _dates_in(_distinct(column[before])) if before.any() else None
        if not dated:
            return TEXT
        kind = ColumnKind("date", dated)
    if kind.kind != "date":
        return kind
    read = dates.parser((*kind.forms, dates.ISO))
    rest = [word for word in _distinct(column) if not dates.is_read(read, word)]
    more = dates.learn_forms(rest) if rest else None
    return replace(kind, forms=tuple(dict.fromkeys([*kind.forms, *more.forms]))) if more else kind


def _learned(table: Table, column: pd.Series) -> ColumnKind | None:
    """Returns the kind of a column; None if its dtype says what it is."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return _days(column)
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return None
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in ("boolean", "empty"):
        return None
    if _may_be_values(words := _distinct(column)):
        found = _of_words(words) or _of_words(_distinct(_below_the_first(table, column)))
        if found:
            return found
    return None if column.dtype == object and mostly_numbers(table, column) else TEXT


def _of_words(words: list[str]) -> ColumnKind | None:
    """Returns the kind of values that the distinct cells are written as; None if they are words."""
    if not _may_be_values(words):
        return None
    if forms := _dates_in(words):
        return ColumnKind("date", forms)
    form = number_forms.learn_form(words)
    return None if form is None else ColumnKind("number", (form,) if form else ())


def _days(column: pd.Series) -> ColumnKind | None:
    """Returns dates if every number is a day such as 20240331."""
    if not (column.min() >= FIRST_DAY and column.max() <= LAST_DAY):  # also where there is no value
        return None
    words = [formatting.cell_text(value) for value in column.dropna().unique().tolist()]
    read = dates.parser([dates.DIGITS])
    if len(words) < FEWEST_DAYS or not all(dates.is_read(read, word) for word in words):
        return None
    return ColumnKind("date", (dates.DIGITS,))


def _below_the_first(table: Table, column: pd.Series) -> pd.Series:
    """Returns the cells without the first of each file, which may name a unit; all of them if no file has two rows."""
    first = np.r_[True, table.cluster[1:] != table.cluster[:-1]]
    return column if first.all() else column[~first]


def _distinct(column: pd.Series) -> list[str]:
    """Returns the distinct texts of a column, without marks such as NA."""
    if column.dtype == object:
        column = column[is_string(column)]
    if not isinstance(column.dtype, pd.StringDtype) and column.dtype != object:
        return []
    return [word for word in column.dropna().unique() if word.strip() not in MISSING_MARKS]


def _may_be_values(words: list[str]) -> bool:
    sample = words[:SAMPLE]
    return bool(sample) and 2 * sum(any(map(str.isdigit, word)) for word in sample) > len(sample)


def _dates_in(words: list[str]) -> tuple[str, ...]:
    """Returns the forms of dates, if nearly all words are dates and each can be read in one way."""
    found = dates.learn_forms(words)
    return found.forms if found and not found.undecided else ()
