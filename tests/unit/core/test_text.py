"""Text of strangers on one plain line."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.text import nearest, quoted_list, sanitised


@given(st.text(max_size=400))
def test_plain_text_is_one_short_line_of_visible_signs(text):
    shown = sanitised(text, 30)
    assert len(shown) <= 30
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(sign).startswith("C") for sign in shown)


def test_words_stay_words():
    assert sanitised("two\r\nlines\t and \x1b[31m red") == "two lines and [31m red"
    assert sanitised("a" * 100, 10) == "a" * 9 + "…"


def test_a_listing_says_how_many_more():
    assert quoted_list("abc") == "'a', 'b', 'c'"
    assert quoted_list(map(str, range(8))) == "'0', '1', '2', '3', '4', '5' and 2 more"


def test_the_nearest_choice_or_none():
    assert nearest("Scor", ["score", "hours"]) == "score"
    assert nearest("", ["score"]) == ""
    assert nearest("zzz", ["score"]) == ""
