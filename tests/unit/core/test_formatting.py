"""Numbers, counts and untrusted names as short text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.formatting import (
    apart,
    count_of,
    nearest,
    percent,
    percents,
    probability,
    quoted_list,
    sanitised,
    shown_metric,
    shown_score,
)
from ml_action.core.records.evaluation import Interval


@pytest.mark.parametrize(("share", "text"), [(0.061, "6.1 %"), (-0.003, "-0.3 %"), (1.0, "100.0 %")])
def test_shares_are_shown_in_per_cent(share, text):
    assert percent(share) == text


def test_shares_that_differ_are_shown_apart():
    assert apart(0.4709, 0.4745, 0) == ("47.1 %", "47.4 %")
    assert apart(0.1, 0.2) == ("10.0 %", "20.0 %")
    assert apart(0.1, 0.1) == ("10.0 %", "10.0 %")
    assert apart(0.1, 0.1 + 1e-12) == ("10.0000 %", "10.0000 %")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("neg_mean_absolute_error", -2.5, ("mean_absolute_error", 2.5)),
        ("sklearn.metrics.mean_pinball_loss(alpha=0.9)", -1.0, ("sklearn.metrics.mean_pinball_loss(alpha=0.9)", 1.0)),
        ("r2", -0.5, ("r2", -0.5)),
        ("log_loss", 0.3, ("log_loss", 0.3)),
        ("neg_log_loss", None, ("log_loss", None)),
    ],
)
def test_losses_are_shown_positive_and_under_their_own_names(name, value, shown):
    assert (shown_metric(name), shown_score(name, value)) == shown


def test_intervals_are_shown_in_brackets():
    assert percents(Interval(0.039, 0.084)) == "[3.9, 8.4]"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.00004, "below 0.0001"), (0.0001, "0.0001"), (0.05, "0.05"), (1.0, "1"), (float("nan"), "unknown")],
)
def test_probabilities_are_no_finer_than_ten_thousand_flips_resolve(p, text):
    assert probability(p) == text


@pytest.mark.parametrize(
    ("count", "things", "text"),
    [
        (0, "files", "0 files"),
        (1, "files", "1 file"),
        (2000, "new groups of rows", "2,000 new groups of rows"),
        (1, "new groups of rows", "1 new group of rows"),
        (1, "processes", "1 process"),
    ],
)
def test_one_thing_is_in_the_singular(count, things, text):
    assert count_of(count, things) == text


# --- untrusted names --------------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_sanitised_text_is_one_short_line_of_visible_characters(text):
    shown = sanitised(text, 30)
    assert len(shown) <= 30
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(character).startswith("C") for character in shown)


def test_sanitised_text_keeps_its_words():
    assert sanitised("two\r\nlines\t and \x1b[31m red") == "two lines and [31m red"
    assert sanitised("a" * 100, 10) == "a" * 9 + "…"


def test_list_shows_how_many_more_names_there_are():
    assert quoted_list("abc") == "'a', 'b', 'c'"
    assert quoted_list(map(str, range(8))) == "'0', '1', '2', '3', '4', '5' and 2 more"


def test_nearest_is_the_most_similar_choice_or_empty():
    assert nearest("Scor", ["score", "hours"]) == "score"
    assert nearest("", ["score"]) == ""
    assert nearest("zzz", ["score"]) == ""
