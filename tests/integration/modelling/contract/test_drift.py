"""How far the new datasets have moved from the contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from ml_action.core.errors import DataError
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import drift, learning
from ml_action.modelling.reading import table as frames
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation.requirements import Requirements
from tests.support.contracts import (
    HOURS,
    ROOM,
    SLEEP,
    features_of,
    is_new,
    learned,
    mapped,
    scaled,
    table_of,
    worlds,
)
from tests.support.modelling import students


def moved(old, new, limit=0.2, contract: DataContract | None = None):
    table = table_of(old, new)
    contract = contract or learned(old)
    return {shift.column: shift for shift in drift.measure(table, is_new(table), contract, limit)}


def test_the_same_world_has_not_drifted():
    found = moved(students(1, 200), students(2, 200))
    assert set(found) == {"score", "hours", "sleep", "room"}
    assert all(shift.effect < 0.1 and shift.least == 0 and not shift.drifted for shift in found.values())


def test_a_column_that_moved_has_drifted_and_comes_first():
    found = moved(students(1, 200), [scaled(it, HOURS, 2) for it in students(2, 200)])
    assert next(iter(found)) == "hours"
    assert found["hours"].drifted
    assert 0.4 < found["hours"].effect < 0.8
    assert found["hours"].effect - 0.15 < found["hours"].least < found["hours"].effect
    assert not found["sleep"].drifted


def test_categories_that_moved_have_drifted():
    found = moved(
        students(1, 200), [mapped(it, ROOM, lambda room: "blue" if room == "red" else room) for it in students(2, 200)]
    )
    assert found["room"].drifted
    assert found["room"].effect == pytest.approx(1 / 3, abs=0.05)


def test_values_that_went_missing_have_drifted():
    found = moved(students(1, 60), [mapped(it, SLEEP, lambda _: "") for it in students(2, 60)])
    assert (found["sleep"].effect, found["sleep"].drifted) == (1.0, True)


def test_the_limit_decides_what_is_large():
    new = [scaled(it, HOURS, 1.3) for it in students(2, 400)]
    effect = moved(students(1, 400), new)["hours"].effect
    assert 0.15 < effect < 0.35
    assert moved(students(1, 400), new, limit=effect)["hours"].drifted
    assert not moved(students(1, 400), new, limit=effect + 0.01)["hours"].drifted


def test_too_few_datasets_say_nothing():
    assert moved(students(1, 200), students(2, drift.MIN_DATASETS - 1)) == {}
    assert moved(students(1, drift.MIN_DATASETS - 1), students(2, 200)) == {}


def test_what_chance_reaches_is_no_drift():
    found = moved(students(1, 30), [scaled(it, HOURS, 1.25) for it in students(2, 30)], limit=0.01)
    assert all(not shift.drifted for shift in found.values() if shift.effect < 0.3)


def test_the_effect_does_not_grow_with_the_number_of_rows():
    old = students(1, 60)
    new = [scaled(it, HOURS, 1.2) for it in students(2, 60)]
    longer = [it + it.split(b"\n", 1)[1] * 9 for it in new]
    few, many = moved(old, new), moved(old, longer)
    assert {name: shift.effect for name, shift in few.items()} == {name: shift.effect for name, shift in many.items()}


def test_nothing_in_common_is_one():
    found = moved(
        [b"a,b,score\n" + b"1,x,5\n" * 5] * 40, [b"a,b,score\n" + b"2,y,5\n" * 5] * 40
    )  # fmt: skip
    assert (found["a"].effect, found["b"].effect, found["score"].effect) == (1.0, 1.0, 0.0)


def test_a_column_that_cannot_be_compared_is_left_out():
    old = [f"a,name,gone,score\n1,n{place},1,5\n".encode() for place in range(60)]
    new = [f"a,name,score\n1,m{place},5\n".encode() for place in range(60)]
    table = table_of([], new)
    contract = learned(old)
    assert contract.profile("gone")
    found = drift.measure(table, is_new(table), contract, 0.2)
    assert {shift.column for shift in found} == {"a", "score"}


def test_no_new_dataset_is_no_drift():
    table = table_of(students(1, 60))
    assert drift.measure(table, is_new(table), learned(table), 0.2) == ()


@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_an_effect_is_a_share_and_the_same_data_have_none(world):
    old, new = world
    contents = [*old, *old[:8], *(new * 11)]
    datasets = [Dataset(f"{place}.csv", str(place)) for place in range(len(contents))]
    try:
        table, _ = validation.validate(frames.read(datasets, contents).table, Requirements(("score",)))
    except DataError:
        return
    first = np.array([int(dataset.blob) < 32 for dataset in table.datasets])
    if not first.any():
        return
    contract = learning.learn_contract(table.select(first), ("score",), features_of(table))
    assert all(
        0 <= shift.effect <= 1 and shift.least <= shift.effect for shift in drift.measure(table, ~first, contract, 0.2)
    )
    same = drift.measure(table.select(first), np.ones(int(first.sum()), dtype=bool), contract, 0.2)
    assert all(shift.effect == pytest.approx(0, abs=1e-12) for shift in same)
