"""The user's rules for a column: hard, with the line."""

from __future__ import annotations

import json

import pytest

from ml_action.config.column_rules import ColumnRule
from ml_action.modelling.validation.column_rules import apply_rule
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.rejections import Rejections
from ml_action.modelling.validation.requirements import Requirements
from tests.support.modelling import table_of

GOOD = "hours,room,score\n1,red,10\n2,blue,20\n"


def broken(rule, *contents):
    _, rejected = validate(table_of(GOOD, *contents, GOOD), Requirements(("score",), ("hours", "room"), [rule]))
    return [(item.path, item.reason, item.line) for item in rejected]


@pytest.mark.parametrize(
    ("rule", "content", "reason", "line"),
    [
        (ColumnRule("hours", min=0), "hours,room,score\n1,red,3\n-1,red,3\n-2,red,3\n",
         "holds -1 in the column 'hours', less than min = 0", 3),
        (ColumnRule("hours", max=1234567), "hours,room,score\n1,red,3\n1234568,red,3\n",
         "holds 1234568 in the column 'hours', more than max = 1234567", 3),
        (ColumnRule("hours", min=0.5), "hours,room,score\n0.25,red,3\n",
         "holds 0.25 in the column 'hours', less than min = 0.5", 2),
        (ColumnRule("score", max=100), "hours,room,score\n1,red,3\n1,red,\n1,red,101\n",
         "holds 101 in the column 'score', more than max = 100", 4),
        (ColumnRule("room", categories=("red", "blue")), "hours,room,score\n1,,3\n1,Red,3\n",
         "holds 'Red' in the column 'room', which is none of its categories", 3),
        (ColumnRule("hours", categories=("1", "2")), "hours,room,score\n1,red,3\n,red,3\n3,red,3\n",
         "holds '3' in the column 'hours', which is none of its categories", 4),
        (ColumnRule("hours", missing=0.25), "hours,room,score\n,red,3\n,red,3\n1,red,4\n",
         "lacks the value of 'hours' in 66.7 % of its rows; missing = 0.25 is the most", 0),
        (ColumnRule("hours", missing=0), "hours,room,score\n,red,3\n1,red,3\n",
         "lacks the value of 'hours' in 50.0 % of its rows; missing = 0 is the most", 0),
    ],
)  # fmt: skip
def test_one_value_against_a_rule_rejects_the_dataset_with_its_line(rule, content, reason, line):
    assert broken(rule, content) == [("data/1.csv", reason, line)]


@pytest.mark.parametrize(
    ("rule", "content"),
    [
        (ColumnRule("hours", min=0, max=9), "hours,room,score\n0,red,3\n9,red,3\n,red,4\n"),
        (ColumnRule("hours", min=0, check=False), "hours,room,score\n-5,red,3\n"),
        (ColumnRule("room", categories=("red", "blue")), "hours,room,score\n1,red,3\n1,,3\n"),
        (ColumnRule("hours", categories=("1", "2", "12")), "hours,room,score\n1,red,3\n,red,3\n12,red,3\n"),
        (ColumnRule("hours", missing=0.5), "hours,room,score\n,red,3\n1,red,3\n"),
        (ColumnRule("room", categories=("red", "blue", "12", "7")), "hours,room,score\n1,12,3\n1,,3\n1,7,3\n"),
        (ColumnRule("room", categories=("red", "blue", "12", "B")), "hours,room,score\n1,12.0,3\n1,B,3\n"),
        (ColumnRule("hours", required=False), "room,score\nred,3\n"),
        (ColumnRule("unheard of", min=0), GOOD.replace("10", "11")),
    ],
)
def test_values_that_follow_a_rule_pass(rule, content):
    assert broken(rule, content) == []


def test_limits_do_not_apply_to_a_column_of_text():
    content = "hours,room,score\n1,12,10\n1,red,20\n1,-7,30\n"
    assert broken(ColumnRule("room", min=0), content) == []  # text is text; what it may hold are categories


def test_a_rule_can_require_numbers_in_a_column_that_is_mostly_text():
    word = "hours,room,score\n1,red,10\n2,blue,21\n"
    table = table_of("hours,room,score\n1,12,10\n2,13,20\n", word)
    rule = ColumnRule("room", type="number")
    _, rejected = validate(table, Requirements(("score",), ("hours", "room"), [rule]))
    assert [(item.path, item.line) for item in rejected] == [("data/1.csv", 2)]


@pytest.mark.parametrize(
    ("cells", "line"), [("True\nFalse", 0), ("1\n0", 0), ("true\n", 0), ("yes\nno", 2), ("0\n2", 3), ("True\nmaybe", 3)]
)
def test_a_rule_can_require_booleans(cells, line):
    content = "flag,score\n" + "".join(f"{cell},{place}\n" for place, cell in enumerate(cells.split("\n")))
    table = table_of("flag,score\nTrue,7\nFalse,8\nTrue,9\n", content)
    rejections = Rejections(table)
    apply_rule(rejections, ColumnRule("flag", type="boolean"))
    assert [item.line for item in rejections.rejected] == ([line] if line else [])
    assert all("in the column 'flag', which has to hold true or false" in item.reason for item in rejections.rejected)


def test_booleans_and_large_integers_can_be_bounded():
    table = table_of("a,b\nTrue,9007199254740993\n", "a,b\nFalse,18446744073709551615\n")
    rejections = Rejections(table)
    apply_rule(rejections, ColumnRule("a", min=0, max=1))
    apply_rule(rejections, ColumnRule("b", max=2**60))
    assert [item.path for item in rejections.rejected] == ["data/1.csv"]


def test_each_dataset_has_one_reason_with_its_first_line():
    bad = "hours,room,score\n1,red,3\n-4,red,3\n"
    worse = "hours,room,score\n-9,red,3\n,red,999\n"
    table = table_of(GOOD, bad, worse)
    rejections = Rejections(table)
    apply_rule(rejections, ColumnRule("hours", min=0))
    apply_rule(rejections, ColumnRule("score", max=100))
    assert [(item.path, item.line) for item in rejections.rejected] == [("data/1.csv", 3), ("data/2.csv", 2)]


def test_a_hostile_value_and_name_are_shown_on_one_plain_line():
    name = '"{}\u202e\x07urs"'
    contents = [f"{name},score\nred,1\n", f'{name},score\n"x\n::error::{{}}\x1b[31m",1\n']
    rejections = Rejections(table_of(*contents))
    apply_rule(rejections, ColumnRule("{}\u202e\x07urs", categories=("red",)))
    (one,) = rejections.rejected
    assert one.reason == "holds 'x ::error::{}[31m' in the column '{}urs', which is none of its categories"


def test_a_fraction_or_gap_elsewhere_changes_no_category():
    fraction, gap = "hours,room,score\n1.5,red,10\n2,red,3\n", "hours,room,score\n,red,10\n1,red,3\n"
    found = broken(ColumnRule("hours", categories=("1", "2")), fraction, gap)
    assert [(path, line) for path, _, line in found] == [("data/1.csv", 2)]


@pytest.mark.parametrize("category", [12, 12.0, "12", "12.0"])
def test_a_whole_number_is_the_same_category_however_it_is_written(category):
    (rule,) = ColumnRule.parse_all(json.dumps({"hours": {"categories": [category, 1, 2]}}))
    assert rule.categories == ("12", "1", "2")
    assert broken(rule, "hours,room,score\n12.0,red,3\n,red,3\n") == []
