"""How far values are from a contract's profile, as an effect size. NumPy only: a service measures its live inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ml_action.core.category_digest import digest
from ml_action.core.records.contract import LEVELS, ColumnProfile


def of_numbers(values: npt.NDArray[np.float64], profile: ColumnProfile) -> float:
    """Returns the effect size of a column of numbers; they are rounded as the profile is."""
    sketch = np.array(profile.sketch)
    if profile.step:
        with np.errstate(over="ignore"):
            values, sketch = np.round(values / profile.step), np.round(sketch / profile.step)
    return from_sketch(values, sketch)


def of_categories(shares: Mapping[str, float], profile: ColumnProfile) -> float:
    """Returns the effect size of a column of text or booleans, from the shares of its values."""
    return from_shares({digest(profile.key, name): share for name, share in shares.items()}, profile.shares)


def from_sketch(values: npt.NDArray[np.float64], sketch: npt.NDArray[np.float64]) -> float:
    """Returns a lower bound of the largest distance between two distribution functions, from quantiles of one of them.

    At the quantile x the sketch shows only that the share of values up to x is between two levels (and ties widen
    that); whatever is between them is no difference. So the result may be too small by one level (0.05), and is never
    too large.
    """
    points = np.unique(sketch)
    ordered = np.sort(values)
    up_to = np.searchsorted(ordered, points, side="right") / len(ordered)
    below = np.searchsorted(ordered, points, side="left") / len(ordered)
    # share up to x: at least the last level at or below x; share below x: at most the first level at x
    at_least = (np.searchsorted(sketch, points, side="right") - 1) / LEVELS
    at_most = np.searchsorted(sketch, points, side="left") / LEVELS
    return float(max(0.0, np.max(at_least - up_to), np.max(below - at_most)))


def from_shares(shares: Mapping[str, float], known: Mapping[str, float]) -> float:
    """Returns half the sum of the differences of shares: the share of the rows that moved to another category."""
    names = set(shares) | set(known)
    moved = 0.5 * sum(abs(float(shares.get(name, 0.0)) - known.get(name, 0.0)) for name in names)
    return min(1.0, moved)  # rounding may make the sum of shares a little larger
