"""The paired evidence as a chart of characters: each dataset's gain, sorted, and the interval of the whole gain.

It has at most `WIDTH` columns and holds no text from outside, so that a page and a terminal show the same. Pure;
standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ml_action.core.formatting import percent

if TYPE_CHECKING:
    from ml_action.core.records.evaluation import Comparison
    from ml_action.core.records.policy import Policy

WIDTH = 60
MARGIN = 10  # columns of the scale, with the line between it and the bars
HEIGHT = 8  # rows of bars, above and below the zero line together
_RISING = " ▁▂▃▄▅▆▇█"  # eighths of a cell, from its bottom
_HANGING = " ▔▀█"  # from its top: Unicode has no more of them
_HANGING_FROM = (0.06, 0.25, 0.75)  # the part of a cell from which each of them is nearest
_CUT_ABOVE, _CUT_BELOW = "▲", "▼"
_EXTREME = 2.0  # times as far as all but a twentieth on either side: further out a bar is cut
LARGEST = 1e9  # share that is drawn as it is
MAX_PERCENT = 99.995  # a larger share is shown as a power of ten
_ZERO, _ASKED, _AXIS = "┼", "┊", "─"


def gain_chart(comparison: Comparison, policy: Policy | None = None) -> str:
    """Returns bars for the gains of single datasets, and the interval of the gain on an axis; "" if no gain is known.

    With a `policy` the axis also shows the gain that its gate asks for.
    """
    gains = [_within(gain) for gain in comparison.gains if math.isfinite(gain)]
    if not gains:
        return ""
    whose = "champion's" if comparison.champion else "dummy's"
    unit = "group" if comparison.unit.startswith("groups") else "dataset"
    parts = [f"gain of each {unit}, sorted (share of the {whose} error)", *_bars(sorted(gains))]
    figures = (comparison.gain_interval.low, comparison.gain, comparison.gain_interval.high, asked(policy))
    if all(map(math.isfinite, figures)):
        low, point, high, least = map(_within, figures)
        parts += ["", *_interval(low, point, high, least, percent(comparison.confidence, 0))]
    return "\n".join(line.rstrip() for line in parts)


def asked(policy: Policy | None) -> float:
    """Returns the gain above which the gate promotes a challenger."""
    if policy is None:
        return 0.0
    return {"better": policy.min_improvement, "not-worse": -policy.margin}.get(policy.gate, 0.0)


def _within(share: float) -> float:
    """Returns the share, limited to what can be drawn."""
    return min(max(share, -LARGEST), LARGEST)


# --- the gain of each dataset -----------------------------------------------------------------------------


def _bars(gains: Sequence[float]) -> Iterable[str]:
    """Yields the bars, above and below the zero line."""
    low, high = min(gains[0], 0.0), max(gains[-1], 0.0)
    edge = len(gains) // 20
    usual = _EXTREME * max(abs(gains[edge]), abs(gains[-1 - edge]))
    if usual > 0:
        low, high = max(low, -usual), min(high, usual)
    above, below, unit = _scale(high, -low)
    top, bottom = above * unit, below * unit
    for row in reversed(range(above)):
        cells = (_cell_above(gain / unit, row, above) for gain in gains)
        yield _label(_signed(top) if row == above - 1 else "") + "".join(cells)
    yield _label("0 %", _ZERO) + _AXIS * len(gains)
    for row in range(below):
        cells = (_cell_below(-gain / unit, row, below) for gain in gains)
        yield _label(_signed(-bottom) if row == below - 1 else "") + "".join(cells)


class _Scale(NamedTuple):
    """How many rows there are above and below the zero line, and the share that a row covers."""

    above: int
    below: int
    unit: float


def _scale(high: float, depth: float) -> _Scale:
    """Returns the scale whose rows cover as little as possible."""
    if not high or not depth:
        return _Scale(HEIGHT if high else 0, HEIGHT if depth else 0, max(high, depth) / HEIGHT or 1.0)
    unit, above = min((max(high / above, depth / (HEIGHT - above)), above) for above in range(1, HEIGHT))
    return _Scale(above, HEIGHT - above, unit)


def _cell_above(height: float, row: int, rows: int) -> str:
    if row == rows - 1 and height > rows + 1e-9:
        return _CUT_ABOVE
    part = min(max(height - row, 0.0), 1.0)
    return _RISING[round(part * (len(_RISING) - 1))]


def _cell_below(depth: float, row: int, rows: int) -> str:
    if row == rows - 1 and depth > rows + 1e-9:
        return _CUT_BELOW
    part = depth - row
    return _HANGING[sum(part >= least for least in _HANGING_FROM)]


def _label(text: str, line: str = "│") -> str:
    return f"{text:>{MARGIN - 2}} {line}"


def _signed(share: float) -> str:
    """Returns a share with its sign, in as many columns as the scale has."""
    if abs(share) >= MAX_PERCENT:
        return f"{100 * share:+.0e}%"
    return f"{100 * share:+.{0 if abs(share) >= 0.0995 else 1}f} %"


def _share(share: float) -> str:
    return percent(share) if abs(share) < MAX_PERCENT else f"{100 * share:.0e} %"


# --- the interval of the whole ----------------------------------------------------------------------------


def _interval(low: float, point: float, high: float, least: float, sure: str) -> Iterable[str]:
    """Yields the interval with its point, above an axis that marks zero and the required gain."""
    ends = (low, point, high, 0.0, least)
    left, middle, right, zero, wanted = (_column(value, min(ends), max(ends)) for value in ends)
    wanted += (wanted == zero) * (1 if least > 0 else -1)
    yield f"gain of all: {_share(point)} [{_share(low)[:-2]}, {_share(high)[:-2]}], each end {sure} sure"
    yield _put({**dict.fromkeys(range(left, right), "━"), left: "├", right: "┤", middle: "●"})
    line = dict.fromkeys(range(MARGIN, WIDTH), _AXIS)
    yield _put(line | ({wanted: _ASKED} if least else {}) | {zero: _ZERO})
    yield _legend(zero, f"{_ASKED} asked for: {_share(least)}" if least else "")


def _column(value: float, low: float, high: float) -> int:
    """Returns the column of a value on an axis that reaches a little further than its ends."""
    room = 0.04 * (high - low) or 0.01
    return MARGIN + round((value - low + room) / (high - low + 2 * room) * (WIDTH - MARGIN - 1))


def _put(cells: Mapping[int, str]) -> str:
    """Returns a line of single characters, given by their columns."""
    return "".join(cells.get(column, " ") for column in range(max(cells) + 1))


def _legend(zero: int, text: str) -> str:
    """Returns the labels of the marks: zero at its place, the other on the side that has room for it."""
    at_zero = " " * zero + "0"
    if zero + 2 + len(text) < WIDTH:
        return at_zero + f"{text:>{WIDTH - zero - 1}}"
    return (" " * MARGIN + text).ljust(zero) + "0"
