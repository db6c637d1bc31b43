"""How far values are from a contract's profile, as an effect size. NumPy only: a service asks it of its live inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ml_action.core.records.contract import LEVELS


def from_sketch(values: npt.NDArray[np.float64], sketch: npt.NDArray[np.float64]) -> float:
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


def from_shares(shares: Mapping[str, float], known: Mapping[str, float]) -> float:
    """Half the sum of the differences of shares: what share of the rows has moved to another category."""
    names = set(shares) | set(known)
    moved = 0.5 * sum(abs(float(shares.get(name, 0.0)) - known.get(name, 0.0)) for name in names)
    return min(1.0, moved)  # a sum of shares may come out a rounding above
