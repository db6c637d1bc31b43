"""A cell of a megabyte, a server's page or a log full of blank lines cost what their bytes cost: no pattern is slow.

`patterns` finds every pattern of the product by machine, and makes hostile texts out of each. Time is that of the
processor, so that a busy machine changes nothing.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from types import FrameType

import pytest

from ml_action.config.data_path import DataPath
from sandbox import rules
from tests.attacks import patterns
from tests.attacks.patterns import Hostile, Use

SHORT, LENGTH, TIMES = 30, 4_000, 8  # characters, and how many times longer the text is on which growth is measured
SUSPICIOUS = 0.002  # seconds of the processor for a text of this length; most patterns take a tenth of it
GROWTH = 24  # times; a linear pattern takes 8 times as long for the longer text, a quadratic one 64
ENOUGH = 0.3  # seconds after which a pattern is stopped

# Patterns that are made at run time. Each is measured below in a form that the settings can give it.
MADE_AT_RUN_TIME = [
    "ml_action.config.data_path: '|'.join(map(_translate, self.patterns))",
    r"ml_action.modelling.kinds.number_forms: f'(?:{digits})(?:{re.escape(marks.decimal)}\\d*)?'",
    "ml_action.runtime.checkout: pattern",
    "sandbox.rules: visible + ''.join(map(_translated, TOKENS.findall(pattern)))",
]


class TooSlowError(Exception):
    """A pattern took more than enough time."""


def stop(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def seconds(action: Callable[[], object]) -> float:
    """Returns the processor's time for an action, which is stopped in the middle of a pattern if it takes too long."""
    before, start = signal.signal(signal.SIGVTALRM, stop), time.thread_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, ENOUGH)
    try:
        action()
    except TooSlowError:
        return ENOUGH
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.thread_time() - start


def slow_texts(use: Use) -> list[str]:
    """Returns the beginning of a text on which the time of a pattern grows faster than the text, if there is one."""
    for length in (SHORT, LENGTH):  # an exponential pattern shows on a short text
        for hostile in patterns.hostile_texts(use.pattern):
            if least_seconds(use, hostile.text(length), 1) > SUSPICIOUS and grows(use, hostile, length):
                return [hostile.text(SHORT)]
    return []


def grows(use: Use, hostile: Hostile, length: int) -> bool:
    """Whether the time grows faster than the text, each time that it is measured: a busy machine is slow once."""
    return all(_grew(use, hostile, length) for _ in range(3))


def _grew(use: Use, hostile: Hostile, length: int) -> bool:
    longer = least_seconds(use, hostile.text(TIMES * length), 1)
    return longer >= ENOUGH or longer > GROWTH * least_seconds(use, hostile.text(length), 3)


def least_seconds(use: Use, text: str, times: int) -> float:
    return min(seconds(lambda: use.run(text)) for _ in range(times))


FOUND = patterns.collect()


@pytest.mark.parametrize("use", FOUND.uses, ids=lambda use: f"{use.where} {use.method}")
def test_time_of_every_pattern_grows_with_the_length_of_the_text_and_no_faster(use: Use) -> None:
    assert slow_texts(use) == [], use.pattern.pattern


def test_every_pattern_is_found_or_measured_by_hand() -> None:
    assert list(FOUND.unknown) == MADE_AT_RUN_TIME
    assert len(FOUND.uses) > 50


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\s*(?:[0-9]+\.?[0-9]*|)\s*", "fullmatch"),  # as _NO_TEXT was: a cell '1' * 18000 + 'x' took a second
        (r"(?m)^(\s*)::", "search"),  # as the log's was: many blank lines
        (r"<(style|title|script)\b.*?</\1>|<[^>]*>", "search"),  # as that for pages of proxies was
        (r".*\.", "search"),
        (r"(a+)+b", "match"),
        (r"(?:a|a)*b", "fullmatch"),
        (r"x*(?:y*)z", "search"),
    ],
)
def test_measurement_finds_patterns_that_are_slow(pattern: str, method: str) -> None:
    assert slow_texts(Use("here", re.compile(pattern), method))


def test_address_of_a_remote_is_read_as_fast_whatever_it_holds() -> None:
    pattern = (
        r"(?:https?://(?:[^@/]*@)?github\.com/+|ssh://[^@/]+@github\.com(?::\d+)?/+|[\w.-]+@github\.com:/*)"
        r"([\w.-]+/[\w.-]+?)(?:\.git)?/?"
    )
    assert slow_texts(Use("checkout", re.compile(pattern), "fullmatch")) == []


@pytest.mark.parametrize("digits", [r"\d+", r"\d{1,3}(?:,\d{3})+|\d+", r"\d{1,3}(?:\ \d{3})+|\d+"])
def test_number_in_any_form_is_read_as_fast_whatever_the_cell(digits: str) -> None:
    pattern = re.compile(rf"(?:{digits})(?:\.\d*)?", re.ASCII)
    assert slow_texts(Use("number_forms", pattern, "fullmatch")) == []


@pytest.mark.parametrize("setting", ["data", "data/**/*.csv", "data/*/new_*/part-*-of-*.csv", "**/*_[0-9].csv"])
def test_data_path_with_stars_is_as_fast_on_any_name_of_a_file(setting: str) -> None:
    assert slow_texts(Use(setting, DataPath.parse(setting)._regex, "fullmatch")) == []


@pytest.mark.parametrize("pattern", ["*", "release-*", "*-v[0-9]", "feature-?*"])
def test_rule_of_the_sandbox_is_as_fast_on_any_name_of_a_branch(pattern: str) -> None:
    assert slow_texts(Use(pattern, rules._expression(pattern), "fullmatch")) == []
