"""A first look at somebody's table: target, task, metric, estimator, and whose row it is."""

import numpy as np
import pandas as pd
import pytest

from ml_action.config.parse import parse
from ml_action.core.errors import DataError
from ml_action.core.records.dataset import Dataset
from ml_action.modelling import suggestions
from ml_action.modelling.reading.table import Table

RNG = np.random.default_rng(0)


def table(frame, files=40):
    cluster = np.sort(np.arange(len(frame)) % files).astype(np.int64)
    return Table(frame, cluster, tuple(Dataset(f"d/{n}.csv", f"{n:040}") for n in range(files)))


def look(frame, files=40, **given):
    asked = []

    def choose(why, names, guess):
        asked.append((why, list(names), guess))
        return guess

    found = suggestions.suggest(
        table(frame, files), parse({k.replace("_", "-"): v for k, v in given.items()}, {}), choose
    )
    return found, asked


def numbers(rows=400):
    frame = pd.DataFrame({"id": range(rows), "a": RNG.normal(size=rows), "b": RNG.normal(size=rows)})
    return frame.assign(noise=RNG.normal(size=rows), score=2 * frame["a"] - frame["b"] + RNG.normal(0, 0.1, rows))


def test_a_name_that_sounds_like_a_target_is_one():
    found, ((why, names, guess),) = look(numbers()[["id", "score", "a", "b", "noise"]])
    assert (found.target, guess, found.task, found.metric) == ("score", "score", "regression", "r2")
    assert "sounds like it" in why
    assert "id" not in names


def test_else_it_is_the_last_column():
    found, ((why, _, guess),) = look(numbers().rename(columns={"score": "mpg"}))
    assert (found.target, guess) == ("mpg", "mpg")
    assert "last column" in why


def test_what_is_said_is_not_asked():
    found, asked = look(numbers(), target="b", metric="neg_mean_absolute_error", estimator="sklearn.linear_model.Ridge")
    assert (found.target, found.metric, found.estimator) == (
        "b", "neg_mean_absolute_error", "sklearn.linear_model.Ridge",
    )  # fmt: skip
    assert asked == []
    assert found.why["estimator"] == "as you said"


def test_the_simple_estimator_stays_where_it_does_as_well():
    assert look(numbers())[0].estimator == "sklearn.linear_model.LinearRegression"


def test_boosting_is_proposed_where_it_is_clearly_better():
    frame = numbers(600).assign(score=lambda one: np.sign(one["a"]) * np.sign(one["b"]) + RNG.normal(0, 0.1, 600))
    found = look(frame)[0]
    assert found.estimator == "sklearn.ensemble.HistGradientBoostingRegressor"
    assert "LinearRegression" in found.why["estimator"]


def test_a_rare_class_is_not_judged_by_plain_accuracy():
    frame = numbers().assign(score=lambda one: np.where(one["a"] > 1.2, "yes", "no"))
    found = look(frame)[0]
    assert (found.task, found.metric) == ("classification", "roc_auc")
    assert "would not see it" in found.why["metric"]


@pytest.mark.parametrize("name", ["user_id", "Patient", "customer no"])
def test_whose_row_it_is_keeps_rows_together(name):
    found = look(numbers().assign(**{name: np.arange(400) // 8}))[0]
    assert found.group == name
    assert "50 different ones" in found.why["group"]


def test_a_number_of_its_own_for_each_row_is_nobodys():
    assert look(numbers().assign(user_id=range(400)))[0].group == ""


def test_one_file_is_folded_by_rows():
    assert look(numbers(), files=1)[0].estimator == "sklearn.linear_model.LinearRegression"


def test_a_target_is_mostly_filled_and_no_free_text():
    frame = numbers().rename(columns={"score": "mpg"}).assign(remark=[f"word {n}" for n in range(400)], late=np.nan)
    found, ((why, names, guess),) = look(frame)
    assert (found.target, guess) == ("mpg", "mpg")
    assert "mostly filled" in why
    assert "remark" in names


def test_names_of_rows_are_no_features():
    found = look(numbers())[0]
    assert found.features == ("a", "b", "noise")
    assert "all but 'id'" in found.why["features"]
    assert look(numbers().rename(columns={"id": "number"}))[0].features == ()
    assert look(numbers().assign(id=RNG.normal(size=400)))[0].features == ()  # it measures something


def test_where_every_column_names_its_row_nothing_is_predicted():
    with pytest.raises(DataError, match="looks like something to predict"):
        look(pd.DataFrame({"id": range(100), "uuid": range(100)}))


def test_an_empty_target_is_told_as_such():
    with pytest.raises(DataError, match="empty in every row"):
        look(numbers().assign(mpg=np.nan), target="mpg")


def test_rows_without_a_target_do_not_count():
    frame = numbers()
    frame.loc[::4, "score"] = np.nan
    assert look(frame)[0].rows == 300


def test_a_group_that_is_no_column_is_told():
    with pytest.raises(DataError, match="No dataset has the column 'nope'"):
        look(numbers(), group="nope")


def test_several_targets_are_none_of_the_features():
    found, asked = look(numbers(), target="a,score")
    assert (found.target, found.task, asked) == ("a", "regression", [])
