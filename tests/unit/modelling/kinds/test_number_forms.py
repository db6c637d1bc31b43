"""Numbers written as text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.modelling.kinds import number_forms
from tests.support.properties import examples


@pytest.mark.parametrize(
    ("cells", "form", "values"),
    [
        (["1,163.74", "950.2", "12"], "1,234.5", [1163.74, 950.2, 12]),
        (["1,163", "950", "2,345"], "1,234.5", [1163, 950, 2345]),
        (["$1,163.74", "-$950.00", "$2"], "$1,234.5", [1163.74, -950, 2]),
        (["38 %", "4 %", "5.5%"], "1234.5 %", [38, 4, 5.5]),
        (["3,5", "4,25", "7"], "1234,5", [3.5, 4.25, 7]),
        (["1.234,5", "3,5", "1.000.000,25"], "1.234,5", [1234.5, 3.5, 1000000.25]),
        (["1 234,5 €", "12,5 €", "7\u00a0€"], "1 234,5 €", [1234.5, 12.5, 7]),
        (["1'234.50", "2", "3.5"], "1'234.5", [1234.5, 2, 3.5]),
        (["12 kg", "3 kg", "5.5 kg"], "1234.5 kg", [12, 3, 5.5]),
        (["EUR 12", "EUR 3", "EUR 5.5"], "EUR1234.5", [12, 3, 5.5]),
        (["1", "2.5", "3"], "", [1, 2.5, 3]),
    ],
)
def test_a_form_is_learned_from_all_cells(cells, form, values):
    assert number_forms.learn_form(cells) == form
    parse = number_forms.parser(form)
    assert [parse(cell) for cell in cells] == values
    assert math.isnan(parse("NA"))


@pytest.mark.parametrize(
    "cells",
    [
        ["1,163", "2,345", "9,999"],  # thousands, or three decimals
        ["1,5", "2.5", "3"],
        ["12 kg", "3 lb", "5 kg"],
        ["A12", "A13", "A14"],
        ["3B", "4B", "5B"],
        ["192.168.1.1", "10.0.0.1", "10.0.0.2"],
        ["12", "x", "y"],
        ["3,5"],
    ],
)
def test_what_nothing_decides_is_no_number(cells):
    assert number_forms.learn_form(cells) is None


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("1,234.5", "1,23"),
        ("1.234,5", "1.5"),
        ("1234.5 %", "0.38"),
        ("$1,234.5", "12"),
        ("1234.5 kg", "5 lb"),
        ("", "1,5"),
    ],
)
def test_another_form_is_an_error(form, cell):
    with pytest.raises(ValueError, match=r".*"):
        number_forms.parser(form)(cell)


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(-(10**9), 10**9), st.sampled_from([",", ".", " ", "'"]))
def test_a_number_with_separators_is_read_back(value, group):
    decimal = "," if group == "." else "."
    assert number_forms.parser(f"1{group}234{decimal}5")(f"{value:,}".replace(",", group)) == value
