"""Weighted rows: in the fit, in every score, in the sums per dataset."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from ml_action.core.errors import DataError
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training import fit, model_file
from tests.support.modelling import recipe_of, run_trial, students, table_of, trial_of

HEAVY = {"weight": "w"}


def weighted(contents, weights):
    """Returns the contents with a column of weights, drawn at random from the given ones."""
    rng = np.random.default_rng(0)
    found = []
    for content in contents:
        header, *lines = content.decode().strip().split("\n")
        found.append("\n".join([f"{header},w", *(f"{line},{rng.choice(weights):g}" for line in lines), ""]).encode())
    return found


@pytest.fixture(scope="module")
def old():
    return weighted(students(1, 60), [1, 2, 0.5])


@pytest.fixture(scope="module")
def first(old):
    return trial_of([], old, settings=HEAVY)


def load(trial):
    return model_file.load(trial.artifact, trial.digest)


def test_weight_is_no_feature_and_not_in_the_contract(first):
    assert first.recipe.weight == "w"
    assert first.recipe.features == ("hours", "sleep", "room")
    assert {column.name for column in first.contract.columns} == {"hours", "sleep", "room", "score"}
    assert list(first.sample) == ["hours", "sleep", "room"]


def test_weighted_fit_equals_a_fit_of_repeated_rows():
    table = table_of(*weighted(students(1, 10), [1, 2, 3]))
    recipe = recipe_of(table, features=("hours",), weight="w")
    model = fit.fit(recipe, table, np.ones(len(table.frame), dtype=bool))
    rows = table.frame.loc[table.frame.index.repeat(table.frame["w"])]
    plain = LinearRegression().fit(rows[["hours"]], rows["score"])
    assert model.predict(table.frame) == pytest.approx(plain.predict(table.frame[["hours"]]))


def test_equal_weights_change_nothing(first):
    contents = weighted(students(1, 60), [2])
    plain = trial_of([], contents, settings={"features": ("hours", "sleep", "room"), "target": ("score",)})
    ones = trial_of([], contents, settings=HEAVY)
    assert ones.comparison.gain == pytest.approx(plain.comparison.gain)
    assert ones.comparison.challenger == pytest.approx(plain.comparison.challenger)
    assert ones.comparison.gains == pytest.approx(plain.comparison.gains)


@pytest.mark.parametrize("metric", ["r2", "neg_mean_absolute_error", "neg_median_absolute_error"])
def test_rows_with_weight_zero_change_nothing(metric):
    """A third of the rows has a score of 1000 and weight 0."""
    settings = {"metric": metric, **HEAVY}
    contents = weighted(students(2, 40), [1])
    spoiled = [
        content + b"3,7,red,1000,0\n4,7,red,1000,0\n" if place % 3 else content
        for place, content in enumerate(contents)
    ]
    clean = trial_of([], contents, settings=settings).comparison
    found = trial_of([], spoiled, settings=settings).comparison
    assert found.rows == clean.rows
    assert found.datasets == clean.datasets == 40
    assert found.challenger["mse"] == pytest.approx(clean.challenger["mse"], rel=0.05)
    assert found.gain == pytest.approx(clean.gain, abs=0.05)


def test_dataset_without_weight_is_not_compared(old):
    contents = [*old[:39], old[39].replace(b"\n", b",\n").replace(b",1,\n", b",0\n").replace(b",2,\n", b",0\n")]
    contents[39] = b"hours,sleep,room,score,w\n1,7,red,50,0\n2,7,red,55,0\n"
    assert trial_of([], contents, settings=HEAVY).comparison.datasets == 39


def test_new_datasets_without_weight_are_an_error(old):
    with pytest.raises(DataError, match="None of the new datasets"):
        trial_of(old, weighted(students(2, 5), [0]), LinearRegression(), settings=HEAVY)


def test_training_rows_without_weight_are_an_error():
    table = table_of(*weighted(students(2, 5), [0]))
    with pytest.raises(DataError, match="All rows to learn from have the weight 0 in 'w'"):
        fit.fit(recipe_of(table, weight="w"), table, np.ones(len(table.frame), dtype=bool))


def test_champion_screening_slices_and_guardrails_with_weights(first, old):
    table = table_of(*old, *weighted(students(2, 40, slope=4.5), [1, 2, 0.5, 0]))
    new = np.arange(len(table.datasets)) >= 60
    policy = Policy(slices=("room",), guardrails=(Guardrail("neg_mean_absolute_error", 0.02),))
    champion, to_screen = ReferenceModel(load(first), first.recipe.features), ScreeningInput(new, first.contract)
    trial = run_trial(table, new, champion, policy=policy, to_screen=to_screen, **HEAVY)
    found = trial.comparison
    assert found.p_value < 0.01
    assert found.guardrails[0].p_value < 0.05
    assert {part.value for part in found.slices} == {"red", "green", "blue"}
    assert trial.screening.judged == 40
    assert found.tail is None  # the holdout is too small


@pytest.mark.parametrize("metric", ["accuracy", "neg_log_loss", "roc_auc", "f1_macro"])
def test_classes_with_weights(metric):
    contents = weighted(students(1, 40, passed=True), [1, 2, 0.5])
    trial = trial_of([], contents, settings={"metric": metric, **HEAVY})
    assert trial.comparison.p_value < 0.001
    assert trial.recipe.task == "classification"
