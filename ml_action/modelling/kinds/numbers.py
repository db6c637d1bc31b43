"""Numbers as they are written: one cell, one number."""

from __future__ import annotations

import math
import re

from ml_action.modelling.reading.csv_file import MISSING_MARKS

# What pandas' parser takes for a number, blanks around it included. Those of ASCII: str knows more, and float() fewer.
_PLAIN = re.compile(r"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:e[+-]?+[0-9]++)?+", re.IGNORECASE | re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_BLANKS = " \t\r\n\v\f"


def plain(cell: str) -> float:
    """Returns the number, or NaN for a mark such as NA.

    Raises:
        ValueError: The cell is neither.
    """
    text = cell.strip(_BLANKS)
    if text in MISSING_MARKS:
        return math.nan
    if _PLAIN.fullmatch(text) or _INFINITE.fullmatch(text):
        return float(text)
    raise ValueError(cell)
