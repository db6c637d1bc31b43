"""Figures as a person reads them, the same on every page."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.core.records.evaluation import Interval

WHOLE = 2**53  # beyond it a float is always whole, and says nothing of how it was written
_ONE = {"processes": "process"}  # where one is no plural without its s
_POINTED = re.compile(r"([+-]?[0-9]{1,16})\.0*")


def percent(share: float, digits: int = 1) -> str:
    """0.061 as `6.1 %`."""
    return f"{_times_100(share, digits)} %"


def percents(interval: Interval) -> str:
    """An interval of shares as `[3.9, 8.4]`."""
    return f"[{_times_100(interval.low, 1)}, {_times_100(interval.high, 1)}]"


def _times_100(share: float, digits: int) -> str:
    return f"{round(100 * share, digits) + 0.0:.{digits}f}"  # plus zero: "-0.0" is no figure for a person


def count_of(count: int, things: str) -> str:
    """`1 file`, `2,000 files`, `1 new group of rows`: the things are given in their plural."""
    if count != 1:
        return f"{count:,} {things}"
    head, of, rest = things.partition(" of ")
    return f"1 {_ONE.get(head, head.removesuffix('s'))}{of}{rest}"


def number(value: float | None) -> str:
    """A score with four places, or one where it is large."""
    return "–" if value is None else f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def probability(p: float) -> str:
    """A probability a person can read: 10,000 flips cannot tell less than 0.0001."""
    if math.isnan(p):
        return "unknown"
    return f"{p:.4f}".rstrip("0").rstrip(".") if p >= 0.0001 else "below 0.0001"


def cell_text(cell: object) -> str:
    """A cell as text. A whole number reads as its digits, also one that came as 12.0: a gap makes floats of all."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= WHOLE:
        return str(int(cell))
    pointed = _POINTED.fullmatch(cell) if isinstance(cell, str) else None
    if pointed and abs(int(pointed[1])) <= WHOLE:
        return str(int(pointed[1]))
    return str(cell)
