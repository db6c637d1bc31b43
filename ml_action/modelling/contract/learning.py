"""Learning the data contract: what the datasets that a model was trained on look like, column by column.

Middles and widths are medians, which a few bad datasets do not change. The limits of what is usual (ranges, reaches,
shares) come from the outermost datasets. Where some of these may be bad (`suspect`), as in a first batch that is
compared with itself, the limits are narrower.
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
from ml_action.core.records.contract import AS_WRITTEN, LEVELS, ColumnKind, ColumnProfile, DataContract, Dispersion
from ml_action.modelling.contract.coarsening import coarsened
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.column_statistics import MAX_SQUARABLE, MIN_ROWS, ColumnStatistics
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.duplicates import find_repeated_rows

Floats = npt.NDArray[np.float64]

MAX_CATEGORIES = 50  # a column of names or identifiers has no categories
MAX_COLUMNS = 1000  # of which a profile is kept: every service reads the metadata
RARE = 0.99  # what this share of the datasets does not exceed is usual
NEARLY_ALL = 0.995
MIN_SIZE_WIDTH = 0.05  # of the logarithm of a size: constants vary by five per cent
MIN_CENTRE_WIDTH = 0.05  # of a median, in interquartile ranges of the column
MAX_LENGTH = 200  # characters of a category; longer text is prose
BEYOND = 2  # spans by which the range of a suspect batch may exceed that of its inner datasets
VARIED = 0.5  # distinct values per row: with more, a dataset seldom has only one value of the target
_STANDARD = NormalDist()
_NORMAL = 1.4826  # median deviation to standard deviation, for a normal distribution


def learn_contract(
    table: Table, targets: tuple[str, ...], features: Iterable[str], suspect: float = 0.0
) -> DataContract:
    """Learns the contract of validated datasets, over a recipe's columns.

    `suspect` is the share of the datasets that may be bad, if no contract has checked them yet. The order of the
    datasets makes no difference. Of data that are not in the repository the contract holds no cell (`coarsening`).
    """
    columns = (*targets, *features)[:MAX_COLUMNS]
    statistics = column_statistics.compute(table, columns)
    found = find_repeated_rows(table, np.zeros(len(table.datasets), dtype=bool), columns)
    contract = DataContract(
        target=parsers.format_names(targets),
        targets=targets if len(targets) > 1 else (),
        datasets=len(table.datasets),
        rows=len(table.frame),
        constant=_constant(table, targets, suspect),
        repeated=_usual(column_statistics.shares(table, found.within), suspect),
        shared=_usual(column_statistics.shares(table, found.elsewhere), suspect),
        columns=tuple(_profile(table, name, statistics, suspect) for name in columns),
    )
    return coarsened(contract, (dataset.blob for dataset in table.datasets)) if table.private else contract


def _usual(shares: Floats, suspect: float) -> float:
    """Returns the share that good datasets rarely exceed."""
    return float(np.quantile(shares, min(RARE, 1 - suspect))) if len(shares) else 0.0


def _constant(table: Table, targets: tuple[str, ...], suspect: float) -> float:
    """Returns the share of the longer datasets with only one value of a target; 0 if suspect ones may explain it."""
    long_enough = table.counts >= MIN_ROWS
    if not long_enough.any():
        return 1.0
    constant = np.any([column_statistics.is_constant(table, name) for name in targets], axis=0)
    share = float(constant[long_enough].mean())
    distinct = [column_statistics.distinct_counts(table, name) / np.maximum(table.counts, 1) for name in targets]
    varied = min(float(np.median(found[long_enough])) for found in distinct)
    return 0.0 if share <= suspect and varied >= VARIED else share


def _profile(table: Table, name: str, statistics: ColumnStatistics, suspect: float) -> ColumnProfile:
    column = table.frame[name]
    missing = column_statistics.missing_shares(table, name)
    total = float(column.isna().mean()) if len(column) else 0.0
    kind = _kind(table, name)
    profile = ColumnProfile(name, kind.kind, total, _usual(missing, suspect), forms=kind.forms)
    if kind.kind == "date":
        return profile
    if name in statistics.names:
        return replace(profile, **_of_numbers(column, table, statistics, suspect))
    categories = _categories(column)
    return replace(profile, categories=categories, novel=_novel(table, column)) if categories else profile


def _kind(table: Table, name: str) -> ColumnKind:
    """Returns the kind by which the column was read, else what its values are; empty if it has none."""
    found, known = column_statistics.kind_of(table.frame[name]), table.kinds.get(name)
    if found == "empty" or known is None or known.kind not in (found, "date"):
        return ColumnKind(found, (AS_WRITTEN,) if found == "text" else ())
    return known


def _of_numbers(column: pd.Series, table: Table, statistics: ColumnStatistics, suspect: float) -> dict[str, Any]:
    """Returns the fields of a profile that only a column of numbers has."""
    sketch = _sketch(column)
    if not sketch:
        return {}
    place, factors = statistics.names.index(str(column.name)), statistics.spread_factors()
    centre, size = statistics.centre[:, place], statistics.size[:, place]
    quarters = min(sketch[3 * LEVELS // 4] - sketch[LEVELS // 4], MAX_SQUARABLE)
    # otherwise the median is usually zero, and has no size
    has_size = np.isfinite(size).sum() > np.isfinite(centre).sum() / 2
    return {
        "sketch": _trimmed(sketch, column, table, suspect) if suspect else sketch,
        "centre": dispersion(centre, factors, MIN_CENTRE_WIDTH * quarters, suspect),
        "size": dispersion(size, factors, MIN_SIZE_WIDTH, suspect) if has_size else None,
    }


def dispersion(values: Floats, factors: Floats, min_width: float, suspect: float = 0.0) -> Dispersion | None:
    """Returns where a statistic of the datasets is; None if no dataset has it, or it never varies.

    `factors` widen what is usual for datasets of few rows.
    """
    present = np.isfinite(values)
    if not present.any():
        return None
    middle = float(np.median(values[present]))
    off = np.abs(values[present] - middle)
    width = max(float(_NORMAL * np.median(off)), min_width)
    if width < 1 / MAX_SQUARABLE:
        return None
    inner = min(NEARLY_ALL, 1 - suspect)
    # The reach of the inner datasets, extended to nearly all as if the good ones were normally distributed.
    further = _STANDARD.inv_cdf((1 + NEARLY_ALL) / 2) / _STANDARD.inv_cdf((1 + inner) / 2)
    return Dispersion(middle, width, further * float(np.quantile(off / width / factors[present], inner)))


def _sketch(column: pd.Series) -> tuple[float, ...]:
    """Returns the smallest values that at least 0, 5, 10 ... 100 % of the values do not exceed."""
    values = np.sort(column.dropna().to_numpy(dtype=np.float64))
    if not len(values):
        return ()
    places = [max(0, -(-level * len(values) // LEVELS) - 1) for level in range(LEVELS + 1)]
    return tuple(float(value) for value in values[places])


def _trimmed(sketch: tuple[float, ...], column: pd.Series, table: Table, suspect: float) -> tuple[float, ...]:
    """Returns the sketch without values that only the outermost datasets reach."""
    ranges = column.astype(np.float64).groupby(table.cluster).agg(["min", "max"]).dropna()
    low = float(np.quantile(ranges["min"], suspect, method="lower"))  # numbers that occur: no sum can overflow
    high = float(np.quantile(ranges["max"], 1 - suspect, method="higher"))
    span = BEYOND * (high - low)
    return tuple(min(max(value, low - span), high + span) for value in sketch)


def _categories(column: pd.Series) -> dict[str, float]:
    """Returns the shares of the values; empty if they are too many to be categories, or prose."""
    shares = column_statistics.as_text(column).value_counts(normalize=True)
    if len(shares) > MAX_CATEGORIES or any(len(name) > MAX_LENGTH for name in shares.index):
        return {}
    return {str(name): float(share) for name, share in sorted(shares.items())}


def _novel(table: Table, column: pd.Series) -> float:
    """Returns the share of the datasets that hold a category of their own: as many later ones will (Good 1953)."""
    found = column_statistics.distinct_values(table, column)
    unique = np.bincount(found.codes)[found.codes] == 1
    return len(np.unique(found.datasets[unique])) / max(len(table.datasets), 1)
