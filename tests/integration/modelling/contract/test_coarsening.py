"""The contract of private data: it shows no cell, and finds what the contract of other data finds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.core.codec import decode, encode
from ml_action.core.errors import DataError
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.modelling.contract import checks, coarsening, drift, effect_size, learning
from tests.support.contracts import (
    HOURS,
    ROOM,
    SCORE,
    features_of,
    is_new,
    learned,
    mapped,
    scaled,
    table_of,
    worlds,
)
from tests.support.modelling import students

OLD = [scaled(scaled(text, HOURS, 1.0013717), SCORE, 1.0017137) for text in students(1, 120)]
FINITE = st.floats(-1e100, 1e100)


def private(table):
    return replace(table, datasets=tuple(replace(item, private=True) for item in table.datasets))


@pytest.fixture(scope="module")
def contract():
    table = private(table_of(OLD))
    return learning.learn_contract(table, ("score",), features_of(table))


def cells_of(contents):
    return {cell for content in contents for row in content.decode().split()[1:] for cell in row.split(",")}


def test_no_cell_is_in_the_contract_of_private_data(contract):
    text = json.dumps(encode(contract))
    shown = {cell for cell in cells_of(OLD) if len(cell) > 5 and cell in text}
    assert shown == set()
    plain = json.dumps(encode(learned(OLD)))
    assert {cell for cell in cells_of(OLD) if len(cell) > 5 and cell in plain} != set()
    assert '"red"' not in text
    assert '"red"' in plain


def test_a_contract_of_private_data_is_read_back_and_older_ones_too(contract):
    assert decode(DataContract, json.loads(json.dumps(encode(contract)))) == contract
    record = encode(contract.profile("room"))
    for name in ("digests", "key", "step"):
        del record[name]
    assert decode(ColumnProfile, record).shares == {}


def test_the_same_world_has_not_drifted_and_another_has(contract):
    table = table_of(OLD, students(2, 120))
    plain = {one.column: one.effect for one in drift.measure(table, is_new(table), learned(OLD), 0.2)}
    coarse = {one.column: one.effect for one in drift.measure(table, is_new(table), contract, 0.2)}
    assert coarse == pytest.approx(plain, abs=0.06)
    moved = [mapped(scaled(text, HOURS, 3), ROOM, lambda _: "green") for text in students(3, 120)]
    table = table_of(OLD, moved)
    found = {one.column: one.drifted for one in drift.measure(table, is_new(table), contract, 0.2)}
    assert found["hours"]
    assert found["room"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (scaled(students(4, 1)[0], HOURS, 60), "times larger than usual (median size [private], usually"),
        (mapped(students(4, 1)[0], SCORE, lambda cell: f"-9{cell}"), "the first is [private]"),
        (mapped(students(4, 1)[0], ROOM, lambda _: "canary"), "such as '[private]'; known are 3 that are not stored"),
    ],
)
def test_bad_datasets_are_found_and_no_cell_is_in_the_reason(contract, content, reason):
    table = private(table_of(OLD, [*students(5, 3), content]))
    bad = checks.check_against_contract(table, contract, (), is_new(table), np.zeros(len(table.datasets), dtype=bool))
    assert [item.path for item in bad] == ["new/3.csv"]
    assert reason in bad[0].reason


def test_good_datasets_are_found_good(contract):
    table = private(table_of(OLD, students(6, 60)))
    none = np.zeros(len(table.datasets), dtype=bool)
    assert checks.check_against_contract(table, contract, (), is_new(table), none) == ()


@given(st.lists(FINITE, min_size=21, max_size=21).map(sorted))
def test_quantiles_stay_in_order_and_the_range_grows(sketch):
    before = ColumnProfile("a", "number", 0.0, 0.0, tuple(sketch))
    (after,) = coarsening.coarsened(DataContract("b", 1, 1, 0.0, 0.0, 0.0, (before,)), ()).columns
    assert list(after.sketch) == sorted(after.sketch)
    slack = 1e-12 * max(map(abs, sketch))
    assert after.sketch[0] <= sketch[0] + slack
    assert after.sketch[-1] >= sketch[-1] - slack


def test_the_value_of_a_constant_column_is_rounded_too():
    before = ColumnProfile("a", "number", 0.0, 0.0, (48213.7719,) * 21)
    (after,) = coarsening.coarsened(DataContract("b", 1, 1, 0.0, 0.0, 0.0, (before,)), ()).columns
    assert (after.sketch[0], after.sketch[10], after.sketch[-1]) == (48000, 48000, 50000)


@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_data_never_drift_from_their_own_contract(world):
    try:
        table = private(table_of(world[0]))
    except (DataError, AssertionError):  # of the nastiest cells nothing may be left
        return
    contract = learning.learn_contract(table, ("score",), features_of(table))
    for profile in contract.columns:
        column = table.frame[profile.name].dropna()
        if profile.sketch and len(column):
            assert effect_size.of_numbers(column.to_numpy(dtype=np.float64), profile) < 1e-9
