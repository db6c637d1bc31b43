"""Columns scaled by a usual factor, and columns in each other's place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_action.core.records.contract import ColumnProfile, DataContract, Dispersion
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import unit_errors
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.rejections import Rejections

CONTRACT = DataContract("score", 100, 1000, 0.0, 0.0, 0.0, ())


def profile(name, middle, width=0.1, reach=2.8, low=None, high=None):
    low, high = (middle / 2 if low is None else low), (middle * 2 if high is None else high)
    sketch = tuple(float(value) for value in np.linspace(low, high, 21))
    off = abs(middle) * width
    return ColumnProfile(
        name, "number", 0.0, 0.0, sketch, Dispersion(middle, off, reach),
        Dispersion(float(np.log(abs(middle))), width, reach)
    )  # fmt: skip


def reason_against(profiles, **values):
    """Of one dataset of ten equal rows."""
    frame = pd.DataFrame({name: [value] * 10 for name, value in values.items()})
    rejections = Rejections(Table(frame, np.zeros(10, dtype=np.int64), (Dataset("a.csv", "a"),)))
    unit_errors.reject_unit_errors(rejections, profiles, CONTRACT)
    return rejections.rejected[0].reason if rejections.rejected else ""


def test_a_unit_error_is_reported_with_its_numbers_and_a_guess():
    assert reason_against([profile("hours", 5.2)], hours=312.0) == (
        "has the column 'hours' about 60 times larger than usual (median size 312, usually 5.2): "
        "minutes instead of hours, or seconds instead of minutes?"
    )


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (10, "about 10 times larger .*: a decimal point too far right?"),
        (1 / 10, "about 10 times smaller .*: a decimal point too far left?"),
        (1 / 60, "about 60 times smaller .*: hours instead of minutes, or the like?"),
        (100, "about 100 times larger .*: percent instead of shares, or cents?"),
        (1 / 100, "about 100 times smaller .*: shares instead of percent, or whole units instead of cents?"),
        (1000, "about 1000 times larger .*: grams instead of kilograms, or the like?"),
        (1 / 1000, "about 1000 times smaller .*: kilograms instead of grams, or the like?"),
        (3600, "about 3600 times larger .*: seconds instead of hours?"),
        (1 / 3600, "about 3600 times smaller .*: hours instead of seconds?"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("middle", [7.0, -7.0])
def test_every_usual_factor_is_known_both_ways_and_for_negative_numbers(times, expected, middle):
    ends = {"low": min(middle / 2, middle * 2), "high": max(middle / 2, middle * 2)}
    found = reason_against([profile("a", middle, **ends)], a=middle * times)
    head, tail = expected.split(" .*: ")
    assert head in found
    assert found.endswith(tail)


@pytest.mark.parametrize("times", [1, 1.4, 0.7, 3, 20, 1 / 20, 300])
def test_another_factor_is_left_to_the_range(times):
    assert reason_against([profile("a", 7.0, width=0.05)], a=7.0 * times) == ""


def test_where_two_factors_are_near_both_are_named():
    found = reason_against([profile("a", 7.0, width=0.5)], a=7.0 * 77)
    assert "or seconds instead of minutes; or percent instead of shares, or cents?" in found


def test_what_the_good_datasets_reach_themselves_is_not_odd():
    assert reason_against([profile("a", 7.0, reach=40.0)], a=70.0) == ""


def test_small_values_such_as_the_column_often_holds_are_no_unit_error():
    assert reason_against([profile("a", 7.0, low=0.01)], a=0.8) == ""
    assert reason_against([profile("a", -7.0, low=-14, high=-0.01)], a=-0.8) == ""
    assert reason_against([profile("a", 7.0, low=5)], a=0.8) != ""


def test_a_sentinel_of_the_other_sign_is_no_unit_error():
    assert reason_against([profile("a", 10.0)], a=-1000.0) == ""


def test_columns_in_each_others_place_are_named():
    known = [profile("hours", 5.0), profile("score", 70.0), profile("sleep", 7.0, width=0.01)]
    assert reason_against(known, hours=70.0, score=5.0, sleep=7.0) == (
        "seems to have the columns 'hours' and 'score' in each other's place"
    )
    assert "place" not in reason_against(known, hours=70.0, score=70.0, sleep=7.0)


def test_among_many_swapped_columns_the_first_pair_is_named():
    known = [profile(f"c{place}", 5.0 if place % 2 else 70.0) for place in range(30)]
    values = {item.name: 70.0 if place % 2 else 5.0 for place, item in enumerate(known)}
    assert "'c0' and 'c1'" in reason_against(known, **values)


def test_few_rows_have_to_be_further_off():
    frame = pd.DataFrame({"a": [11.0] * 11})
    table = Table(frame, np.array([0] * 10 + [1]), (Dataset("long.csv", "a"), Dataset("short.csv", "b")))
    rejections = Rejections(table)
    unit_errors.reject_unit_errors(rejections, [profile("a", 1.0, width=0.2)], CONTRACT)
    assert [item.path for item in rejections.rejected] == ["long.csv"]


@pytest.mark.parametrize("value", [0.0, None, 1.7e308, -1.7e308, 5e-324])
def test_nothing_overflows_and_nothing_is_no_size(value):
    reason_against([profile("a", 7.0), profile("b", 1e-149), profile("c", 1e150)], a=value, b=value, c=value)


def test_columns_of_which_nothing_is_known_are_left_alone():
    assert reason_against([ColumnProfile("a", "text", 0.0, 0.0)], a=1e9) == ""
    assert reason_against([profile("a", 7.0)], a="word") == ""


def test_a_hostile_name_stays_on_one_line():
    found = reason_against([profile("a\n::error::{0}\u202e", 7.0)], **{"a\n::error::{0}\u202e": 420.0})
    assert found.startswith("has the column 'a ::error::{0}' about 60 times larger")
