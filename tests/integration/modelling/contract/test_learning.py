"""Learning the contract: what it says, that it survives its file, and that nothing bends it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.core import codec
from ml_action.core.errors import DataError
from ml_action.core.records.contract import LEVELS, DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import learning
from ml_action.modelling.reading import table as frames
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation.requirements import Requirements
from tests.support.contracts import (
    HOURS,
    SLEEP,
    edited,
    features_of,
    learned,
    mapped,
    scaled,
    table_of,
    worlds,
)
from tests.support.modelling import students
from tests.support.modelling import table_of as read


def test_a_contract_says_what_the_columns_look_like():
    contract = learned(students(1, 100))
    assert (contract.target, contract.datasets) == ("score", 100)
    assert [profile.name for profile in contract.columns] == ["score", "hours", "sleep", "room"]
    assert (contract.constant, contract.shared) == (0.0, 0.0)
    sleep, room = contract.profile("sleep"), contract.profile("room")
    assert sleep.kind == "number"
    assert len(sleep.sketch) == LEVELS + 1
    assert sleep.sketch[10] == pytest.approx(7, abs=0.1)
    assert sleep.centre.middle == pytest.approx(7, abs=0.1)
    assert sleep.size.middle == pytest.approx(np.log(7), abs=0.05)
    assert room.kind == "text"
    assert sum(room.categories.values()) == pytest.approx(1)
    assert contract.profile("nothing") is None


def test_a_sketch_is_of_values_that_are_there():
    table = read("a,score\n3,1\n1,1\n2,1\n,1\n9,1\n")
    profile = learning.learn_contract(table, ("score",), ("a",)).profile("a")
    assert profile.missing == pytest.approx(0.2)
    assert profile.sketch == (1.0,) * 6 + (2.0,) * 5 + (3.0,) * 5 + (9.0,) * 5


def test_what_cannot_be_known_is_not_claimed():
    rows = "".join(f",0,{row % 2 == 0},name {row},2.5,{'y' * 300}{row % 2},{row}\n" for row in range(60))
    table = read("none,zero,flag,name,same,prose,score\n" + rows)
    contract = learning.learn_contract(table, ("score",), ("none", "zero", "flag", "name", "same", "prose"))
    none, zero, flag, name, same, prose = contract.columns[1:]
    assert (none.kind, none.missing, none.sketch, none.categories) == ("empty", 1.0, (), {})
    assert (zero.centre, zero.size) == (None, None)
    assert (flag.kind, flag.categories) == ("boolean", {"False": 0.5, "True": 0.5})
    assert (name.kind, name.categories) == ("text", {})
    assert (same.centre, same.size.width) == (None, learning.MIN_SIZE_WIDTH)
    assert prose.categories == {}


def test_a_column_that_is_mostly_zero_has_no_size():
    sparse = [
        mapped(it, HOURS, lambda _, place=place: "3" if place % 4 == 0 else "0")
        for place, it in enumerate(students(1, 40))
    ]
    assert learned(sparse).profile("hours").size is None


def test_a_dataset_with_one_target_value_counts_when_it_has_five_rows():
    rows = "a,score\n1,1\n2,1\n3,1\n4,1\n"
    assert learned([rows.encode()] * 3).constant == 1.0  # too short to show anything
    assert learned([(rows + "5,1\n").encode(), (rows + "5,2\n").encode()]).constant == 0.5


def test_the_share_of_datasets_with_a_category_of_their_own():
    def town(name):
        return f"town,score\n{name},1\n{name},2\n".encode()

    assert learned([town("a"), town("a"), town("b"), town("c")]).profile("town").novel == 0.5
    assert learned([town("a"), town("a")]).profile("town").novel == 0.0


def test_only_so_many_columns_are_kept():
    names = [f"c{place}" for place in range(1100)]
    table = read(",".join([*names, "score"]) + "\n" + ",".join(["1"] * 1101) + "\n")
    contract = learning.learn_contract(table, ("score",), tuple(names))
    assert len(contract.columns) == learning.MAX_COLUMNS
    assert contract.columns[0].name == "score"


def test_the_extremes_of_floats_make_no_infinity():
    table = read(*["a,b,c,score\n1.7e308,5e-324,-1e308,1\n-1.7e308,1e-310,1e308,2\n"] * 25)
    for suspect in (0.0, 0.1):
        contract = learning.learn_contract(table, ("score",), ("a", "b", "c"), suspect)
        json.dumps(codec.encode(contract), allow_nan=False)


def test_a_few_bad_datasets_do_not_bend_the_middles_and_suspicion_draws_the_edges_in():
    good, bad = students(1, 114), [scaled(it, SLEEP, 60) for it in students(2, 6)]
    bad = [edited(it, lambda rows: rows * 3) for it in bad]
    clean, bent, wary = learned(good), learned([*good, *bad]), learned([*good, *bad], suspect=0.1)
    sizes = [contract.profile("sleep").size for contract in (clean, bent, wary)]
    assert [size.middle for size in sizes] == pytest.approx([np.log(7)] * 3, abs=0.05)
    assert [size.width for size in sizes] == pytest.approx([sizes[0].width] * 3, rel=0.2)
    assert sizes[1].reach > 20 > 6 > sizes[2].reach
    assert bent.repeated > 0.6 > 0.1 > wary.repeated
    assert bent.profile("sleep").sketch[-1] > 300 > 40 > wary.profile("sleep").sketch[-1]


def test_suspicion_leaves_the_target_alone_where_it_says_little():
    """Of scores that are all different none is constant by chance; of classes some are."""
    classes = [
        it.replace(b"yes", b"no") if place % 15 == 0 else it for place, it in enumerate(students(1, 90, passed=True))
    ]
    scores = [mapped(it, 3, lambda _: "50") if place % 15 == 0 else it for place, it in enumerate(students(1, 90))]
    assert learned(classes, suspect=0.1).constant > 0.05
    assert learned(scores).constant > 0.05
    assert learned(scores, suspect=0.1).constant == 0.0


def contract_of(contents, suspect=0.0):
    datasets = [Dataset(f"{place}.csv", str(place)) for place in range(len(contents))]
    try:
        table, _ = validation.validate(frames.read(datasets, contents).table, Requirements(("score",)))
    except DataError:
        return None
    return learning.learn_contract(table, ("score",), features_of(table), suspect)


@settings(max_examples=30, deadline=None)
@given(world=worlds(), suspect=st.sampled_from([0.0, 0.1]))
def test_a_contract_survives_its_file(world, suspect):
    contract = contract_of([*world[0], *world[1]], suspect)
    if contract is None:
        return
    text = json.dumps(codec.encode(contract), allow_nan=False)
    assert codec.decode(DataContract, json.loads(text)) == contract


@settings(max_examples=30, deadline=None)
@given(world=worlds(), chance=st.randoms(use_true_random=False), suspect=st.sampled_from([0.0, 0.1]))
def test_the_order_of_the_datasets_makes_no_difference(world, chance, suspect):
    contents = [*world[0][:6], *world[1]]
    one = contract_of(contents, suspect)
    chance.shuffle(contents)
    other = contract_of(contents, suspect)
    if one is None or other is None:
        assert one is other
        return
    assert sorted(one.columns, key=lambda profile: profile.name) == sorted(
        other.columns, key=lambda profile: profile.name
    )
    assert (one.constant, one.repeated, one.shared, one.rows) == (
        other.constant,
        other.repeated,
        other.shared,
        other.rows,
    )


def test_students_in_any_order_make_the_same_contract():
    contents = students(1, 50)
    contents += [contents[3] + contents[7].split(b"\n", 1)[1]]
    assert learned(contents) == learned(contents[::-1])
    assert table_of(contents).datasets
