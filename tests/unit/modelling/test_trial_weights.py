"""Rows that count more than others: in the fit, in every score, in the sums per dataset."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from ml_action.core.errors import DataError
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.modelling.training import fit, model_file
from ml_action.modelling.trial import ScreeningInput, run
from tests.unit.modelling.world import recipe_of, students, table_of, trial_of

HEAVY = {"weight": "w"}


def weighed(contents, weights):
    """With one more column: a weight for each row, drawn from the given ones."""
    rng = np.random.default_rng(0)
    found = []
    for content in contents:
        header, *lines = content.decode().strip().split("\n")
        found.append("\n".join([f"{header},w", *(f"{line},{rng.choice(weights):g}" for line in lines), ""]).encode())
    return found


@pytest.fixture(scope="module")
def old():
    return weighed(students(1, 60), [1, 2, 0.5])


@pytest.fixture(scope="module")
def first(old):
    return trial_of([], old, settings=HEAVY)


def load(trial):
    return model_file.load(trial.artifact, trial.digest)


def test_the_weight_is_no_feature_and_no_part_of_the_contract(first):
    assert first.recipe.weight == "w"
    assert first.recipe.features == ("hours", "sleep", "room")
    assert {column.name for column in first.contract.columns} == {"hours", "sleep", "room", "score"}
    assert list(first.sample) == ["hours", "sleep", "room"]


def test_a_fit_with_weights_is_that_of_rows_that_stand_there_so_often():
    table = table_of(*weighed(students(1, 10), [1, 2, 3]))
    recipe = recipe_of(table, features=("hours",), weight="w")
    model = fit.fit(recipe, table, np.ones(len(table.frame), dtype=bool))
    rows = table.frame.loc[table.frame.index.repeat(table.frame["w"])]
    plain = LinearRegression().fit(rows[["hours"]], rows["score"])
    assert model.predict(table.frame) == pytest.approx(plain.predict(table.frame[["hours"]]))


def test_equal_weights_are_none(first):
    contents = weighed(students(1, 60), [2])
    plain = trial_of([], contents, settings={"features": ("hours", "sleep", "room"), "targets": ("score",)})
    ones = trial_of([], contents, settings=HEAVY)
    assert ones.comparison.gain == pytest.approx(plain.comparison.gain)
    assert ones.comparison.challenger == pytest.approx(plain.comparison.challenger)
    assert ones.comparison.gains == pytest.approx(plain.comparison.gains)


@pytest.mark.parametrize("metric", ["r2", "neg_mean_absolute_error", "neg_median_absolute_error"])
def test_rows_of_another_kind_that_weigh_nothing_change_nothing(metric):
    """A third of the rows has a score of 1000 and the weight 0."""
    settings = {"metric": metric, **HEAVY}
    contents = weighed(students(2, 40), [1])
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


def test_a_dataset_that_weighs_nothing_is_none_that_was_judged(old):
    contents = [*old[:39], old[39].replace(b"\n", b",\n").replace(b",1,\n", b",0\n").replace(b",2,\n", b",0\n")]
    contents[39] = b"hours,sleep,room,score,w\n1,7,red,50,0\n2,7,red,55,0\n"
    assert trial_of([], contents, settings=HEAVY).comparison.datasets == 39


def test_where_nothing_weighs_anything_there_is_nothing_to_judge(old):
    with pytest.raises(DataError, match="None of the new datasets"):
        trial_of(old, weighed(students(2, 5), [0]), LinearRegression(), settings=HEAVY)


def test_where_nothing_that_is_learned_from_weighs_anything_there_is_nothing_to_learn():
    table = table_of(*weighed(students(2, 5), [0]))
    with pytest.raises(DataError, match="All rows to learn from have the weight 0 in 'w'"):
        fit.fit(recipe_of(table, weight="w"), table, np.ones(len(table.frame), dtype=bool))


def test_champion_screen_slices_and_guardrails_with_weights(first, old):
    table = table_of(*old, *weighed(students(2, 40, slope=4.5), [1, 2, 0.5, 0]))
    new = np.arange(len(table.datasets)) >= 60
    policy = Policy(slices=("room",), guardrails=(Guardrail("neg_mean_absolute_error", 0.02),))
    trial = run(
        table, recipe=recipe_of(table, **HEAVY), new=new, champion=load(first),
        champion_features=first.recipe.features, salt="salt", test_size=0.2, policy=policy,
        screened=ScreeningInput(new, first.contract), progress=lambda *_: None,
    )  # fmt: skip
    found = trial.comparison
    assert found.p_value < 0.01
    assert found.guardrails[0].p_value < 0.05
    assert {part.value for part in found.slices} == {"red", "green", "blue"}
    assert trial.screening.judged == 40
    assert found.tail is None  # the holdout is too small


@pytest.mark.parametrize("metric", ["accuracy", "neg_log_loss", "roc_auc", "f1_macro"])
def test_classes_with_weights(metric):
    contents = weighed(students(1, 40, passed=True), [1, 2, 0.5])
    trial = trial_of([], contents, settings={"metric": metric, **HEAVY})
    assert trial.comparison.p_value < 0.001
    assert trial.recipe.task == "classification"
