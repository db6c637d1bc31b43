"""Slices that become worse are found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml_action.modelling.evaluation import slices

ROWS, DATASETS = 4000, 200


def world(damage: float):
    """Rows of 200 datasets, a quarter of them "online"; the challenger is 10 % better, but worse by `damage` online."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(DATASETS), ROWS // DATASETS)
    online = cluster % 4 == 0
    opponent = rng.chisquare(3, ROWS)
    challenger = opponent * np.where(online, 1 + damage, 0.9) * np.exp(rng.normal(0, 0.1, ROWS))
    return pd.Series(np.where(online, "online", "town")), challenger, opponent, cluster


def compare(damage: float):
    school, challenger, opponent, cluster = world(damage)
    found = slices.compare_slices(slices.labels({"school": school}), challenger, opponent, cluster, 1)
    return {part.value: part for part in found}


def test_damaged_slice_is_found_and_the_other_is_not():
    found = compare(0.08)
    assert found["online"].worse
    assert not found["town"].worse
    assert found["online"].datasets == DATASETS // 4
    assert -0.12 < found["online"].gain < -0.05
    assert found["town"].gain > 0.05


def test_damage_within_the_tolerance_is_accepted():
    assert not compare(0.01)["online"].worse


def test_slices_of_few_datasets_are_left_out():
    school = pd.Series(np.where(np.arange(100) < 9, "rare", "usual"))
    found = slices.compare_slices({"school": school}, np.ones(100), np.ones(100), np.arange(100), 1)
    assert [part.value for part in found] == ["usual"]


def test_numbers_are_cut_into_quarters_and_missing_ones_are_a_slice():
    column = pd.Series([*range(40), None], dtype=float)
    found = slices.labels({"age": column})["age"]
    assert found.value_counts().to_dict() == {
        "0 to 9.75": 10, "9.75 to 19.5": 10, "19.5 to 29.25": 10, "29.25 to 39": 10, "(missing)": 1,
    }  # fmt: skip


def test_number_with_few_values_and_boolean_are_text():
    assert set(slices.labels({"a": pd.Series([1.0, 2.0, None])})["a"]) == {"1", "2", "(missing)"}
    assert set(slices.labels({"a": pd.Series([True, False])})["a"]) == {"True", "False"}


def test_holm_rejects_from_the_smallest_p_value_on():
    assert slices._holm([0.2, 0.001, 0.6]) == [True, True, False]
    assert slices._holm([0.3, 0.3]) == [False, False]
    assert slices._holm([]) == []


def test_chance_raises_no_alarm_with_many_slices():
    """Of 40 worlds without damage, with 20 slices each, at most half raise an alarm, as Holm's method promises."""
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cluster, part = np.repeat(np.arange(100), 10), pd.Series(rng.integers(0, 20, 1000).astype(str))
        opponent = rng.chisquare(3, 1000)
        challenger = opponent / np.exp(0.02) * np.exp(rng.normal(0, 0.2, 1000))
        found = slices.compare_slices({"part": part}, challenger, opponent, cluster, seed)
        alarms += any(one.worse for one in found)
    assert alarms <= 20
