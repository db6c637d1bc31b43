"""Whose a row is and which row it is, by the names of columns and by the shape of their values."""

import numpy as np
import pandas as pd
import pytest

from ml_action.modelling import column_roles

RNG = np.random.default_rng(0)
ROWS = 600


@pytest.mark.parametrize(
    "name",
    ["subject#", "patient_nbr", "encounter_nbr", "engine_unit", "employee_id", "sensor", "station", "account", "user",
     "Customer ID", "customerID", "PatientNo", "machine_number", "student id", "Store", "account_id", "household_key"],
)  # fmt: skip
def test_an_owner_is_known_by_its_name_and_by_several_rows_each(name):
    column = pd.Series(np.repeat(np.arange(60), 10))
    assert column_roles.is_owner(column, name)
    assert column_roles.is_owner("p" + column.astype(str), name)
    assert not column_roles.is_owner(pd.Series(np.arange(ROWS)), name)  # unique
    assert not column_roles.is_owner(column % 7, name)  # too few
    assert not column_roles.is_owner(column + 0.5, name)  # measured


@pytest.mark.parametrize(
    "name",
    ["age", "unit_price", "machine_temperature", "account_balance", "case_status", "valid", "school", "team size"],
)
def test_a_measurement_of_an_owner_is_none(name):
    assert not column_roles.is_owner(pd.Series(np.repeat(np.arange(60), 10)), name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("PassengerId", RNG.permutation(ROWS)), ("Unnamed: 0", np.arange(ROWS)), ("id", np.arange(ROWS)[::-1]),
        ("index", np.arange(ROWS)), ("No", np.arange(1, ROWS + 1)), ("S.No.", np.arange(ROWS)),
        ("row_number", np.arange(ROWS)), ("RowNumber", RNG.permutation(ROWS)),
        ("customer_name", [f"n{n}" for n in range(ROWS)]),
        ("uuid", [f"{n:x}" for n in range(ROWS)]), ("X", np.arange(1, ROWS + 1)), ("order no", RNG.permutation(ROWS)),
    ],
)  # fmt: skip
def test_a_key_has_its_name_and_another_value_in_each_row(name, values):
    assert column_roles.is_key(pd.Series(values), name)
    assert column_roles.is_useless_key(pd.Series(values), name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("No", RNG.permutation(ROWS)), ("product_code", np.arange(ROWS) % 20), ("rooms_number", np.arange(ROWS)),
        ("id", RNG.normal(size=ROWS)), ("hours", RNG.integers(0, 9, ROWS)),
        ("country_code", [f"c{n}" for n in range(ROWS)]),
    ],
)  # fmt: skip
def test_other_columns_are_no_keys(name, values):
    assert not column_roles.is_key(pd.Series(values), name)


def test_numbers_that_count_the_rows_of_each_file_are_known_whatever_their_name():
    files = np.repeat(np.arange(40), 15)
    column = pd.Series(np.tile(np.arange(1, 16), 40))
    assert column_roles.counts_rows(column, files)
    assert column_roles.is_useless_key(column, "measurement", files)
    assert not column_roles.counts_rows(column)
    assert not column_roles.counts_rows(column + 1, files)
    assert not column_roles.counts_rows(pd.Series(RNG.permutation(ROWS)), files)
    assert column_roles.counts_rows(pd.Series(np.arange(ROWS)), files)


@pytest.mark.parametrize("name", ["year", "day", "Time", "t", "cycle", "hour of day"])
def test_times_that_count_the_rows_are_features(name):
    assert not column_roles.is_useless_key(pd.Series(np.arange(ROWS)), name)
    assert not column_roles.is_key(pd.Series(np.arange(ROWS)), name)


def test_few_rows_show_nothing():
    assert not column_roles.counts_rows(pd.Series([0, 1, 2, 3]))
    assert not column_roles.is_useless_key(pd.Series([7, 5, 3]), "id")


def test_an_owner_s_word_comes_before_a_key_s():
    frame = pd.DataFrame({"batch_id": np.repeat(np.arange(60), 10), "patient": np.repeat(np.arange(100), 6)})
    assert list(column_roles.owner_columns(frame, frame.columns)) == ["patient", "batch_id"]
