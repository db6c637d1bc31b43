"""Each dataset by itself: can its rows be learned from? What cannot is set aside with the reason in words.

The checks are the least without which one file would stop the whole loop or spoil a column for all others, and the
user's own demands (`demands`). What is learned from the champion's data (ranges, units) judges after them (`judging`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config.column_rules import ColumnRule
from ml_action.core.errors import DataError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.core.records.dataset import RejectedDataset
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.columns import automatic_features, homogeneous, mostly_numbers, require, texts
from ml_action.modelling.reading.columns import is_text as words
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import column_rules
from ml_action.modelling.validation.rejections import Rejections, RowRejections

LARGEST = 1e100  # no measurement is larger, and the squares of errors about it are still numbers
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

Flags = npt.NDArray[np.bool_]


def validate(
    table: Table,
    targets: tuple[str, ...],
    features: Sequence[str],
    rules: Sequence[ColumnRule] = (),
    numbers: frozenset[str] = frozenset(),
    weight: str = "",
) -> tuple[Table, tuple[RejectedDataset, ...]]:
    """The table of usable datasets, and the datasets set aside, with the reason and the line if one is known.

    Set aside: a dataset without a target, the `weight` or a feature column (unless a rule says that it may lack it);
    without any target value; with text in one of the columns that the contract knows as `numbers`, or where most
    datasets hold numbers; with an infinite number; with a weight that is missing or below zero; against a rule. Rows
    without a target are dropped. No `features` means
    `automatic_features`. In the result each of these columns is number, boolean or text throughout.
    Raises DataError when a column is in no dataset, or no dataset remains.
    """
    held = (*targets, weight) if weight else targets
    require(table, [*held, *features])
    columns = list(dict.fromkeys([*held, *(features or automatic_features(table, held))]))
    demanded = {rule.name: rule for rule in rules if rule.name in table.frame.columns}
    verdicts = Rejections(table)
    for name in required(columns, held, demanded):
        judge_presence(verdicts, name)
    valued = table.frame[list(targets)].notna().all(axis=1).to_numpy()
    verdicts.against(~table.any_in(valued), no_target_reason(targets))
    for name in columns:
        judge_values(verdicts, name, True if name == weight else is_number(name, targets, demanded, numbers))
    if weight:
        judge_weights(verdicts, weight, valued)
    for rule in demanded.values():
        column_rules.apply_rule(verdicts, rule)
    if not verdicts.good.any():
        raise nothing_left(verdicts.set_aside)
    return unify_types(table.keep(verdicts.good, valued), columns, demanded), verdicts.set_aside


def no_target_reason(targets: tuple[str, ...]) -> str:
    """What is said of a dataset that nothing can be learned from."""
    if len(targets) == 1:
        return f"has no value in the target '{sanitised(targets[0])}'"
    return f"has no row with a value in each of the targets {quoted_list(targets)}"


def required(columns: Sequence[str], held: tuple[str, ...], demanded: Mapping[str, ColumnRule]) -> list[str]:
    """The columns that every dataset has to have; those that are `held` (target, weight), whatever a rule says."""
    return [name for name in columns if name in held or not _is_said(name, demanded, "required")]


def is_number(
    name: str, targets: tuple[str, ...], demanded: Mapping[str, ColumnRule], numbers: frozenset[str]
) -> bool | None:
    """Whether a column has to hold numbers, by the user's rule before the contract's `numbers`; None: most decide."""
    kind = demanded[name].type if name in demanded else None
    if kind:
        return kind == "number"
    if name not in targets and _is_said(name, demanded, "check"):
        return False  # nothing is asked of it
    return True if name in numbers else None


def _is_said(name: str, demanded: Mapping[str, ColumnRule], key: str) -> bool:
    """Whether a rule says `key = false` of the column."""
    return name in demanded and getattr(demanded[name], key) is False


def judge_presence(verdicts: Rejections, name: str) -> None:
    """A dataset that lacks a column is set aside."""
    absent = ~verdicts.table.has(name)
    if not absent.any():
        return
    for schema, known in enumerate(verdicts.table.schemas):
        lacking = absent & verdicts.good & (verdicts.table.schema == schema)
        if lacking.any():  # looking for a near name takes time, in a file of many columns
            verdicts.against(lacking, f"lacks the column '{sanitised(name)}'{_hint(name, known - {name})}")


def _hint(name: str, known: frozenset[str]) -> str:
    """What the file has in the column's place."""
    (only,) = known if len(known) == 1 else ("",)
    for mark, marks in SEPARATORS.items():
        if mark in only:
            return f" (its columns seem to be parted by {marks}, not commas)"
    near = nearest(name, known)
    return f" (it has '{sanitised(near)}')" if near else ""


def judge_values(verdicts: Rejections, name: str, is_number: bool | None) -> None:
    """Text among numbers, and infinity, in one column."""
    column = verdicts.table.frame[name]
    said = f"the column '{sanitised(name)}'"
    mixed, known = column.dtype == object, is_number is not None
    text = mixed or isinstance(column.dtype, pd.StringDtype)
    if text and (is_number if known else mixed and mostly_numbers(verdicts.table, column)):
        where = "numbers belong" if known else "most datasets hold numbers"
        reason = f"holds text ('{{}}') in {said}, where {where}"
        # One word makes text of every cell of its file: the word is named, not the number before it.
        verdicts.against_rows(words(column), reason, name)
        verdicts.against_rows(texts(column), reason, name)
    judge_sizes(verdicts, column, name)


def judge_weights(verdicts: Rejections | RowRejections, name: str, valued: Flags) -> None:
    """A weight has to be there in every row with a target, and may not be below zero."""
    column = verdicts.table.frame[name]
    verdicts.against_rows(column.isna().to_numpy() & valued, f"holds no weight in the column '{sanitised(name)}'", name)
    below = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64) < 0
    verdicts.against_rows(below, f"holds a weight below zero ({{}}) in the column '{sanitised(name)}'", name)


def judge_sizes(verdicts: Rejections | RowRejections, column: pd.Series, name: str) -> None:
    """Numbers that nothing can be calculated with: infinite ones, and those whose squares are."""
    sizes = _sizes(column)
    verdicts.against_rows(np.isinf(sizes), f"holds an infinite number in the column '{sanitised(name)}'", name)
    said = f"holds a number too large to calculate with ({{}}) in the column '{sanitised(name)}'"
    verdicts.against_rows(sizes > LARGEST, said, name)


def _sizes(column: pd.Series) -> npt.NDArray[np.float64]:
    """Per row: the absolute value of a number; nothing of what is none, or can be no infinite one."""
    if column.dtype == object:
        values = pd.to_numeric(column.where(~texts(column)), errors="coerce")
        return np.abs(np.asarray(values, dtype=np.float64))
    if pd.api.types.is_float_dtype(column.dtype):
        return np.abs(np.asarray(column, dtype=np.float64))
    return np.zeros(len(column))


def unify_types(table: Table, columns: Sequence[str], demanded: Mapping[str, ColumnRule]) -> Table:
    """Mixed columns made one: numbers again where the text went, text where numbers are among it or codes are meant."""
    codes = {name for name, rule in demanded.items() if rule.type == "text"}
    mixed = [name for name in columns if table.frame[name].dtype == object or name in codes]
    if not mixed:
        return table
    frame = table.frame.copy(deep=False)
    for name in mixed:
        is_text = name in codes or texts(frame[name]).any()
        frame[name] = _text_throughout(frame[name]) if is_text else homogeneous(frame[name])
    return Table(frame, table.cluster, table.datasets, table.schemas, table.schema)


def _text_throughout(column: pd.Series) -> pd.Series:
    """12 and 12.0 become "12": a file with only digits in a column of codes holds codes too."""
    return column.astype(object).where(texts(column), column_statistics.words(column)).astype("str")


def nothing_left(set_aside: tuple[RejectedDataset, ...]) -> DataError:
    """What to say when there is nothing to learn from."""
    first = set_aside[0]
    return DataError(
        f"None of {len(set_aside)} datasets can be used." if len(set_aside) > 1 else "The only dataset cannot be used.",
        why=f"{'The first' if len(set_aside) > 1 else 'It'}, {sanitised(first.path, 120)}, {first.reason}.",
        fix="Check `target` and `features`, and the files named above.",
        path=first.path,
        line=first.line,
        set_aside=set_aside,
    )
