"""The shortcuts for leaving a block out give the scores of calling the metric for each block."""

from __future__ import annotations

import numpy as np
import pytest

from ml_action.modelling.evaluation import jackknife, metric_lookup
from ml_action.modelling.evaluation.predictions import Predictions

LABELS = [
    name
    for name in metric_lookup.names()
    if metric_lookup.get_metric(name).of_labels and metric_lookup.get_metric(name).weighted
]


def world(seed, rows=400, classes=3, blocks=12, ties=False):
    """Rows of a noisy classifier; one block has more rows of the last class than all the others."""
    rng = np.random.default_rng(seed)
    block = rng.integers(0, blocks, rows)
    target = np.where(block == 0, classes - 1, rng.integers(0, classes, rows))
    label = np.where(rng.uniform(size=rows) < 0.6, target, rng.integers(0, classes, rows))
    values = target + rng.normal(0, 1.5, rows)
    predictions = Predictions(label, None, np.round(values, 0) if ties else values, np.arange(classes))
    return predictions, target, block, rng.gamma(2, 1, rows)


def one_by_one(*arguments):
    return np.fromiter(jackknife._one_by_one(*arguments), dtype=float)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("metric", LABELS)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("heavy", [False, True])
def test_counting_equal_rows_gives_the_same_scores(metric, classes, heavy):
    predictions, target, block, weight = world(1, classes=classes)
    arguments = (metric, predictions, target, block, weight if heavy else None)
    assert jackknife.leave_one_out_scores(*arguments) == pytest.approx(one_by_one(*arguments), nan_ok=True, rel=1e-12)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
@pytest.mark.parametrize("metric", ["f1_macro", "balanced_accuracy", "jaccard_macro"])
def test_class_within_one_block_disappears_without_the_block(metric):
    predictions, target, block, _ = world(2, classes=3)
    target = np.where(target == 2, 1, target)
    target[block == 3] = 2
    arguments = (metric, predictions, target, block, None)
    assert jackknife.leave_one_out_scores(*arguments) == pytest.approx(one_by_one(*arguments), rel=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("words", [False, True])
def test_area_under_the_curve_by_pairs(ties, heavy, words):
    predictions, target, block, weight = world(3, classes=2, ties=ties)
    if words:
        names = np.array(["no", "yes"], dtype=object)
        predictions, target = Predictions(names[predictions.label], None, predictions.decision, names), names[target]
    arguments = ("roc_auc", predictions, target, block, weight if heavy else None)
    assert jackknife.leave_one_out_scores(*arguments) == pytest.approx(one_by_one(*arguments), rel=1e-12)


def test_area_by_probabilities_without_decision_values():
    predictions, target, block, _ = world(4, classes=2)
    chance = 1 / (1 + np.exp(-predictions.decision))
    predictions = Predictions(predictions.label, np.column_stack([1 - chance, chance]), None, predictions.classes)
    arguments = ("roc_auc", predictions, target, block, None)
    assert jackknife.leave_one_out_scores(*arguments) == pytest.approx(one_by_one(*arguments), rel=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_area_is_undefined_without_the_block_of_a_whole_class():
    predictions, target, block, _ = world(5, classes=2)
    target = (block == 4).astype(int)
    found = jackknife.leave_one_out_scores("roc_auc", predictions, target, block, None)
    assert np.isnan(found).tolist() == [place == 5 for place in range(13)]
    assert found == pytest.approx(one_by_one("roc_auc", predictions, target, block, None), nan_ok=True)


def test_any_other_metric_is_scored_once_per_block():
    predictions, target, block, weight = world(6)
    regression = Predictions(predictions.decision)
    found = jackknife.leave_one_out_scores("neg_median_absolute_error", regression, target.astype(float), block, weight)
    assert len(found) == 13
    error = np.abs(target - predictions.decision)[block != 0]
    assert found[1] == pytest.approx(-np.median(error), rel=0.2)


def test_many_labels_are_not_counted(monkeypatch):
    predictions, target, block, _ = world(7)
    counted = jackknife.leave_one_out_scores("f1_macro", predictions, target, block, None)
    monkeypatch.setattr(jackknife, "MOST_KINDS", 3)
    assert jackknife.leave_one_out_scores("f1_macro", predictions, target, block, None) == pytest.approx(counted)
