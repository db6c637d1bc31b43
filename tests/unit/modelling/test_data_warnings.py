"""Warnings of data that a loop should not be built on unchecked."""

import numpy as np
import pandas as pd
import pytest

from ml_action.core import cells
from ml_action.core.records.dataset import Dataset
from ml_action.core.records.model import Recipe
from ml_action.modelling import data_warnings
from ml_action.modelling.reading.table import Table
from tests.support.factories import make_comparison

RNG = np.random.default_rng(0)


def warned(frame, score, *, task="regression", metric="r2", target="y"):
    features = tuple(name for name in frame.columns if name != target)
    recipe = Recipe(target=target, features=features, task=task, estimator="", params={}, metric=metric, seed=0)
    found = data_warnings.warnings_for(frame, recipe, {"one": score, "other": score - 0.1}, metric)
    return [cells.written(one, private=False) for one in found]


def frame(**more):
    return pd.DataFrame({"a": RNG.normal(size=200), "y": RNG.normal(size=200)} | more)


def test_normal_table_has_no_warning():
    assert warned(frame(), 0.7) == []


def test_column_that_determines_the_target_is_named():
    table = frame().assign(rounded=lambda one: one["y"].round(2))
    (warning,) = warned(table, 0.999)
    assert "'rounded' alone determines it" in warning


def test_columns_that_determine_the_class_are_named():
    table = frame(y=["yes", "no"] * 100, code=[1, 0] * 100, word=["y", "n"] * 100)
    (warning,) = warned(table, 1.0, task="classification", metric="accuracy")
    assert "'code', 'word' alone determines it" in warning


def test_score_that_is_too_good_is_a_warning_without_a_single_column():
    (warning,) = warned(frame(), 1.0)
    assert "some of the columns may determine it" in warning


@pytest.mark.parametrize(
    ("task", "metric", "score", "y"),
    [
        ("regression", "r2", -0.1, RNG.normal(size=200)),
        ("classification", "accuracy", 0.8, ["no"] * 160 + ["yes"] * 40),
        ("classification", "roc_auc", 0.5, ["no"] * 160 + ["yes"] * 40),
    ],
)
def test_score_of_a_constant_is_a_warning(task, metric, score, y):
    (warning,) = warned(frame(y=y), score, task=task, metric=metric)
    assert "no column predicts 'y' better" in warning


def test_metric_without_a_known_floor_has_no_warning():
    assert warned(frame(), -3.0, metric="neg_mean_absolute_error") == []


def test_target_that_is_mostly_one_number():
    (warning,) = warned(frame(y=[0.0] * 150 + list(range(1, 51))), 0.4)
    assert warning.startswith("75 % of the rows have 'y' = 0")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ([f"2024/{1 + n % 12:02}/{1 + n % 28:02}" for n in range(200)], "dates"),
        ([f"{1 + n % 28}.{1 + n % 12}.2024" for n in range(200)], "dates"),
        ([f"${n},000.50" for n in range(200)], "numbers with signs"),
        ([f"{n} %" for n in range(200)], "numbers with signs"),
    ],
)
def test_text_that_looks_like_dates_or_numbers(words, kind):
    (warning,) = warned(frame(when=words), 0.7)
    assert f"'when': {kind}" in warning


def test_iso_dates_have_no_warning():
    assert warned(frame(when=[f"2024-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(200)]), 0.7) == []


def test_names_and_codes_have_no_warning():
    assert warned(frame(who=[f"N{n}A1" for n in range(200)], kind=["1", "2"] * 100), 0.7) == []


# --- what names and shapes suggest ----------------------------------------------------------------------------


def table_warnings(frame, *, per_file=10, group=""):
    recipe = Recipe("y", tuple(name for name in frame if name != "y"), "regression", "", {}, "r2", 0)
    cluster = np.arange(len(frame)) // per_file
    datasets = tuple(Dataset(f"{n}.csv", str(n)) for n in range(cluster[-1] + 1))
    return list(data_warnings.column_warnings(Table(frame, cluster, datasets), recipe, group))


def test_ordinary_columns_are_no_warning():
    assert table_warnings(frame()) == []


def test_two_columns_of_one_name_are_reported():
    (warning,) = table_warnings(frame(**{"a.1": RNG.normal(size=200), "b.1": RNG.normal(size=200)}))
    assert warning.startswith("two columns are called 'a': the second is read as 'a.1'")


def test_a_key_and_row_numbers_are_reported():
    (warning,) = table_warnings(frame(PassengerId=RNG.permutation(200), line=np.tile(np.arange(10), 20)))
    assert warning.startswith("'PassengerId', 'line': another value in each row")


def test_an_owner_with_rows_in_several_datasets_is_reported():
    (warning,) = table_warnings(frame(employee_id=np.arange(200) % 50))
    assert warning.startswith("'employee_id' names 50 owners")
    assert warning.endswith('set group = "employee_id"')
    assert table_warnings(frame(employee_id=np.arange(200) % 50), group="employee_id") == []
    assert table_warnings(frame(employee_id=np.arange(200) // 4), per_file=4) == []  # a dataset of each


def comparison(challenger, baseline):
    return make_comparison(challenger=challenger, baseline=baseline)


@pytest.mark.parametrize(("r2", "expected"), [(0.999, ("copy", "y.1")), (0.99, ()), (1.0, ("copy", "y.1"))])
def test_features_that_give_the_target_away_are_named_if_it_is_predicted_almost_without_error(r2, expected):
    table = frame(**{"y.1": RNG.normal(size=200)}).assign(copy=lambda one: 1000 * one["y"] + 1)
    recipe = Recipe("y", ("a", "copy", "y.1"), "regression", "", {}, "r2", 0)
    assert data_warnings.giveaway_features(table, recipe, comparison({"r2": r2}, {"r2": -0.01})) == expected


@pytest.mark.parametrize(("right", "expected"), [(100.0, ("code",)), (99.2, ())])
def test_a_rare_class_makes_no_score_too_good(right, expected):
    table = frame(y=["no"] * 198 + ["yes"] * 2, code=[0] * 198 + [1] * 2)
    recipe = Recipe("y", ("a", "code"), "classification", "", {}, "accuracy", 0)
    scores = comparison({"accuracy_percent": right}, {"accuracy_percent": 99.0})
    assert data_warnings.giveaway_features(table, recipe, scores) == expected
    assert data_warnings.giveaway_features(table, recipe, comparison({}, {})) == ()
