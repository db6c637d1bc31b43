"""Each dataset in a few figures: medians, sizes, shares."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table
from tests.support.modelling import table_of


def frame_of(frame: pd.DataFrame, cluster: list[int], count: int) -> Table:
    return Table(frame, np.array(cluster, dtype=np.int64), tuple(Dataset(f"{i}.csv", str(i)) for i in range(count)))


def test_a_portrait_is_the_median_and_the_size_of_each_number_column():
    table = table_of("hours,room,score\n1,a,-4\n2,b,-8\n9,c,-6\n", "hours,room,score\n,a,0\n,b,0\n")
    drawn = column_statistics.compute(table, ("hours", "room", "score"))
    assert drawn.names == ("hours", "score")
    np.testing.assert_array_equal(drawn.centre, [[2, -6], [math.nan, 0]])
    np.testing.assert_array_equal(drawn.size, [[math.log(2), math.log(6)], [math.nan, math.nan]])
    assert drawn.counts.tolist() == [3, 2]


def test_a_dataset_of_few_rows_varies_more():
    drawn = column_statistics.compute(table_of("a\n" + "1\n" * 16, "a\n" + "1\n" * 4), ("a",))
    assert drawn.spread_factors(16).tolist() == [1, 2]
    assert drawn.spread_factors().tolist() == [1, math.sqrt(10 / 4)]


def test_the_largest_and_the_smallest_floats_stay_finite():
    table = table_of("a,b\n1.7e308,5e-324\n1.7e308,5e-324\n", "a,b\n-1.7e308,-5e-324\n-1.6e308,-5e-324\n")
    drawn = column_statistics.compute(table, ("a", "b"))
    assert np.isfinite(drawn.centre).all()
    assert np.isfinite(drawn.size).all()


def test_integers_beyond_a_floats_precision_and_booleans_and_no_columns_at_all():
    table = table_of("a,b\n9007199254740993,True\n", "a,b\n18446744073709551615,False\n")
    assert column_statistics.compute(table, ("a", "b")).names == ("a",)
    assert column_statistics.compute(table, ("b",)).centre.shape == (2, 0)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1, 2], "number"),
        ([1.5, None], "number"),
        ([True, False], "boolean"),
        ([True, None], "boolean"),
        (["a", None], "text"),
        ([True, "a"], "text"),
        ([1, "a"], "text"),
        ([None, None], "empty"),
        ([math.nan, math.nan], "empty"),
        ([], "empty"),
    ],
)
def test_the_kind_of_a_column(cells, kind):
    assert column_statistics.kind_of(pd.Series(cells)) == kind
    assert column_statistics.kind_of(pd.Series(cells, dtype=object)) in (kind, "text")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([1, 12], ["1", "12"]),
        ([1.0, None, 12.0], ["1", None, "12"]),
        ([1.5, None, 12.0], ["1.5", None, "12"]),
        (["a", "12.0", "-0.0", "12.50", "007", None], ["a", "12", "0", "12.50", "007", None]),
        ([1e300, 2.0], ["1e+300", "2"]),
        ([2.0**53, 2.0**54], ["9007199254740992", "1.8014398509481984e+16"]),
        ([True, 1, 1.0, 0.5, "a", None], ["True", "1", "1", "0.5", "a", None]),
        ([True, False], ["True", "False"]),
        (["a", None], ["a", None]),
        ([None, None], [None, None]),
    ],
)
def test_a_column_as_words(cells, words):
    found = column_statistics.as_text(pd.Series(cells))
    assert [None if pd.isna(word) else word for word in found] == words


def test_shares_of_rows():
    table = table_of("a,b\n1,\n1,2\n", "a,b\n1,\n2,\n", "a\n4\n")
    assert column_statistics.missing_shares(table, "b").tolist() == [0.5, 1.0, 1.0]
    assert column_statistics.shares(table, (table.frame["a"] == 1).to_numpy()).tolist() == [1.0, 0.5, 0.0]


def test_a_column_is_constant_in_a_dataset_of_five_rows_and_more():
    table = table_of("a\n" + "x\n" * 5, "a\n" + "x\n" * 4, "a\n" + "x\n" * 5 + "y\n", "a\n" + "y\n" * 9)
    assert column_statistics.is_constant(table, "a").tolist() == [True, False, False, True]
    assert column_statistics.distinct_counts(table, "a").tolist() == [1, 1, 2, 1]


def test_datasets_without_rows_are_nothing_special():
    table = frame_of(pd.DataFrame({"a": [1.0] * 5}), [1] * 5, 3)
    assert column_statistics.is_constant(table, "a").tolist() == [False, True, False]
    assert column_statistics.shares(table, np.ones(5, dtype=bool)).tolist() == [0, 1, 0]
    assert np.isnan(column_statistics.compute(table, ("a",)).centre[:, 0]).tolist() == [True, False, True]


def test_a_table_without_rows_has_portraits_too():
    table = frame_of(pd.DataFrame({"a": np.zeros(0), "b": np.zeros(0, dtype=object)}), [], 0)
    assert column_statistics.compute(table, ("a", "b")).centre.shape == (0, 1)
    assert column_statistics.compute(table, ("a", "b")).spread_factors().shape == (0,)
    assert column_statistics.is_constant(table, "a").shape == (0,)
    assert column_statistics.distinct_counts(table, "b").shape == (0,)
