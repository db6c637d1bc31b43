"""Proportions with Wilson's interval, which is right with few trials, and at 0 and 1 (Wilson 1927)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from ml_action.core.formatting import percent
from ml_action.core.records.evaluation import Interval

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Proportion:
    """How often something happened in so many trials."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        """The observed share; NaN without trials."""
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the true share."""
        return wilson(self.hits, self.of)

    def __str__(self) -> str:
        if not self.of:
            return "–"
        low, high = self.interval.low, self.interval.high
        return f"{percent(self.share, 0)} [{100 * low:.0f}, {100 * high:.0f}]"


def wilson(hits: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """Returns the score interval of a share; 0 to 1 without trials."""
    if not of:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, width = hits / of, 1 + z**2 / of
    middle = (share + z**2 / (2 * of)) / width
    half = z / width * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return Interval(0.0 if not hits else middle - half, 1.0 if hits == of else middle + half)
