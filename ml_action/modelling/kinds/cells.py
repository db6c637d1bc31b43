"""A column of cells turned into values, each distinct cell once and by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.reading.columns import is_string

Flags = npt.NDArray[np.bool_]
Parse = Callable[[str], float]  # one cell; NaN if it is missing; raises ValueError if it cannot be read


@dataclass(frozen=True, eq=False)
class ParsedColumn:
    """The values of a column, and which cells have none because they cannot be read."""

    floats: pd.Series
    bad: Flags


def parse_column(column: pd.Series, parse: Parse) -> ParsedColumn:
    """Returns the column as floats. Only text is parsed: numbers and booleans are values already."""
    text = is_string(column)
    if not text.any():
        return ParsedColumn(column.astype(np.float64), text)
    values = np.full(len(column), np.nan)
    values[~text] = column[~text].astype(np.float64)
    codes, words = pd.factorize(column[text])
    found = [_value(parse, str(word)) for word in words]
    values[text] = np.array([np.nan if one is None else one for one in found], dtype=np.float64)[codes]
    bad = text.copy()
    bad[text] = np.array([one is None for one in found], dtype=bool)[codes]
    return ParsedColumn(pd.Series(values, index=column.index), bad)


def _value(parse: Parse, word: str) -> float | None:
    try:
        return parse(word)
    except ValueError:
        return None
