"""Dates as people write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_action.modelling.kinds import dates
from tests.support.properties import examples

DAYS = [date(2023, 1, 1) + timedelta(days=17 * step) for step in range(40)]


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%m/%d/%y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d %b %Y",
     "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S"],
)  # fmt: skip
def test_a_form_is_learned_from_the_cells(form):
    cells = [day.strftime(form) for day in DAYS]
    found = dates.learn_forms(cells)
    assert (len(found.forms), found.undecided) == (1, "")
    assert [dates.parser(found.forms)(cell)[:10] for cell in cells] == [day.isoformat() for day in DAYS]


@pytest.mark.parametrize(("factor", "form"), [(1, dates.SECONDS), (1000, dates.MILLISECONDS)])
def test_seconds_and_milliseconds_since_1970(factor, form):
    found = dates.learn_forms([str(1_711_843_200 * factor)])
    assert found.forms == (form,)
    assert dates.parser(found.forms)(str(1_711_843_200 * factor)) == "2024-03-31T00:00:00+00:00"


@pytest.mark.parametrize("cells", [["03/04/2024", "05/06/2024"], ["25/01/2024", "01/25/2024"]])
def test_what_can_be_read_in_two_ways_is_undecided(cells):
    found = dates.learn_forms(cells)
    assert found.forms == ()
    assert found.undecided == cells[0]


@pytest.mark.parametrize(
    "cells", [["red", "blue"], ["1.5", "2"], ["192.168.1.1"], ["10:30", "11:45"], ["99/99/2024"], []]
)
def test_no_dates(cells):
    assert dates.learn_forms(cells) is None


def test_known_forms_stay_and_a_proven_one_is_added():
    found = dates.learn_forms(["2024-01-05", "25/12/2024", "05/12/2024"], known=[dates.ISO])
    assert found.forms == (dates.ISO, "%d/%m/%Y")


@pytest.mark.parametrize("cell", ["2024-02-30", "31/02/2024", "soon", "", "20241"])
def test_what_is_no_date_is_an_error(cell):
    with pytest.raises(ValueError, match=r".*"):
        dates.parser([dates.ISO, "%d/%m/%Y"])(cell)


@settings(max_examples=examples(100), deadline=None)
@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y"]))
def test_a_date_that_was_written_is_read_back(day, form):
    assert dates.parser([form])(day.strftime(form)) == day.isoformat()
