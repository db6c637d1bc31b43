"""Metrics by name or import path: their properties, what they are called with, and which ones are rejected."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    get_scorer,
    hinge_loss,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_tweedie_deviance,
)

from ml_action.core.errors import SettingsError
from ml_action.modelling.evaluation import losses, metric_lookup, scoring
from ml_action.modelling.evaluation.predictions import Predictions

Y = np.array([1.0, 2.0, 4.0, 8.0])
PREDICTIONS = Predictions(np.array([1.5, 2.0, 3.0, 8.0]))
WORDS = np.array(["no", "yes", "no", "yes"], dtype=object)
CHANCE = np.array([[0.9, 0.1], [0.3, 0.7], [0.4, 0.6], [0.2, 0.8]])
GUESS = Predictions(
    np.array(["no", "yes", "yes", "yes"], dtype=object), CHANCE, np.array([-2.0, 1, 0.5, 2]), np.array(["no", "yes"])
)


def test_scikit_learn_scorer_is_found_by_name():
    found = metric_lookup.get_metric("neg_mean_absolute_error")
    assert (found.task, found.best, found.weighted, found.of_labels) == ("regression", 0.0, True, False)
    found = metric_lookup.get_metric("f1_macro")
    assert (found.task, found.best, found.weighted, found.of_labels) == ("classification", 1.0, True, True)
    assert metric_lookup.get_metric("positive_likelihood_ratio").best is None
    assert not metric_lookup.get_metric("neg_max_error").weighted
    assert not metric_lookup.get_metric("roc_auc").of_labels


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sklearn.metrics.mean_absolute_error", -mean_absolute_error(Y, PREDICTIONS.label)),
        ("sklearn.metrics.mean_pinball_loss", -mean_pinball_loss(Y, PREDICTIONS.label)),
        ("sklearn.metrics.mean_tweedie_deviance", -mean_tweedie_deviance(Y, PREDICTIONS.label)),
        ("tests.support.metrics.profit", 40 - 2 * 1.5),
        ("tests.support.metrics.absolute_loss", -0.375),
        ("tests.support.metrics.cost", -0.375),
        ("tests.support.metrics.by_hand", -(0.25 + 1) / 4),
    ],
)
def test_greater_is_better_for_any_function(path, expected):
    assert scoring.score(path, PREDICTIONS, Y) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("sklearn.metrics.accuracy_score", accuracy_score(WORDS, GUESS.label)),
        ("sklearn.metrics.log_loss", -log_loss(WORDS, CHANCE)),
        ("sklearn.metrics.hinge_loss", -hinge_loss(WORDS, GUESS.decision)),
        ("sklearn.metrics.roc_auc_score", 1.0),
        ("tests.support.metrics.middle", 0.75),
        ("tests.support.metrics.decided", 0.75),
    ],
)
def test_function_gets_the_response_that_its_second_parameter_names(path, expected):
    assert scoring.score(path, GUESS, WORDS) == pytest.approx(expected)


def test_function_with_a_scikit_learn_scorer_equals_that_scorer():
    found = metric_lookup.get_metric("sklearn.metrics.r2_score")
    assert (found.task, found.best, found.name) == ("regression", 1.0, "sklearn.metrics.r2_score")
    assert metric_lookup.get_metric("tests.support.metrics.profit").task == ""
    assert metric_lookup.get_metric("tests.support.metrics.profit").best is None


def test_support_for_weights_is_read_from_the_signature():
    assert metric_lookup.get_metric("tests.support.metrics.weighted_profit").weighted
    assert not metric_lookup.get_metric("tests.support.metrics.profit").weighted
    assert scoring.score("tests.support.metrics.weighted_profit", PREDICTIONS, Y, None, np.array([1.0, 0, 0, 0])) == 9


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r_2", "Did you mean 'r2'"),
        ("rand_score", "not a scikit-learn scorer that judges predictions"),
        ("no.such.metric", "the package 'no' is not installed"),
        ("sklearn.metrics.mean_squared_eror", "Did you mean 'mean_squared_error'"),
        ("tests.support.metrics.profits", "Did you mean 'profit'"),
        ("tests.support.metrics.number", "no scorer or metric function 'number'"),
        ("sklearn.linear_model.LinearRegression", "no scorer or metric function"),
        ("sklearn.metrics.rand_score", "neither a scorer nor a metric function"),
        ("tests.support.metrics.pair", "takes (estimator, X, y), a metric function (y_true, y_pred), by these names"),
        ("os.system", "neither a scorer nor a metric function"),
        ("pty.spawn", "neither a scorer nor a metric function"),
        ("math.hypot", "neither a scorer nor a metric function"),
        (".x", "cannot be imported"),
        ("..", "cannot be imported"),
    ],
)
def test_wrong_name_suggests_the_nearest_one(name, text):
    for setting in ("metric", "guardrails"):
        with pytest.raises(SettingsError) as caught:
            metric_lookup.get_metric(name, setting)
        assert text in str(caught.value)
        assert str(caught.value).startswith(setting)


REGRESSION = [name for name in metric_lookup.names() if metric_lookup.get_metric(name).task == "regression"]


@pytest.mark.parametrize("name", REGRESSION)
def test_function_by_path_scores_like_the_scorer_by_name(name):
    rng = np.random.default_rng(0)
    y, predictions = rng.uniform(1, 3, 50), Predictions(rng.uniform(1, 3, 50))
    path = f"sklearn.metrics.{get_scorer(name)._score_func.__name__}"
    assert scoring.score(path, predictions, y) == scoring.score(name, predictions, y)


# --- checked against the true values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "target", "text"),
    [
        ("tests.support.metrics.misnamed", Y, "smaller seems to be better"),
        (
            "tests.support.metrics.broken",
            Y,
            "cannot judge this target: tests.support.metrics.broken cannot be computed: 'no",
        ),
        ("tests.support.metrics.never", Y, "cannot judge this target: tests.support.metrics.never is nan"),
        ("tests.support.metrics.asks_columns", Y, "the columns are not available"),
        ("sklearn.metrics.confusion_matrix", WORDS, "cannot judge this target"),
        ("sklearn.metrics.fbeta_score", np.array([0, 1, 0, 1]), "needs a value for 'beta'"),
        ("f1", WORDS, "pos_label=1 is not a valid label"),
        ("roc_auc", np.array([0, 1, 2, 2]), "cannot judge this target"),
        ("neg_mean_squared_log_error", -2 * Y, "cannot judge this target"),
        ("neg_mean_poisson_deviance", np.column_stack([Y, Y]), "cannot judge this target"),
    ],
)
def test_metric_that_cannot_judge_the_target_is_a_settings_error(metric, target, text):
    with pytest.raises(SettingsError) as caught:
        scoring.check_metrics(
            [("metric", "r2" if target.dtype == float else "accuracy"), ("guardrails", metric)], target
        )
    assert text in str(caught.value)
    assert str(caught.value).startswith("guardrails")
    assert "\n::" not in str(caught.value)


@pytest.mark.parametrize("metric", ["r2", "neg_mean_poisson_deviance", "tests.support.metrics.profit", "neg_max_error"])
def test_metric_that_can_judge_a_regression_is_accepted(metric):
    scoring.check_metrics([("metric", metric)], np.array([0.0, 1.0, 5.0]))


@pytest.mark.parametrize(
    "metric", ["accuracy", "neg_log_loss", "roc_auc", "tests.support.metrics.odds", "tests.support.metrics.middle"]
)
def test_metric_that_can_judge_classes_is_accepted(metric):
    scoring.check_metrics([("metric", metric)], WORDS)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("f1(pos_label='yes')", 0.8),
        ("f1(pos_label='no')", 2 / 3),
        ("recall(pos_label='no')", 0.5),
        ("fbeta_score(beta=2, pos_label='yes')", 10 / 11),
        ("average_precision(pos_label='yes')", 5 / 6),
        ("roc_auc", 0.75),
    ],
)
def test_the_class_that_counts_and_other_parameters(spec, expected):
    predictions = Predictions(
        GUESS.label, np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.1, 0.9]]), None, GUESS.classes
    )
    found = metric_lookup.get_metric(spec)
    assert (found.name, found.best, found.task) == (spec, 1.0 if "fbeta" not in spec else None, found.task)
    assert scoring.score(spec, predictions, WORDS) == pytest.approx(expected)


def test_a_quantile_is_judged_by_its_own_loss():
    spec = "mean_pinball_loss(alpha=0.9)"
    assert scoring.score(spec, PREDICTIONS, Y) == pytest.approx(-mean_pinball_loss(Y, PREDICTIONS.label, alpha=0.9))
    own = losses.loss_for(spec, Y)
    assert own is not None
    assert own(PREDICTIONS, Y).mean() == pytest.approx(mean_pinball_loss(Y, PREDICTIONS.label, alpha=0.9))
    assert losses.loss_for("sklearn.metrics.d2_pinball_score(alpha=0.9)", Y) is not None
    assert losses.loss_for("f1(pos_label='yes')", Y) is None


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("fbeta_score", "needs a value for 'beta'"),
        ("f1(pos_labl='yes')", "Did you mean 'pos_label'"),
        ("tests.support.metrics.by_hand(a=1)", "takes no parameters"),
        ("confusion", "is not a scikit-learn scorer"),
        ("catboost_metrics.gain", "pip install catboost_metrics"),
    ],
)
def test_wrong_parameters_are_settings_errors(spec, text):
    with pytest.raises(SettingsError) as caught:
        metric_lookup.get_metric(spec)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("name", "asks"),
    [("f1", True), ("f1_macro", False), ("average_precision", True), ("f1(pos_label=2)", False), ("roc_auc", False),
     ("fbeta_score", True), ("r2", False)],
)  # fmt: skip
def test_metrics_that_ask_which_class_counts(name, asks):
    assert metric_lookup.takes_positive(name) is asks


def test_the_class_that_counts_is_asked_for_only_where_there_are_two():
    for target, asks in ((WORDS, True), (np.array(["a", "b", "c"], dtype=object), False)):
        with pytest.raises(SettingsError) as caught:
            scoring.check_metrics([("metric", "f1")], target)
        assert ("`positive`" in caught.value.fix) is asks
