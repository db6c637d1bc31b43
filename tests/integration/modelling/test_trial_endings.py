"""Estimators, champions and metrics without a result: each ends in a clear error, and never in a promotion."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier

from ml_action.core.errors import ModelError, SettingsError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.loop.gate import decide
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.training import model_file
from ml_action.modelling.training.execution import no_progress
from tests.support.modelling import recipe_of, run_trial, students, table_of, trial_of

FEATURES = ("hours", "sleep", "room")
POLICY = Policy()


def load(trial):
    return model_file.load(trial.artifact, trial.digest)


def compare(champion, contents, *, policy=POLICY, features=("hours", "sleep"), progress=no_progress, **settings):
    table = table_of(*contents)
    opponent = None if champion is None else ReferenceModel(champion, features)
    everything = np.ones(len(table.datasets), dtype=bool)
    return run_trial(table, everything, opponent, policy=policy, progress=progress, **settings)


def trained(kind, contents, relabel=lambda y: y, rows=slice(None)):
    """Returns a champion of two columns."""
    frame = table_of(*contents).frame.iloc[rows]
    return kind.fit(frame[["hours", "sleep"]], relabel(frame["score"]))


# --- challengers ------------------------------------------------------------------------------------------


class Odd(RegressorMixin, BaseEstimator):
    """Fits anything, and predicts wrongly: `kind` says how."""

    def __init__(self, kind="nan"):
        self.kind = kind

    def fit(self, rows, target):
        self.mean_ = float(np.mean(target))
        return self

    def predict(self, rows):
        predictions = np.full(len(rows), self.mean_) + np.asarray(rows)[:, 0]
        if self.kind == "raises":
            raise RuntimeError("cannot\n::error::predict")
        if self.kind == "short":
            return predictions[:-1]
        if self.kind == "words":
            return np.full(len(rows), "many")
        if self.kind == "wide":
            return np.column_stack([predictions, predictions])
        predictions[:1] = {"nan": np.nan, "infinite": np.inf, "huge": 1e200}.get(self.kind, predictions[0])
        return predictions


@pytest.mark.parametrize("champion", [False, True])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nan", "The challenger cannot be scored: the predictions of"),
        ("infinite", "The challenger cannot be scored: the predictions of"),
        ("huge", "The challenger cannot be scored: the predictions of"),
        ("raises", "could not predict: RuntimeError: cannot ::error::predict"),
        ("short", "could not predict: ValueError: it predicts"),
        ("words", "could not predict: ValueError"),
        ("wide", "could not predict: ValueError: it predicts 2 targets, not 1"),
    ],
)
def test_challenger_without_valid_predictions_ends_the_attempt(kind, message, champion):
    model = trained(LinearRegression(), students(1, 10)) if champion else None
    settings = {"estimator": f"{__name__}.Odd", "params": {"kind": kind}}
    with pytest.raises(ModelError, match=message):
        compare(model, students(2, 30), **settings)


@pytest.mark.parametrize("metric", ["neg_log_loss", "neg_brier_score", "d2_log_loss_score", "roc_auc_ovr"])
def test_classifier_without_probabilities_fails_under_a_metric_of_probabilities(metric):
    settings = {"estimator": "sklearn.svm.LinearSVC", "metric": metric}
    with pytest.raises(ModelError, match="probabilities") as caught:
        trial_of([], students(1, 30, passed=True), settings=settings)
    assert "an estimator that gives what it needs (such as probabilities)" in str(caught.value)


@pytest.mark.parametrize("metric", ["tests.support.metrics.decided", "sklearn.metrics.hinge_loss", "roc_auc"])
@pytest.mark.parametrize("estimator", ["sklearn.svm.LinearSVC", "sklearn.linear_model.LogisticRegression"])
def test_scorer_of_decision_values(metric, estimator):
    """The dummy has no decision values of its own, and is scored nevertheless."""
    settings = {"estimator": estimator, "metric": metric}
    first = trial_of([], students(1, 40, passed=True), settings=settings)
    assert first.comparison.p_value < 0.01
    again = trial_of(students(1, 40, passed=True), students(2, 40, passed=True), load(first), settings=settings)
    assert decide(again.comparison, POLICY).verdict in (Verdict.HOLD, Verdict.REJECT)


def test_estimator_without_decision_values_fails_under_a_metric_of_them():
    settings = {"estimator": "sklearn.tree.DecisionTreeClassifier", "metric": "tests.support.metrics.decided"}
    with pytest.raises(ModelError, match="decision_function"):
        trial_of([], students(1, 30, passed=True), settings=settings)


def test_estimator_or_metric_without_weights_is_rejected_before_the_fit():
    table = table_of(*students(1, 5))
    with pytest.raises(SettingsError, match=r"KNeighborsRegressor' takes no weights, and `weight` is 'hours'"):
        recipe_of(table, weight="hours", estimator="sklearn.neighbors.KNeighborsRegressor")
    for settings in ({"metric": "neg_max_error"}, {"guardrails": ["neg_max_error"]}):
        with pytest.raises(SettingsError, match="'neg_max_error' takes no weights"):
            recipe_of(table, weight="hours", **settings)
    with pytest.raises(SettingsError, match="weight: 'score' is the target"):
        recipe_of(table, weight="score")


# --- champions and their classes --------------------------------------------------------------------------

GRADES = {"no": "C", "yes": "A"}


def graded(contents, seed=0):
    """Returns the contents with three grades: some of those that passed get a B."""
    rng = np.random.default_rng(seed)
    found = []
    for content in contents:
        lines = content.decode().strip().split("\n")
        rows = [line.rpartition(",") for line in lines[1:]]
        marks = [
            "B" if mark == "yes" and float(row.split(",")[0]) < 7 + rng.normal() else GRADES[mark]
            for row, _, mark in rows
        ]
        found.append(
            "\n".join([lines[0], *(f"{row},{mark}" for (row, _, _), mark in zip(rows, marks, strict=True)), ""])
        )
    return [content.encode() for content in found]


NEW = students(2, 60, passed=True)


@pytest.mark.parametrize("metric", ["accuracy", "neg_log_loss", "neg_brier_score", "f1_macro"])
def test_champion_that_lacks_a_class_predicts_its_rows_too(metric):
    """It is always wrong about them: that is its error, and the challenger's gain."""
    champion = trained(LogisticRegression(), students(1, 40, passed=True), lambda y: y.map(GRADES))
    found = compare(champion, graded(NEW), metric=metric).comparison
    assert found.champion[metric] < found.challenger[metric]
    assert found.p_value < 0.05


@pytest.mark.parametrize("metric", ["accuracy", "neg_log_loss", "neg_brier_score", "f1_macro"])
def test_champion_that_knows_more_classes_is_scored_on_the_same_scale(metric):
    champion = trained(LogisticRegression(), graded(students(1, 60, passed=True)))
    two = [content.replace(b",yes", b",A").replace(b",no", b",C") for content in NEW]
    found = compare(champion, two, metric=metric).comparison
    assert -1 < found.gain < 1
    own = trained(LogisticRegression(), students(1, 60, passed=True), lambda y: y.map(GRADES))
    known = compare(own, two, metric=metric).comparison
    if metric == "neg_brier_score":  # halved if there are only two classes
        assert found.challenger[metric] == pytest.approx(2 * known.challenger[metric])
    else:
        assert found.challenger[metric] == pytest.approx(known.challenger[metric])


@pytest.mark.parametrize("kind", [LogisticRegression(), RidgeClassifier()])
@pytest.mark.parametrize("metric", ["roc_auc", "roc_auc_ovr"])
def test_classes_that_scikit_learn_cannot_compare_are_incomparable(kind, metric):
    champion = trained(kind, graded(students(1, 60, passed=True)))
    two = [content.replace(b",yes", b",A").replace(b",no", b",C") for content in NEW]
    with pytest.raises(Incomparable, match="the champion cannot be scored: roc_auc"):
        compare(champion, two, metric=metric)


def test_champion_with_other_labels_is_incomparable():
    """Zeros and ones became text: every prediction is wrong, although the model has not changed."""
    champion = trained(LogisticRegression(), students(1, 40, passed=True), lambda y: (y == "yes").astype(int))
    with pytest.raises(Incomparable, match="knows the classes '0', '1', the datasets hold 'no', 'yes'"):
        compare(champion, NEW)


class Unclassed(ClassifierMixin, BaseEstimator):
    def predict(self, rows):
        return np.full(len(rows), "yes", dtype=object)


def test_champion_without_classes_is_incomparable():
    with pytest.raises(Incomparable, match="cannot predict: AttributeError"):
        compare(Unclassed(), NEW)


class Sure(Unclassed):
    """Predicts probabilities that add up to two."""

    classes_ = np.array(["no", "yes"], dtype=object)

    def predict_proba(self, rows):
        return np.full((len(rows), 2), 1.0)


def test_champion_with_invalid_probabilities_is_incomparable():
    with pytest.raises(Incomparable, match="the probabilities of a row do not add up to one"):
        compare(Sure(), NEW, metric="neg_log_loss")


# --- guardrails and metrics before anything is fitted -----------------------------------------------------


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["neg_mean_absolut_error"],
            "guardrails 'neg_mean_absolut_error' is not .*Did you mean 'neg_mean_absolute_error'",
        ),
        (["r2", "accuracy"], "guardrails 'accuracy' is made for classification, and the task is regression"),
        (
            ["tests.support.metrics.profits"],
            "guardrails: 'tests.support.metrics' has no scorer or metric function 'profits'",
        ),
    ],
)
def test_guardrail_is_checked_like_a_metric(names, message):
    with pytest.raises(SettingsError) as caught:
        recipe_of(table_of(*students(1, 5)), guardrails=names)
    assert re.search(message, str(caught.value), re.DOTALL)


@pytest.mark.parametrize(
    "metric", ["neg_mean_squared_log_error", "tests.support.metrics.misnamed", "tests.support.metrics.asks_columns"]
)
@pytest.mark.parametrize("champion", [False, True])
def test_guardrail_that_cannot_score_the_target_costs_no_fit(metric, champion):
    steps = []
    policy = Policy(guardrails=(Guardrail(metric, 0.01),))
    contents = [content.replace(b",3", b",-3").replace(b",4", b",-4") for content in students(2, 30)]
    model = trained(LinearRegression(), students(1, 10)) if champion else None
    with pytest.raises(SettingsError, match=f"guardrails '{metric}'"):
        compare(model, contents, policy=policy, progress=lambda *step: steps.append(step))
    assert steps == []


class Negative(RegressorMixin, BaseEstimator):
    def fit(self, rows, target):
        self.fitted_ = True
        return self

    def predict(self, rows):
        return np.full(len(rows), -5.0)


def test_guardrail_without_a_score_of_the_champion_is_incomparable():
    policy = Policy(guardrails=(Guardrail("neg_mean_squared_log_error", 0.01),))
    with pytest.raises(Incomparable, match="the champion cannot be scored: neg_mean_squared_log_error"):
        compare(Negative(), students(2, 30), policy=policy)


def test_guardrail_without_a_score_of_the_challenger_ends_the_attempt():
    policy = Policy(guardrails=(Guardrail("neg_mean_squared_log_error", 0.01),))
    champion = trained(LinearRegression(), students(1, 10))
    with pytest.raises(ModelError, match="The challenger cannot be scored: neg_mean_squared_log_error"):
        compare(champion, students(2, 30), policy=policy, estimator=f"{__name__}.Negative")


def test_custom_metric_works_from_the_fit_to_the_verdict():
    champion = trained(LinearRegression(), students(1, 40))
    policy = Policy(guardrails=(Guardrail("tests.support.metrics.cost", 0.01),))
    found = compare(
        champion, students(2, 60, slope=4.5), metric="tests.support.metrics.profit", policy=policy
    ).comparison
    assert decide(found, policy).verdict is Verdict.PROMOTE
    assert (
        found.improvement
        == found.challenger["tests.support.metrics.profit"] - found.champion["tests.support.metrics.profit"]
        > 0
    )
