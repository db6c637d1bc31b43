"""Tables whose cells are values of the columns' kinds, whatever other files hold.

Only the files together show what a column holds. If some files of a column of words hold nothing but digits, or nothing
but NA, they were read as numbers, and 007 as 7: then everything is read once more. A cell that cannot be read as its
column's kind stays text, which validation rejects with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.records.contract import ColumnKind
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.kinds import dates, learning, number_forms, padding
from ml_action.modelling.kinds.cells import parse_column
from ml_action.modelling.reading import columns, table
from ml_action.modelling.reading.csv_file import MISSING_MARKS
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.reading.table import NO_KINDS, ReadResult, Table

Contents = Callable[[], Iterable[bytes | None]]  # the files' bytes, from the first to the last, each time it is called
Flags = npt.NDArray[np.bool_]


def read(
    datasets: Sequence[Dataset],
    contents: Contents,
    limits: ReadLimits = table.DEFAULT,
    required: Collection[str] = (),
    known: Mapping[str, ColumnKind] = NO_KINDS,
    old: Collection[str] = (),
) -> ReadResult:
    """Reads the datasets into one table, as `table.read` does, twice if necessary, and turns its cells into values.

    `known` are the kinds of columns, as far as they are; `old` the datasets that were accepted before.
    """
    cells = frozenset(name for name, kind in known.items() if learning.needs_cells(kind))
    found = table.read(datasets, contents(), limits, required, cells)
    kinds = learning.learn_kinds(found.table, known, old)
    mixed = {name for name in columns.mixed_columns(found.table) if name in kinds and learning.needs_cells(kinds[name])}
    if mixed - cells:
        found = table.read(datasets, contents(), limits, required, cells | mixed)
        kinds = learning.learn_kinds(found.table, known, old)
    padded = padding.find_padded(found.table, datasets, contents(), kinds)
    return ReadResult(typed(replace(found.table, kinds=kinds, padded=padded)), found.rejected)


def typed(raw: Table) -> Table:
    """Returns the table with values in place of cells; rows that name units are empty."""
    values = {name: kind for name, kind in raw.kinds.items() if name in raw.frame.columns}
    frame, numbers = raw.frame.copy(deep=False), {}
    for name, kind in values.items():
        if kind.kind == "date":
            frame[name] = _as_iso(frame[name], kind)
        elif kind.kind == "number" and columns.is_string(frame[name]).any():
            numbers[name] = parse_column(frame[name], number_forms.parser(kind.forms[0] if kind.forms else ""))
    units = _unit_rows(raw, {name: column.bad for name, column in numbers.items()})
    for name, column in numbers.items():
        wrong = column.bad & ~units
        frame[name] = frame[name].astype(object).where(wrong, column.floats) if wrong.any() else column.floats
    if units.any():
        frame = frame.mask(np.broadcast_to(units[:, np.newaxis], frame.shape))
    return replace(raw, frame=frame)


def _as_iso(column: pd.Series, kind: ColumnKind) -> pd.Series:
    """Returns dates as ISO 8601 text; a cell that is none stays as it is."""
    parse = dates.parser((*kind.forms, dates.ISO))
    codes, words = pd.factorize(column)
    found = np.array([*(_iso_or_word(parse, word) for word in words), None], dtype=object)
    return pd.Series(found[codes], index=column.index, dtype="str")


def _iso_or_word(parse: Callable[[str], str], word: object) -> str | None:
    text = str(int(word)) if isinstance(word, float) and word.is_integer() else str(word)
    if text.strip() in MISSING_MARKS:
        return None
    try:
        return parse(text)
    except ValueError:
        return text


def _unit_rows(raw: Table, bad: Mapping[str, Flags]) -> Flags:
    """Per row: whether it is the first of its file and names the units of all columns of numbers.

    Where only one column has a word there, it has to be that of most files: else it is an error.
    """
    first = np.r_[True, raw.cluster[1:] != raw.cluster[:-1]] if len(raw.cluster) else np.zeros(0, dtype=bool)
    wordy = [name for name, flags in bad.items() if (flags & first).any()]
    if not wordy:
        return np.zeros(len(raw.cluster), dtype=bool)
    found: Flags = first & np.logical_and.reduce([bad[name] for name in wordy])
    if len(wordy) == 1:
        words = raw.frame.loc[found, wordy[0]].value_counts()
        usual = words.index[words >= max(2, len(raw.datasets) / 2)]
        found &= raw.frame[wordy[0]].isin(usual).to_numpy()
    others = [
        name for name, kind in raw.kinds.items() if kind.kind == "number" and name in raw.frame and name not in bad
    ]
    for name in others:
        found &= raw.frame[name].isna().to_numpy()
    return found
