"""What is not set is inferred; what is set is checked, with the nearest valid choice."""

from __future__ import annotations

import pandas as pd
import pytest

from ml_action.core.errors import DataError, SettingsError
from ml_action.modelling.training.recipe import infer_target, infer_task
from tests.support.modelling import read, recipe_of, table_of

NUMBERS = "hours,room,score\n1,red,10.5\n2,blue,20\n3,red,7\n"
WORDS = "hours,room,score\n1,red,yes\n2,blue,no\n"


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([1.5, 2.5, 3.5], "regression"),
        (["yes", "no", None], "classification"),
        ([True, False, True], "classification"),
        ([True, False, None], "classification"),
        ([0, 1, 1, 0], "classification"),
        ([0.0, 1.0, None], "classification"),
        ([7.5, 3.5, 7.5], "classification"),
        ([0, 1, 2] * 5, "classification"),
        ([1, 2, 3, 4, 5] * 4, "classification"),
        ([1, 3, 5] * 5, "regression"),  # a gap
        ([5, 6, 7] * 5, "regression"),  # no codes start at 5
        ([0] * 500 + [1] * 90 + [2] * 20 + [3], "regression"),  # counts
        (list(range(40)) * 3, "regression"),
        ([0.5, 1, 2] * 5, "regression"),
    ],
)
def test_inferred_task(values, task):
    assert infer_task(pd.Series(values)) == task


def test_inferred_target_is_the_last_column():
    assert infer_target(pd.Index(["a", "b"])) == "b"
    with pytest.raises(DataError, match="no columns"):
        infer_target([])


def test_everything_is_inferred():
    recipe = recipe_of(table_of(NUMBERS), target=("auto",), task="auto", estimator="auto", metric="auto")
    assert (recipe.target, recipe.features, recipe.task) == ("score", ("hours", "room"), "regression")
    assert (recipe.estimator, recipe.metric) == ("sklearn.linear_model.LinearRegression", "r2")


def test_target_of_text_is_classified():
    recipe = recipe_of(table_of(WORDS))
    assert recipe.task == "classification"
    assert (recipe.estimator, recipe.metric) == ("sklearn.linear_model.LogisticRegression", "accuracy")


@pytest.mark.parametrize(
    ("settings", "task"),
    [
        ({}, "classification"),
        ({"metric": "r2"}, "regression"),
        ({"metric": "roc_auc"}, "classification"),
        ({"estimator": "sklearn.linear_model.Ridge"}, "regression"),
        ({"estimator": "sklearn.svm.SVC"}, "classification"),
        ({"task": "regression"}, "regression"),
    ],
)
def test_task_of_zeros_and_ones_follows_the_settings(settings, task):
    assert recipe_of(table_of("a,score\n1,0\n2,1\n3,0\n"), **settings).task == task


def test_one_dataset_of_text_does_not_change_the_task():
    table, _ = read(NUMBERS, NUMBERS, "hours,room,score\n1,red,many\n")
    assert recipe_of(table).task == "regression"


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"target": ("scores",)}, DataError, "Did you mean 'score'"),
        ({"features": ("hour",)}, DataError, "Did you mean 'hours'"),
        ({"features": ("hours", "score")}, SettingsError, "is the target"),
        ({"task": "regresion"}, SettingsError, "Did you mean 'regression'"),
        ({"metric": "r_2"}, SettingsError, "Did you mean 'r2'"),
        ({"metric": "rand_score"}, SettingsError, "not a scikit-learn scorer that judges predictions"),
        ({"metric": "☃"}, SettingsError, "get_scorer_names"),
        ({"metric": "accuracy", "task": "regression"}, SettingsError, "made for classification"),
        ({"estimator": "sklearn.linear_model.Rigde"}, SettingsError, "'sklearn.linear_model.Ridge'"),
        ({"estimator": "Ridge"}, SettingsError, "Did you mean 'sklearn.linear_model.Ridge'"),
        ({"estimator": "no.such.Thing"}, SettingsError, "cannot be imported"),
        ({"estimator": "..x"}, SettingsError, "cannot be imported"),
        ({"estimator": "os.system"}, SettingsError, "not a scikit-learn estimator"),
        ({"estimator": "sklearn.preprocessing.StandardScaler"}, SettingsError, "neither a regressor nor"),
        ({"estimator": "sklearn.ensemble.StackingRegressor"}, SettingsError, "cannot be built from settings"),
        ({"estimator": "sklearn.svm.SVC", "task": "regression"}, SettingsError, "made for classification"),
        ({"estimator": "sklearn.linear_model.Ridge", "params": {"alfa": 1}}, SettingsError, "mean 'alpha'"),
        ({"params": {"☃": 1}}, SettingsError, "scikit-learn's documentation"),
    ],
)
def test_wrong_setting_suggests_the_nearest_valid_one(settings, error, text):
    with pytest.raises(error) as caught:
        recipe_of(table_of(NUMBERS), **settings)
    assert text in str(caught.value)


def test_text_is_no_target_of_a_regression():
    with pytest.raises(DataError, match="regression needs numbers"):
        recipe_of(table_of(WORDS), task="regression")


def test_constant_target_is_an_error():
    with pytest.raises(DataError, match="nothing to learn"):
        recipe_of(table_of("a,score\n1,5\n2,5\n"))


def test_table_of_one_column_has_no_features():
    with pytest.raises(DataError, match="no column besides the target"):
        recipe_of(table_of("score\n1\n2\n"))


SEVERAL = "hours,room,a,b,w\n1,red,10.5,3,1\n2,blue,20,5,0\n3,red,7,9,1\n"


def test_several_targets_and_a_weight_are_no_features():
    recipe = recipe_of(table_of(SEVERAL), target=("a", "b"), weight="w")
    assert (recipe.target, recipe.outputs, recipe.features) == ("a,b", ("a", "b"), ("hours", "room"))
    assert (recipe.weight, recipe.task) == ("w", "regression")
    assert recipe_of(table_of(SEVERAL), target=("a", "b", "a")).outputs == ("a", "b")


def test_weight_in_the_last_column_is_not_the_target():
    assert recipe_of(table_of(SEVERAL), target=(), weight="w").outputs == ("b",)


def test_single_target_with_a_comma_is_one_name():
    recipe = recipe_of(table_of('"a, in m",b\n1,2\n2,3\n5,3\n'), target=("a, in m",), task="regression")
    assert (recipe.target, recipe.targets, recipe.outputs) == ("a, in m", (), ("a, in m",))


@pytest.mark.parametrize(
    ("columns", "task"),
    [("0,1.5\n1,2.5\n0,4\n1,5", "regression"), ("0,1\n1,0\n0,0\n1,1", ""), ("x,1.5\ny,2.5\nx,3\ny,4", "")],
)
def test_several_targets_are_numbers_unless_all_look_like_classes(columns, task):
    content = "hours,a,b\n" + "".join(f"{row},{line}\n" for row, line in enumerate(columns.split("\n")))
    if task:
        assert recipe_of(table_of(content), target=("a", "b")).task == task
        return
    with pytest.raises(SettingsError, match="'a', 'b' are classes"):
        recipe_of(table_of(content), target=("a", "b"))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"target": ("a", "b"), "features": ("b", "hours")}, "'b' is the target"),
        ({"target": ("a", "c")}, "No dataset has the column 'c'"),
        ({"target": ("a",), "weight": "weight"}, "No dataset has the column 'weight'"),
        ({"target": ("a", "b"), "metric": "accuracy"}, "made for classification"),
    ],
)
def test_wrong_setting_of_several_targets_or_weights(settings, text):
    with pytest.raises((DataError, SettingsError)) as caught:
        recipe_of(table_of(SEVERAL), task="regression", **settings)
    assert text in str(caught.value)


def test_the_class_that_counts_is_part_of_the_metrics_name():
    assert recipe_of(table_of(WORDS), metric="f1", positive="YES").metric == "f1(pos_label='yes')"
    assert recipe_of(table_of(WORDS), metric="roc_auc", positive="yes").metric == "roc_auc"
    found = recipe_of(table_of(WORDS), metric="fbeta_score", metric_params={"beta": 2}, positive="yes")
    assert found.metric == "fbeta_score(beta=2, pos_label='yes')"


def test_parameters_of_the_metric_are_part_of_its_name():
    found = recipe_of(table_of(NUMBERS), metric="mean_pinball_loss", metric_params={"alpha": 0.9}, task="regression")
    assert found.metric == "mean_pinball_loss(alpha=0.9)"
