"""Compares models that were trained before on rows that neither has seen: the figures of a trial, without a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from ml_action.core.records.policy import Guardrail, Policy
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.rescoring import ScoredRows, compare_versions
from ml_action.modelling.training import fit, model_file
from tests.support.modelling import recipe_of, students, table_of, trial_of

FEATURES = ("hours", "sleep", "room")
RECIPE = recipe_of(table_of(*students(1, 2)))
POLICY = Policy(slices=("room",), guardrails=(Guardrail("max_error", 0.1),))


def compare(table, rows, model, opponent, recipe=RECIPE, policy=POLICY):
    return compare_versions(ScoredRows(table, rows, recipe), policy, model, opponent)


def fitted(table, recipe):
    return fit.fit(recipe, table, np.ones(len(table.frame), dtype=bool))


@pytest.fixture(scope="module")
def old():
    return table_of(*students(1, 60))


@pytest.fixture(scope="module")
def versions(old):
    """v1 is trained on data before a drift, v2 on data after it."""
    now = table_of(*students(2, 60, slope=4.5))
    return tuple(ReferenceModel(fitted(table, RECIPE), FEATURES, name) for table, name in ((old, "v1"), (now, "v2")))


@pytest.fixture(scope="module")
def arrived():
    table = table_of(*students(1, 60), *students(3, 45, slope=4.5))
    new = np.arange(len(table.datasets)) >= 60
    return table, new[table.cluster]


def test_better_version_has_the_figures_of_a_trial(versions, arrived):
    v1, v2 = versions
    table, rows = arrived
    found = compare(table, rows, v2, v1)
    assert (found.datasets, found.rows, found.unit) == (45, int(rows.sum()), "datasets")
    assert found.gain_interval.low > 0.05
    assert found.p_value < 0.001
    assert found.gain == pytest.approx(1 - found.challenger["mse"] / found.champion["mse"])
    assert (found.slices, found.guardrails) == ((), ())
    back = compare(table, rows, v1, v2)
    assert (back.champion, back.challenger) == (found.challenger, found.champion)
    assert back.p_worse < 0.001


def test_single_version_is_compared_with_the_dummy(versions, arrived):
    found = compare(*arrived, versions[1], None)
    assert found.champion == {}
    assert found.gain > 0.5


def test_dummy_learns_from_all_rows_if_no_others_exist(versions, old):
    found = compare(old, np.ones(len(old.frame), dtype=bool), *versions)
    assert found.datasets == 60
    assert found.gain > 0.5


def test_versions_with_different_classes_are_comparable(arrived):
    table, rows = arrived
    graded = table.frame.assign(grade=np.where(table.frame["score"] > 60, "a", "b"))
    few = graded.assign(grade=np.where(graded["score"] > 80, "c", graded["grade"]))
    recipe = replace(
        RECIPE, target="grade", task="classification", metric="neg_log_loss",
        estimator="sklearn.linear_model.LogisticRegression",
    )  # fmt: skip
    tables = [type(table)(frame, table.cluster, table.datasets) for frame in (graded, few)]
    one, other = (ReferenceModel(fitted(each, recipe), FEATURES, name) for each, name in zip(tables, "12", strict=True))
    found = compare(tables[0], rows, one, other, recipe, Policy())
    assert found.gain > 0
    assert np.isfinite(found.champion["neg_log_loss"])


@pytest.mark.parametrize("place", [0, 1])
def test_version_without_predictions_is_named(versions, arrived, place):
    wrong = ReferenceModel(versions[place].model, ("hours", "gone"), f"v{place + 1}")
    both = [wrong if place == number else one for number, one in enumerate(versions)]
    with pytest.raises(Incomparable, match="needs columns that the datasets do not have: 'gone'") as caught:
        compare(*arrived, *both)
    assert caught.value.model == wrong.name


@pytest.mark.parametrize("place", [0, 1])
def test_version_without_a_score_is_named(versions, arrived, place):
    class Infinite(RegressorMixin, BaseEstimator):
        feature_names_in_ = FEATURES

        def predict(self, rows):
            return np.full(len(rows), np.inf)

    wrong = ReferenceModel(Infinite(), FEATURES, "broken")
    both = [wrong if place == number else one for number, one in enumerate(versions)]
    with pytest.raises(Incomparable, match="broken cannot be scored") as caught:
        compare(*arrived, *both)
    assert caught.value.model == "broken"


def test_version_of_another_target_is_incomparable(versions, arrived):
    other = ReferenceModel(versions[0].model, FEATURES, "v1", "hours")
    with pytest.raises(Incomparable, match="v1 predicts 'hours', the settings ask for 'score'"):
        compare(*arrived, other, versions[1])


def test_no_rows_are_incomparable(versions, arrived):
    table, rows = arrived
    with pytest.raises(Incomparable, match="no row has a weight above 0"):
        compare(table, np.zeros_like(rows), *versions)


def test_model_predicts_the_sample_in_its_record():
    trial = trial_of([], students(1, 60))
    model = ReferenceModel(model_file.load(trial.artifact, trial.digest), FEATURES, "v1")
    model.require_prediction(trial.sample)
    model.require_prediction(dict.fromkeys(FEATURES))
    with pytest.raises(Incomparable, match="v1 cannot predict the sample in its record: KeyError"):
        model.require_prediction({"hours": 1.0})
