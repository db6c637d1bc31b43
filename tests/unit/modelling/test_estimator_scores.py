"""Scores of estimators on few, many, wide and odd tables."""

import io

import numpy as np
import pandas as pd
import pytest

from ml_action.core.log import PlainLog
from ml_action.core.records.dataset import Dataset
from ml_action.core.records.model import Recipe
from ml_action.modelling import estimator_scores
from ml_action.modelling.estimator_scores import ScoringTask, scores_of
from ml_action.modelling.reading.table import Table

RNG = np.random.default_rng(0)
LINEAR = {
    "regression": "sklearn.linear_model.LinearRegression",
    "classification": "sklearn.linear_model.RidgeClassifier",
}


def task_of(frame, task="regression", group=""):
    features = tuple(name for name in frame if name not in ("y", group))
    recipe = Recipe("y", features, task, LINEAR[task], {}, "r2" if task == "regression" else "accuracy", 0)
    table = Table(frame, np.zeros(len(frame), dtype=np.int64), (Dataset("d.csv", "0" * 40),))
    return ScoringTask(recipe, table, group)


def numbers(rows, columns=2):
    frame = pd.DataFrame({f"c{n}": RNG.normal(size=rows) for n in range(columns)})
    return frame.assign(y=frame["c0"] + RNG.normal(0, 0.1, rows))


def scores(task):
    return scores_of(task, [task.recipe.estimator], task.recipe.metric, PlainLog(io.StringIO()))


def test_a_linear_target_is_predicted():
    assert scores(task_of(numbers(200)))[LINEAR["regression"]] > 0.9


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_few_rows_give_no_score(rows):
    assert scores(task_of(numbers(rows))) == {}


def test_ten_rows_are_enough():
    assert scores(task_of(numbers(10)))


def test_a_class_of_one_row_is_no_error():
    frame = numbers(40).assign(y=["a"] * 39 + ["b"])
    assert isinstance(scores(task_of(frame, "classification")), dict)


def test_each_row_with_a_class_of_its_own_gives_no_score():
    frame = numbers(30).assign(y=[f"c{n}" for n in range(30)])
    assert scores(task_of(frame, "classification")) == {}


def test_of_many_rows_so_many_are_drawn_that_a_fit_is_short(monkeypatch):
    monkeypatch.setattr(estimator_scores, "WORK", 400)
    task = task_of(numbers(1000))
    assert task.work == 2
    seen = []
    monkeypatch.setattr(estimator_scores, "_score", lambda *each: seen.append(sum(map(len, each[3:]))) or 0.5)
    assert scores(task) == {LINEAR["regression"]: 0.5}
    assert seen == [200] * 5


def test_a_table_that_is_too_wide_is_not_scored(monkeypatch):
    monkeypatch.setattr(estimator_scores, "WORK", 100)
    assert scores(task_of(numbers(100, columns=20))) == {}


def test_no_fold_is_begun_after_the_time(monkeypatch):
    monkeypatch.setattr(estimator_scores, "SECONDS", -1.0)
    seen = []
    monkeypatch.setattr(estimator_scores, "_score", lambda *_: seen.append(1) or 0.5)
    assert scores(task_of(numbers(100))) == {LINEAR["regression"]: 0.5}
    assert len(seen) == 1


def test_rows_of_one_owner_are_in_one_fold(monkeypatch):
    frame = numbers(100).assign(user=np.arange(100) // 5)
    kept = []
    monkeypatch.setattr(estimator_scores, "_score", lambda *each: kept.append(each[3:]) or 0.5)
    scores(task_of(frame, group="user"))
    assert all(not set(trained // 5) & set(tested // 5) for trained, tested in kept)
