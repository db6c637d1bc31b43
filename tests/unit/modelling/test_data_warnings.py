"""What a person should look at before a loop is built on a table."""

import numpy as np
import pandas as pd
import pytest

from ml_action.core.records.model import Recipe
from ml_action.modelling import data_warnings

RNG = np.random.default_rng(0)


def doubted(frame, score, *, task="regression", metric="r2", target="y"):
    features = tuple(name for name in frame.columns if name != target)
    recipe = Recipe(target=target, features=features, task=task, estimator="", params={}, metric=metric, seed=0)
    return list(data_warnings.warnings_for(frame, recipe, {"one": score, "other": score - 0.1}, metric))


def frame(**more):
    return pd.DataFrame({"a": RNG.normal(size=200), "y": RNG.normal(size=200)} | more)


def test_a_usual_table_leaves_no_doubt():
    assert doubted(frame(), 0.7) == []


def test_a_column_that_is_the_answer_is_named():
    table = frame().assign(rounded=lambda one: one["y"].round(2))
    (told,) = doubted(table, 0.999)
    assert "'rounded' alone tells it" in told


def test_of_classes_as_well():
    table = frame(y=["yes", "no"] * 100, code=[1, 0] * 100, word=["y", "n"] * 100)
    (told,) = doubted(table, 1.0, task="classification", metric="accuracy")
    assert "'code', 'word' alone tells it" in told


def test_too_good_to_be_true_is_said_where_no_column_does_it_alone():
    (told,) = doubted(frame(), 1.0)
    assert "something among the columns" in told


@pytest.mark.parametrize(
    ("task", "metric", "score", "y"),
    [
        ("regression", "r2", -0.1, RNG.normal(size=200)),
        ("classification", "accuracy", 0.8, ["no"] * 160 + ["yes"] * 40),
        ("classification", "roc_auc", 0.5, ["no"] * 160 + ["yes"] * 40),
    ],
)
def test_no_better_than_the_usual_value(task, metric, score, y):
    (told,) = doubted(frame(y=y), score, task=task, metric=metric)
    assert "nothing here predicts 'y' better" in told


def test_of_a_metric_without_a_known_floor_nothing_is_said():
    assert doubted(frame(), -3.0, metric="neg_mean_absolute_error") == []


def test_a_target_that_is_mostly_one_number():
    (told,) = doubted(frame(y=[0.0] * 150 + list(range(1, 51))), 0.4)
    assert told.startswith("75 % of the rows have 'y' = 0")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ([f"2024/{1 + n % 12:02}/{1 + n % 28:02}" for n in range(200)], "dates"),
        ([f"{1 + n % 28}.{1 + n % 12}.2024" for n in range(200)], "dates"),
        ([f"${n},000.50" for n in range(200)], "numbers with signs"),
        ([f"{n} %" for n in range(200)], "numbers with signs"),
    ],
)
def test_words_that_a_person_reads_as_something_else(words, kind):
    (told,) = doubted(frame(when=words), 0.7)
    assert f"'when': {kind}" in told


def test_dates_that_a_model_reads_as_days_are_no_words():
    assert doubted(frame(when=[f"2024-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(200)]), 0.7) == []


def test_names_and_codes_are_words():
    assert doubted(frame(who=[f"N{n}A1" for n in range(200)], kind=["1", "2"] * 100), 0.7) == []
