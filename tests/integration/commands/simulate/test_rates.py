import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from ml_action.commands.simulate.rates import Proportion, wilson


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), st.floats(0.5, 0.999))
def test_interval_equals_that_of_statsmodels_and_scipy(counted, confidence):
    hits, of = counted
    found = wilson(hits, of, confidence)
    low, high = proportion_confint(hits, of, alpha=1 - confidence, method="wilson")
    theirs = binomtest(hits, of).proportion_ci(confidence, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert 0 <= found.low <= hits / of <= found.high <= 1


def test_proportion_of_no_trials_is_unknown():
    assert math.isnan(Proportion(0, 0).share)
    assert (Proportion(0, 0).interval.low, Proportion(0, 0).interval.high) == (0, 1)
    assert str(Proportion(0, 0)) == "–"


def test_proportion_is_shown_with_its_interval():
    assert str(Proportion(37, 40)) == "92 % [80, 97]"
    assert str(Proportion(0, 40)) == "0 % [0, 9]"
    assert str(Proportion(40, 40)) == "100 % [91, 100]"
