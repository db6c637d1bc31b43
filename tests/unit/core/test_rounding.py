"""Round numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core import rounding

SIZES = st.floats(1e-200, 1e200)


@pytest.mark.parametrize(
    ("size", "step"),
    [(1, 1), (1.9, 1), (2, 2), (4.99, 2), (5, 5), (99, 50), (0.003, 0.002), (0, 0), (-1, 0), (math.inf, 0)],
)
def test_a_step_is_one_two_or_five_times_a_power_of_ten(size, step):
    assert rounding.step_within(size) == step


@given(SIZES)
def test_a_step_is_at_most_the_size_and_more_than_a_third_of_it(size):
    assert size / 3 < rounding.step_within(size) <= size


@given(st.floats(-1e9, 1e9), st.sampled_from([0.001, 0.02, 0.5, 1, 20, 5000]))
def test_values_are_rounded_outward_to_multiples(value, step):
    slack = 1e-9 * max(abs(value), step)
    low, near, high = (one(value, step) for one in (rounding.below, rounding.nearest, rounding.above))
    assert low - slack <= value <= high + slack
    assert near in (low, high)
    assert high - low <= step + slack


def test_a_rounded_value_is_written_without_the_noise_of_floats():
    assert rounding.nearest(0.31, 0.1) == 0.3
    assert rounding.nearest(7.25, 0) == 7.25
    assert rounding.above(1e300, 1e-300) == 1e300
