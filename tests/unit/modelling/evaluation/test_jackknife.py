"""The short ways to leave a block out give the figures of the long one."""

from __future__ import annotations

import numpy as np
import pytest

from ml_action.modelling.evaluation import jackknife, metrics
from ml_action.modelling.evaluation.predictions import Predictions

LABELS = [name for name in metrics.names() if metrics.get_metric(name).of_labels and metrics.get_metric(name).weighted]


def world(seed, rows=400, classes=3, blocks=12, ties=False):
    """Rows of a noisy classifier; one block holds more of the last class than all the others."""
    rng = np.random.default_rng(seed)
    block = rng.integers(0, blocks, rows)
    target = np.where(block == 0, classes - 1, rng.integers(0, classes, rows))
    label = np.where(rng.uniform(size=rows) < 0.6, target, rng.integers(0, classes, rows))
    values = target + rng.normal(0, 1.5, rows)
    said = Predictions(label, None, np.round(values, 0) if ties else values, np.arange(classes))
    return said, target, block, rng.gamma(2, 1, rows)


def one_by_one(*asked):
    return np.fromiter(jackknife._one_by_one(*asked), dtype=float)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("metric", LABELS)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("heavy", [False, True])
def test_rows_that_are_alike_are_counted(metric, classes, heavy):
    said, target, block, weight = world(1, classes=classes)
    asked = (metric, said, target, block, weight if heavy else None)
    assert jackknife.leave_one_out_scores(*asked) == pytest.approx(one_by_one(*asked), nan_ok=True, rel=1e-12)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
@pytest.mark.parametrize("metric", ["f1_macro", "balanced_accuracy", "jaccard_macro"])
def test_a_class_that_is_all_in_one_block_is_gone_without_it(metric):
    said, target, block, _ = world(2, classes=3)
    target = np.where(target == 2, 1, target)
    target[block == 3] = 2
    asked = (metric, said, target, block, None)
    assert jackknife.leave_one_out_scores(*asked) == pytest.approx(one_by_one(*asked), rel=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("words", [False, True])
def test_the_area_under_the_curve_by_its_pairs(ties, heavy, words):
    said, target, block, weight = world(3, classes=2, ties=ties)
    if words:
        names = np.array(["no", "yes"], dtype=object)
        said, target = Predictions(names[said.label], None, said.decision, names), names[target]
    asked = ("roc_auc", said, target, block, weight if heavy else None)
    assert jackknife.leave_one_out_scores(*asked) == pytest.approx(one_by_one(*asked), rel=1e-12)


def test_the_area_by_probabilities_where_there_are_no_decision_values():
    said, target, block, _ = world(4, classes=2)
    chance = 1 / (1 + np.exp(-said.decision))
    said = Predictions(said.label, np.column_stack([1 - chance, chance]), None, said.classes)
    asked = ("roc_auc", said, target, block, None)
    assert jackknife.leave_one_out_scores(*asked) == pytest.approx(one_by_one(*asked), rel=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_without_the_block_that_holds_a_whole_class_there_is_no_area():
    said, target, block, _ = world(5, classes=2)
    target = (block == 4).astype(int)
    found = jackknife.leave_one_out_scores("roc_auc", said, target, block, None)
    assert np.isnan(found).tolist() == [place == 5 for place in range(13)]
    assert found == pytest.approx(one_by_one("roc_auc", said, target, block, None), nan_ok=True)


def test_any_other_metric_is_asked_once_for_each_block():
    said, target, block, weight = world(6)
    regression = Predictions(said.decision)
    found = jackknife.leave_one_out_scores("neg_median_absolute_error", regression, target.astype(float), block, weight)
    assert len(found) == 13
    error = np.abs(target - said.decision)[block != 0]
    assert found[1] == pytest.approx(-np.median(error), rel=0.2)


def test_so_many_labels_that_counting_gains_nothing(monkeypatch):
    said, target, block, _ = world(7)
    counted = jackknife.leave_one_out_scores("f1_macro", said, target, block, None)
    monkeypatch.setattr(jackknife, "MOST_KINDS", 3)
    assert jackknife.leave_one_out_scores("f1_macro", said, target, block, None) == pytest.approx(counted)
