"""Rows that were there before."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml_action.modelling.validation import repeated_rows
from tests.unit.modelling.world import table_of


def find(*contents, earlier=(), columns=("a", "b")):
    table = table_of(*contents)
    return repeated_rows.find(table, np.isin(np.arange(len(contents)), earlier), columns)


def test_a_row_repeats_an_earlier_one_of_its_dataset():
    found = find("a,b\n1,x\n2,y\n1,x\n1,x\n", "a,b\n3,z\n")
    assert found.within.tolist() == [False, False, True, True, False]
    assert not found.across.any()
    assert not found.elsewhere.any()


def test_the_earliest_dataset_that_holds_a_row_is_its_source():
    found = find("a,b\n1,x\n", "a,b\n2,y\n1,x\n", "a,b\n1,x\n2,y\n5,z\n")
    assert found.source.tolist() == [-1, -1, 0, 0, 1, -1]
    assert found.elsewhere.tolist() == [True, True, True, True, True, False]


def test_marked_datasets_count_as_earlier():
    assert find("a,b\n1,x\n", "a,b\n1,x\n2,y\n", earlier=[1]).source.tolist() == [1, -1, -1]


def test_only_the_columns_of_the_model_count_and_the_spelling_of_numbers_does_not():
    found = find("a,b,id\n1,x,1\n", "b,a,id\nx,1.0,2\n", columns=("a", "b", "gone"))
    assert found.across.tolist() == [False, True]


def test_missing_values_are_equal():
    assert find("a,b\n,x\n", "a,b\n,x\n").across.tolist() == [False, True]


def test_a_table_without_rows_has_no_repeats():
    table = table_of("a,b\n1,x\n")
    empty = table.keep(np.array([False]))
    assert repeated_rows.find(empty, np.zeros(0, dtype=bool), ("a", "b")).across.shape == (0,)


@given(
    st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=6), min_size=1, max_size=6), st.sets(st.integers(0, 5))
)
def test_it_is_what_a_slow_loop_finds(datasets, marked):
    found = find(
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
