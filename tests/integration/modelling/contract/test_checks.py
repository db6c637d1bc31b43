"""Each new dataset against the learned contract: every kind of badness is found, and what is none is left alone."""

from __future__ import annotations

import re
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.config.column_rules import ColumnRule
from ml_action.core.errors import DataError
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation.requirements import Requirements
from tests.support.contracts import (
    HOURS,
    ROOM,
    SCORE,
    SLEEP,
    against,
    edited,
    features_of,
    is_new,
    judged,
    learned,
    mapped,
    scaled,
    table_of,
    worlds,
)
from tests.support.modelling import students

MINUTES = r"minutes instead of hours, or seconds instead of minutes"


def constant(rows):
    return [[*row[:SCORE], rows[0][SCORE]] for row in rows]


def swapped(one, other):
    order = [other if place == one else one if place == other else place for place in range(4)]
    return lambda content: edited(content, lambda rows: [[row[place] for place in order] for row in rows])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda it: scaled(it, SLEEP, 60), rf"has the column 'sleep' about \S+ times larger than usual .*{MINUTES}"),
        (lambda it: scaled(it, SLEEP, 1 / 60), "about .* times smaller than usual .*hours instead of minutes"),
        (lambda it: scaled(it, SLEEP, 10), "about .* times larger than usual .*a decimal point too far right"),
        (lambda it: scaled(it, SLEEP, 0.1), "about .* times smaller than usual .*a decimal point too far left"),
        (lambda it: scaled(it, SCORE, 100), "has the column 'score' about .* larger than usual .*percent .*cents"),
        (lambda it: scaled(it, SCORE, 0.01), "about .* smaller than usual .*shares instead of percent"),
        (lambda it: scaled(it, SCORE, 1000), "about .* larger than usual .*grams instead of kilograms"),
        (lambda it: scaled(it, SCORE, 0.001), "about .* smaller than usual .*kilograms instead of grams"),
        (lambda it: scaled(it, SLEEP, 3600), "about .* larger than usual .*seconds instead of hours"),
        (lambda it: scaled(it, HOURS, 1e9), "has 100 % of its values of 'hours' far outside .* the range so far"),
        (swapped(HOURS, SCORE), "seems to have the columns 'score' and 'hours' in each other's place"),
        (swapped(SLEEP, SCORE), "seems to have the columns 'score' and 'sleep' in each other's place"),
        (lambda it: edited(it, constant), r"has the same value of the target 'score' in every row \(usual for 0.0 %"),
        (lambda it: mapped(it, SLEEP, lambda _: ""), r"lacks the value of 'sleep' in 100 % of its rows \(usually 0 %"),
        (lambda it: mapped(it, SLEEP, lambda _: "-999"), "far outside .* the range so far: the first is -999"),
        (lambda it: mapped(it, ROOM, lambda _: "plaid"), "has 100 % .* of 'room' unknown, such as 'plaid'; known are"),
        (lambda it: edited(it, lambda rows: rows * 3), r"repeats itself: \d+ of \d+ rows are copies"),
    ],
)  # fmt: skip
def test_a_bad_dataset_is_found_and_the_reason_says_what_is_wrong(damage, words):
    for reason in against(damage):
        assert re.search(words, reason), reason


def test_a_share_of_missing_values_is_bad_when_it_is_large_and_unusual():
    def gaps(every):
        return lambda it: edited(
            it, lambda rows: [[row[0], "" if every(place) else row[1], *row[2:]] for place, row in enumerate(rows)]
        )

    most, some = gaps(lambda place: place % 10 < 9), gaps(lambda place: place % 3 == 0)

    assert all("lacks the value of 'sleep'" in reason for reason in against(most))
    assert against(some) == [""] * 10
    often = [most(it) if place % 3 == 0 else it for place, it in enumerate(students(1, 60))]
    assert judged(often, [most(it) for it in students(2, 10)]) == [""] * 10


def test_an_unknown_class_is_bad_where_an_unknown_category_would_not_yet_be():
    passed = students(1, 60, passed=True)

    def third(column, word):
        return lambda it: edited(
            it,
            lambda rows: [
                [word if place == column and number % 3 == 0 else cell for place, cell in enumerate(row)]
                for number, row in enumerate(rows)
            ],
        )

    new = students(2, 5, passed=True)
    reasons = judged(passed, [third(SCORE, "perhaps")(it) for it in new])
    assert all("of 'score' unknown, such as 'perhaps'; known are" in reason for reason in reasons)
    assert judged(passed, [third(ROOM, "plaid")(it) for it in new]) == [""] * 5


def test_a_constant_target_is_usual_where_a_user_is_of_one_class():
    old = [
        mapped(it, SCORE, lambda _, word=place % 2: "yes" if word else "no") for place, it in enumerate(students(1, 60))
    ]
    assert judged(old, [mapped(it, SCORE, lambda _: "yes") for it in students(2, 10)]) == [""] * 10


def test_rows_of_another_dataset_are_found_and_its_path_is_named():
    old = students(1, 60)
    (reason,) = judged(old, [old[7] + b"1,2,red,3\n"])
    assert re.fullmatch(
        r"has (\d+) of its \d+ rows from 'old/7.csv'; if files grow by design, set unit to rows", reason
    )


def test_rows_of_several_datasets_are_counted_together_and_one_is_named():
    old = students(1, 60)
    mixed = edited(old[7], lambda rows: rows + [row.split(",") for row in old[8].decode().split()[1:4]])
    (reason,) = judged(old, [mixed])
    total = len(mixed.decode().split()) - 1
    assert reason.startswith(f"has {total} of its {total} rows from 'old/7.csv' and 1 more;")


def test_a_copy_of_a_new_dataset_is_the_later_one():
    new = students(2, 3)
    assert judged(students(1, 60), [*new, new[1] + b"1,2,red,3\n"])[:3] == ["", "", ""]


def test_a_leak_from_the_holdout_is_found_where_the_same_share_of_other_rows_is_not():
    old, new = students(1, 60), students(2, 2)
    leaks = [
        edited(it, lambda rows, source=source: rows + source)
        for it, source in zip(
            new, ([row.split(",") for row in old[place].decode().split()[1:5]] for place in (0, 9)), strict=True
        )
    ]
    leaks = [edited(it, lambda rows: rows[-10:]) for it in leaks]  # 4 of at most 10 rows
    leaked, grown = judged(old, leaks, holdout=5)
    assert re.fullmatch(
        r"has 4 of its \d+ rows from 'old/0.csv', which no model may learn from \(holdout\): a leak", leaked
    )
    assert grown == "" or "if files grow" in grown


def test_a_leak_is_found_through_a_column_of_row_numbers():
    old = students(1, 60)
    numbered = "".join(
        f"{'' if place == 0 else place - 1},{line}\n" for place, line in enumerate(old[3].decode().split())
    )
    assert "rows from 'old/3.csv'" in judged(old, [numbered.encode()], holdout=5)[0]


def test_the_first_of_several_faults_is_reported():
    (reason,) = judged(students(1, 60), [mapped(scaled(students(2, 1)[0], SLEEP, 60), ROOM, lambda _: "plaid")])
    assert "sleep" in reason


def drifted(it):
    return scaled(scaled(it, HOURS, 1.5), SCORE, 1.3)


@pytest.mark.parametrize(
    "harmless",
    [
        drifted,
        lambda it: scaled(it, SCORE, 0.7),
        lambda it: edited(it, lambda rows: rows[:1]),
        lambda it: edited(it, lambda rows: [rows[0]] * 2),
        lambda it: edited(it, lambda rows: [[*rows[0][:3], row[3]] for row in rows]),  # features constant
    ],
)  # fmt: skip
def test_what_drift_or_few_rows_explain_is_left_alone(harmless):
    assert against(harmless) == [""] * 10


def files(seed, count, **columns):
    """Datasets of 12 rows, with a column for each function of (chance, place of the dataset)."""
    rng = np.random.default_rng(seed)
    return [
        pd.DataFrame({name: draw(rng, place + 1000 * seed) for name, draw in columns.items()})
        .to_csv(index=False)
        .encode()
        for place in range(count)
    ]


def normal(middle, width):
    return lambda rng, _: rng.normal(middle, width, 12)


@pytest.mark.parametrize(
    "column",
    [
        lambda rng, place: [0.0] * 12,
        lambda rng, place: [7] * 12,
        lambda rng, place: [None] * 12,
        lambda rng, place: rng.normal(0, 1, 12) * rng.gamma(3),
        lambda rng, place: -rng.gamma(4, 2, 12),
        lambda rng, place: rng.choice([True, False], 12),
        lambda rng, place: [f"2024-{1 + place % 12:02d}-{day + 1:02d}" for day in range(12)],
        lambda rng, place: [f"town {place}"] * 12,
        lambda rng, place: [f"town {place % 45}" if place % 3 else f"hamlet {place}"] * 12,
        lambda rng, place: rng.choice([1e90, -1e90, 1.7e90], 12),
        lambda rng, place: rng.choice([5e-324, 1e-310], 12),
        lambda rng, place: 2**53 + rng.integers(0, 99, 12),
        lambda rng, place: 2**63 + rng.integers(0, 99, 12).astype(np.uint64),
        lambda rng, place: rng.choice(["A1", "7", "12"], 12),
        lambda rng, place: np.where(rng.random(12) < 0.3, None, rng.choice([1, 2, 3], 12)),
        lambda rng, place: np.where(rng.random(12) < 0.9, 0.0, rng.gamma(2, 2, 12)),
        lambda rng, place: rng.lognormal(rng.normal(0, 1), 1, 12),
        lambda rng, place: [rng.integers(0, 2)] * 12,
    ],
)  # fmt: skip
def test_odd_columns_are_no_badness(column):
    old, new = (files(seed, 60, odd=column, score=normal(50, 9)) for seed in (1, 2))
    assert judged(old, new) == [""] * 60
    assert judged([], old, suspect=0.1) == [""] * 60


def test_a_new_town_is_bad_only_where_towns_are_few_and_known():
    few, new = (
        files(seed, 60, town=lambda rng, _: [rng.choice(list("abc"))] * 12, score=normal(5, 1)) for seed in (1, 2)
    )
    own = files(1, 40, town=lambda _, place: [f"town {place}"] * 12, score=normal(5, 1))
    elsewhere = [it.replace(b"a,", b"z,").replace(b"b,", b"z,").replace(b"c,", b"z,") for it in new[:3]]
    assert all("of 'town' unknown, such as 'z'; known are '" in it for it in judged(few, elsewhere))
    assert judged(own, elsewhere) == [""] * 3


def test_rows_that_are_alike_by_chance_are_no_copies():
    """Two bits a row: every row is everywhere, and more so the more datasets there are."""
    bits = {"a": lambda rng, _: rng.integers(0, 2, 12), "score": lambda rng, _: rng.integers(0, 4, 12)}
    old, new = files(1, 60, **bits), files(2, 60, **bits)
    assert judged(old, new) == [""] * 60
    assert judged(old[:2], new) == [""] * 60


def test_rows_become_alike_by_chance_as_data_grow_and_the_old_ones_show_it():
    columns = {"a": lambda rng, _: rng.integers(0, 50, 12), "score": lambda rng, _: rng.integers(0, 50, 12)}
    old, new = files(1, 700, **columns), files(2, 40, **columns)
    table = table_of(old, new)
    contract = learned(old[:25])
    assert contract.shared < 0.6
    assert checks.check_against_contract(table, contract, (), is_new(table), np.zeros(740, dtype=bool)) == ()


def test_a_few_reference_datasets_teach_nothing():
    assert judged(students(1, 19), [scaled(it, SLEEP, 60) for it in students(2, 3)]) == [""] * 3


def test_a_column_that_only_new_data_has_is_nobodys_business():
    old, new = (
        files(1, 90, a=normal(1, 1), score=normal(5, 1)),
        files(2, 30, a=normal(1, 1), b=normal(9e9, 1), score=normal(5, 1)),
    )
    table = table_of(old, new)
    contract = learned(old)
    assert checks.check_against_contract(table, contract, (), is_new(table), np.zeros(120, dtype=bool)) == ()


def test_codes_are_the_same_codes_when_all_of_them_are_digits():
    old = files(1, 30, code=lambda rng, _: rng.choice(["12", "7", "A1"], 12), score=normal(5, 1))
    new = files(
        2, 30, code=lambda rng, _: np.where(rng.random(12) < 0.2, None, rng.choice([12, 7], 12)), score=normal(5, 1)
    )
    table = table_of([], new)  # the old ones are gone from the tree
    assert table.frame["code"].dtype == float
    assert checks.check_against_contract(table, learned(old), (), is_new(table), np.zeros(30, dtype=bool)) == ()


def test_a_rule_takes_the_place_of_what_was_learned_about_the_same():
    wide = ColumnRule("hours", min=0, max=1e12)
    known = ColumnRule("room", categories=("red", "green", "blue", "plaid"))
    gaps = ColumnRule("sleep", missing=1.0)
    free = ColumnRule("sleep", check=False)
    assert against(lambda it: mapped(it, ROOM, lambda _: "plaid"), rules=[known]) == [""] * 10
    assert against(lambda it: mapped(it, SLEEP, lambda _: ""), rules=[gaps]) == [""] * 10
    assert against(lambda it: scaled(it, SLEEP, 60), rules=[free]) == [""] * 10
    assert against(lambda it: edited(it, constant), rules=[ColumnRule("score", check=False)]) == [""] * 10
    assert against(lambda it: scaled(it, HOURS, 1e9), rules=[wide]) == [""] * 10


def test_a_dataset_may_lack_what_a_rule_does_not_require():
    short = [b"hours,room,score\n" + b"".join(b"%d.5,red,6%d\n" % (row, row) for row in range(8))]
    assert judged(students(1, 60), short, rules=[ColumnRule("sleep", required=False)]) == [""]


def test_hostile_words_make_one_plain_line():
    old = files(
        1,
        30,
        **{"ho\x1b[31m{}urs": normal(7, 1), "town": lambda rng, _: rng.choice(list("ab"), 12), "score": normal(5, 1)},
    )
    word = "::error::\u202e{}\x07" + "x" * 500
    new = files(2, 2, **{"ho\x1b[31m{}urs": normal(7000, 1), "town": lambda rng, _: [word] * 12, "score": normal(5, 1)})
    new += files(3, 2, **{"ho\x1b[31m{}urs": normal(7, 1), "town": lambda rng, _: [word] * 12, "score": normal(5, 1)})
    for reason in judged(old, new):
        assert reason
        assert len(reason) < 300
        assert all(ord(sign) >= 32 and sign != "\u202e" for sign in reason)


def test_a_first_batch_is_judged_against_itself():
    """A champion is not there yet; a twentieth of the files is bad, each kind by itself."""
    kinds = {
        "sleep' about": lambda it: scaled(it, SLEEP, 60),
        "columns 'score' and 'sleep' in each other": swapped(SLEEP, SCORE),
        "the same value of the target": lambda it: edited(it, constant),
        "lacks the value of 'sleep'": lambda it: mapped(it, SLEEP, lambda _: ""),
        "far outside": lambda it: mapped(it, SLEEP, lambda _: "-999"),
        "repeats itself": lambda it: edited(it, lambda rows: rows * 3),
    }
    good, bad = students(1, 114), students(2, 6)
    for words, damage in kinds.items():
        reasons = judged([], [*good, *map(damage, bad)], suspect=0.1)
        assert reasons[:114] == [""] * 114
        assert all(words in reason for reason in reasons[114:]), reasons[114:]


def test_only_the_marked_datasets_are_judged():
    table = table_of(students(1, 60), [scaled(it, SLEEP, 60) for it in students(2, 3)])
    contract = learning.learn_contract(table.select(~is_new(table)), ("score",), features_of(table))
    assert checks.check_against_contract(table, contract, (), np.zeros(63, dtype=bool), np.zeros(63, dtype=bool)) == ()


def test_a_thousand_columns_are_judged_together():
    wide = {f"c{place}": normal(7, 1) for place in range(1100)}
    old, new = files(1, 25, **wide, score=normal(5, 1)), files(2, 3, **wide, score=normal(5, 1))
    new += files(3, 1, **{**wide, "c9": normal(420, 60)}, score=normal(5, 1))
    *good, bad = judged(old, new)
    assert good == [""] * 3
    assert "'c9' about" in bad


@pytest.mark.parametrize("factor", [60.0, 25.0])
def test_ten_thousand_bad_datasets_take_about_a_second(factor):
    """Ten would do: what is forbidden are loops of datasets times rows, or times pairs of columns in Python."""
    rng, count, rows = np.random.default_rng(0), 10_300, 27
    scale = np.repeat(np.where(np.arange(count) < 300, 1.0, factor), rows)
    frame = pd.DataFrame({f"c{place}": rng.normal(7, 1, count * rows) * scale for place in range(20)})
    frame["score"] = rng.choice(["a", "b"], count * rows)
    datasets = tuple(Dataset(f"{place}.csv", str(place)) for place in range(count))
    table = Table(frame, np.repeat(np.arange(count), rows), datasets)
    new = np.arange(count) >= 300
    contract = learning.learn_contract(table.select(~new), ("score",), features_of(table))
    started = time.process_time()
    assert len(checks.check_against_contract(table, contract, (), new, ~new)) == 10_000
    assert time.process_time() - started < 10


RULES = st.lists(
    st.builds(
        ColumnRule, st.sampled_from(["a", "b", "score"]), type=st.none(), min=st.none() | st.just(0.0),
        max=st.none() | st.just(3), categories=st.none() | st.just(("a", "1")), missing=st.none() | st.just(0.5),
        required=st.none() | st.just(False), check=st.none() | st.booleans(),
    ),
    max_size=2,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(world=worlds(), rules=RULES, suspect=st.sampled_from([0.0, 0.1]))
def test_judging_never_fails_on_what_was_sorted_out(world, rules, suspect):
    old, new = world
    contents = [*old, *new]
    datasets = [Dataset(f"{place}.csv", str(place)) for place in range(len(contents))]
    try:
        table, _ = validation.validate(frames.read(datasets, contents).table, Requirements(("score",), rules=rules))
    except DataError:
        return
    fresh = np.array([int(dataset.blob) >= len(old) for dataset in table.datasets])
    reference = table.select(~fresh) if not fresh.all() else table
    contract = learning.learn_contract(reference, ("score",), features_of(table), suspect)
    for item in checks.check_against_contract(table, contract, rules, fresh, ~fresh):
        assert int(item.blob) >= len(old)
        assert item.reason.isprintable()
