"""Rows in groups by their content: which are old, which are new, and a group that never changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.validation import row_groups
from tests.support.modelling import table_of

COLUMNS = ("hours", "score")
HEADER = "hours,score,id\n"


def rows(first: int, last: int) -> str:
    return "".join(f"{n},{n * 2}.5,{n}\n" for n in range(first, last))


def group(now: str, before: str = "", *, others: tuple[str, ...] = (), path: str = "data/0.csv"):
    """One file that arrived, or was edited if `path` is its own; `path` is where the old version was."""
    contents = [HEADER + now, *others, *([HEADER + before] if before else [])]
    table = table_of(*contents)
    blobs = [dataset.blob for dataset in table.datasets]
    removed = (Dataset(path, blobs[-1]),) if before else ()
    current = frozenset(blobs) - {item.blob for item in removed}
    return row_groups.group_rows(table, COLUMNS, row_groups.RowOrigins(frozenset(blobs[:1]), removed, current))


def hours(grouped, *, new: bool) -> list[int]:
    marked = grouped.new[grouped.table.cluster] == new
    return sorted(map(int, grouped.table.frame.loc[marked, "hours"]))


def test_appended_rows_are_new_and_the_others_are_old():
    grouped = group(rows(0, 50), rows(0, 40))
    assert hours(grouped, new=True) == list(range(40, 50))
    assert hours(grouped, new=False) == list(range(40))
    assert grouped.arrived == 10


def test_the_old_version_is_not_part_of_the_data():
    assert len(group(rows(0, 50), rows(0, 45)).table.frame) == 50


def test_without_an_old_version_every_row_is_new():
    grouped = group(rows(0, 30))
    assert grouped.arrived == 30
    assert grouped.new.all()


def test_an_edited_row_is_new_and_its_old_content_is_removed():
    grouped = group(rows(1, 20) + "0,99.5,0\n", rows(0, 20))
    assert hours(grouped, new=True) == [0]
    assert grouped.arrived == 1


def test_rows_in_which_exports_overlap_count_once():
    grouped = group(rows(0, 30), others=(HEADER + rows(0, 25),))
    assert hours(grouped, new=True) == list(range(25, 30))


def test_rows_of_an_added_file_count_although_old_rows_equal_them():
    old = "1,0.5,a\n2,0.5,b\n1,0.5,c\n3,0.5,d\n"
    assert group("2,0.5,e\n1,0.5,f\n1,0.5,g\n", others=(HEADER + old,)).arrived == 3


def test_only_additional_repeats_of_a_row_count_in_an_edited_file():
    grouped = group("1,0.5,a\n1,0.5,b\n2,0.5,c\n1,0.5,d\n1,0.5,e\n", "1,0.5,a\n1,0.5,b\n2,0.5,c\n2,0.5,x\n")
    assert grouped.arrived == 2
    new = grouped.table.frame.loc[grouped.new[grouped.table.cluster], "id"]
    assert sorted(new) == ["d", "e"]


def test_rows_of_a_few_binary_columns_are_counted_correctly():
    rng = np.random.default_rng(1)
    lines = [f"{a},{b},0\n" for a, b in rng.integers(0, 2, (1500, 2))]
    assert group("".join(lines), "".join(lines[:1000])).arrived == 500
    assert group("".join(lines[::-1]), "".join(lines)).arrived == 0


def test_of_rows_that_moved_into_an_added_file_the_additional_ones_are_new():
    grouped = group(rows(0, 5) + rows(4, 5) + rows(7, 8) * 2, rows(0, 5), path="data/was_elsewhere.csv")
    assert hours(grouped, new=True) == [4, 7, 7]
    assert grouped.arrived == 3


def test_rows_moved_from_a_removed_file_into_an_edited_one_are_old():
    table = table_of(*(HEADER + text for text in (rows(0, 12), rows(0, 5), rows(5, 10))))
    now, one, other = table.datasets
    origins = row_groups.RowOrigins(frozenset({now.blob}), (Dataset(now.path, one.blob), other), frozenset({now.blob}))
    grouped = row_groups.group_rows(table, COLUMNS, origins)
    assert hours(grouped, new=True) == [10, 11]
    assert len(grouped.table.frame) == 12


def test_an_old_version_that_exists_under_another_name_is_old_data():
    table = table_of(HEADER + rows(0, 12), HEADER + rows(0, 10))
    now, copy = table.datasets
    origins = row_groups.RowOrigins(
        frozenset({now.blob}), (Dataset(now.path, copy.blob),), frozenset({now.blob, copy.blob})
    )
    grouped = row_groups.group_rows(table, COLUMNS, origins)
    assert hours(grouped, new=True) == [10, 11]
    assert len(grouped.table.frame) == 22


def test_a_table_without_rows_has_no_groups():
    table = table_of(HEADER + rows(0, 3))
    empty = row_groups.without_rows(table, np.ones(3, dtype=bool))
    grouped = row_groups.group_rows(empty, COLUMNS, row_groups.RowOrigins(frozenset({table.datasets[0].blob})))
    assert (grouped.table.datasets, grouped.arrived) == ((), 0)


def test_columns_outside_the_recipe_do_not_distinguish_rows():
    grouped = group("1,2.5,77\n2,3.5,78\n", "1,2.5,1\n")
    assert hours(grouped, new=True) == [2]


def test_old_and_new_rows_of_a_group_share_its_name():
    grouped = group(rows(0, 5000), rows(0, 2500))
    names = [dataset.blob for dataset in grouped.table.datasets]
    assert len(set(names)) <= row_groups.GROUPS
    assert len(names) > len(set(names))  # old and new rows of one group
    assert (grouped.table.counts > 0).all()


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=60, unique=True), st.randoms())
def test_a_row_is_in_the_same_group_whatever_other_rows_there_are(numbers, shuffle):
    lines = [f"{n},{n}.5,0\n" for n in numbers]
    groups = {}
    for text in ("".join(lines), "".join(shuffle.sample(lines, len(lines)))):
        table = group(text).table
        owners = np.array([dataset.blob for dataset in table.datasets])[table.cluster]
        groups[text] = dict(zip(map(int, table.frame["hours"]), owners, strict=True))
    first, *others = groups.values()
    assert all(found == first for found in others)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2, 3], [1.0, 2.0, 3.0]),
        ([0, 1, 1], [False, True, True]),
        (["a", "b", None], ["a", "b", float("nan")]),
        ([True, False, True], pd.Series([True, False, True], dtype=object)),
        (["7", "12.5", "True", "red"], ["007", "12.50", "TRUE", "red"]),
        (["7", "12.5", None, "red"], pd.Series([7.0, 12.5, None, "red"], dtype=object)),
    ],
)
def test_hashes_do_not_depend_on_how_pandas_holds_a_column(one, other):
    hashes = [row_groups.content_hashes(pd.DataFrame({"x": values}), ["x"]).tolist() for values in (one, other)]
    assert hashes[0] == hashes[1]


def test_hashes_do_not_depend_on_a_missing_value_elsewhere():
    whole = row_groups.content_hashes(pd.DataFrame({"x": [1, 2]}), ["x"])
    with_gap = row_groups.content_hashes(pd.DataFrame({"x": [1, 2, None]}), ["x"])
    assert whole.tolist() == with_gap[:2].tolist()
    booleans = row_groups.content_hashes(pd.DataFrame({"x": [True, False, None]}), ["x"])
    assert booleans[0] == whole[0]


@pytest.mark.parametrize("blank", ["\x1c", "\x1f", "\x85", "\u2028", "\u3000"])
def test_characters_that_are_no_blanks_to_pandas_make_text_of_a_number(blank):
    hashes = row_groups.content_hashes(pd.DataFrame({"x": ["7", f"7{blank}", "red"]}), ["x"])
    assert hashes[0] != hashes[1]


def test_rows_can_be_left_out_and_datasets_stay():
    table = table_of(HEADER + rows(0, 3), HEADER + rows(5, 6))
    left = row_groups.without_rows(table, np.array([False, True, False, True]))
    assert left.frame["hours"].tolist() == [0, 2]
    assert left.counts.tolist() == [2, 0]
    assert left.datasets == table.datasets
