"""Units: the rows that stay together in the holdout, in folds and in resamples."""

from __future__ import annotations

import numpy as np

from ml_action.datasets.holdout import fold_of, in_holdout
from ml_action.modelling.training import units
from tests.support.modelling import table_of

FILES = (b"user,x\nann,1\nann,2\n", b"user,x\nbob,3\n", b"user,x\nann,4\nbob,5\n", b"user,x\n,6\n")


def test_dataset_is_a_unit_without_a_group():
    table = table_of(*FILES)
    found = units.units_of(table)
    assert found.names == tuple(dataset.blob for dataset in table.datasets)
    assert found.of_row is table.cluster


def test_rows_with_one_value_of_the_group_are_a_unit():
    table = table_of(*FILES)
    found = units.units_of(table, "user")
    of_row = [found.names[place] for place in found.of_row]
    ann, bob, lone = "group ann", "group bob", table.datasets[3].blob
    assert of_row == [ann, ann, bob, ann, bob, lone]


def test_number_read_as_float_or_integer_is_the_same_unit():
    with_gap, whole = table_of(b"user,x\n7,1\n,2\n"), table_of(b"user,x\n7,1\n8,2\n")
    names = [
        found.names[found.of_row[0]] for found in (units.units_of(with_gap, "user"), units.units_of(whole, "user"))
    ]
    assert names == ["group 7", "group 7"]


def test_holdout_and_folds_depend_on_the_units_name():
    table = table_of(*FILES)
    found = units.units_of(table, "user")
    held, fold = found.held_out("salt", 0.5), found.folds("salt", 5)
    for row, place in enumerate(found.of_row):
        assert held[row] == in_holdout("salt", found.names[place], 0.5)
        assert fold[row] == fold_of("salt", found.names[place], 5)


def test_any_in_reaches_every_row_of_the_unit():
    found = units.units_of(table_of(*FILES), "user")
    marked = np.array([False, True, False, False, False, False])
    assert found.any_in(marked).tolist() == [True, True, False, True, False, False]
