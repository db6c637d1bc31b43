"""Learning the data contract: what the datasets that a model was trained on look like, column by column.

Middles and widths are medians, which a few bad datasets do not bend. The edges of what is usual (ranges, reaches,
shares) are figures of the outermost datasets: where some may be bad (`suspect`), as in a first batch that is judged
against itself, the edges are drawn further in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.config import parsers
from ml_action.core.records.contract import LEVELS, ColumnProfile, DataContract, Dispersion
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.column_statistics import MAX_SQUARABLE, MIN_ROWS, ColumnStatistics
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import repeated_rows

Floats = npt.NDArray[np.float64]

MOST_CATEGORIES = 50  # a column of names or identifiers has no categories
MOST_COLUMNS = 1000  # of which a profile is kept: the metadata are read by every service
RARE = 0.99  # what this share of the datasets does not exceed counts as usual
NEARLY_ALL = 0.995
LEAST_SIZE = 0.05  # width of the logarithm of a size: constants vary by five per cent
LEAST_CENTRE = 0.05  # width of a median, in interquartile ranges of the column
LONGEST = 200  # characters of a category; what is longer is prose
BEYOND = 2  # spans that the range of a suspect batch may reach beyond that of its inner datasets
VARIED = 0.5  # distinct values per row: a target of which a dataset seldom has one value only
_NORMALLY = NormalDist()
_NORMAL = 1.4826  # median deviation to standard deviation, for a normal distribution


def learn_contract(
    table: Table, targets: tuple[str, ...], features: Iterable[str], suspect: float = 0.0
) -> DataContract:
    """The contract of these datasets, over a recipe's columns (`validation.sort_out` has made them sound).

    `suspect` is the share of the datasets that may be bad, where nothing has judged them yet. The order of the
    datasets makes no difference.
    """
    columns = (*targets, *features)[:MOST_COLUMNS]
    drawn = column_statistics.compute(table, columns)
    found = repeated_rows.find(table, np.zeros(len(table.datasets), dtype=bool), columns)
    return DataContract(
        target=parsers.format_names(targets),
        targets=targets if len(targets) > 1 else (),
        datasets=len(table.datasets),
        rows=len(table.frame),
        constant=_constant(table, targets, suspect),
        repeated=_usual(column_statistics.shares(table, found.within), suspect),
        shared=_usual(column_statistics.shares(table, found.elsewhere), suspect),
        columns=tuple(_profile(table, name, drawn, suspect) for name in columns),
    )


def _usual(figures: Floats, suspect: float) -> float:
    """What the figures of good datasets hardly exceed."""
    return float(np.quantile(figures, min(RARE, 1 - suspect))) if len(figures) else 0.0


def _constant(table: Table, targets: tuple[str, ...], suspect: float) -> float:
    """The share of the longer datasets with one value only of a target; if suspect, only where that is plausible."""
    long_enough = table.counts >= MIN_ROWS
    if not long_enough.any():
        return 1.0
    constant = np.any([column_statistics.is_constant(table, name) for name in targets], axis=0)
    share = float(constant[long_enough].mean())
    distinct = [column_statistics.distinct(table, name) / np.maximum(table.counts, 1) for name in targets]
    varied = min(float(np.median(found[long_enough])) for found in distinct)
    return 0.0 if share <= suspect and varied >= VARIED else share


def _profile(table: Table, name: str, drawn: ColumnStatistics, suspect: float) -> ColumnProfile:
    column = table.frame[name]
    missing = column_statistics.missing_shares(table, name)
    total = float(column.isna().mean()) if len(column) else 0.0
    profile = ColumnProfile(name, column_statistics.kind_of(column), total, _usual(missing, suspect))
    if name in drawn.names:
        return replace(profile, **_of_numbers(column, table, drawn, drawn.names.index(name), suspect))
    categories = _categories(column)
    return replace(profile, categories=categories, novel=_novel(table, column)) if categories else profile


def _of_numbers(column: pd.Series, table: Table, drawn: ColumnStatistics, place: int, suspect: float) -> dict[str, Any]:
    sketch = _sketch(column)
    if not sketch:
        return {}
    centre, size = drawn.centre[:, place], drawn.size[:, place]
    quarters = min(sketch[3 * LEVELS // 4] - sketch[LEVELS // 4], MAX_SQUARABLE)
    mostly = np.isfinite(size).sum() > np.isfinite(centre).sum() / 2  # else the median is usually zero: it has no size
    return {
        "sketch": _trimmed(sketch, column, table, suspect) if suspect else sketch,
        "centre": spread(centre, drawn.fewer, LEAST_CENTRE * quarters, suspect),
        "size": spread(size, drawn.fewer, LEAST_SIZE, suspect) if mostly else None,
    }


def spread(figures: Floats, fewer: Floats, least: float, suspect: float = 0.0) -> Dispersion | None:
    """Where a figure of the datasets lies; None when none has it, or it never varies.

    `fewer` widens what is usual for datasets of few rows, `least` is the smallest width.
    """
    here = np.isfinite(figures)
    if not here.any():
        return None
    middle = float(np.median(figures[here]))
    off = np.abs(figures[here] - middle)
    width = max(float(_NORMAL * np.median(off)), least)
    if width < 1 / MAX_SQUARABLE:
        return None
    inner = min(NEARLY_ALL, 1 - suspect)
    # What the inner ones reach, drawn out to nearly all as if the good ones were normally distributed.
    further = _NORMALLY.inv_cdf((1 + NEARLY_ALL) / 2) / _NORMALLY.inv_cdf((1 + inner) / 2)
    return Dispersion(middle, width, further * float(np.quantile(off / width / fewer[here], inner)))


def _sketch(column: pd.Series) -> tuple[float, ...]:
    """The smallest values that no less than 0, 5, 10 ... 100 % of the values do not exceed."""
    values = np.sort(column.dropna().to_numpy(dtype=np.float64))
    if not len(values):
        return ()
    places = [max(0, -(-level * len(values) // LEVELS) - 1) for level in range(LEVELS + 1)]
    return tuple(float(value) for value in values[places])


def _trimmed(sketch: tuple[float, ...], column: pd.Series, table: Table, suspect: float) -> tuple[float, ...]:
    """The sketch without what only the outermost datasets reach."""
    ranges = column.astype(np.float64).groupby(table.cluster).agg(["min", "max"]).dropna()
    low = float(np.quantile(ranges["min"], suspect, method="lower"))  # numbers that are there: no sum can overflow
    high = float(np.quantile(ranges["max"], 1 - suspect, method="higher"))
    span = BEYOND * (high - low)
    return tuple(min(max(value, low - span), high + span) for value in sketch)


def _categories(column: pd.Series) -> dict[str, float]:
    """The shares of the values; empty when there are too many to be categories, or they are prose."""
    shares = column_statistics.words(column).value_counts(normalize=True)
    if len(shares) > MOST_CATEGORIES or any(len(name) > LONGEST for name in shares.index):
        return {}
    return {str(name): float(share) for name, share in sorted(shares.items())}


def _novel(table: Table, column: pd.Series) -> float:
    """The share of the datasets that hold a category which no other one holds: so many more will (Good 1953)."""
    owners, codes = column_statistics.pairs(table, column)
    alone = np.bincount(codes)[codes] == 1
    return len(np.unique(owners[alone])) / max(len(table.datasets), 1)
