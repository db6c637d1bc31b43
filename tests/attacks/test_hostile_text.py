"""Text that other people wrote, in sizes that no person writes: cells, pages of servers, messages of git.

Time is that of the processor: a busy machine changes nothing.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable

import pytest

from ml_action.core.log import ZERO_WIDTH, escape_commands
from ml_action.forge.github.errors import MAX_QUOTED, Operation, explain
from ml_action.git.process import MAX_OUTPUT, GitFailed
from ml_action.modelling import data_warnings
from ml_action.modelling.reading import csv_file
from ml_action.modelling.validation import row_groups

BOUND = 0.5  # seconds for a megabyte; the slowest of these takes a tenth of it, and took minutes before


def seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


@pytest.mark.parametrize("cell", ["1" * 1_000_000 + "x", " " * 1_000_000 + "x", "1" * 500_000 + " " * 500_000 + "x"])
@pytest.mark.parametrize(
    "read",
    [
        csv_file.is_text,
        row_groups._NUMBER.fullmatch,
        data_warnings.MONEY.fullmatch,
        data_warnings.DATE.fullmatch,
    ],
)
def test_cell_of_a_megabyte_is_distinguished_from_a_number_at_once(read: Callable[[str], object], cell: str) -> None:
    assert seconds(lambda: read(cell)) < BOUND


# The patterns as they were before they became linear. They define what a number is.
NO_TEXT = re.compile(
    r"\s*(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]*)(?:e[+-]?[0-9]*)?|[+-]?inf(?:inity)?|true|false|)\s*", re.IGNORECASE
)
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\s*", re.IGNORECASE | re.ASCII)
MONEY = re.compile(r"\s*[-+]?[$€£¥]?\s*[-+]?\d[\d.,'\s]*[$€£¥%]?\s*")


@pytest.mark.parametrize(
    ("before", "now", "alphabet"),
    [
        (NO_TEXT, csv_file._NO_TEXT, ("1", ".", "e", "-", " ", "inf", "inity", "true", "x")),
        (NUMBER, row_groups._NUMBER, ("1", ".", "e", "-", "+", " ", "x")),
        (MONEY, data_warnings.MONEY, ("1", ".", "$", "-", " ", "%", "x")),
    ],
)
def test_linear_patterns_match_the_same_texts(
    before: re.Pattern[str], now: re.Pattern[str], alphabet: tuple[str, ...]
) -> None:
    texts = ("".join(words) for length in range(6) for words in itertools.product(alphabet, repeat=length))
    assert [text for text in texts if bool(before.fullmatch(text)) != bool(now.fullmatch(text))] == []


def test_log_of_a_hundred_thousand_blank_lines_is_escaped_at_once() -> None:
    text = "\n" * 200_000 + " \t::error::x"
    assert seconds(lambda: escape_commands(text)) < BOUND
    assert escape_commands(text).endswith(f" \t{ZERO_WIDTH}::error::x")


@pytest.mark.parametrize("piece", ["<style ", "<", "<script>", "a<b", "<title\n"])
def test_page_of_a_proxy_is_read_at_once_however_long_it_is(piece: str) -> None:
    refusal = None

    def read() -> None:
        nonlocal refusal
        refusal = explain(Operation("merge", "contents: write"), 502, "Bad gateway. " + piece * 200_000)

    assert seconds(read) < BOUND
    assert "Bad gateway." in refusal.what
    assert len(refusal.what) < MAX_QUOTED + 100


def test_page_of_a_proxy_is_quoted_without_what_a_browser_hides() -> None:
    hidden = "<TITLE>502</TITLE><style>p {}</style><script>if (a<b && c>d) {}</script>"
    page = f"<!DOCTYPE html>{hidden}<p>Try <b>later</b>.</p>"
    assert "(502): Try later ." in explain(Operation("merge", "contents: write"), 502, page).what


def test_megabytes_that_git_prints_are_kept_to_their_beginning_and_end() -> None:
    failed = GitFailed(("push",), 1, "remote: first\n" + "remote: noise\n" * 1_000_000 + "fatal: last")
    assert len(failed.output) < MAX_OUTPUT + 10
    assert failed.output.startswith("remote: first")
    assert failed.output.endswith("fatal: last")
