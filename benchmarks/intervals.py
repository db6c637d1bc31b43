"""Intervals of measured shares."""

from __future__ import annotations

from statistics import NormalDist

from ml_action.commands.simulate import rates
from ml_action.core.records.evaluation import Interval

CONFIDENCE = 2 * NormalDist().cdf(1.96) - 1  # 95 %, with the rounded z of most textbooks


def wilson(hits: int, tries: int) -> Interval:
    """Returns the 95 % interval of a share (Wilson 1927)."""
    return rates.wilson(hits, tries, CONFIDENCE)
