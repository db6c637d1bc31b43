"""Two models that were trained before, on rows that neither has seen: the numbers of a trial, without a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from ml_action.core.records.policy import Guardrail, Policy
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.rescoring import compare_versions
from ml_action.modelling.training import fit, model_file
from tests.unit.modelling.world import recipe_of, students, table_of, trial_of

FEATURES = ("hours", "sleep", "room")
RECIPE = recipe_of(table_of(*students(1, 2)))
POLICY = Policy(slices=("room",), guardrails=(Guardrail("max_error", 0.1),))


def fitted(table, recipe):
    return fit.fit(recipe, table, np.ones(len(table.frame), dtype=bool))


@pytest.fixture(scope="module")
def old():
    return table_of(*students(1, 60))


@pytest.fixture(scope="module")
def versions(old):
    """v1 knows the world as it was, v2 as it is."""
    now = table_of(*students(2, 60, slope=4.5))
    return tuple(ReferenceModel(fitted(table, RECIPE), FEATURES, name) for table, name in ((old, "v1"), (now, "v2")))


@pytest.fixture(scope="module")
def arrived():
    table = table_of(*students(1, 60), *students(3, 45, slope=4.5))
    new = np.arange(len(table.datasets)) >= 60
    return table, new[table.cluster]


def test_the_better_one_is_told_with_what_a_trial_would_say_of_it(versions, arrived):
    v1, v2 = versions
    table, rows = arrived
    found = compare_versions(table, rows, RECIPE, POLICY, v2, v1)
    assert (found.datasets, found.rows, found.unit) == (45, int(rows.sum()), "datasets")
    assert found.gain_interval.low > 0.05
    assert found.p_value < 0.001
    assert found.gain == pytest.approx(1 - found.challenger["mse"] / found.champion["mse"])
    assert (found.slices, found.guardrails) == ((), ())
    back = compare_versions(table, rows, RECIPE, POLICY, v1, v2)
    assert (back.champion, back.challenger) == (found.challenger, found.champion)
    assert back.p_worse < 0.001


def test_alone_it_is_held_against_the_dummy(versions, arrived):
    found = compare_versions(*arrived, RECIPE, POLICY, versions[1], None)
    assert found.champion == {}
    assert found.gain > 0.5


def test_all_rows_at_once_leave_the_dummy_something_to_learn_from(versions, old):
    found = compare_versions(old, np.ones(len(old.frame), dtype=bool), RECIPE, POLICY, *versions)
    assert found.datasets == 60
    assert found.gain > 0.5


def test_two_that_know_other_classes_speak_of_the_same_ones(arrived):
    table, rows = arrived
    graded = table.frame.assign(grade=np.where(table.frame["score"] > 60, "a", "b"))
    few = graded.assign(grade=np.where(graded["score"] > 80, "c", graded["grade"]))
    recipe = replace(
        RECIPE, target="grade", task="classification", metric="neg_log_loss",
        estimator="sklearn.linear_model.LogisticRegression",
    )  # fmt: skip
    tables = [type(table)(frame, table.cluster, table.datasets) for frame in (graded, few)]
    one, other = (ReferenceModel(fitted(each, recipe), FEATURES, name) for each, name in zip(tables, "12", strict=True))
    found = compare_versions(tables[0], rows, recipe, Policy(), one, other)
    assert found.gain > 0
    assert np.isfinite(found.champion["neg_log_loss"])


@pytest.mark.parametrize("place", [0, 1])
def test_the_one_without_an_answer_is_named(versions, arrived, place):
    wrong = ReferenceModel(versions[place].model, ("hours", "gone"), f"v{place + 1}")
    both = [wrong if place == number else one for number, one in enumerate(versions)]
    with pytest.raises(Incomparable, match="needs columns that the datasets do not have: 'gone'") as caught:
        compare_versions(*arrived, RECIPE, POLICY, *both)
    assert caught.value.who == wrong.name


@pytest.mark.parametrize("place", [0, 1])
def test_the_one_without_a_score_is_named(versions, arrived, place):
    class Infinite(RegressorMixin, BaseEstimator):
        feature_names_in_ = FEATURES

        def predict(self, rows):
            return np.full(len(rows), np.inf)

    wrong = ReferenceModel(Infinite(), FEATURES, "broken")
    both = [wrong if place == number else one for number, one in enumerate(versions)]
    with pytest.raises(Incomparable, match="broken cannot be scored") as caught:
        compare_versions(*arrived, RECIPE, POLICY, *both)
    assert caught.value.who == "broken"


def test_another_target_is_another_question(versions, arrived):
    other = ReferenceModel(versions[0].model, FEATURES, "v1", "hours")
    with pytest.raises(Incomparable, match="v1 predicts 'hours', the settings ask for 'score'"):
        compare_versions(*arrived, RECIPE, POLICY, other, versions[1])


def test_without_a_row_there_is_no_score(versions, arrived):
    table, rows = arrived
    with pytest.raises(Incomparable, match="no row at hand counts"):
        compare_versions(table, np.zeros_like(rows), RECIPE, POLICY, *versions)


def test_a_model_answers_the_request_that_its_entry_holds():
    trial = trial_of([], students(1, 60))
    witness = ReferenceModel(model_file.load(trial.artifact, trial.digest), FEATURES, "v1")
    witness.replays(trial.sample)
    witness.replays(dict.fromkeys(FEATURES))
    with pytest.raises(Incomparable, match="v1 has no answer to the request that its entry holds: KeyError"):
        witness.replays({"hours": 1.0})
