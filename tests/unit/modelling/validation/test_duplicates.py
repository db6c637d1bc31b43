"""Copies of datasets and repeated rows, whatever the order of rows and columns and the spelling of numbers."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.modelling.validation import duplicates
from ml_action.modelling.validation.duplicates import find_copies, find_repeated_rows, without_datasets
from tests.support.modelling import students, table_of

ORIGINAL = "a,room,b\n1,red,0.5\n2,,3\n2,,3\n"


def paths(table, old=frozenset()):
    return {one.path: one.reason for one in find_copies(table, old)}


def test_the_same_rows_in_any_order_and_spelling_are_a_copy():
    table = table_of(
        ORIGINAL,
        "a,room,b\n2,,3\n1,red,0.5\n2,,3\n",  # rows
        "b,a,room\n0.5,1,red\n3,2,\n3,2,\n",  # columns
        "a,room,b\r\n1.0,red,5e-1\r\n2,,3.00\r\n2,,3\r\n",  # spelling
        "a,room,b\n1,red,0.50000000000000011\n2,,3\n2,,3\n",  # the last bit
    )
    assert set(paths(table)) == {f"data/{place}.csv" for place in (1, 2, 3, 4)}
    assert paths(table)["data/3.csv"] == "holds the same rows as data/0.csv"


def test_other_rows_are_no_copy():
    table = table_of(
        ORIGINAL,
        "a,room,b\n1,red,0.5\n2,,3\n",  # a row less
        "a,room,b\n1,red,0.5\n1,red,0.5\n2,,3\n",  # another one twice
        "a,room,b\n1,red,3\n2,,0.5\n2,,3\n",  # values across rows
        "b,room,a\n1,red,0.5\n2,,3\n2,,3\n",  # names across columns
        "a,room,b\n1,Red,0.5\n2,,3\n2,,3\n",
        "a,room,b\n1,red,0.5001\n2,,3\n2,,3\n",
        "a,room,b\n-1,red,0.5\n2,,3\n2,,3\n",
    )
    assert paths(table) == {}


def test_negative_zero_is_zero_and_the_largest_float_does_not_warn():
    rows = ("-0.0,1.7976931348623157e308\n1,2\n", "0.0,1.7976931348623157e308\n1,2\n")
    assert list(paths(table_of(*(f"a,b\n{text}" for text in rows)))) == ["data/1.csv"]


def test_a_dataset_of_one_row_is_a_copy_only_under_the_name_of_the_other():
    table = table_of("a,b\n1,2\n", "a,b\n1,2.0\n", "a,b\n1,2e0\n")
    assert paths(table) == {}
    copied = tuple(replace(item, path=f"{n}/a.csv") for n, item in enumerate(table.datasets))
    assert list(paths(replace(table, datasets=copied))) == ["1/a.csv", "2/a.csv"]


def test_a_copy_of_an_old_dataset_is_not_new_wherever_it_comes():
    table = table_of(ORIGINAL, "a,room,b\n2,,3\n2,,3\n1,red,0.5\n")
    old = frozenset({table.datasets[1].blob})
    assert paths(table, old) == {"data/0.csv": "holds the same rows as data/1.csv"}


def test_old_datasets_are_not_reported():
    table = table_of(ORIGINAL, ORIGINAL)
    assert paths(table, frozenset(dataset.blob for dataset in table.datasets)) == {}


def test_an_absent_column_is_like_an_empty_one():
    table = table_of("a,b\n1,\n2,\n", "a\n2\n1\n")
    assert list(paths(table)) == ["data/1.csv"]


def test_students_are_all_different():
    assert paths(table_of(*students(3, 300))) == {}


def test_without_datasets_removes_them_by_content():
    table = table_of(ORIGINAL, "a,room,b\n9,x,9\n", ORIGINAL)
    left = without_datasets(table, frozenset({table.datasets[0].blob}))
    assert [dataset.path for dataset in left.datasets] == ["data/1.csv", "data/2.csv"]
    assert left.cluster.tolist() == [0, 1, 1, 1]
    assert left.frame["a"].tolist()[0] == 9
    assert without_datasets(table, frozenset()) is table


def test_mixed_columns_can_be_compared_too():
    table = table_of("a\n1\nx\n", "a\n1\n2\n", "a\nTrue\n", "a\n2\n1\n")
    assert list(paths(table)) == ["data/3.csv"]
    assert np.unique(table.cluster).tolist() == [0, 1, 2, 3]


# --- repeated rows ----------------------------------------------------------------------------------------


def repeated(*contents, earlier=(), columns=("a", "b")):
    table = table_of(*contents)
    return find_repeated_rows(table, np.isin(np.arange(len(contents)), earlier), columns)


def test_a_row_repeats_an_earlier_one_of_its_dataset():
    found = repeated("a,b\n1,x\n2,y\n1,x\n1,x\n", "a,b\n3,z\n")
    assert found.within.tolist() == [False, False, True, True, False]
    assert not found.across.any()
    assert not found.elsewhere.any()


def test_the_earliest_dataset_that_holds_a_row_is_its_source():
    found = repeated("a,b\n1,x\n", "a,b\n2,y\n1,x\n", "a,b\n1,x\n2,y\n5,z\n")
    assert found.source.tolist() == [-1, -1, 0, 0, 1, -1]
    assert found.elsewhere.tolist() == [True, True, True, True, True, False]


def test_marked_datasets_count_as_earlier():
    assert repeated("a,b\n1,x\n", "a,b\n1,x\n2,y\n", earlier=[1]).source.tolist() == [1, -1, -1]


def test_only_columns_of_the_model_are_compared_and_numbers_by_value():
    found = repeated("a,b,id\n1,x,1\n", "b,a,id\nx,1.0,2\n", columns=("a", "b", "gone"))
    assert found.across.tolist() == [False, True]


def test_missing_values_are_equal_to_each_other():
    assert repeated("a,b\n,x\n", "a,b\n,x\n").across.tolist() == [False, True]


def test_a_table_without_rows_has_no_repeated_rows():
    table = table_of("a,b\n1,x\n")
    empty = table.select(np.array([False]))
    assert find_repeated_rows(empty, np.zeros(0, dtype=bool), ("a", "b")).across.shape == (0,)


@given(
    st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=6), min_size=1, max_size=6), st.sets(st.integers(0, 5))
)
def test_repeated_rows_are_those_that_a_slow_loop_finds(datasets, marked):
    found = repeated(
        *("a\n" + "".join(f"{cell}\n" for cell in cells) for cells in datasets), earlier=sorted(marked), columns=["a"]
    )
    ranks = sorted(range(len(datasets)), key=lambda place: (place not in marked, place))
    within, source, elsewhere = [], [], []
    for place, cells in enumerate(datasets):
        for row, cell in enumerate(cells):
            holders = [other for other in ranks if cell in datasets[other]]
            within.append(cell in cells[:row])
            source.append(-1 if holders[0] == place else holders[0])
            elsewhere.append(len(holders) > 1)
    assert found.within.tolist() == within
    assert found.source.tolist() == source
    assert found.elsewhere.tolist() == elsewhere


def test_a_long_cell_among_numbers_takes_no_memory_for_each_row():
    """pandas gave each of 20,000 rows the four megabytes that the longest needs."""
    values = pd.Series(["x" * 1_000_000, *range(20_000)], dtype=object)
    tracemalloc.start()
    hashes = duplicates.row_hashes(pd.DataFrame({"a": values}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000
    assert len(set(hashes)) == len(values)


@pytest.mark.parametrize("values", [["a", 1.0, None, True, 2], [True, None, False], ["a", None, "b"], [1, 2.5, "x"]])
def test_hashes_of_values_of_several_types_are_those_of_pandas(values):
    """The holdout depends on them."""
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert list(duplicates.row_hashes(frame)) == list(pd.util.hash_pandas_object(frame, index=False))
