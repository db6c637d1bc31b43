"""Resampling by dataset: is the difference real, and how large is it?

The units are datasets, not rows: rows of one dataset resemble each other, and a row bootstrap promotes two to
four times too often (docs/decision.md). The sign-flip test decides, because its size is right with few clusters
(Cameron, Gelbach & Miller 2008); the cluster bootstrap gives the intervals (Field & Welsh 2007). The paired
out-of-sample losses of a cross-fit may be tested as if they were independent (Bayle et al. 2020).

A quantity that is a sum over rows is summed per cluster once. A resample is then a vector of counts, and all
resamples are one matrix product. The seed determines the result; resampling in chunks bounds the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml_action.core.records.evaluation import Interval

RESAMPLES = 10_000
BLOCKS = 1_000
_CHUNK_CELLS = 2_000_000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Statistic = Callable[[Floats], Floats]


def blocks(clusters: int, limit: int, seed: int) -> Integers:
    """Returns the block of each cluster, 0 to min(clusters, limit) - 1, at random; sizes differ by at most one.

    Blocks of independent clusters are independent, and more than `limit` of them cost time without adding precision.
    """
    if clusters <= limit:
        return np.arange(clusters, dtype=np.int64)
    return np.random.default_rng([seed, 1]).permutation(clusters).astype(np.int64) % limit


def sums(values: Iterable[Floats], groups: Integers, count: int) -> Floats:
    """Returns (count, len(values)): each array of per-row values, summed by group."""
    return np.column_stack([np.bincount(groups, weights=value, minlength=count) for value in values])


class SignFlip(NamedTuple):
    """The one-sided p values of a sign-flip test."""

    above: float  # of the hypothesis that the sum is not above 0
    below: float  # ... that it is not below 0


def sign_flip(differences: Floats, seed: int, flips: int = RESAMPLES) -> SignFlip:
    """Tests whether the sum of paired differences is above or below 0.

    The same test as `scipy.stats.permutation_test(permutation_type="samples")`. Both p values are at least
    1 / (flips + 1).

    Args:
        differences: (G,), one per cluster, symmetric about 0 under the hypothesis.
        seed: Determines the flips, together with G.
        flips: How many random flips are drawn.
    """
    total = differences.sum()
    # Flips that do not change the sum must count as ties, although additions in another order round differently.
    tie = 1e-10 * np.abs(differences).sum()
    above = below = 0
    rng = np.random.default_rng([seed, 2])
    for size in _chunks(flips, len(differences)):
        heads = rng.integers(0, 2, size=(size, len(differences)), dtype=np.int8)
        flipped = 2.0 * (heads.astype(np.float64) @ differences) - total
        above += int((flipped >= total - tie).sum())
        below += int((flipped <= total + tie).sum())
    return SignFlip((above + 1) / (flips + 1), (below + 1) / (flips + 1))


def resamples(clusters: int, seed: int, count: int = RESAMPLES) -> Iterator[Floats]:
    """Yields chunks of (b, G), `count` rows in total: how often each cluster is drawn in G draws with replacement."""
    rng = np.random.default_rng([seed, 3])
    for size in _chunks(count, clusters):
        drawn = rng.integers(0, clusters, size=(size, clusters), dtype=np.int64)
        drawn += np.arange(size, dtype=np.int64)[:, None] * clusters
        counts = np.bincount(drawn.ravel(), minlength=size * clusters)
        yield counts.reshape(size, clusters).astype(np.float64)


def intervals(
    totals: Floats, statistics: Sequence[Statistic], confidence: float, seed: int, count: int = RESAMPLES
) -> list[Interval]:
    """Returns percentile intervals of statistics of summed quantities, all from the same resamples.

    Each end holds by itself with this confidence: the question is whether the gain is *at least* so large, like that
    of the one-sided sign-flip test.

    Args:
        totals: (G, q), the sums per cluster.
        statistics: Functions of (b, q), the sums of b resamples, that return (b,).
        confidence: Of each end.
        seed: Determines the resamples, together with G.
        count: How many resamples are drawn.
    """
    found: list[list[Floats]] = [[] for _ in statistics]
    for counts in resamples(len(totals), seed, count):
        resampled = counts @ totals
        for values, statistic in zip(found, statistics, strict=True):
            values.append(statistic(resampled))
    return [_percentiles(np.concatenate(values), confidence) for values in found]


def pseudo_values(whole: float, without: Floats) -> Floats:
    """Returns (K,), the jackknife pseudo-values of a statistic, from its value on all blocks and without each one.

    They behave like K independent observations of the statistic, so that any metric can be tested by their mean.
    They are centred on the value itself: the jackknife's correction of bias is small where the metric is smooth;
    where it is not (a median, a maximum), it is noise that turned a 5 % test into one of 15 to 35 %.
    """
    values: Floats = whole + (len(without) - 1) * (without.mean() - without)
    return values


def _chunks(count: int, width: int) -> Iterator[int]:
    """Yields sizes that add up to `count`, so that size times width stays within the memory bound."""
    size = max(1, _CHUNK_CELLS // max(width, 1))
    for start in range(0, count, size):
        yield min(size, count - start)


def _percentiles(values: Floats, confidence: float) -> Interval:
    low, high = np.quantile(values, [1 - confidence, confidence])
    return Interval(float(low), float(high))
