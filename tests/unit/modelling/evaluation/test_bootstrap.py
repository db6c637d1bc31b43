"""Resampling by cluster gives the figures of a plain loop, a test of the right size, and the same result each time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score

from ml_action.modelling.evaluation import bootstrap


def test_sums_per_group():
    groups = np.array([0, 2, 0])
    totals = bootstrap.sums([np.array([1.0, 2.0, 3.0]), np.ones(3)], groups, 4)
    assert totals.tolist() == [[4, 2], [0, 0], [2, 1], [0, 0]]


def test_few_clusters_are_one_block_each_and_many_are_merged_evenly():
    assert bootstrap.blocks(5, 10, 1).tolist() == [0, 1, 2, 3, 4]
    merged = bootstrap.blocks(2500, 1000, 1)
    assert sorted(set(np.bincount(merged))) == [2, 3]
    assert (merged == bootstrap.blocks(2500, 1000, 1)).all()
    assert (merged != bootstrap.blocks(2500, 1000, 2)).any()


def test_each_resample_draws_all_clusters_in_bounded_chunks(monkeypatch):
    monkeypatch.setattr(bootstrap, "_CHUNK_CELLS", 70)
    chunks = list(bootstrap.resamples(7, 3, 25))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert all((chunk.sum(axis=1) == 7).all() for chunk in chunks)


def test_vectorised_interval_equals_that_of_a_plain_loop():
    """The same resamples, with the metric called on the rows of each."""
    rng = np.random.default_rng(1)
    clusters, seed, count = 23, 5, 200
    cluster = np.sort(rng.integers(0, clusters, 300))
    target = rng.normal(10, 3, 300)
    one, other = target + rng.normal(0, 1, 300), target + rng.normal(0, 1.2, 300)
    squares = [np.square(target - one), np.square(target - other)]
    values = [*squares, np.ones(300), target, np.square(target)]
    totals = bootstrap.sums(values, cluster, clusters)

    def vectorised(sums):
        return (sums[:, 1] - sums[:, 0]) / (sums[:, 4] - np.square(sums[:, 3]) / sums[:, 2])

    (interval,) = bootstrap.intervals(totals, [vectorised], 0.9, seed, count)
    loop = []
    for counts in np.concatenate(list(bootstrap.resamples(clusters, seed, count))):
        drawn = np.repeat(np.arange(clusters), counts.astype(int))
        rows = np.concatenate([np.flatnonzero(cluster == which) for which in drawn])
        loop.append(r2_score(target[rows], one[rows]) - r2_score(target[rows], other[rows]))
    assert [interval.low, interval.high] == pytest.approx(np.quantile(loop, [0.1, 0.9]), abs=1e-9)


def test_sign_flip_matches_the_enumeration_of_all_flips():
    differences = np.array([3.0, -1.0, 2.0, 0.5])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T
    sums = signs @ differences
    found = bootstrap.sign_flip(differences, seed=1, flips=40_000)
    assert found.above == pytest.approx((sums >= 4.5 - 1e-9).mean(), abs=0.01)
    assert found.below == pytest.approx((sums <= 4.5 + 1e-9).mean(), abs=0.01)


def test_zero_differences_prove_nothing():
    assert bootstrap.sign_flip(np.zeros(40), seed=1) == (1.0, 1.0)


def test_sums_that_differ_only_by_rounding_are_ties():
    assert bootstrap.sign_flip(np.full(1, 0.1), seed=1).above == pytest.approx(0.5, abs=0.02)
    permuted = np.random.default_rng(1).normal(size=50)
    assert bootstrap.sign_flip(permuted, 3) == bootstrap.sign_flip(permuted, 3)


def test_size_of_the_test_under_an_exact_null():
    """Nominal 5 %; the standard error of 600 replications is 0.9 %."""
    rng = np.random.default_rng(0)
    for clusters in (10, 44):
        sizes = rng.integers(1, 30, clusters)
        p_values = [bootstrap.sign_flip(rng.standard_t(4, clusters) * sizes, seed, 400).above for seed in range(600)]
        assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.08


def test_clear_difference_is_found_in_its_direction():
    gains = np.random.default_rng(0).normal(0.5, 1, 100)
    better, worse = bootstrap.sign_flip(gains, 1)
    assert better < 0.01
    assert worse > 0.99
    assert bootstrap.sign_flip(-gains, 1) == pytest.approx((worse, better), abs=0.01)


def test_pseudo_values_of_a_mean_are_the_observations():
    values = np.array([1.0, 5.0, 3.0, 7.0])
    without = np.array([np.delete(values, place).mean() for place in range(4)])
    assert bootstrap.pseudo_values(values.mean(), without) == pytest.approx(values)


def test_each_end_of_the_interval_has_its_coverage():
    rng = np.random.default_rng(0)
    below = above = 0
    for seed in range(200):
        totals = rng.exponential(1, (40, 1))
        (found,) = bootstrap.intervals(totals, [lambda sums: sums[:, 0] / 40], 0.9, seed, 400)
        below += found.low <= 1
        above += found.high >= 1
    assert 0.85 < below / 200 < 0.97
    assert 0.8 < above / 200 < 0.95  # percentiles of a skewed mean come out low
