"""Drift: how far each column of the new datasets has moved from the champion's training data, as an effect size.

An effect size and no p-value: with enough rows every difference is significant, and few are large. What chance reaches
is subtracted with datasets as the units, since rows of one dataset are alike (Kolmogorov 1933, Smirnov 1948).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.records.contract import ColumnDrift, ColumnProfile, DataContract
from ml_action.modelling.contract import effect_size
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table

MIN_DATASETS = 30  # with fewer, chance alone moves a column noticeably
_CHANCE = 1.358  # the 95 % quantile of Kolmogorov's distribution


def measure(table: Table, new: npt.NDArray[np.bool_], contract: DataContract, limit: float) -> tuple[ColumnDrift, ...]:
    """Returns the drift of each column over the marked datasets, the largest first; nothing for too few datasets.

    A column has drifted if its effect reaches `limit` and chance does not explain it.
    """
    datasets = int(new.sum())
    if min(datasets, contract.datasets) < MIN_DATASETS:
        return ()
    chance = _CHANCE * math.sqrt(1 / datasets + 1 / contract.datasets)
    frame = table.frame.loc[new[table.cluster]]
    effects = {
        profile.name: _effect(frame[profile.name], profile) for profile in contract.columns if profile.name in frame
    }
    drifts = (
        ColumnDrift(name, effect, max(0.0, effect - chance), effect >= limit and effect > chance)
        for name, effect in effects.items()
        if effect is not None
    )
    return tuple(sorted(drifts, key=lambda drift: -drift.effect))


def _effect(column: pd.Series, profile: ColumnProfile) -> float | None:
    """Returns the effect size; None if the column cannot be compared."""
    if not len(column):
        return None
    known = column.dropna()
    missing = abs(float(column.isna().mean()) - profile.missing)
    if known.empty:
        return missing
    if profile.sketch and column_statistics.is_number(known):
        return max(missing, effect_size.of_numbers(known.to_numpy(dtype=np.float64), profile))
    if profile.shares:
        counts = column_statistics.as_text(known).value_counts(normalize=True)
        shares = {str(name): float(share) for name, share in counts.items()}
        return max(missing, effect_size.of_categories(shares, profile))
    return None
