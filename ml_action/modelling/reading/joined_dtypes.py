"""Whether files that were parsed as one have the dtypes that pandas would give each of them alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.reading import csv_file

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class VerifiedFrame(NamedTuple):
    """The frame of several files, and in which columns of which files it cannot be trusted."""

    frame: pd.DataFrame
    doubtful: Flags | None  # (files, doubtful columns); None: every column has the dtype that each file would give it


def verify_dtypes(frame: pd.DataFrame, counts: Integers, words: Collection[str] = ()) -> VerifiedFrame:
    """Checks the dtypes of a joined frame of files with `counts` rows each. The columns in `words` are text anyway.

    Rows: the joined frame has as many rows as the bodies have line ends, and quotes, blank lines and short last lines
    can only make it fewer. So each line end closed a row, and files end where rows end. Columns: one dtype for the
    batch is each file's own, except for the cases in `_doubtful`. A text column that has no value at all in some file
    becomes `object`, as concatenation would make it.
    """
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    doubts: list[Flags] = []
    mixed: dict[object, type] = {}
    for name, column in frame.items():
        if name in words:
            continue
        found = _doubtful(column, starts)
        is_text = isinstance(column.dtype, pd.StringDtype)
        if (is_text and found.any()) or column.dtype == object:  # a file that is sure of its text has a value
            missing = np.logical_and.reduceat(column.isna().to_numpy(), starts)
            found &= ~missing
            if is_text and missing.any():
                mixed[name] = object
        if found.any():
            doubts.append(found)
    return VerifiedFrame(frame.astype(mixed) if mixed else frame, np.array(doubts).T if doubts else None)


def _doubtful(column: pd.Series, starts: Integers) -> Flags:
    """Per file: whether pandas might have given this column another dtype if it had read the file alone."""
    none = np.zeros(len(starts), dtype=bool)
    if isinstance(column.dtype, pd.StringDtype):
        return ~_textual(column, starts)
    values = column.to_numpy()
    if values.dtype == np.float64:
        ambiguous = csv_file.rounded_or_negative_zero(values)
        if not ambiguous.any():
            return none
        whole = np.isnan(values) | (np.isfinite(values) & (values == np.floor(values)))  # 7 and NA are read as 7.0
        return np.logical_and.reduceat(whole, starts) & np.logical_or.reduceat(ambiguous, starts)
    if values.dtype == np.uint64:
        return np.maximum.reduceat(values, starts) < 2**63
    if values.dtype == object:
        return none if pd.api.types.infer_dtype(values, skipna=True) == "boolean" else ~none
    return none


def _textual(column: pd.Series, starts: Integers) -> Flags:
    """Per file: whether at least one value can only be text. The first rows decide for nearly all files."""
    sure = _is_text(column.iloc[starts])
    open_files = np.flatnonzero(~sure)
    if len(open_files):
        ends = np.append(starts[1:], len(column))
        rows = np.concatenate([np.arange(starts[file], ends[file]) for file in open_files])
        lengths = (ends - starts)[open_files]
        first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        sure[open_files] = np.logical_or.reduceat(_is_text(column.iloc[rows]), first)
    return sure


def _is_text(column: pd.Series) -> Flags:
    """Per value: whether it is present, and neither a number nor a boolean in any spelling that pandas knows."""
    return np.fromiter(map(csv_file.is_text, column.to_numpy().tolist()), dtype=bool, count=len(column))
