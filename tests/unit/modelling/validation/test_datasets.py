"""Each dataset by itself: what is set aside, why, and what the others become without it."""

from __future__ import annotations

import pandas as pd
import pytest

from ml_action.config.column_rules import ColumnRule
from ml_action.core.errors import DataError
from ml_action.modelling.reading.columns import automatic_features
from ml_action.modelling.validation.datasets import validate
from tests.unit.modelling.world import read, table_of

GOOD = "hours,room,score\n1,red,10\n2,blue,20\n"


def sorted_out(*contents, target="score", features=(), rules=()):
    return validate(table_of(*contents), (target,), features, rules)


def test_sound_datasets_pass_as_they_are():
    table = table_of(GOOD, GOOD)
    kept, set_aside = validate(table, ("score",), ("hours", "room"))
    assert kept is table
    assert set_aside == ()


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        ("hours,room\n1,red\n", "lacks the column 'score'", 0),
        ("hours,room,Score\n1,red,3\n", "lacks the column 'score' (it has 'Score')", 0),
        ("room,score\nred,3\n", "lacks the column 'hours'", 0),
        (
            "hours;room;score\n1;red;3\n",
            "lacks the column 'score' (its columns seem to be parted by semicolons, not commas)",
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
def test_a_bad_dataset_is_set_aside_with_its_reason_and_the_others_go_on(content, reason, line):
    kept, (one,) = sorted_out(GOOD, content, GOOD, features=("hours", "room"))
    assert (one.path, one.reason, one.line) == ("data/1.csv", reason, line)
    assert [dataset.path for dataset in kept.datasets] == ["data/0.csv", "data/2.csv"]
    assert pd.api.types.is_numeric_dtype(kept.frame["hours"])
    assert pd.api.types.is_numeric_dtype(kept.frame["score"])


def test_a_bad_column_does_not_hide_an_infinite_number_in_another_dataset():
    kept, set_aside = sorted_out(
        GOOD, "hours,room,score\n1,red,x\n", "hours,room,score\n1,red,inf\n", "hours,room,score\n1,red,3\n"
    )
    assert [one.path for one in set_aside] == ["data/1.csv", "data/2.csv"]
    assert kept.frame["score"].tolist() == [10, 20, 3]


def test_rows_without_a_target_are_dropped_and_the_dataset_stays():
    kept, set_aside = sorted_out(GOOD, "hours,room,score\n1,red,\n2,red,5\n")
    assert set_aside == ()
    assert kept.frame["score"].tolist() == [10, 20, 5]
    assert kept.cluster.tolist() == [0, 0, 1]


def test_a_feature_that_is_empty_in_one_file_is_a_missing_value_and_no_missing_column():
    kept, set_aside = sorted_out(GOOD, "hours,room,score\n,,5\n", features=("hours", "room"))
    assert set_aside == ()
    assert len(kept.datasets) == 2


def test_codes_of_digits_among_codes_of_letters_are_text():
    letters = "hours,room,score\n1,A1,10\n2,B2,20\n"
    kept, set_aside = sorted_out(
        letters, letters, letters, "hours,room,score\n1,12,3\n1,,4\n", "hours,room,score\n1,7,3\n"
    )
    assert set_aside == ()
    assert kept.frame["room"].tolist()[:7] == ["A1", "B2"] * 3 + ["12"]
    assert kept.frame["room"].tolist()[-1] == "7"
    assert kept.frame["room"].isna().sum() == 1


def test_booleans_with_gaps_are_left_alone():
    kept, set_aside = sorted_out("flag,score\nTrue,1\n,2\n", "flag,score\nFalse,1\nTrue,2\n")
    assert set_aside == ()
    assert kept.frame["flag"].dropna().tolist() == [True, False, True]


def test_hostile_cells_and_names_make_one_plain_line():
    evil = 'x\n::error::owned\x1b[31m\u202e" + "y' * 5
    column = '"ho\x07urs"'
    good = f"{column},score\n1,2\n"
    _, (one,) = sorted_out(good, good, f'{column},score\n"{evil.replace(chr(34), chr(34) * 2)}",2\n')
    assert "\n" not in one.reason
    assert not any(ord(sign) < 32 or sign == "\u202e" for sign in one.reason)
    assert len(one.reason) < 200


def test_a_column_that_no_dataset_has_names_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'score'") as caught:
        sorted_out(GOOD, target="scor")
    assert "'hours', 'room', 'score'" in str(caught.value)


def test_nothing_usable_is_a_problem_that_names_the_first():
    with pytest.raises(DataError, match="None of 2 datasets") as caught:
        sorted_out("hours,score\n1,\n", "hours,score\n2,inf\n")
    assert caught.value.path == "data/0.csv"


def test_nothing_read_is_a_problem():
    table, _ = read("")
    with pytest.raises(DataError, match="No dataset could be read"):
        validate(table, ("score",), ())


def test_automatic_features_are_the_columns_of_most_datasets_without_row_numbers():
    header = ",hours,room,score\n0,1,red,2\n"
    table = table_of(header, header, "hours,room,score,extra\n1,red,2,3\n")
    assert automatic_features(table, "score") == ("hours", "room")


def test_digits_that_the_user_calls_text_are_codes_and_no_numbers():
    kept, _ = sorted_out(
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
def test_a_weight_is_a_number_from_zero(content, reason, line):
    kept, (found,) = validate(table_of(WEIGHED, content, WEIGHED), ("score",), (), weight="w")
    assert (found.reason, found.line, found.path) == (reason, line, "data/1.csv")
    assert kept.frame["w"].tolist() == [1, 0.5] * 2
    assert kept.frame["w"].dtype == float


def test_a_row_without_a_target_needs_no_weight_and_zero_is_one():
    table = table_of(WEIGHED, "hours,room,score,w\n1,red,,\n2,red,10,0\n")
    kept, set_aside = validate(table, ("score",), (), weight="w")
    assert set_aside == ()
    assert kept.frame["w"].tolist() == [1, 0.5, 0]


def test_a_rule_that_a_weight_may_be_absent_is_none():
    rules = [ColumnRule("w", required=False, check=False)]
    _, (found,) = validate(table_of(WEIGHED, GOOD), ("score",), (), rules, weight="w")
    assert found.reason == "lacks the column 'w'"


def test_of_several_targets_every_row_needs_all():
    table = table_of("hours,a,b\n1,1,1\n2,,1\n3,1,\n4,2,2\n", "hours,a,b\n1,1,\n2,,1\n", "hours,a\n1,1\n")
    kept, set_aside = validate(table, ("a", "b"), ())
    assert kept.frame["hours"].tolist() == [1, 4]
    assert [item.reason for item in set_aside] == [
        "has no row with a value in each of the targets 'a', 'b'",
        "lacks the column 'b'",
    ]
    with pytest.raises(DataError, match="No dataset has the column 'c'"):
        validate(table, ("a", "c"), ())
