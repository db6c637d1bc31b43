"""Resampling by dataset: is the difference real, and how large?

Datasets are the units, not rows: rows of one dataset resemble each other, and a row bootstrap promotes two to
four times too often (decision.md). The sign-flip test decides, since its size is right with few clusters
(Cameron, Gelbach & Miller 2008); the cluster bootstrap gives intervals (Field & Welsh 2007). Paired
out-of-sample losses of a cross-fit may be tested as if independent (Bayle et al. 2020).

Whatever is a sum over rows is summed per cluster once; a resample is then a vector of counts, and all
resamples are one matrix product. Deterministic by seed; memory is bounded by resampling in chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

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
    """For each cluster its block, 0 to min(clusters, limit) - 1: at random, sizes differing by one at most.

    Blocks of independent clusters are independent: more than `limit` of them cost time and tell no more.
    """
    if clusters <= limit:
        return np.arange(clusters, dtype=np.int64)
    return np.random.default_rng([seed, 1]).permutation(clusters).astype(np.int64) % limit


def sums(values: Iterable[Floats], groups: Integers, count: int) -> Floats:
    """(count, len(values)): each array of per-row values summed by group."""
    return np.column_stack([np.bincount(groups, weights=value, minlength=count) for value in values])


def sign_flip(differences: Floats, seed: int, flips: int = RESAMPLES) -> tuple[float, float]:
    """One-sided p values (that the sum is not above 0, that it is not below 0) of a sign-flip test.

    `differences`: (G,) one per cluster, symmetric about 0 under the hypothesis. The same test as
    `scipy.stats.permutation_test(permutation_type="samples")`; both p values are at least 1 / (flips + 1).
    """
    total = differences.sum()
    # Flips that leave the sum as it is must count as ties, whatever the order of the additions rounded to.
    tie = 1e-10 * np.abs(differences).sum()
    above = below = 0
    rng = np.random.default_rng([seed, 2])
    for size in _chunks(flips, len(differences)):
        heads = rng.integers(0, 2, size=(size, len(differences)), dtype=np.int8)
        flipped = 2.0 * (heads.astype(np.float64) @ differences) - total
        above += int((flipped >= total - tie).sum())
        below += int((flipped <= total + tie).sum())
    return (above + 1) / (flips + 1), (below + 1) / (flips + 1)


def resamples(clusters: int, seed: int, count: int = RESAMPLES) -> Iterator[Floats]:
    """Chunks of (b, G), `count` rows in all: how often each cluster is drawn in G draws with replacement."""
    rng = np.random.default_rng([seed, 3])
    for size in _chunks(count, clusters):
        drawn = rng.integers(0, clusters, size=(size, clusters), dtype=np.int64)
        drawn += np.arange(size, dtype=np.int64)[:, None] * clusters
        counts = np.bincount(drawn.ravel(), minlength=size * clusters)
        yield counts.reshape(size, clusters).astype(np.float64)


def intervals(
    totals: Floats, statistics: Sequence[Statistic], confidence: float, seed: int, count: int = RESAMPLES
) -> list[Interval]:
    """Percentile intervals of statistics of summed quantities, all from the same resamples.

    Each end by itself holds with this confidence: what is asked is whether the gain is *at least* something, as the
    one-sided sign-flip test asks it.

    `totals`: (G, q), sums per cluster. A statistic takes (b, q), the sums of b resamples, and gives (b,).
    """
    found: list[list[Floats]] = [[] for _ in statistics]
    for counts in resamples(len(totals), seed, count):
        resampled = counts @ totals
        for values, statistic in zip(found, statistics, strict=True):
            values.append(statistic(resampled))
    return [_percentiles(np.concatenate(values), confidence) for values in found]


def pseudo_values(whole: float, without: Floats) -> Floats:
    """(K,) jackknife pseudo-values of a statistic, from its value on all blocks and without each one.

    They behave like K independent observations of it, so that any metric at all can be tested by their mean.
    Centred on the value itself: the jackknife's correction of bias is small where the metric is smooth, and
    where it is not (a median, a maximum) it is noise that made a 5 % test one of 15 to 35 %.
    """
    values: Floats = whole + (len(without) - 1) * (without.mean() - without)
    return values


def _chunks(count: int, width: int) -> Iterator[int]:
    """Sizes that add up to `count`, such that size times width stays within the memory bound."""
    size = max(1, _CHUNK_CELLS // max(width, 1))
    for start in range(0, count, size):
        yield min(size, count - start)


def _percentiles(values: Floats, confidence: float) -> Interval:
    low, high = np.quantile(values, [1 - confidence, confidence])
    return Interval(float(low), float(high))
