"""The figures of a plain loop that calls the metric on the rows of each resample; weights, several targets, noise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error, r2_score

from ml_action.modelling.evaluation import bootstrap, losses, paired_test
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.paired_test import paired_test as contest
from ml_action.modelling.evaluation.predictions import Predictions

CLUSTERS, SEED, COUNT = 23, 5, 100


def regression(outputs=1, heavy=False, rows=300, noise=(1.0, 3.0, 1.2)):
    rng = np.random.default_rng(1)
    shape = rows if outputs == 1 else (rows, outputs)
    scale = 1 if outputs == 1 else 10.0 ** np.arange(outputs)
    target = scale * rng.normal(10, 3, shape)
    said = [Predictions(target + scale * rng.normal(0, width, shape)) for width in noise]
    cluster = np.sort(np.append(np.arange(CLUSTERS), rng.integers(0, CLUSTERS, rows - CLUSTERS)))
    return PairedPredictions(target, cluster, *said, weight=rng.gamma(2, 1, rows) if heavy else None)


def classification(heavy=False, rows=300):
    rng = np.random.default_rng(2)
    chance = rng.uniform(0.05, 0.95, rows)
    target = (rng.uniform(size=rows) < chance).astype(int)
    said = []
    for width in (0.05, 1.0, 0.2):
        guess = np.clip(chance + rng.normal(0, width, rows), 0.01, 0.99)
        said.append(Predictions((guess > 0.5) * 1, np.column_stack([1 - guess, guess]), None, np.array([0, 1])))
    cluster = np.sort(np.append(np.arange(CLUSTERS), rng.integers(0, CLUSTERS, rows - CLUSTERS)))
    return PairedPredictions(target, cluster, *said, weight=rng.gamma(2, 1, rows) if heavy else None)


def by_loop(judged, score):
    """Improvements of the resamples, row by row."""
    found = []
    for counts in np.concatenate(list(bootstrap.resamples(CLUSTERS, SEED, COUNT))):
        drawn = np.repeat(np.arange(CLUSTERS), counts.astype(int))
        rows = np.concatenate([np.flatnonzero(judged.cluster == which) for which in drawn])
        weight = None if judged.weight is None else judged.weight[rows]
        ours, theirs = (
            score(judged.target[rows], said.at(rows), weight) for said in (judged.challenger, judged.opponent)
        )
        found.append(ours - theirs)
    return found


REGRESSIONS = {
    "r2": lambda y, said, w: r2_score(y, said.label, sample_weight=w),
    "neg_mean_squared_error": lambda y, said, w: -mean_squared_error(y, said.label, sample_weight=w),
    "neg_mean_absolute_error": lambda y, said, w: -mean_absolute_error(y, said.label, sample_weight=w),
}
CLASSES = {
    "accuracy": lambda y, said, w: accuracy_score(y, said.label, sample_weight=w),
    "neg_log_loss": lambda y, said, w: -log_loss(y, said.probability, sample_weight=w, labels=[0, 1]),
}
WORLDS = [
    *((metric, score, regression(outputs, heavy)) for metric, score in REGRESSIONS.items()
      for outputs in (1, 3) for heavy in (False, True)),
    *((metric, score, classification(heavy)) for metric, score in CLASSES.items() for heavy in (False, True)),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "score", "judged"), WORLDS)
def test_every_interval_is_that_of_a_plain_loop_over_rows(metric, score, judged):
    totals = paired_test.totals_of(judged, losses.loss_for(metric, judged.target, judged.weight), metric, SEED)
    (found,) = bootstrap.intervals(totals, [paired_test.improvement_of(metric)], 0.9, SEED, COUNT)
    loop = np.quantile(by_loop(judged, score), [0.1, 0.9])
    assert [found.low, found.high] == pytest.approx(loop, rel=1e-9)


@pytest.mark.parametrize("heavy", [False, True])
def test_r2_of_several_targets_is_decided_by_each_in_its_own_scale(heavy):
    judged = regression(3, heavy)
    found = contest(judged, "r2", SEED, 0.95, 0.02)
    scores = [REGRESSIONS["r2"](judged.target, said, judged.weight) for said in (judged.challenger, judged.opponent)]
    assert found.gain_point == pytest.approx(1 - (1 - scores[0]) / (1 - scores[1]))


def test_a_target_in_thousands_does_not_outvote_one_in_tenths():
    """Better in the small one, a little worse in the large one."""
    judged = regression(2)
    large = judged.opponent.label[:, 1] + 0.01 * (judged.opponent.label[:, 1] - judged.target[:, 1])
    better = Predictions(np.column_stack([judged.target[:, 0], large]))
    judged = PairedPredictions(judged.target, judged.cluster, better, judged.baseline, judged.champion)
    assert contest(judged, "r2", SEED, 0.95, 0.02).p_value < 0.01
    assert contest(judged, "neg_mean_squared_error", SEED, 0.95, 0.02).p_value > 0.9


def test_the_root_of_several_targets_is_no_sum_and_goes_by_the_jackknife():
    judged = regression(2)
    found = contest(judged, "neg_root_mean_squared_error", SEED, 0.95, 0.02)
    one, other = (
        np.sqrt(np.square(judged.target - said.label).mean(axis=0)).mean() for said in judged.contestants[::2]
    )
    assert found.gain_point == pytest.approx(1 - one / other)
    assert found.improvement.low < other - one < found.improvement.high


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_target_that_is_the_same_in_every_row_makes_no_difference_in_r2(outputs):
    judged = regression(outputs)
    target = np.full_like(judged.target, 7.3)
    if outputs == 2:
        target[:, 1] = judged.target[:, 1]
    judged = PairedPredictions(target, judged.cluster, *judged.contestants)
    found = contest(judged, "r2", SEED, 0.95, 0.02)
    assert np.isfinite([found.improvement.low, found.improvement.high, found.gain_point]).all()
    if outputs == 1:
        assert (found.improvement.low, found.improvement.high) == (0, 0)


def test_equal_weights_change_nothing_and_a_weight_of_two_is_a_row_that_is_there_twice():
    plain, rng = regression(), np.random.default_rng(3)
    twos = PairedPredictions(plain.target, plain.cluster, *plain.contestants, weight=np.full(300, 2.0))
    same(contest(twos, "r2", SEED, 0.95, 0.02), contest(plain, "r2", SEED, 0.95, 0.02))
    weight = rng.integers(1, 4, 300)
    rows = np.repeat(np.arange(300), weight)
    heavy = PairedPredictions(plain.target, plain.cluster, *plain.contestants, weight=weight.astype(float))
    more = PairedPredictions(plain.target[rows], plain.cluster[rows], *(said.at(rows) for said in plain.contestants))
    for metric in ("r2", "neg_mean_absolute_error", "neg_median_absolute_error"):
        same(contest(heavy, metric, SEED, 0.95, 0.02), contest(more, metric, SEED, 0.95, 0.02))


def same(one, other):
    for found, expected in zip(dataclasses.astuple(one), dataclasses.astuple(other), strict=True):
        assert found == pytest.approx(expected, rel=1e-9)


# --- where there is nothing to tell apart -----------------------------------------------------------------


@pytest.mark.parametrize("metric", ["r2", "neg_mean_absolute_error", "neg_median_absolute_error"])
def test_predictions_that_differ_by_rounding_alone_are_ties(metric):
    judged = regression()
    noisy = Predictions(np.nextafter(judged.opponent.label, np.inf))
    found = contest(
        PairedPredictions(judged.target, judged.cluster, noisy, judged.baseline, judged.champion),
        metric,
        SEED,
        0.95,
        0.02,
    )
    assert (found.p_value, found.p_worse) == (1.0, 1.0)


def test_a_metric_without_a_limit_is_gained_in_shares_of_the_score():
    judged = classification()
    found = contest(judged, "tests.support.metrics.odds", SEED, 0.95, 0.02)
    one, other = (np.mean(said.label == judged.target) for said in judged.contestants[::2])
    odds = one / (1 - one), other / (1 - other)
    assert found.gain_point == pytest.approx((odds[0] - odds[1]) / odds[1])


def test_a_metric_of_ones_own_is_gained_in_shares_of_what_the_truth_is_ahead():
    judged = regression()
    found = contest(judged, "tests.support.metrics.profit", SEED, 0.95, 0.02)
    one, other = (np.abs(judged.target - said.label).sum() for said in judged.contestants[::2])
    assert found.gain_point == pytest.approx(1 - one / other)


def test_a_class_that_is_all_in_one_cluster_leaves_nothing_known():
    judged = classification()
    judged = PairedPredictions((judged.cluster == 4).astype(int), judged.cluster, *judged.contestants)
    found = contest(judged, "roc_auc", SEED, 0.95, 0.02)
    assert np.isnan(
        [found.gain_point, found.p_value, found.p_worse, found.p_not_worse, found.p_baseline, found.gain.low]
    ).all()


def test_clusters_of_a_single_class_are_judged_together():
    """Each cluster has one class: none has an area of its own."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 8)
    target = cluster % 2
    said = []
    for width in (0.6, 5.0, 1.2):
        values = target + rng.normal(0, width, len(target))
        said.append(Predictions((values > 0.5) * 1, None, values, np.array([0, 1])))
    found = contest(PairedPredictions(target, cluster, *said), "roc_auc", SEED, 0.95, 0.02)
    assert found.p_value < 0.01
    assert 0 < found.gain.low < found.gain_point < found.gain.high
