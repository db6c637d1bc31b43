"""Each dataset by itself: which are rejected, why, and what the others look like without them."""

from __future__ import annotations

import pandas as pd
import pytest

from ml_action.config.column_rules import ColumnRule
from ml_action.core.errors import DataError
from ml_action.modelling.reading.columns import automatic_features
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements
from tests.support.modelling import read, table_of

GOOD = "hours,room,score\n1,red,10\n2,blue,20\n"


def validated(*contents, target="score", features=(), rules=()):
    return validate(table_of(*contents), Requirements((target,), features, rules))


def test_valid_datasets_pass_unchanged():
    table = table_of(GOOD, GOOD)
    kept, rejected = validate(table, Requirements(("score",), ("hours", "room")))
    assert kept is table
    assert rejected == ()


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        ("hours,room\n1,red\n", "lacks the column 'score'", 0),
        ("hours,room,Score\n1,red,3\n", "lacks the column 'score' (it has 'Score')", 0),
        ("room,score\nred,3\n", "lacks the column 'hours'", 0),
        (
            "hours;room;score\n1;red\n",
            "lacks the column 'score' (its columns seem to be separated by semicolons, not commas)",
            0,
        ),
        ("hours,room,score\n1,red,\n2,blue,\n", "has no value in the target 'score'", 0),
        (
            "hours,room,score\n1,red,3\n2,red,many\n",
            "holds text ('many') in the column 'score', where most datasets hold numbers",
            3,
        ),
        (
            "hours,room,score\n1,red,3\n2 h,red,4\n",
            "holds text ('2 h') in the column 'hours', where most datasets hold numbers",
            3,
        ),
        ("hours,room,score\n1,red,3\n1,red,inf\n", "holds an infinite number in the column 'score'", 3),
        ("hours,room,score\n-inf,red,3\n1,red,4\n", "holds an infinite number in the column 'hours'", 2),
    ],
)
def test_a_bad_dataset_is_rejected_with_its_reason_and_the_others_stay(content, reason, line):
    kept, (one,) = validated(GOOD, content, GOOD, features=("hours", "room"))
    assert (one.path, one.reason, one.line) == ("data/1.csv", reason, line)
    assert [dataset.path for dataset in kept.datasets] == ["data/0.csv", "data/2.csv"]
    assert pd.api.types.is_numeric_dtype(kept.frame["hours"])
    assert pd.api.types.is_numeric_dtype(kept.frame["score"])


def test_a_bad_column_does_not_hide_an_infinite_number_in_another_dataset():
    kept, rejected = validated(
        GOOD, "hours,room,score\n1,red,x\n", "hours,room,score\n1,red,inf\n", "hours,room,score\n1,red,3\n"
    )
    assert [one.path for one in rejected] == ["data/1.csv", "data/2.csv"]
    assert kept.frame["score"].tolist() == [10, 20, 3]


def test_rows_without_a_target_are_dropped_and_their_dataset_stays():
    kept, rejected = validated(GOOD, "hours,room,score\n1,red,\n2,red,5\n")
    assert rejected == ()
    assert kept.frame["score"].tolist() == [10, 20, 5]
    assert kept.cluster.tolist() == [0, 0, 1]


def test_an_empty_feature_is_a_missing_value_and_no_missing_column():
    kept, rejected = validated(GOOD, "hours,room,score\n,,5\n", features=("hours", "room"))
    assert rejected == ()
    assert len(kept.datasets) == 2


def test_codes_of_digits_among_codes_of_letters_are_text():
    letters = "hours,room,score\n1,A1,10\n2,B2,20\n"
    kept, rejected = validated(
        letters, letters, letters, "hours,room,score\n1,12,3\n1,,4\n", "hours,room,score\n1,7,3\n"
    )
    assert rejected == ()
    assert kept.frame["room"].tolist()[:7] == ["A1", "B2"] * 3 + ["12"]
    assert kept.frame["room"].tolist()[-1] == "7"
    assert kept.frame["room"].isna().sum() == 1


def test_marks_of_a_missing_number_are_no_words():
    kept, rejected = validated(
        GOOD, GOOD, "hours,room,score\n-,NA,?\nNA,None,7\n ,red,8\n", "hours,room,score\nx,red,1\n"
    )
    assert [one.path for one in rejected] == ["data/3.csv"]
    assert kept.frame["score"].tolist() == [10, 20, 10, 20, 7, 8]
    assert kept.frame["hours"].isna().sum() == 2
    assert kept.frame["room"].tolist()[-2:] == ["None", "red"]


def test_booleans_with_gaps_are_left_alone():
    kept, rejected = validated("flag,score\nTrue,1\n,2\n", "flag,score\nFalse,1\nTrue,2\n")
    assert rejected == ()
    assert kept.frame["flag"].dropna().tolist() == [True, False, True]


def test_hostile_cells_and_names_are_shown_on_one_plain_line():
    evil = 'x\n::error::owned\x1b[31m\u202e" + "y' * 5
    column = '"ho\x07urs"'
    good = f"{column},score\n1,2\n"
    _, (one,) = validated(good, good, f'{column},score\n"{evil.replace(chr(34), chr(34) * 2)}",2\n')
    assert "\n" not in one.reason
    assert not any(ord(character) < 32 or character == "\u202e" for character in one.reason)
    assert len(one.reason) < 200


def test_the_nearest_name_is_suggested_for_a_column_that_no_dataset_has():
    with pytest.raises(DataError, match="Did you mean 'score'") as caught:
        validated(GOOD, target="scor")
    assert "'hours', 'room', 'score'" in str(caught.value)


def test_no_usable_dataset_is_an_error_that_names_the_first():
    with pytest.raises(DataError, match="None of 2 datasets") as caught:
        validated("hours,score\n1,\n", "hours,score\n2,inf\n")
    assert caught.value.path == "data/0.csv"


def test_no_readable_dataset_is_an_error():
    table, _ = read("")
    with pytest.raises(DataError, match="No dataset could be read"):
        validate(table, Requirements(("score",), ()))


def test_automatic_features_are_the_columns_of_most_datasets_without_row_numbers():
    header = ",hours,room,score\n0,1,red,2\n"
    table = table_of(header, header, "hours,room,score,extra\n1,red,2,3\n")
    assert automatic_features(table, "score") == ("hours", "room")


def test_digits_are_codes_if_a_rule_says_text():
    kept, _ = validated(
        "code,score\n12,1\n7,2\n", "code,score\n,3\n12,4\n", features=("code",), rules=(ColumnRule("code", "text"),)
    )
    assert kept.frame["code"].tolist()[:2] == ["12", "7"]
    assert kept.frame["code"].isna().sum() == 1


WEIGHED = "hours,room,score,w\n1,red,10,1\n2,blue,20,0.5\n"


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        ("hours,room,score\n1,red,10\n", "lacks the column 'w'", 0),
        ("hours,room,score,w\n1,red,10,1\n2,red,10,\n", "holds no weight in the column 'w'", 3),
        ("hours,room,score,w\n1,red,10,-1\n", "holds a weight below zero (-1) in the column 'w'", 2),
        ("hours,room,score,w\n1,red,10,much\n", "holds text ('much') in the column 'w', where numbers belong", 2),
        ("hours,room,score,w\n1,red,10,inf\n", "holds an infinite number in the column 'w'", 2),
        (
            "hours,room,score,w\n1,red,10,1e101\n",
            "holds a number too large to calculate with (1e+101) in the column 'w'",
            2,
        ),
    ],
)
def test_a_weight_is_a_number_of_zero_or_more(content, reason, line):
    kept, (found,) = validate(table_of(WEIGHED, content, WEIGHED), Requirements(("score",), weight="w"))
    assert (found.reason, found.line, found.path) == (reason, line, "data/1.csv")
    assert kept.frame["w"].tolist() == [1, 0.5] * 2
    assert kept.frame["w"].dtype == float


def test_a_row_without_a_target_needs_no_weight_and_zero_is_a_weight():
    table = table_of(WEIGHED, "hours,room,score,w\n1,red,,\n2,red,10,0\n")
    kept, rejected = validate(table, Requirements(("score",), (), weight="w"))
    assert rejected == ()
    assert kept.frame["w"].tolist() == [1, 0.5, 0]


def test_no_rule_makes_the_weight_optional():
    rules = [ColumnRule("w", required=False, check=False)]
    _, (found,) = validate(table_of(WEIGHED, GOOD), Requirements(("score",), rules=rules, weight="w"))
    assert found.reason == "lacks the column 'w'"


def test_each_row_needs_a_value_in_all_targets():
    table = table_of("hours,a,b\n1,1,1\n2,,1\n3,1,\n4,2,2\n", "hours,a,b\n1,1,\n2,,1\n", "hours,a\n1,1\n")
    kept, rejected = validate(table, Requirements(("a", "b"), ()))
    assert kept.frame["hours"].tolist() == [1, 4]
    assert [item.reason for item in rejected] == [
        "has no row with a value in each of the targets 'a', 'b'",
        "lacks the column 'b'",
    ]
    with pytest.raises(DataError, match="No dataset has the column 'c'"):
        validate(table, Requirements(("a", "c"), ()))
