"""Scores from cached predictions equal scikit-learn's own; a score that is not finite is an error."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import get_scorer

from ml_action.core.errors import ModelError
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import losses, metric_lookup, scoring
from ml_action.modelling.evaluation.predictions import Predictions, join, predict

NAMES = metric_lookup.names()
REGRESSION = [name for name in NAMES if metric_lookup.get_metric(name).task == "regression"]
CLASSIFICATION = [name for name in NAMES if metric_lookup.get_metric(name).task == "classification"]


def recipe(task, metric):
    return Recipe("y", ("x",), task, "", {}, metric, 0)


def regression():
    features, y = make_regression(120, 3, noise=20, random_state=0)
    y = np.abs(y) + 1
    return LinearRegression().fit(features[:80], np.log(y[:80])), features[80:], np.log(y[80:]) + 3


def classification(classes=2, words=False):
    features, y = make_classification(300, 6, n_informative=4, n_classes=classes, flip_y=0.2, random_state=0)
    y = np.array([f"class {label}" for label in y], dtype=object) if words else y
    return LogisticRegression().fit(features[:150], y[:150]), features[150:], y[150:]


@pytest.mark.parametrize("metric", REGRESSION)
def test_regression_scorer_gives_cached_predictions_the_score_of_the_model(metric):
    model, features, y = regression()
    model.intercept_ += 3  # positive predictions, as some of the metrics need
    predictions = predict(model, features, None)
    assert scoring.score(metric, predictions, y) == pytest.approx(get_scorer(metric)(model, features, y))


@pytest.mark.filterwarnings("ignore:'k' .2. greater:sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("metric", CLASSIFICATION)
@pytest.mark.parametrize("classes", [2, 3])
def test_classification_scorer_gives_cached_predictions_the_score_of_the_model(metric, classes):
    model, features, y = classification(classes)
    predictions = predict(model, features, np.unique(y))
    try:
        expected = get_scorer(metric)(model, features, y)
    except ValueError:
        expected = np.nan  # a metric of two classes for three classes, or one of several labels
    if np.isfinite(expected):
        assert scoring.score(metric, predictions, y) == pytest.approx(expected)
        rows = np.arange(0, len(y), 2)
        assert scoring.score(metric, predictions, y, rows) == pytest.approx(
            get_scorer(metric)(model, features[rows], y[rows])
        )
    else:
        with pytest.raises(scoring.Unscorable, match=metric):
            scoring.score(metric, predictions, y)


@pytest.mark.parametrize("metric", sorted(losses.BY_METRIC))
def test_loss_per_row_adds_up_to_its_metric(metric):
    task = metric_lookup.get_metric(metric).task
    for model, features, y in (
        [regression()] if task == "regression" else [classification(2), classification(3, words=True)]
    ):
        predictions = predict(model, features, None if task == "regression" else np.unique(y))
        mean = losses.BY_METRIC[metric](predictions, y).mean()
        expected = {
            "r2": 1 - mean / y.var() if task == "regression" else 0,
            "accuracy": 1 - mean,
            "neg_root_mean_squared_error": -np.sqrt(mean),
        }.get(metric, -mean)
        assert get_scorer(metric)(model, features, y) == pytest.approx(expected)
        assert (losses.BY_METRIC[metric](predictions, y) >= 0).all()


def test_reported_metrics_of_a_regression():
    model, features, y = regression()
    found = scoring.report(model, features, y, recipe("regression", "neg_mean_absolute_error"))
    assert list(found) == ["r2", "accuracy_percent", "mse", "neg_mean_absolute_error"]
    assert found["r2"] == pytest.approx(model.score(features, y))
    assert found["accuracy_percent"] == pytest.approx(100 * found["r2"])
    assert found["mse"] == pytest.approx(np.square(y - model.predict(features)).mean())
    assert found["neg_mean_absolute_error"] < 0
    assert list(scoring.report(model, features, y, recipe("regression", "r2"))) == ["r2", "accuracy_percent", "mse"]


def test_reported_metrics_of_a_classification():
    model, features, y = classification(3, words=True)
    found = scoring.report(model, features, y, recipe("classification", "accuracy"))
    assert list(found) == ["accuracy_percent", "log_loss", "accuracy"]
    assert found["accuracy_percent"] == pytest.approx(100 * model.score(features, y))
    assert found["log_loss"] == pytest.approx(-get_scorer("neg_log_loss")(model, features, y))
    without = RidgeClassifier().fit(features, y)
    assert list(scoring.report(without, features, y, recipe("classification", "f1_macro"))) == [
        "accuracy_percent",
        "f1_macro",
    ]


def test_score_that_is_not_a_number_is_an_error():
    class Lost:
        def predict(self, features):
            return np.full(len(features), np.nan)

    with pytest.raises(ModelError, match="cannot be scored"):
        scoring.report(Lost(), np.zeros((4, 1)), np.arange(4.0), recipe("regression", "r2"))


def test_missing_probabilities_are_an_error():
    _, features, y = classification()
    model = RidgeClassifier().fit(features, y)
    for metric in ("neg_log_loss", "neg_brier_score"):
        with pytest.raises(ModelError, match="no probabilities"):
            scoring.report(model, features, y, recipe("classification", metric))


def test_batch_of_a_single_class_has_a_log_loss_but_no_auc():
    model, features, y = classification()
    features, y = features[y == 1], y[y == 1]
    predictions = predict(model, features, np.array([0, 1]))
    assert scoring.score("neg_log_loss", predictions, y) == pytest.approx(
        np.log(model.predict_proba(features)[:, 1]).mean()
    )
    with pytest.raises(scoring.Unscorable), pytest.warns(match="Only one class"):
        scoring.score("roc_auc", predictions, y)


def test_class_that_the_model_never_saw_has_probability_zero():
    model = DummyClassifier(strategy="prior").fit(np.zeros((3, 1)), ["a", "c", "c"])
    predictions = predict(model, np.zeros((2, 1)), np.array(["a", "b", "c"], dtype=object))
    assert predictions.classes.tolist() == ["a", "b", "c"]
    assert predictions.probability[0] == pytest.approx([1 / 3, 0, 2 / 3])


def test_parts_are_joined_by_position():
    whole = Predictions(np.array([0.0, 1.0, 2.0, 3.0]))
    parts = [Predictions(whole.label[[1, 3]]), Predictions(whole.label[[0, 2]])]
    joined = join(parts, [np.array([1, 3]), np.array([0, 2])])
    assert joined.label.tolist() == whole.label.tolist()
    assert joined.probability is None
    assert len(joined) == 4
