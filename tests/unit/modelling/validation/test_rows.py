"""Bad rows with rows as the unit: the row is left out, the file stays."""

import pytest

from ml_action.config.column_rules import ColumnRule
from ml_action.core.errors import DataError
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import table as frames
from ml_action.modelling.validation import rows
from ml_action.modelling.validation.requirements import Requirements
from ml_action.modelling.validation.row_groups import RowOrigins
from tests.support.modelling import datasets_of, table_of

LINES = [f"{n},red,{n}.5" for n in range(1, 41)]


def text(*lines: str) -> str:
    return "\n".join(["hours,room,score", *lines, ""])


def validated(*contents: str, **more):
    raw = [content.encode() for content in contents]
    table, _ = frames.read(datasets_of(raw), raw)
    return rows.validate_rows(table, Requirements(("score",), ("hours", "room"), **more))[:4]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("many,red,3", "holds text ('many') in the column 'hours', where numbers belong"),
        ("3,red,absent", "holds text ('absent') in the column 'score', where numbers belong"),
        ("inf,red,3", "holds an infinite number in the column 'hours'"),
    ],
)
def test_a_bad_row_is_left_out_with_its_line_and_its_file_stays(line, reason):
    table, files, reported, bad = validated(text(*LINES[:20], line, *LINES[20:]))
    assert (files, bad) == ((), 1)
    assert [(item.reason, item.line, item.blob) for item in reported] == [(reason, 22, "")]
    assert len(table.frame) == 40
    assert table.frame["hours"].tolist() == list(range(1, 41))
    assert table.frame["score"].dtype == float


def test_words_are_not_mistaken_for_numbers():
    table, _, reported, bad = validated(text(*LINES))
    assert bad == 0
    assert reported == ()
    assert set(table.frame["room"]) == {"red"}


def test_number_columns_of_the_contract_reject_words_however_many_there_are():
    many = [line.replace(f"{n},", "x,", 1) if n % 2 else line for n, line in enumerate(LINES, 1)]
    table, _, _, bad = validated(text(*many), numbers=frozenset({"hours"}))
    assert bad == 20
    assert len(table.frame) == 20


def test_rows_that_break_a_rule_are_left_out():
    _, _, reported, bad = validated(text(*LINES), rules=(ColumnRule("hours", max=38),))
    assert bad == 2
    assert [(item.line, item.reason) for item in reported] == [
        (40, "holds 39 in the column 'hours', more than max = 38"),
        (41, "holds 40 in the column 'hours', more than max = 38"),
    ]


def test_rows_without_a_target_are_dropped_and_not_bad():
    table, _, reported, bad = validated(text(*LINES, "41,red,"))
    assert (len(table.frame), reported, bad) == (40, (), 0)


def test_a_file_without_a_column_is_rejected_as_a_whole():
    table, (file,), _, _ = validated(text(*LINES), "hours,score\n1,2\n")
    assert (file.path, file.reason) == ("data/1.csv", "lacks the column 'room'")
    assert file.blob
    assert len(table.datasets) == 1


def test_fifty_bad_rows_are_listed_and_all_are_left_out():
    table, _, reported, bad = validated(text(*LINES * 5, *["9,red,inf"] * 70))
    assert (len(reported), bad, len(table.frame)) == (50, 70, 200)


def test_a_column_that_no_file_has_is_an_error():
    table = table_of(text(*LINES))
    with pytest.raises(DataError, match="No dataset has the column 'ours'"):
        rows.validate_rows(table, Requirements(("ours",)))


def test_as_numbers_ignores_a_stray_word():
    raw = [text(*LINES, "41,red,absent").encode()]
    table, _ = frames.read(datasets_of(raw), raw)
    assert str(table.frame["score"].dtype) == "str"
    assert rows.as_numbers(table).frame["score"].dtype == float


def with_word(*lines: str, word: str = "x") -> str:
    """One word in a column makes text of every cell of it."""
    return text(*lines, f"{word},red,3")


def test_infinity_is_found_although_a_stray_word_made_text_of_its_column():
    _, _, reported, bad = validated(with_word(*LINES, "inf,red,3"))
    assert bad == 2
    assert {item.reason for item in reported} == {
        "holds text ('x') in the column 'hours', where numbers belong",
        "holds an infinite number in the column 'hours'",
    }


def test_a_rule_applies_although_a_stray_word_made_text_of_its_column():
    _, _, reported, bad = validated(with_word(*LINES, "-7,red,3"), rules=(ColumnRule("hours", min=0),))
    assert bad == 2
    assert reported[1].reason == "holds -7 in the column 'hours', less than min = 0"


@pytest.mark.parametrize("rule", [ColumnRule("hours", type="text"), ColumnRule("hours", check=False)])
@pytest.mark.parametrize("numbers", [frozenset(), frozenset({"hours"})])
def test_codes_stay_text_if_a_rule_says_so_whatever_the_contract_knows(rule, numbers):
    table, _, _, bad = validated(with_word(*LINES), rules=(rule,), numbers=numbers)
    assert bad == 0
    assert table.frame["hours"].tolist() == [*map(str, range(1, 41)), "x"]


def test_an_unchecked_target_still_holds_numbers():
    table, _, _, bad = validated(text(*LINES, "3,red,absent"), rules=(ColumnRule("score", check=False),))
    assert bad == 1
    assert table.frame["score"].dtype == float


def test_a_file_may_lack_a_column_that_is_not_required():
    table, files, _, bad = validated(text(*LINES), "hours,score\n1,2\n", rules=(ColumnRule("room", required=False),))
    assert (files, bad, len(table.frame)) == ((), 0, 41)
    _, files, _, _ = validated(text(*LINES), "hours,room\n1,2\n", rules=(ColumnRule("score", required=False),))
    assert [item.reason for item in files] == ["lacks the column 'score'"]


def test_each_column_has_one_type_throughout():
    before = text("12,7,1", ",8,2", "13.5,9,3", *(f"{n},9,3" for n in range(20)))  # gaps make floats
    table, _, _, bad = validated(
        text("12,A,1", "x,8,2", "3,B,1", "4,C,1"), before, rules=(ColumnRule("hours", type="text"),)
    )
    assert bad == 0
    assert table.frame["hours"].dropna().tolist()[:6] == ["12", "x", "3", "4", "12", "13.5"]
    assert set(table.frame["room"]) == {"A", "B", "C", "7", "8", "9"}
    assert table.frame["score"].dtype.kind in "fi"


def test_booleans_are_no_numbers_and_are_restored_without_the_word():
    flags = "".join(f"{flag},{n}\n" for n in range(15) for flag in ("true", "false"))
    raw = [f"flag,score\n{flags},1\n".encode(), f"flag,score\nmaybe,1\n{flags}".encode()]
    table, _ = frames.read(datasets_of(raw), raw)
    rule = ColumnRule("flag", type="boolean")
    usable, _, reported, bad, _ = rows.validate_rows(table, Requirements(("score",), ("flag",), (rule,)))
    assert (bad, reported[0].line) == (1, 2)
    assert usable.frame["flag"].dropna().map(type).unique().tolist() == [bool]
    free, _, _, bad, _ = rows.validate_rows(table, Requirements(("score",), ("flag",)))
    assert bad == 0
    assert {"True", "true", "maybe"} >= set(free.frame["flag"].dropna()) - {"False", "false"}


def origins_of(table, changed: int, before: dict[int, str]) -> RowOrigins:
    before_now = tuple(Dataset(path, table.datasets[place].blob) for place, path in before.items())
    current = frozenset(item.blob for item in table.datasets) - {item.blob for item in before_now}
    return RowOrigins(frozenset({table.datasets[changed].blob}), before_now, current)


def test_only_new_bad_rows_are_reported_and_counted_and_all_are_left_out():
    old = text("bad,red,1", *LINES)
    now = text("bad,red,1", *LINES, "41,red,1", "worse,red,1", "bad,red,1")
    other = text("terrible,red,1", *LINES)
    raw = [content.encode() for content in (now, other, old)]
    table, _ = frames.read(datasets_of(raw), raw)
    usable, _, reported, bad, _ = rows.validate_rows(
        table, Requirements(("score",), ("hours", "room")), origins_of(table, 0, {2: "data/0.csv"})
    )
    assert bad == 2
    assert [(item.path, item.line) for item in reported] == [("data/0.csv", 44), ("data/0.csv", 45)]
    assert usable.counts.tolist() == [41, 40, 40]


def test_an_old_version_that_lacks_a_column_is_not_rejected():
    raw = [content.encode() for content in (text(*LINES), "hours,score\n1,2\n")]
    table, _ = frames.read(datasets_of(raw), raw)
    _, files, _, _, _ = rows.validate_rows(
        table, Requirements(("score",), ("hours", "room")), origins_of(table, 0, {1: "data/0.csv"})
    )
    assert files == ()


def test_a_row_with_a_bad_weight_is_left_out():
    lines = [f"{n},red,{n}.5,1" for n in range(1, 41)]
    bad = ["1,red,2,", "1,red,2,-3", "1,red,2,much"]
    content = "\n".join(["hours,room,score,w", *lines, *bad, "1,red,,", ""])
    table, _ = frames.read(datasets_of([content.encode()]), [content.encode()])
    usable, _, reported, count, _ = rows.validate_rows(table, Requirements(("score",), ("hours", "room"), weight="w"))
    assert count == 3
    assert sorted((item.line, item.reason) for item in reported) == [
        (42, "holds no weight in the column 'w'"),
        (43, "holds a weight below zero (-3) in the column 'w'"),
        (44, "holds text ('much') in the column 'w', where numbers belong"),
    ]
    assert usable.frame["w"].tolist() == [1] * 40


def test_rows_need_a_value_in_each_target():
    content = b"hours,a,b\n1,1,1\n2,,1\n3,1,\n4,2,2\n"
    table, _ = frames.read(datasets_of([content]), [content])
    assert rows.validate_rows(table, Requirements(("a", "b"), ("hours",))).table.frame["hours"].tolist() == [1, 4]


def test_new_rows_without_a_target_are_counted():
    raw = [text(*LINES, "7,red,", "8,red,NA").encode(), text("7,red,", "9,red,").encode()]
    datasets = datasets_of(raw)
    table, _ = frames.read(datasets, raw)
    assert rows.validate_rows(table, Requirements(("score",), ("hours", "room"))).without_target == 4
    origins = RowOrigins(frozenset([datasets[1].blob]), (datasets[0],), frozenset([datasets[1].blob]))
    assert rows.validate_rows(table, Requirements(("score",), ("hours", "room")), origins).without_target == 1
