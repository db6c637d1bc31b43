"""Numbers as they are written."""

from __future__ import annotations

import io
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.modelling.kinds import numbers
from tests.support.properties import examples


@pytest.mark.parametrize("cell", ["1", "-2.5", "+.5", "5.", "1e3", " 7 ", "1E-2", "007", "-inf", "Infinity"])
def test_a_number_is_what_pandas_reads(cell):
    assert numbers.plain(cell) == pd.read_csv(io.StringIO(f"a,b\n{cell},1\n"), index_col=False)["a"][0]


@pytest.mark.parametrize("cell", ["", "  ", "NA", "NaN", "nan", "null", "None", "-", "?", ".", "#N/A"])
def test_the_usual_marks_are_missing(cell):
    assert math.isnan(numbers.plain(cell))


@pytest.mark.parametrize("cell", ["x", "1_000", "0x1F", "1e", "1,5", "38 %", "true", "٣", "1 2"])
def test_anything_else_is_no_number(cell):
    with pytest.raises(ValueError, match=r".*"):
        numbers.plain(cell)


@settings(max_examples=examples(200), deadline=None)
@given(st.floats(allow_nan=False))
def test_a_number_that_was_written_is_read_back(value):
    assert numbers.plain(repr(value)) == value
