"""Several targets: from the columns to the comparison, with estimators that take them and those that do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.multioutput import MultiOutputRegressor

from ml_action.core.errors import SettingsError
from ml_action.core.records.policy import Policy
from ml_action.modelling import screening
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.training import fit, model_file
from ml_action.modelling.trial import Incomparable, ScreeningInput, run
from tests.unit.modelling.world import recipe_of, students, table_of, trial_of

BOTH = ("score", "tired")
TWO = {"targets": BOTH, "task": "regression"}
FEATURES = ("hours", "sleep", "room")


def several(contents, seed=5, slope=2000.0):
    """With a second target, in thousands."""
    rng = np.random.default_rng(seed)
    found = []
    for content in contents:
        header, *lines = content.decode().strip().split("\n")
        tired = [slope * float(line.split(",")[0]) + rng.normal(0, 3000) for line in lines]
        lines = [f"{line},{more:.1f}" for line, more in zip(lines, tired, strict=True)]
        found.append("\n".join([f"{header},tired", *lines, ""]).encode())
    return found


def load(trial):
    return model_file.load(trial.artifact, trial.digest)


@pytest.fixture(scope="module")
def first():
    return trial_of([], several(students(1, 60)), settings=TWO)


def test_the_recipe_and_the_contract_name_both(first):
    assert (first.recipe.target, first.recipe.targets, first.recipe.outputs) == ("score,tired", BOTH, BOTH)
    assert first.recipe.features == FEATURES
    assert first.contract.outputs == BOTH
    assert [column.name for column in first.contract.columns] == [*BOTH, *FEATURES]
    assert load(first).predict(pd.DataFrame([first.sample])).shape == (1, 2)


def test_scores_are_scikit_learns_for_several_targets(first):
    comparison = first.comparison
    assert comparison.p_value < 0.001
    assert comparison.baseline["r2"] == pytest.approx(0, abs=0.05)
    assert comparison.gain == pytest.approx(
        1 - (1 - comparison.challenger["r2"]) / (1 - comparison.baseline["r2"]), rel=1e-6
    )


def test_a_champion_of_several_targets_is_asked_about_the_same_rows(first):
    contents = several(students(2, 60, slope=4.5), 6)
    comparison = trial_of(several(students(1, 60)), contents, load(first), features=FEATURES, settings=TWO).comparison
    table = table_of(*contents)
    said = load(first).predict(table.frame)
    truth = table.frame[list(BOTH)].to_numpy()
    assert comparison.champion["r2"] == pytest.approx(r2_score(truth, said))
    assert comparison.champion["mse"] == pytest.approx(mean_squared_error(truth, said))
    assert comparison.p_value < 0.001


@pytest.mark.parametrize(
    "metric", ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error", "explained_variance"]
)
def test_any_metric_that_scikit_learn_has_for_several_targets(first, metric):
    settings = {**TWO, "metric": metric}
    comparison = trial_of([], several(students(2, 40, slope=4.5), 6), load(first), settings=settings).comparison
    assert comparison.improvement == comparison.challenger[metric] - comparison.champion[metric]
    assert comparison.improvement_interval.low <= comparison.improvement <= comparison.improvement_interval.high


@pytest.mark.parametrize("metric", ["neg_max_error", "neg_mean_poisson_deviance"])
def test_a_metric_that_takes_one_target_says_so_before_anything_is_fitted(metric):
    told = []
    with pytest.raises(SettingsError, match=f"metric '{metric}' cannot judge this target"):
        trial_of([], several(students(1, 20)), settings={**TWO, "metric": metric}, progress=lambda *a: told.append(a))
    assert told == []


def test_an_estimator_that_takes_one_target_is_fitted_for_each():
    settings = {**TWO, "estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 20}}
    trial = trial_of([], several(students(1, 40)), settings=settings)
    assert isinstance(load(trial)["estimator"], MultiOutputRegressor)
    assert any("each has a copy of its own" in note for note in trial.notes)
    assert trial.comparison.p_value < 0.001


def test_one_that_takes_several_is_left_as_it_is(first):
    assert type(load(first)["estimator"]).__name__ == "LinearRegression"
    assert first.notes == ()


def test_weights_reach_every_copy():
    contents = [content.replace(b",tired\n", b",tired,w\n") for content in several(students(1, 30))]
    contents = [
        b"\n".join([line + (b",%d" % (1 + row % 3) if row else b"") for row, line in enumerate(content.splitlines())])
        for content in contents
    ]
    settings = {**TWO, "weight": "w", "estimator": "sklearn.ensemble.GradientBoostingRegressor"}
    assert trial_of([], contents, settings=settings).comparison.p_value < 0.001


def test_several_targets_of_classes_are_refused():
    for settings in ({"task": "classification"}, {"targets": ("score", "room")}):
        with pytest.raises(SettingsError, match="take no multiclass-multioutput target"):
            recipe_of(table_of(*several(students(1, 5))), **{"targets": BOTH, **settings})


class Answers(RegressorMixin, BaseEstimator):
    def __init__(self, shape=()):
        self.shape = shape

    def predict(self, rows):
        return np.zeros((len(rows), *self.shape))


@pytest.mark.parametrize(("shape", "told"), [((), "1 targets, not 2"), ((1,), "1 targets"), ((3,), "3 targets, not 2")])
def test_a_champion_of_another_number_of_targets_is_incomparable(shape, told):
    with pytest.raises(Incomparable, match=f"cannot predict: ValueError: it predicts {told}"):
        trial_of([], several(students(2, 30)), Answers(shape), features=("hours",), settings=TWO)


def test_a_champion_of_one_target_in_a_column_is_asked_all_the_same():
    assert trial_of([], students(2, 30), Answers((1,)), features=("hours",)).comparison.champion["r2"] < 0
    with pytest.raises(Incomparable, match="it predicts 2 targets, not 1"):
        trial_of([], students(2, 30), Answers((2,)), features=("hours",))


@pytest.mark.parametrize("target", ["score", "tired,score", "score,sleepy"])
def test_a_champion_of_other_targets_answers_another_question(first, target):
    table = table_of(*several(students(2, 20)))
    with pytest.raises(Incomparable, match="the champion predicts"):
        run(
            table, recipe=recipe_of(table, **TWO), new=np.ones(20, dtype=bool), champion=load(first),
            champion_features=FEATURES, champion_target=target, salt="salt", test_size=0.2, policy=Policy(),
            progress=lambda *_: None,
        )  # fmt: skip


# --- the screen and the contract --------------------------------------------------------------------------


def test_either_target_reversed_is_seen_by_the_champion(first):
    """The second is in thousands: without one scale for both the first would not be heard."""
    for reversed_one in BOTH:
        table = table_of(*several(students(1, 60)), *several(students(2, 40), 6))
        bad = (table.cluster >= 60) & (table.cluster < 64)
        column = table.frame[reversed_one]
        middle = column.groupby(table.cluster).transform("mean")
        table.frame[reversed_one] = column.where(~bad, 2 * middle - column)
        rows = table.cluster >= 60
        target = fit.labels(first.recipe, table)[rows]
        said = Predictions(load(first).predict(table.frame[rows]))
        looks = screening.score_datasets(
            table, rows, said, target, lambda said, target: np.square(target - said.label).mean(axis=1)
        )
        found = looks.harmony[60:]
        assert np.nanmax(found[:4]) < np.nanquantile(found[4:], 0.2)


def test_a_batch_with_several_targets_is_screened(first):
    table = table_of(*several(students(1, 60)), *several(students(2, 40), 6))
    new = np.arange(len(table.datasets)) >= 60
    trial = run(
        table, recipe=recipe_of(table, **TWO), new=new, champion=load(first), champion_features=FEATURES, salt="salt",
        champion_target=first.recipe.target, test_size=0.2, policy=Policy(),
        screened=ScreeningInput(new, first.contract),
        progress=lambda *_: None,
    )  # fmt: skip
    assert (trial.screening.judged, trial.screening.suspicious) == (40, 0)


def test_a_dataset_in_which_one_of_the_targets_never_varies_is_bad():
    table = table_of(*several(students(1, 60)))
    contract = learning.learn_contract(table, BOTH, FEATURES)
    assert contract.constant == 0
    flat = [line.split(",") for line in several(students(3, 1))[0].decode().strip().split("\n")]
    content = "\n".join([",".join(flat[0]), *(",".join([*line[:-1], "4000"]) for line in flat[1:]), ""])
    table = table_of(*several(students(1, 60)), content)
    new = np.arange(61) == 60
    (found,) = checks.check_against_contract(table, contract, (), new, np.zeros(61, dtype=bool))
    assert found.reason.startswith("has the same value of the target 'tired' in every row")
