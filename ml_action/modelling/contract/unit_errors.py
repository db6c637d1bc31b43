"""Columns that do not fit: scaled by a usual factor (a unit error), or in each other's place.

A dataset's median, and the logarithm of its median absolute value, are compared with those of the champion's datasets
in robust standard deviations. A column that is far off, and close once it is divided by 60 or put into another column's
place, has not drifted: that would be a great coincidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml_action.core.cells import Cell, Reason, Sentence
from ml_action.core.formatting import sanitised
from ml_action.core.records.contract import ColumnProfile, DataContract, Dispersion
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.validation.rejections import Rejections

Floats = npt.NDArray[np.float64]

FAR, NEAR = 4.5, 3.0  # robust standard deviations: certainly unusual; usual
FACTORS = {  # what the larger number may be, and the smaller one
    10: ("a decimal point too far right", "a decimal point too far left"),
    60: ("minutes instead of hours, or seconds instead of minutes", "hours instead of minutes, or the like"),
    100: ("percent instead of shares, or cents", "shares instead of percent, or whole units instead of cents"),
    1000: ("grams instead of kilograms, or the like", "kilograms instead of grams, or the like"),
    3600: ("seconds instead of hours", "hours instead of seconds"),
}
_LOGS = np.log(list(FACTORS))
BEYOND = 1.5  # times the reach of the champion's own datasets: discrete columns have long tails (decision.md, step 1)
_CLOSE = 0.5  # in the logarithm: in single datasets, 36 to 99 counts as a factor of 60
MAX_PAIRED = 20  # odd columns of a dataset of which all pairs are tried


def reject_unit_errors(rejections: Rejections, profiles: Sequence[ColumnProfile], contract: DataContract) -> None:
    """Rejects the datasets in which two columns are swapped, or one is scaled."""
    known = {item.name: item for item in profiles if item.centre and item.size and item.sketch}
    statistics = column_statistics.compute(rejections.table, tuple(known))
    if not statistics.names:
        return
    fit = _ProfileFit(statistics, [known[name] for name in statistics.names], contract.rows / max(contract.datasets, 1))
    odd = fit.is_odd()
    for place in np.flatnonzero(odd.any(axis=1) & rejections.candidates):
        reason = fit.swap(int(place), np.flatnonzero(odd[place])) or fit.scale(int(place), np.flatnonzero(odd[place]))
        if reason:
            rejections.reject_one(int(place), reason)


class _ProfileFit:
    """How well each dataset's columns fit the profiles, in robust standard deviations."""

    def __init__(
        self, statistics: column_statistics.ColumnStatistics, profiles: list[ColumnProfile], usual_rows: float
    ) -> None:
        self.statistics = statistics
        self.spread_factors = statistics.spread_factors(usual_rows)
        self.centre, self.centre_width, centre_reach = _arrays([item.centre for item in profiles])
        self.size, self.size_width, size_reach = _arrays([item.size for item in profiles])
        self.low = np.array([item.sketch[1] for item in profiles])  # one row in twenty is smaller
        self.high = np.array([item.sketch[-2] for item in profiles])
        self.far_centre, self.far_size = (np.maximum(FAR, BEYOND * reach) for reach in (centre_reach, size_reach))

    def is_odd(self) -> npt.NDArray[np.bool_]:
        """(datasets, columns): whether the median or the size is far from what is usual for the column."""
        off_centre = np.abs(self.statistics.centre - self.centre) / self.centre_width / self.spread_factors[:, None]
        off_size = np.abs(self.statistics.size - self.size) / self.size_width / self.spread_factors[:, None]
        return np.asarray((off_centre > self.far_centre) | (off_size > self.far_size), dtype=bool)

    def swap(self, place: int, odd: npt.NDArray[np.intp]) -> str:
        """Returns the reason if two odd columns of a dataset fit when they change places; else an empty text."""
        odd = odd[:MAX_PAIRED]
        near = self._fits(place, odd)
        pairs = np.argwhere(np.triu(near & near.T, 1))
        if not len(pairs):
            return ""
        one, other = (sanitised(self.statistics.names[odd[column]]) for column in pairs[0])
        return f"seems to have the columns '{one}' and '{other}' in each other's place"

    def _fits(self, place: int, columns: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """(columns, columns): whether a dataset's column would be usual in another column's place."""
        centre, size = self.statistics.centre[place, columns, None], self.statistics.size[place, columns, None]
        off_centre = np.abs(centre - self.centre[columns]) / self.centre_width[columns]
        off_size = np.abs(size - self.size[columns]) / self.size_width[columns]
        return np.asarray(np.maximum(off_centre, off_size) <= NEAR * self.spread_factors[place], dtype=bool)

    def scale(self, place: int, odd: npt.NDArray[np.intp]) -> Reason:
        """Returns the reason if an odd column is usual when it is divided by a usual factor; else an empty text."""
        times = self.statistics.size[place, odd] - self.size[odd]
        width = self.size_width[odd] * self.spread_factors[place]
        off = np.abs(np.abs(times)[:, None] - _LOGS)
        centre = self.statistics.centre[place, odd]
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

    def _scaled(self, place: int, column: int, factors: list[int]) -> Reason:
        usual, found = float(np.exp(self.size[column])), float(np.exp(self.statistics.size[place, column]))
        smaller = found < usual
        times = usual / found if smaller else found / usual
        hints = "; or ".join(FACTORS[factor][smaller] for factor in factors)
        return Sentence(
            f"has the column '{sanitised(self.statistics.names[column])}' about {_short(times)} times "
            f"{'smaller' if smaller else 'larger'} than usual (median size ",
            Cell(_short(found)),  # of an odd number of rows it is a cell
            f", usually {_short(usual)}): {hints}?",
        )


def unit_error_hint(found: float, usual: float) -> str:
    """Returns the unit error that would turn one number into the other, as a question; else an empty text."""
    if found <= 0 or usual <= 0:
        return ""
    times = float(np.log(found / usual))
    off = np.abs(abs(times) - _LOGS)
    nearest = int(off.argmin())
    return f": {FACTORS[list(FACTORS)[nearest]][times < 0]}?" if off[nearest] <= _CLOSE else ""


def _short(number: float) -> str:
    return f"{number:.0f}" if 100 <= number < 1e9 else f"{number:.3g}"


class _Dispersions(NamedTuple):
    """The fields of several dispersions as arrays."""

    middles: Floats
    widths: Floats
    reaches: Floats


def _arrays(dispersions: Sequence[Dispersion | None]) -> _Dispersions:
    known = np.array([(item.middle, item.width, item.reach) for item in dispersions if item], dtype=np.float64)
    return _Dispersions(known[:, 0], known[:, 1], known[:, 2])
