"""Warnings of data that a loop should not be built on unchecked."""

import numpy as np
import pandas as pd
import pytest

from ml_action.core.records.model import Recipe
from ml_action.modelling import data_warnings

RNG = np.random.default_rng(0)


def warned(frame, score, *, task="regression", metric="r2", target="y"):
    features = tuple(name for name in frame.columns if name != target)
    recipe = Recipe(target=target, features=features, task=task, estimator="", params={}, metric=metric, seed=0)
    return list(data_warnings.warnings_for(frame, recipe, {"one": score, "other": score - 0.1}, metric))


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
