"""Every figure equals that of a loop that calls the metric on each resample: weights, several targets, rounding."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error, r2_score

from ml_action.modelling.evaluation import bootstrap, losses
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.paired_test import improvement_of, paired_test, totals_of
from ml_action.modelling.evaluation.predictions import Predictions

CLUSTERS, SEED, COUNT = 23, 5, 100


def regression(outputs=1, heavy=False, rows=300, noise=(1.0, 3.0, 1.2)):
    rng = np.random.default_rng(1)
    shape = rows if outputs == 1 else (rows, outputs)
    scale = 1 if outputs == 1 else 10.0 ** np.arange(outputs)
    target = scale * rng.normal(10, 3, shape)
    predictions = [Predictions(target + scale * rng.normal(0, width, shape)) for width in noise]
    cluster = np.sort(np.append(np.arange(CLUSTERS), rng.integers(0, CLUSTERS, rows - CLUSTERS)))
    return PairedPredictions(target, cluster, *predictions, weight=rng.gamma(2, 1, rows) if heavy else None)


def classification(heavy=False, rows=300):
    rng = np.random.default_rng(2)
    chance = rng.uniform(0.05, 0.95, rows)
    target = (rng.uniform(size=rows) < chance).astype(int)
    predictions = []
    for width in (0.05, 1.0, 0.2):
        guess = np.clip(chance + rng.normal(0, width, rows), 0.01, 0.99)
        predictions.append(Predictions((guess > 0.5) * 1, np.column_stack([1 - guess, guess]), None, np.array([0, 1])))
    cluster = np.sort(np.append(np.arange(CLUSTERS), rng.integers(0, CLUSTERS, rows - CLUSTERS)))
    return PairedPredictions(target, cluster, *predictions, weight=rng.gamma(2, 1, rows) if heavy else None)


def by_loop(paired, score):
    """Returns the improvement in each resample, computed from its rows."""
    found = []
    for counts in np.concatenate(list(bootstrap.resamples(CLUSTERS, SEED, COUNT))):
        drawn = np.repeat(np.arange(CLUSTERS), counts.astype(int))
        rows = np.concatenate([np.flatnonzero(paired.cluster == which) for which in drawn])
        weight = None if paired.weight is None else paired.weight[rows]
        ours, theirs = (
            score(paired.target[rows], predictions.at(rows), weight)
            for predictions in (paired.challenger, paired.opponent)
        )
        found.append(ours - theirs)
    return found


REGRESSIONS = {
    "r2": lambda y, predictions, w: r2_score(y, predictions.label, sample_weight=w),
    "neg_mean_squared_error": lambda y, predictions, w: -mean_squared_error(y, predictions.label, sample_weight=w),
    "neg_mean_absolute_error": lambda y, predictions, w: -mean_absolute_error(y, predictions.label, sample_weight=w),
}
CLASSES = {
    "accuracy": lambda y, predictions, w: accuracy_score(y, predictions.label, sample_weight=w),
    "neg_log_loss": lambda y, predictions, w: -log_loss(y, predictions.probability, sample_weight=w, labels=[0, 1]),
}
WORLDS = [
    *((metric, score, regression(outputs, heavy)) for metric, score in REGRESSIONS.items()
      for outputs in (1, 3) for heavy in (False, True)),
    *((metric, score, classification(heavy)) for metric, score in CLASSES.items() for heavy in (False, True)),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "score", "paired"), WORLDS)
def test_interval_equals_that_of_a_plain_loop_over_rows(metric, score, paired):
    totals = totals_of(paired, losses.loss_for(metric, paired.target, paired.weight), metric, SEED)
    (found,) = bootstrap.intervals(totals, [improvement_of(metric)], 0.9, SEED, COUNT)
    loop = np.quantile(by_loop(paired, score), [0.1, 0.9])
    assert [found.low, found.high] == pytest.approx(loop, rel=1e-9)


@pytest.mark.parametrize("heavy", [False, True])
def test_r2_of_several_targets_uses_the_scale_of_each(heavy):
    paired = regression(3, heavy)
    found = paired_test(paired, "r2", SEED, 0.95, 0.02)
    scores = [
        REGRESSIONS["r2"](paired.target, predictions, paired.weight)
        for predictions in (paired.challenger, paired.opponent)
    ]
    assert found.gain_point == pytest.approx(1 - (1 - scores[0]) / (1 - scores[1]))


def test_target_in_thousands_does_not_outweigh_one_in_tenths():
    """Better in the small one, a little worse in the large one."""
    paired = regression(2)
    large = paired.opponent.label[:, 1] + 0.01 * (paired.opponent.label[:, 1] - paired.target[:, 1])
    better = Predictions(np.column_stack([paired.target[:, 0], large]))
    paired = PairedPredictions(paired.target, paired.cluster, better, paired.baseline, paired.champion)
    assert paired_test(paired, "r2", SEED, 0.95, 0.02).p_value < 0.01
    assert paired_test(paired, "neg_mean_squared_error", SEED, 0.95, 0.02).p_value > 0.9


def test_root_mean_squared_error_of_several_targets_uses_the_jackknife():
    paired = regression(2)
    found = paired_test(paired, "neg_root_mean_squared_error", SEED, 0.95, 0.02)
    one, other = (
        np.sqrt(np.square(paired.target - predictions.label).mean(axis=0)).mean()
        for predictions in paired.compared[::2]
    )
    assert found.gain_point == pytest.approx(1 - one / other)
    assert found.improvement.low < other - one < found.improvement.high


@pytest.mark.parametrize("outputs", [1, 2])
def test_constant_target_makes_no_difference_in_r2(outputs):
    paired = regression(outputs)
    target = np.full_like(paired.target, 7.3)
    if outputs == 2:
        target[:, 1] = paired.target[:, 1]
    paired = PairedPredictions(target, paired.cluster, *paired.compared)
    found = paired_test(paired, "r2", SEED, 0.95, 0.02)
    assert np.isfinite([found.improvement.low, found.improvement.high, found.gain_point]).all()
    if outputs == 1:
        assert (found.improvement.low, found.improvement.high) == (0, 0)


def test_equal_weights_change_nothing_and_a_weight_of_two_equals_a_repeated_row():
    plain, rng = regression(), np.random.default_rng(3)
    twos = PairedPredictions(plain.target, plain.cluster, *plain.compared, weight=np.full(300, 2.0))
    same(paired_test(twos, "r2", SEED, 0.95, 0.02), paired_test(plain, "r2", SEED, 0.95, 0.02))
    weight = rng.integers(1, 4, 300)
    rows = np.repeat(np.arange(300), weight)
    heavy = PairedPredictions(plain.target, plain.cluster, *plain.compared, weight=weight.astype(float))
    more = PairedPredictions(
        plain.target[rows], plain.cluster[rows], *(predictions.at(rows) for predictions in plain.compared)
    )
    for metric in ("r2", "neg_mean_absolute_error", "neg_median_absolute_error"):
        same(paired_test(heavy, metric, SEED, 0.95, 0.02), paired_test(more, metric, SEED, 0.95, 0.02))


def same(one, other):
    for found, expected in zip(dataclasses.astuple(one), dataclasses.astuple(other), strict=True):
        assert found == pytest.approx(expected, rel=1e-9)


# --- ties and undefined figures -----------------------------------------------------------------


@pytest.mark.parametrize("metric", ["r2", "neg_mean_absolute_error", "neg_median_absolute_error"])
def test_predictions_that_differ_only_by_rounding_are_ties(metric):
    paired = regression()
    noisy = Predictions(np.nextafter(paired.opponent.label, np.inf))
    found = paired_test(
        PairedPredictions(paired.target, paired.cluster, noisy, paired.baseline, paired.champion),
        metric,
        SEED,
        0.95,
        0.02,
    )
    assert (found.p_value, found.p_worse) == (1.0, 1.0)


def test_gain_of_an_unbounded_metric_is_a_share_of_the_score():
    paired = classification()
    found = paired_test(paired, "tests.support.metrics.odds", SEED, 0.95, 0.02)
    one, other = (np.mean(predictions.label == paired.target) for predictions in paired.compared[::2])
    odds = one / (1 - one), other / (1 - other)
    assert found.gain_point == pytest.approx((odds[0] - odds[1]) / odds[1])


def test_gain_of_a_custom_metric_is_a_share_of_the_distance_to_a_perfect_score():
    paired = regression()
    found = paired_test(paired, "tests.support.metrics.profit", SEED, 0.95, 0.02)
    one, other = (np.abs(paired.target - predictions.label).sum() for predictions in paired.compared[::2])
    assert found.gain_point == pytest.approx(1 - one / other)


def test_class_within_one_cluster_leaves_every_figure_unknown():
    paired = classification()
    paired = PairedPredictions((paired.cluster == 4).astype(int), paired.cluster, *paired.compared)
    found = paired_test(paired, "roc_auc", SEED, 0.95, 0.02)
    assert np.isnan(
        [found.gain_point, found.p_value, found.p_worse, found.p_not_worse, found.p_baseline, found.gain.low]
    ).all()


def test_clusters_of_a_single_class_are_compared_together():
    """Each cluster has one class, so that no cluster alone has an area."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 8)
    target = cluster % 2
    predictions = []
    for width in (0.6, 5.0, 1.2):
        values = target + rng.normal(0, width, len(target))
        predictions.append(Predictions((values > 0.5) * 1, None, values, np.array([0, 1])))
    found = paired_test(PairedPredictions(target, cluster, *predictions), "roc_auc", SEED, 0.95, 0.02)
    assert found.p_value < 0.01
    assert 0 < found.gain.low < found.gain_point < found.gain.high
