"""Suggestions for a table: target, task, metric, estimator, and the column that names the owner of a row."""

import io

import numpy as np
import pandas as pd
import pytest

from ml_action.config.parse import parse
from ml_action.core.errors import DataError
from ml_action.core.log import PlainLog
from ml_action.core.records.dataset import Dataset
from ml_action.modelling import suggestions
from ml_action.modelling.loop_view import LoopView
from ml_action.modelling.reading.table import Table

RNG = np.random.default_rng(0)


def table(frame, files=40):
    cluster = np.sort(np.arange(len(frame)) % files).astype(np.int64)
    return Table(frame, cluster, tuple(Dataset(f"d/{n}.csv", f"{n:040}") for n in range(files)))


def suggest(frame, files=40, *, by_rows=False, **given):
    asked = []

    def choose(guess, names):
        asked.append((guess.reason, list(names), guess.target))
        return guess.target

    options = parse({k.replace("_", "-"): v for k, v in given.items()}, {}).training
    found = suggestions.suggest(table(frame, files), options, choose, LoopView(by_rows), PlainLog(io.StringIO()))
    return found, asked


def numbers(rows=400):
    frame = pd.DataFrame({"id": range(rows), "a": RNG.normal(size=rows), "b": RNG.normal(size=rows)})
    return frame.assign(noise=RNG.normal(size=rows), score=2 * frame["a"] - frame["b"] + RNG.normal(0, 0.1, rows))


def test_name_that_sounds_like_a_target_is_suggested():
    found, ((why, names, guess),) = suggest(numbers()[["id", "score", "a", "b", "noise"]])
    assert (found.target, guess, found.task, found.metric) == ("score", "score", "regression", "r2")
    assert "sounds like it" in why
    assert "id" not in names


def test_last_column_is_suggested_otherwise():
    found, ((why, _, guess),) = suggest(numbers().rename(columns={"score": "mpg"}))
    assert (found.target, guess) == ("mpg", "mpg")
    assert "last column" in why


def test_given_options_are_not_asked_for():
    ridge = "sklearn.linear_model.Ridge"
    found, asked = suggest(numbers(), target="b", metric="neg_mean_absolute_error", estimator=ridge)
    assert (found.target, found.metric, found.estimator) == ("b", "neg_mean_absolute_error", ridge)
    assert asked == []
    assert found.why["estimator"] == "as you specified"


def test_simple_estimator_is_suggested_if_it_is_as_good():
    assert suggest(numbers())[0].estimator == "sklearn.linear_model.LinearRegression"


def test_boosting_is_suggested_if_it_is_clearly_better():
    frame = numbers(600).assign(score=lambda one: np.sign(one["a"]) * np.sign(one["b"]) + RNG.normal(0, 0.1, 600))
    found = suggest(frame)[0]
    assert found.estimator == "sklearn.ensemble.HistGradientBoostingRegressor"
    assert "LinearRegression" in found.why["estimator"]


def test_rare_class_is_not_scored_by_accuracy():
    frame = numbers().assign(score=lambda one: np.where(one["a"] > 1.2, "yes", "no"))
    found = suggest(frame)[0]
    assert (found.task, found.metric) == ("classification", "roc_auc")
    assert "would not see it" in found.why["metric"]


@pytest.mark.parametrize("name", ["user_id", "Patient", "customer no"])
def test_column_of_owners_is_the_group(name):
    found = suggest(numbers().assign(**{name: np.arange(400) // 8}))[0]
    assert found.group == name
    assert "50 different ones" in found.why["group"]


def test_unique_number_per_row_is_no_group():
    assert suggest(numbers().assign(user_id=range(400)))[0].group == ""


def test_single_file_is_folded_by_rows():
    assert suggest(numbers(), files=1)[0].estimator == "sklearn.linear_model.LinearRegression"


def test_target_is_mostly_filled_and_no_free_text():
    frame = numbers().rename(columns={"score": "mpg"}).assign(remark=[f"word {n}" for n in range(400)], late=np.nan)
    found, ((why, names, guess),) = suggest(frame)
    assert (found.target, guess) == ("mpg", "mpg")
    assert "mostly filled" in why
    assert "remark" in names


def test_names_of_rows_are_no_features():
    found = suggest(numbers())[0]
    assert found.features == ("a", "b", "noise")
    assert "all but 'id'" in found.why["features"]
    assert suggest(numbers().rename(columns={"id": "rooms"}))[0].features == ()
    assert suggest(numbers().assign(id=RNG.normal(size=400)))[0].features == ()  # it measures something


def test_table_of_row_names_has_no_target():
    with pytest.raises(DataError, match="looks like a target"):
        suggest(pd.DataFrame({"id": range(100), "uuid": range(100)}))


def test_empty_target_is_an_error():
    with pytest.raises(DataError, match="empty in every row"):
        suggest(numbers().assign(mpg=np.nan), target="mpg")


def test_rows_without_a_target_do_not_count():
    frame = numbers()
    frame.loc[::4, "score"] = np.nan
    assert suggest(frame)[0].rows == 300


def test_unknown_group_column_is_an_error():
    with pytest.raises(DataError, match="No dataset has the column 'nope'"):
        suggest(numbers(), group="nope")


def test_several_targets_are_no_features():
    found, asked = suggest(numbers(), target="a,score")
    assert (found.target, found.task, asked) == ("a", "regression", [])


def test_words_among_numbers_are_rows_that_the_loop_would_leave_out():
    frame = numbers().astype(object)
    frame.loc[[7, 200], :] = list(frame.columns)  # a header in the middle
    found = suggest(frame, files=1, by_rows=True)[0]
    assert (found.task, found.rows) == ("regression", 400 - 2)
    assert len(found.set_aside) == 2
    assert not found.hopeless


def test_noise_is_hopeless():
    assert suggest(numbers()[["a", "b", "noise"]])[0].hopeless
