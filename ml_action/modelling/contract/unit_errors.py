"""Columns that do not fit: scaled by a usual factor (a unit error), or in each other's place.

A dataset's median, and the logarithm of its median absolute value, are compared with those of the champion's datasets
in robust standard deviations. What is far off as it is, and near once it is divided by 60, or put into the other
column, is no drift: it would be a great coincidence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ml_action.core.formatting import sanitised
from ml_action.core.records.contract import ColumnProfile, DataContract, Dispersion
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.validation.rejections import Rejections

Floats = npt.NDArray[np.float64]

FAR, NEAR = 4.5, 3.0  # robust standard deviations: surely not from there; well from there
FACTORS = {  # what the larger figure may be, and the smaller one
    10: ("a decimal point too far right", "a decimal point too far left"),
    60: ("minutes instead of hours, or seconds instead of minutes", "hours instead of minutes, or the like"),
    100: ("percent instead of shares, or cents", "shares instead of percent, or whole units instead of cents"),
    1000: ("grams instead of kilograms, or the like", "kilograms instead of grams, or the like"),
    3600: ("seconds instead of hours", "hours instead of seconds"),
}
_LOGS = np.log(list(FACTORS))
BEYOND = 1.5  # times what the champion's own datasets reach: discrete columns have long tails (decision.md, step 1)
_CLOSE = 0.5  # in the logarithm: of single datasets, a factor of 60 is met by 36 to 99
MOST_ODD = 20  # columns of a dataset of which pairs are tried


def judge(verdicts: Rejections, profiles: Sequence[ColumnProfile], contract: DataContract) -> None:
    """Sets the datasets aside in which two columns are swapped, or one is scaled."""
    known = {item.name: item for item in profiles if item.centre and item.size and item.sketch}
    drawn = column_statistics.compute(verdicts.table, tuple(known))
    if not drawn.names:
        return
    fit = _ProfileFit(drawn, [known[name] for name in drawn.names], contract.rows / max(contract.datasets, 1))
    odd = fit.is_odd()
    for place in np.flatnonzero(odd.any(axis=1) & verdicts.among):
        reason = fit.swap(int(place), np.flatnonzero(odd[place])) or fit.scale(int(place), np.flatnonzero(odd[place]))
        if reason:
            verdicts.against_one(int(place), reason)


class _ProfileFit:
    """How well each dataset's columns fit the profiles, in robust standard deviations."""

    def __init__(
        self, drawn: column_statistics.ColumnStatistics, profiles: list[ColumnProfile], usual_rows: float
    ) -> None:
        self.drawn = drawn
        self.fewer = drawn.fewer_than(usual_rows)
        self.centre, self.centre_width, centre_reach = _arrays([item.centre for item in profiles])
        self.size, self.size_width, size_reach = _arrays([item.size for item in profiles])
        self.low = np.array([item.sketch[1] for item in profiles])  # one row in twenty is smaller
        self.high = np.array([item.sketch[-2] for item in profiles])
        self.far_centre, self.far_size = (np.maximum(FAR, BEYOND * reach) for reach in (centre_reach, size_reach))

    def is_odd(self) -> npt.NDArray[np.bool_]:
        """(datasets, columns): far from where the column usually is, in place or in size."""
        off_centre = np.abs(self.drawn.centre - self.centre) / self.centre_width / self.fewer[:, None]
        off_size = np.abs(self.drawn.size - self.size) / self.size_width / self.fewer[:, None]
        return np.asarray((off_centre > self.far_centre) | (off_size > self.far_size), dtype=bool)

    def swap(self, place: int, odd: npt.NDArray[np.intp]) -> str:
        """Two odd columns of a dataset that fit when they change places; empty: there are none."""
        odd = odd[:MOST_ODD]
        near = self._fits(place, odd)
        pairs = np.argwhere(np.triu(near & near.T, 1))
        if not len(pairs):
            return ""
        one, other = (sanitised(self.drawn.names[odd[column]]) for column in pairs[0])
        return f"seems to have the columns '{one}' and '{other}' in each other's place"

    def _fits(self, place: int, columns: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """(columns, columns): whether a dataset's column would be usual as another one."""
        centre, size = self.drawn.centre[place, columns, None], self.drawn.size[place, columns, None]
        off_centre = np.abs(centre - self.centre[columns]) / self.centre_width[columns]
        off_size = np.abs(size - self.size[columns]) / self.size_width[columns]
        return np.asarray(np.maximum(off_centre, off_size) <= NEAR * self.fewer[place], dtype=bool)

    def scale(self, place: int, odd: npt.NDArray[np.intp]) -> str:
        """An odd column that is usual when it is divided by a usual factor; empty: there is none."""
        times = self.drawn.size[place, odd] - self.size[odd]
        width = self.size_width[odd] * self.fewer[place]
        off = np.abs(np.abs(times)[:, None] - _LOGS)
        centre = self.drawn.centre[place, odd]
        often = (times < 0) & (centre >= self.low[odd]) & (centre <= self.high[odd])  # small, as the column often is
        turned = (centre < 0) & (self.low[odd] >= 0) | (centre > 0) & (self.high[odd] <= 0)  # -999 is no unit
        bad = (np.abs(times) > self.far_size[odd] * width) & (off.min(axis=1) <= NEAR * width) & ~often & ~turned
        if not bad.any():
            return ""
        first = int(bad.argmax())
        factors = [
            list(FACTORS)[nearest] for nearest in off[first].argsort()[:2] if off[first, nearest] <= width[first]
        ]
        return self._scaled(place, int(odd[first]), factors or [list(FACTORS)[off[first].argmin()]])

    def _scaled(self, place: int, column: int, factors: list[int]) -> str:
        usual, found = float(np.exp(self.size[column])), float(np.exp(self.drawn.size[place, column]))
        smaller = found < usual
        times = usual / found if smaller else found / usual
        hints = "; or ".join(FACTORS[factor][smaller] for factor in factors)
        return (
            f"has the column '{sanitised(self.drawn.names[column])}' about {_short(times)} times "
            f"{'smaller' if smaller else 'larger'} than usual (median size {_short(found)}, "
            f"usually {_short(usual)}): {hints}?"
        )


def unit_error_hint(found: float, usual: float) -> str:
    """The unit error that would make the one figure of the other, as a question; empty: there is none."""
    if found <= 0 or usual <= 0:
        return ""
    times = float(np.log(found / usual))
    off = np.abs(abs(times) - _LOGS)
    nearest = int(off.argmin())
    return f": {FACTORS[list(FACTORS)[nearest]][times < 0]}?" if off[nearest] <= _CLOSE else ""


def _short(figure: float) -> str:
    return f"{figure:.0f}" if 100 <= figure < 1e9 else f"{figure:.3g}"


def _arrays(spreads: Sequence[Dispersion | None]) -> tuple[Floats, Floats, Floats]:
    """Middles, widths and reaches, one per column."""
    known = np.array([(item.middle, item.width, item.reach) for item in spreads if item], dtype=np.float64)
    return known[:, 0], known[:, 1], known[:, 2]
