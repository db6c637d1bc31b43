"""A complete training, from CSV bytes to the comparison that the gate decides by."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression

from ml_action.core.errors import DataError, ModelError
from ml_action.datasets.holdout import in_holdout
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.evaluation import losses
from ml_action.modelling.training import cross_fitting, fit, model_file
from tests.support.modelling import read, run_trial, students, table_of, trial_of

FEATURES = ("hours", "sleep", "room")


def load(trial):
    return model_file.load(trial.artifact, trial.digest)


@pytest.fixture(scope="module")
def first():
    return trial_of([], students(1, 60))


@pytest.fixture(scope="module")
def champion(first):
    return load(first)


def test_first_model_is_compared_with_the_dummy(first):
    comparison = first.comparison
    assert comparison.champion == {}
    assert comparison.datasets == 60
    assert comparison.gain > 0.5
    assert comparison.gain_interval.low > 0.3
    assert comparison.p_value == comparison.p_baseline < 0.001
    assert comparison.p_worse > 0.999
    assert comparison.improvement == comparison.challenger["r2"] - comparison.baseline["r2"]
    assert comparison.improvement_interval.low < comparison.improvement < comparison.improvement_interval.high
    assert comparison.win_rate > 0.9
    assert comparison.confidence == 0.95


def test_record_of_a_trial(first):
    table = table_of(*students(1, 60))
    held = [dataset for dataset in table.datasets if in_holdout("salt", dataset.blob, 0.2)]
    assert first.holdout == len(held) > 0
    assert first.datasets == 60 - first.holdout
    assert first.rows < first.comparison.rows == len(table.frame)
    assert set(first.libraries) == {"python", "scikit-learn", "pandas", "numpy", "joblib"}
    assert list(first.sample) == list(FEATURES)
    assert json.loads(json.dumps(first.sample)) == first.sample
    assert first.notes == ()
    assert math.isfinite(load(first).predict(pd.DataFrame([first.sample]))[0])


def test_same_inputs_give_the_same_trial(first, champion):
    assert trial_of([], students(1, 60)) == first
    again = [trial_of(students(1, 60), students(2, 60), champion) for _ in range(2)]
    assert again[0] == again[1]


def test_drift_is_a_proven_gain(champion):
    trial = trial_of(students(1, 60), students(2, 60, slope=4.5), champion, features=FEATURES)
    comparison = trial.comparison
    assert comparison.p_value < 0.001
    assert comparison.gain_interval.low > 0.05
    assert comparison.gain == pytest.approx(1 - comparison.challenger["mse"] / comparison.champion["mse"])
    assert comparison.improvement == comparison.challenger["r2"] - comparison.champion["r2"]
    assert comparison.datasets == 60


def test_no_drift_is_no_gain(champion):
    comparison = trial_of(students(1, 60), students(2, 60), champion).comparison
    assert abs(comparison.gain) < 0.02
    assert comparison.gain_interval.low < 0
    assert comparison.p_baseline < 0.001


def test_challenger_that_lacks_a_feature_is_proven_worse(champion):
    settings = {"features": ("sleep",)}
    comparison = trial_of([], students(2, 60), champion, features=FEATURES, settings=settings).comparison
    assert comparison.p_worse < 0.001
    assert comparison.gain_interval.high < 0
    assert comparison.win_rate < 0.2


def test_no_predicted_row_was_seen_by_its_model(monkeypatch):
    """No dataset is both in a fit and in the predictions of its model; the holdout is in no fit."""
    table = table_of(*students(1, 20), *students(2, 40))
    new = np.arange(len(table.datasets)) >= 20
    fits, predicted = [], []
    real_fit, real_predict = fit.fit, cross_fitting.predict

    def recorded_fit(recipe, table, rows):
        fits.append(set(table.cluster[rows]))
        return real_fit(recipe, table, rows)

    def recorded_predict(model, features, classes, outputs):
        if isinstance(features, pd.DataFrame):
            predicted.append(set(table.cluster[features.index]))
        return real_predict(model, features, classes, outputs)

    monkeypatch.setattr(fit, "fit", recorded_fit)
    monkeypatch.setattr(cross_fitting, "predict", recorded_predict)
    run_trial(table, new, ReferenceModel(LinearRegression().fit(np.zeros((2, 2)), [0, 1]), ("hours", "sleep")))
    final, *folds = fits
    *crossed, held = predicted
    folds.sort(key=lambda fold: min(final - fold))  # folds are fitted in parallel
    crossed.sort(key=min)
    holdout = {place for place, dataset in enumerate(table.datasets) if in_holdout("salt", dataset.blob, 0.2)}
    assert final == set(range(60)) - holdout
    assert held == {place for place in holdout if place >= 20}
    assert sorted(place for group in predicted for place in group) == list(range(20, 60))
    for fitted, tested in zip(folds, crossed, strict=True):
        assert not fitted & (tested | holdout)
        assert fitted == final - tested


def test_progress_counts_every_fit():
    steps = []
    trial_of([], students(1, 40), progress=lambda *step: steps.append(step))
    assert steps == [("fit", done, 6) for done in range(7)]


@pytest.mark.parametrize("metric", ["neg_mean_absolute_error", "neg_root_mean_squared_error", "neg_mean_squared_error"])
def test_metric_of_sums_is_reported_in_its_own_units(champion, metric):
    comparison = trial_of(students(1, 30), students(2, 40, slope=4.5), champion, settings={"metric": metric}).comparison
    assert comparison.metric == metric
    assert comparison.improvement == comparison.challenger[metric] - comparison.champion[metric] > 0
    assert comparison.improvement_interval.low < comparison.improvement < comparison.improvement_interval.high
    assert comparison.p_value < 0.001


def test_other_metric_uses_the_jackknife(champion):
    settings = {"metric": "neg_median_absolute_error"}
    comparison = trial_of(students(1, 30), students(2, 60, slope=4.5), champion, settings=settings).comparison
    assert comparison.improvement_interval.low < comparison.improvement < comparison.improvement_interval.high
    assert comparison.gain_interval.low < comparison.gain < comparison.gain_interval.high
    error = -comparison.champion["neg_median_absolute_error"]
    assert comparison.gain == pytest.approx(comparison.improvement / error)
    assert comparison.p_value < 0.05


def test_jackknife_and_sums_agree(monkeypatch, champion):
    both = []
    for known in (losses.BY_METRIC, {}):
        monkeypatch.setattr(losses, "BY_METRIC", {**losses.BY_METRIC} if known else {})
        if not known:
            monkeypatch.setitem(losses.BY_METRIC, "none", losses.squared)
        both.append(
            trial_of(
                students(1, 30), students(2, 60, slope=3.2), champion, settings={"metric": "neg_mean_squared_error"}
            ).comparison
        )
    assert both[0].gain == pytest.approx(both[1].gain)
    assert both[0].p_value == pytest.approx(both[1].p_value, abs=0.05)
    width = both[0].gain_interval.high - both[0].gain_interval.low
    assert both[1].gain_interval.low == pytest.approx(both[0].gain_interval.low, abs=width / 3)
    assert both[1].gain_interval.high == pytest.approx(both[0].gain_interval.high, abs=width / 3)


@pytest.mark.parametrize(
    ("metric", "estimator"),
    [
        ("accuracy", "sklearn.linear_model.LogisticRegression"),
        ("neg_log_loss", "sklearn.linear_model.LogisticRegression"),
        ("neg_brier_score", "sklearn.ensemble.HistGradientBoostingClassifier"),
        ("roc_auc", "sklearn.linear_model.LogisticRegression"),
        ("roc_auc", "sklearn.svm.LinearSVC"),
        ("f1_macro", "sklearn.svm.LinearSVC"),
    ],
)
def test_classification_with_any_metric(metric, estimator):
    settings = {"metric": metric, "estimator": estimator}
    one = trial_of([], students(1, 40, passed=True), settings=settings)
    assert one.recipe.task == "classification"
    assert one.comparison.p_value < 0.001
    two = trial_of(students(1, 20, passed=True), students(2, 30, passed=True), load(one), settings=settings)
    assert metric in two.comparison.champion
    assert two.comparison.p_baseline < 0.01
    assert -1 <= two.comparison.gain <= 1


class Raises(RegressorMixin, BaseEstimator):
    def predict(self, rows):
        raise RuntimeError("boom\n::error::x")


class Constant(RegressorMixin, BaseEstimator):
    def __init__(self, value=0.0):
        self.value = value

    def predict(self, rows):
        return np.full(len(rows), self.value)


@pytest.mark.parametrize(
    ("model", "features", "settings", "reason"),
    [
        (Constant(), ("hours", "gone"), {}, "needs columns that the datasets do not have: 'gone'"),
        (Raises(), ("hours",), {}, "cannot predict: RuntimeError: boom ::error::x"),
        (Constant(np.nan), ("hours",), {}, "cannot be scored: the predictions of (.*) of \\1 rows are not numbers"),
        (Constant(np.inf), ("hours",), {}, "cannot be scored: the predictions of"),
        (object(), ("hours",), {}, "cannot predict: AttributeError"),
        (Constant("x"), ("hours",), {}, "cannot predict: ValueError"),
    ],
)
def test_champion_that_cannot_be_scored_is_incomparable(model, features, settings, reason):
    with pytest.raises(Incomparable, match=reason):
        trial_of(students(1, 10), students(2, 30), model, features=features, settings=settings)


def test_champion_of_another_task_is_incomparable(champion):
    with pytest.raises(Incomparable, match="made for regression, the target asks for classification"):
        trial_of([], students(2, 30, passed=True), champion, features=FEATURES)


def test_champion_without_probabilities_is_incomparable_by_log_loss():
    settings = {"estimator": "sklearn.svm.LinearSVC", "metric": "accuracy"}
    svc = load(trial_of([], students(1, 30, passed=True), settings=settings))
    with pytest.raises(Incomparable, match="no probabilities"):
        trial_of([], students(2, 30, passed=True), svc, settings={"metric": "neg_log_loss"})


def test_challenger_that_cannot_be_scored_ends_the_attempt():
    settings = {"estimator": "sklearn.svm.LinearSVC", "metric": "neg_log_loss"}
    with pytest.raises(ModelError, match="cannot be scored"):
        trial_of([], students(1, 30, passed=True), settings=settings)


def test_champion_fitted_without_column_names_gets_none():
    table = table_of(*students(1, 30))
    model = LinearRegression().fit(table.frame[["hours", "sleep"]].to_numpy(), table.frame["score"])
    comparison = trial_of([], students(2, 30), model, features=("hours", "sleep")).comparison
    assert comparison.champion["r2"] > 0.5


def test_champion_without_error_leaves_nothing_to_gain():
    class Perfect(Constant):
        def predict(self, rows):
            return 3.0 * np.asarray(rows)[:, 0]

    contents = [f"hours,score\n{a},{3 * a}\n{a + 0.5},{3 * (a + 0.5)}\n".encode() for a in range(1, 41)]
    comparison = trial_of([], contents, Perfect(), features=("hours",)).comparison
    assert comparison.gain in (-1.0, 0.0)
    assert comparison.p_value > 0.5


def test_estimator_that_does_not_converge_is_noted():
    settings = {"estimator": "sklearn.linear_model.LogisticRegression", "params": {"max_iter": 1}}
    trial = trial_of([], students(1, 30, passed=True), settings=settings)
    assert trial.notes
    assert all(note.startswith("ConvergenceWarning: ") and "\n" not in note for note in trial.notes)


def test_sample_holds_a_value_of_each_kind_and_no_row():
    contents = [b"hours,room,flag,score\n,,True,%d\n1,red,False,3\n" % place for place in range(30)]
    assert trial_of([], contents).sample == {"hours": 1, "room": "red", "flag": True}


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_datasets_are_an_error_or_compared(count):
    with pytest.raises(DataError, match="too few") if count == 1 else contextlib.nullcontext():
        assert trial_of([], students(4, count)).comparison.datasets == count


def test_no_usable_new_dataset_is_an_error(champion):
    table, _ = read(*students(1, 5))
    with pytest.raises(DataError, match="None of the new datasets"):
        run_trial(table, np.zeros(5, dtype=bool), ReferenceModel(champion, FEATURES))


def test_all_numbers_of_a_comparison_are_finite(first):
    for value in dataclasses.astuple(first.comparison):
        for number in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]:
            assert isinstance(number, str | None) or math.isfinite(number)
