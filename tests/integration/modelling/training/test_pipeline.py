"""Pipelines take any columns, and their pickles need no code of this package."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ml_action.core.errors import DataError, ModelError, SettingsError
from ml_action.modelling.training import fit, model_file, pipeline
from tests.support.modelling import recipe_of, students, table_of

MIXED = """hours,flag,gaps,room,when,day,empty,id,score
"""


def mixed_rows(rows: int = 60, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    return MIXED + "".join(mixed_row(rng, row) for row in range(rows))


def mixed_row(rng: np.random.Generator, row: int) -> str:
    hours, day = rng.gamma(4, 1.5), int(rng.integers(1, 28))
    choices = [["True", "False", ""], ["1.5", "2", ""], ["red", "green", "blue", ""]]
    drawn = [f"{hours:.2f}", *(str(rng.choice(choice)) for choice in choices)]
    dates = [f"2026-01-{day:02d}T10:00:00Z", f"2026-02-{day:02d}"]
    return ",".join([*drawn, *dates, "", f"id{row}", f"{hours * 3 + day:.2f}"]) + "\n"


def everything():
    return table_of(mixed_rows())


def fitted(table, **settings):
    recipe = recipe_of(table, **settings)
    return fit.fit(recipe, table, np.ones(len(table.frame), dtype=bool))


def test_columns_are_sorted_by_kind():
    table = everything()
    assert pipeline.kinds(table.frame, recipe_of(table).features) == {
        "number": ["hours", "flag", "gaps"],
        "date": ["when", "day"],
        "category": ["room", "id"],
        "empty": ["empty"],
    }


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["2026-01-02", None], "date"),
        (["2026-01-02 10:00", "2026-01-02T10:00:00+02:00"], "date"),
        (["2026-01-02"] + ["no"] * 3, "category"),
        (["2026-13-45"], "category"),
        (["12/01/2026"], "category"),
        (["a", None], "category"),
        ([True, None], "number"),
        ([1, 2.5, None], "number"),
        ([None, None], "empty"),
        ([np.nan], "empty"),
    ],
)
def test_kind_of_a_column(values, kind):
    frame = pd.DataFrame({"x": pd.Series(values)})
    assert pipeline.kinds(frame, ["x"])[kind] == ["x"]


@pytest.mark.parametrize(
    "estimator",
    [
        "sklearn.linear_model.LinearRegression",
        "sklearn.ensemble.HistGradientBoostingRegressor",
        "sklearn.ensemble.RandomForestRegressor",
        "sklearn.neighbors.KNeighborsRegressor",
        "sklearn.svm.SVR",
        "sklearn.gaussian_process.GaussianProcessRegressor",
    ],
)
def test_regressor_takes_any_columns(estimator):
    table = everything()
    model = fitted(table, estimator=estimator)
    assert np.isfinite(model.predict(table.frame)).all()


@pytest.mark.parametrize(
    "estimator",
    [
        "sklearn.linear_model.LogisticRegression",
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.tree.DecisionTreeClassifier",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.svm.LinearSVC",
    ],
)
def test_classifier_takes_any_columns(estimator):
    table = table_of(mixed_rows().replace(".5,", ".5,"))
    table.frame["score"] = np.where(table.frame["score"] > 30, "high", "low")
    model = fitted(table, estimator=estimator)
    assert set(model.predict(table.frame)) == {"high", "low"}


def test_request_may_hold_nulls_unknown_categories_and_other_types():
    model = fitted(everything())
    nulls = dict.fromkeys(everything().frame.columns[:-1])
    odd = {"hours": 3, "flag": True, "gaps": 1, "room": "lilac", "when": "2026-05-01", "day": "x", "empty": 9, "id": 3}
    requests = pd.DataFrame([nulls, odd])
    assert np.isfinite(model.predict(requests)).all()
    assert np.isfinite(model.predict(requests[:1])).all()


def test_dates_are_features():
    table = everything()
    assert fitted(table).score(table.frame, table.frame["score"]) > 0.999


def test_column_of_identifiers_stays_small():
    lines = "".join(f"word{number % 500},{number}\n" for number in range(5000))
    model = fitted(table_of("id,score\n" + lines))
    assert model[:-1].transform(pd.DataFrame({"id": ["word1"]})).shape == (1, 64)


def test_rare_and_unknown_categories_are_equal():
    model = fitted(table_of("room,score\n" + "red,1\n" * 5 + "blue,3\n" * 5 + "rare,9\n"))
    shown = model[:-1].transform(pd.DataFrame({"room": ["red", "rare", "never seen"]}))
    assert shown.shape == (3, 2)
    assert (shown[1] == shown[2]).all()


def test_no_usable_feature_is_an_error():
    with pytest.raises(DataError, match="No feature column"):
        fitted(table_of("id,empty,score\na,,1\nb,,2\n"))


def test_column_that_is_empty_in_one_fold_is_accepted():
    table = table_of("a,b,score\n1,,1\n2,,2\n3,5,3\n")
    model = fit.fit(recipe_of(table), table, np.array([True, True, False]))
    assert np.isfinite(model.predict(table.frame)).all()


def test_seed_and_single_job_are_set_unless_params_set_them():
    table = table_of(*students(1, 3))
    forest = fitted(table, estimator="sklearn.ensemble.RandomForestRegressor", params={"n_estimators": 3})["estimator"]
    assert (forest.random_state, forest.n_jobs, forest.n_estimators) == (7, None, 3)
    chosen = {"n_estimators": 3, "random_state": 1, "n_jobs": 2}
    forest = fitted(table, estimator="sklearn.ensemble.RandomForestRegressor", params=chosen)["estimator"]
    assert (forest.random_state, forest.n_jobs) == (1, 2)


def test_error_of_the_estimator_is_quoted():
    table = table_of(*students(1, 3))
    with pytest.raises(ModelError, match="PoissonRegressor could not be fitted: ValueError: Some value"):
        fitted(table_of("a,score\n1,-1\n2,-2\n3,1\n"), estimator="sklearn.linear_model.PoissonRegressor")
    with pytest.raises(SettingsError, match="alpha"):
        fitted(table, estimator="sklearn.linear_model.Ridge", params={"alpha": -1})


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1.0, 0.0, 1.0], [1, 0, 1]),
        ([3, 4, 3], [3, 4, 3]),
        ([True, False, True], [True, False, True]),
        (pd.Series([True, False, True], dtype=object), [True, False, True]),
        (["a", "b", "a"], ["a", "b", "a"]),
        ([0.5, 1.0, 0.5], [0.5, 1.0, 0.5]),
    ],
)
def test_labels_equal_those_in_the_file(column, expected):
    table = table_of("a,score\n1,0\n2,1\n3,0\n")
    recipe = recipe_of(table, task="classification")
    table.frame["score"] = pd.Series(column)
    labels = fit.labels(recipe, table)
    assert labels.tolist() == expected
    assert [type(label) for label in labels.tolist()] == [type(label) for label in expected]


FIT_AND_PRINT = """
import sys; sys.path[:0] = [{root!r}, {here!r}]
from tests.integration.modelling.training.test_pipeline import everything, fitted
from ml_action.modelling.training import model_file
for another in {before!r}:
    model_file.dump(fitted(everything(), estimator=another))
print(model_file.dump(fitted(everything(), estimator={estimator!r})).sha256)
"""


@pytest.mark.parametrize("estimator", ["sklearn.linear_model.Ridge", "sklearn.ensemble.HistGradientBoostingRegressor"])
def test_same_data_give_the_same_bytes_in_another_process(estimator, pytestconfig):
    """Whatever a process hashes strings to, and whatever it trained before."""
    here, others = str(pytestconfig.rootpath), ["sklearn.ensemble.RandomForestRegressor", "sklearn.linear_model.Lasso"]
    digests = [
        subprocess.run(
            [sys.executable, "-c", FIT_AND_PRINT.format(root=here, here=here, estimator=estimator, before=before)],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},  # and the same BLAS kernel, where the machine names one
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed, before in (("1", []), ("2", []), ("3", others))
    ]
    assert len(set(digests)) == 1


LOAD_WITHOUT_US = """
import sys
class Wall:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "ml_action":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Wall())
import joblib, pandas as pd
model = joblib.load(sys.argv[1])
assert not [name for name in sys.modules if name.startswith("ml_action")]
print(model.predict(pd.DataFrame([{"hours": 2.0, "flag": True, "gaps": None, "room": "red",
    "when": "2026-01-05", "day": None, "empty": None, "id": "id1"}]))[0])
"""


def test_model_loads_without_this_package(tmp_path):
    file = tmp_path / "model.pkl"
    file.write_bytes(model_file.dump(fitted(everything())).content)
    command = [sys.executable, "-I", "-c", LOAD_WITHOUT_US, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0
