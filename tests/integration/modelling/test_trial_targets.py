"""Several targets, from the columns to the comparison, with estimators that take several and those that take one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.multioutput import MultiOutputRegressor

from ml_action.core.errors import SettingsError
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.evaluation.dataset_scores import score_datasets
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training import fit, model_file
from tests.support.modelling import recipe_of, run_trial, students, table_of, trial_of

BOTH = ("score", "tired")
TWO = {"target": BOTH, "task": "regression"}
FEATURES = ("hours", "sleep", "room")


def several(contents, seed=5, slope=2000.0):
    """Returns the contents with a second target, in thousands."""
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


def test_recipe_and_contract_name_both_targets(first):
    assert (first.recipe.target, first.recipe.targets, first.recipe.outputs) == ("score,tired", BOTH, BOTH)
    assert first.recipe.features == FEATURES
    assert first.contract.outputs == BOTH
    assert [column.name for column in first.contract.columns] == [*BOTH, *FEATURES]
    assert load(first).predict(pd.DataFrame([first.sample])).shape == (1, 2)


def test_scores_equal_scikit_learns_for_several_targets(first):
    comparison = first.comparison
    assert comparison.p_value < 0.001
    assert comparison.baseline["r2"] == pytest.approx(0, abs=0.05)
    assert comparison.gain == pytest.approx(
        1 - (1 - comparison.challenger["r2"]) / (1 - comparison.baseline["r2"]), rel=1e-6
    )


def test_champion_of_several_targets_is_scored_on_the_same_rows(first):
    contents = several(students(2, 60, slope=4.5), 6)
    comparison = trial_of(several(students(1, 60)), contents, load(first), features=FEATURES, settings=TWO).comparison
    table = table_of(*contents)
    predicted = load(first).predict(table.frame)
    truth = table.frame[list(BOTH)].to_numpy()
    assert comparison.champion["r2"] == pytest.approx(r2_score(truth, predicted))
    assert comparison.champion["mse"] == pytest.approx(mean_squared_error(truth, predicted))
    assert comparison.p_value < 0.001


@pytest.mark.parametrize(
    "metric", ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error", "explained_variance"]
)
def test_metrics_of_several_targets(first, metric):
    settings = {**TWO, "metric": metric}
    comparison = trial_of([], several(students(2, 40, slope=4.5), 6), load(first), settings=settings).comparison
    assert comparison.improvement == comparison.challenger[metric] - comparison.champion[metric]
    assert comparison.improvement_interval.low <= comparison.improvement <= comparison.improvement_interval.high


@pytest.mark.parametrize("metric", ["neg_max_error", "neg_mean_poisson_deviance"])
def test_metric_of_one_target_is_rejected_before_the_fit(metric):
    steps = []
    with pytest.raises(SettingsError, match=f"metric '{metric}' cannot judge this target"):
        trial_of([], several(students(1, 20)), settings={**TWO, "metric": metric}, progress=lambda *a: steps.append(a))
    assert steps == []


def test_estimator_of_one_target_is_fitted_for_each():
    settings = {**TWO, "estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 20}}
    trial = trial_of([], several(students(1, 40)), settings=settings)
    assert isinstance(load(trial)["estimator"], MultiOutputRegressor)
    assert any("each has a copy of its own" in note for note in trial.notes)
    assert trial.comparison.p_value < 0.001


def test_estimator_of_several_targets_is_not_wrapped(first):
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


def test_several_targets_of_classes_are_rejected():
    for settings in ({"task": "classification"}, {"target": ("score", "room")}):
        with pytest.raises(SettingsError, match="take no multiclass-multioutput target"):
            recipe_of(table_of(*several(students(1, 5))), **{"target": BOTH, **settings})


class Zeros(RegressorMixin, BaseEstimator):
    def __init__(self, shape=()):
        self.shape = shape

    def predict(self, rows):
        return np.zeros((len(rows), *self.shape))


@pytest.mark.parametrize(
    ("shape", "message"), [((), "1 targets, not 2"), ((1,), "1 targets"), ((3,), "3 targets, not 2")]
)
def test_champion_of_another_number_of_targets_is_incomparable(shape, message):
    with pytest.raises(Incomparable, match=f"cannot predict: ValueError: it predicts {message}"):
        trial_of([], several(students(2, 30)), Zeros(shape), features=("hours",), settings=TWO)


def test_champion_that_predicts_a_single_column_is_scored():
    assert trial_of([], students(2, 30), Zeros((1,)), features=("hours",)).comparison.champion["r2"] < 0
    with pytest.raises(Incomparable, match="it predicts 2 targets, not 1"):
        trial_of([], students(2, 30), Zeros((2,)), features=("hours",))


@pytest.mark.parametrize("target", ["score", "tired,score", "score,sleepy"])
def test_champion_of_other_targets_is_incomparable(first, target):
    table = table_of(*several(students(2, 20)))
    with pytest.raises(Incomparable, match="the champion predicts"):
        run_trial(table, np.ones(20, dtype=bool), ReferenceModel(load(first), FEATURES, target=target), **TWO)


# --- screening and the contract --------------------------------------------------------------------------


def test_reversal_of_either_target_lowers_the_correlation(first):
    """The second target is in thousands: without a common scale it would hide the first."""
    for reversed_one in BOTH:
        table = table_of(*several(students(1, 60)), *several(students(2, 40), 6))
        bad = (table.cluster >= 60) & (table.cluster < 64)
        column = table.frame[reversed_one]
        middle = column.groupby(table.cluster).transform("mean")
        table.frame[reversed_one] = column.where(~bad, 2 * middle - column)
        rows = table.cluster >= 60
        target = fit.labels(first.recipe, table)[rows]
        predictions = Predictions(load(first).predict(table.frame[rows]))
        scores = score_datasets(
            table, rows, predictions, target, lambda given, target: np.square(target - given.label).mean(axis=1)
        )
        found = scores.correlation[60:]
        assert np.nanmax(found[:4]) < np.nanquantile(found[4:], 0.2)


def test_batch_with_several_targets_is_screened(first):
    table = table_of(*several(students(1, 60)), *several(students(2, 40), 6))
    new = np.arange(len(table.datasets)) >= 60
    champion = ReferenceModel(load(first), FEATURES, target=first.recipe.target)
    trial = run_trial(table, new, champion, to_screen=ScreeningInput(new, first.contract), **TWO)
    assert (trial.screening.judged, trial.screening.suspicious) == (40, 0)


def test_dataset_with_one_constant_target_is_bad():
    table = table_of(*several(students(1, 60)))
    contract = learning.learn_contract(table, BOTH, FEATURES)
    assert contract.constant == 0
    flat = [line.split(",") for line in several(students(3, 1))[0].decode().strip().split("\n")]
    content = "\n".join([",".join(flat[0]), *(",".join([*line[:-1], "4000"]) for line in flat[1:]), ""])
    table = table_of(*several(students(1, 60)), content)
    new = np.arange(61) == 60
    (found,) = checks.check_against_contract(table, contract, (), new, np.zeros(61, dtype=bool))
    assert found.reason.startswith("has the same value of the target 'tired' in every row")
