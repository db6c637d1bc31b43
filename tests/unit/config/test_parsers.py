"""Text to value: whatever text comes, a value that keeps its promise or a ValueError with a reason."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.config import parsers

PARSERS = ("text", "name", "positive", "integer", "seed", "share", "confidence", "path", "model_dir", "branch", "names")


@pytest.mark.parametrize("parser", [*PARSERS, "mapping"])
@given(text=st.text(max_size=60))
def test_any_text_gives_a_value_or_a_reason(parser: str, text: str):
    result = "a value"
    try:
        getattr(parsers, parser)(text)
    except ValueError as error:
        result = str(error)
    assert result


@given(text=st.text(alphabet="ab./-", min_size=1, max_size=20))
def test_a_path_never_leaves_the_repository(text: str):
    try:
        path = parsers.path(text)
    except ValueError:
        return
    assert not posixpath.isabs(path)
    assert ".." not in path.split("/")


@given(names=st.lists(st.text(alphabet='ab ,"', min_size=1, max_size=8).map(str.strip).filter(bool), min_size=1))
def test_any_column_names_can_be_given_in_quotes(names: list[str]):
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    assert parsers.names(quoted) == tuple(names)


@pytest.mark.parametrize("text", ["a, b", "a\nb", '"a",b', " a ,\n\n b "])
def test_names_are_separated_by_commas_or_lines(text: str):
    assert parsers.names(text) == ("a", "b")


@given(names=st.lists(st.text(alphabet='ab ,"', min_size=1, max_size=8).map(str.strip).filter(bool), min_size=2))
def test_several_names_are_spelled_as_they_are_read(names: list[str]):
    assert parsers.names(parsers.format_names(names)) == tuple(names)


def test_a_single_name_is_kept_unchanged():
    assert parsers.format_names(("a, in m",)) == "a, in m"
    assert parsers.format_names(("a, in m", "b")) == '"a, in m",b'


def test_a_secret_is_long_enough_that_its_fingerprint_does_not_give_it_away():
    assert parsers.secret("") == ""
    assert parsers.secret("x" * 32) == "x" * 32
    with pytest.raises(ValueError, match="at least 32 characters, such as from: openssl rand -hex 32"):
        parsers.secret("x" * 31)


@pytest.mark.parametrize("text", ["0123", "0123456789ABCDEF", "0123456789abcdef0", "x" * 16])
def test_a_fingerprint_is_what_the_message_names(text: str):
    assert parsers.fingerprint("") == ""
    assert parsers.fingerprint("0123456789abcdef") == "0123456789abcdef"
    with pytest.raises(ValueError, match="16 hexadecimal digits"):
        parsers.fingerprint(text)
