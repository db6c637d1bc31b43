"""Figures as a person reads them."""

import pytest

from ml_action.core.formatting import count_of, percent, percents, probability
from ml_action.core.records.evaluation import Interval


@pytest.mark.parametrize(("share", "text"), [(0.061, "6.1 %"), (-0.003, "-0.3 %"), (1.0, "100.0 %")])
def test_shares_are_told_in_per_cent(share, text):
    assert percent(share) == text


def test_an_interval_is_told_in_brackets():
    assert percents(Interval(0.039, 0.084)) == "[3.9, 8.4]"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.00004, "below 0.0001"), (0.0001, "0.0001"), (0.05, "0.05"), (1.0, "1"), (float("nan"), "unknown")],
)
def test_a_probability_says_no_more_than_ten_thousand_flips_can(p, text):
    assert probability(p) == text


@pytest.mark.parametrize(
    ("count", "things", "said"),
    [
        (0, "files", "0 files"),
        (1, "files", "1 file"),
        (2000, "new groups of rows", "2,000 new groups of rows"),
        (1, "new groups of rows", "1 new group of rows"),
        (1, "processes", "1 process"),
    ],
)
def test_one_is_no_plural(count, things, said):
    assert count_of(count, things) == said
