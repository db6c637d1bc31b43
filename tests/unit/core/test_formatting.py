"""Numbers, counts and untrusted names as short text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.formatting import count_of, nearest, percent, percents, probability, quoted_list, sanitised
from ml_action.core.records.evaluation import Interval


@pytest.mark.parametrize(("share", "text"), [(0.061, "6.1 %"), (-0.003, "-0.3 %"), (1.0, "100.0 %")])
def test_shares_are_shown_in_per_cent(share, text):
    assert percent(share) == text


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
