"""Drift: how far each column of the new datasets has moved from the champion's training data, as an effect size.

An effect size and no p-value: with enough rows every difference is significant, and few are large. What chance reaches
is taken off with datasets as the units, since rows of one dataset are alike (Kolmogorov 1933, Smirnov 1948).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.contract import LEVELS, Contract, Profile, Shift
from ml_action.modelling import portraits
from ml_action.modelling.frames import Table

MIN_DATASETS = 30  # below it chance alone moves a column by more than anyone minds
_CHANCE = 1.358  # the 95 % quantile of Kolmogorov's distribution


def measure(table: Table, new: npt.NDArray[np.bool_], contract: Contract, limit: float) -> tuple[Shift, ...]:
    """The shift of each column over the marked datasets, the largest first; none for too few datasets.

    A column has drifted when its effect reaches `limit` and chance does not explain it.
    """
    datasets = int(new.sum())
    if min(datasets, contract.datasets) < MIN_DATASETS:
        return ()
    chance = _CHANCE * math.sqrt(1 / datasets + 1 / contract.datasets)
    frame = table.frame.loc[new[table.cluster]]
    effects = {
        profile.name: _effect(frame[profile.name], profile) for profile in contract.columns if profile.name in frame
    }
    shifts = (
        Shift(name, effect, max(0.0, effect - chance), effect >= limit and effect > chance)
        for name, effect in effects.items()
        if effect is not None
    )
    return tuple(sorted(shifts, key=lambda shift: -shift.effect))


def _effect(column: pd.Series, profile: Profile) -> float | None:
    """The effect size; None where the column cannot be compared."""
    if not len(column):
        return None
    known = column.dropna()
    gone = abs(float(column.isna().mean()) - profile.missing)
    if known.empty:
        return gone
    if profile.sketch and portraits.is_number(known):
        return max(gone, _distance(known.to_numpy(dtype=np.float64), np.array(profile.sketch)))
    if profile.categories:
        return max(gone, _variation(known, profile))
    return None


def _distance(values: npt.NDArray[np.float64], sketch: npt.NDArray[np.float64]) -> float:
    """At least how far the two distribution functions are apart somewhere, from the quantiles of one of them.

    At the quantile x the sketch says only that the share of values up to x lies between two levels (and ties widen
    that); what lies in between is no difference. So it may say too little by one level (0.05), and never too much.
    """
    points = np.unique(sketch)
    ordered = np.sort(values)
    upto = np.searchsorted(ordered, points, side="right") / len(ordered)
    below = np.searchsorted(ordered, points, side="left") / len(ordered)
    # share up to x: at least the last level at or below x; share below x: at most the first level at x
    at_least = (np.searchsorted(sketch, points, side="right") - 1) / LEVELS
    at_most = np.searchsorted(sketch, points, side="left") / LEVELS
    return float(max(0.0, np.max(at_least - upto), np.max(below - at_most)))


def _variation(values: pd.Series, profile: Profile) -> float:
    """Half the sum of the differences of shares: what share of the rows has moved to another category."""
    shares = portraits.words(values).value_counts(normalize=True)
    names = set(shares.index) | set(profile.categories)
    moved = 0.5 * sum(abs(float(shares.get(name, 0.0)) - profile.categories.get(name, 0.0)) for name in names)
    return min(1.0, moved)  # a sum of shares may come out a rounding above
