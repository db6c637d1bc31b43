"""The synthetic request of a data contract."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.example_row import example_row, example_value, middle_of, shown_sample
from ml_action.core.records.contract import ColumnProfile, DataContract
from tests.support.factories import make_version


def profile(kind, sketch=(), **categories):
    return ColumnProfile("a", kind, 0.0, 0.0, sketch, categories=categories)


@pytest.mark.parametrize(
    ("low", "middle", "high", "found"),
    [(0, 3.14159, 10, 3), (1990, 2007.3, 2024, 2008), (0.013, 0.0717, 0.094, 0.07), (7.25, 7.25, 7.25, 7.25)],
)
def test_a_number_is_a_round_one_in_the_middle(low, middle, high, found):
    assert middle_of(low, middle, high) == pytest.approx(found)


@given(st.lists(st.floats(-1e100, 1e100), min_size=3, max_size=3).map(sorted))
def test_a_number_is_inside_of_the_range(numbers):
    low, middle, high = numbers
    assert low <= middle_of(low, middle, high) <= high


def test_each_kind_of_column_has_a_value():
    assert example_value(profile("number", tuple(float(step) for step in range(21)))) == 10
    assert example_value(profile("boolean", true=1.0)) is True
    assert example_value(profile("text", red=0.2, blue=0.8)) == "blue"
    assert example_value(profile("text")) == "unknown"
    assert example_value(profile("empty")) is None


def test_a_feature_that_no_contract_describes_has_none():
    assert example_row(["a"], None) == {"a": None}


def test_the_sample_of_an_older_record_is_a_row_of_the_data_and_is_not_shown():
    column = ColumnProfile("hours", "number", 0.0, 0.0, tuple(float(step) for step in range(21)))
    contract = DataContract("score", 20, 100, 0.0, 0.0, 0.0, (column,))
    version = replace(make_version(), contract=contract, features=("hours",), sample={"hours": 3.51397})
    assert shown_sample(version) == {"hours": 10}
    assert shown_sample(replace(version, synthetic=True)) == {"hours": 3.51397}
