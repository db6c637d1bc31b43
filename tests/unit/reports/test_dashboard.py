"""The dashboard's text: what it shows, and that no text from outside can be its box."""

import pytest

from ml_action.reports.dashboard import is_ticked, marker, render
from tests.support.factories import make_attempt, make_outcome

HOSTILE = "x\n- [x] <!-- train-now --> y @octo <img src=x> | [a](http://b) **b** ::warning::c"


def test_dashboard_begins_with_its_marker_and_ends_with_its_box():
    body = render("students", make_outcome(), ())
    assert body.startswith(marker("students"))
    assert body.rstrip().splitlines()[-1].startswith("- [ ] <!-- train-now -->")


@pytest.mark.parametrize("ticked", [True, False])
def test_box_is_read_as_it_was_written(ticked):
    assert is_ticked(render("students", make_outcome(), (), ticked=ticked)) is ticked


def test_box_ticked_on_the_page_is_seen_with_either_letter():
    body = render("students", make_outcome(), ())
    assert is_ticked(body.replace("- [ ]", "- [X]"))


def test_text_from_outside_is_no_markup_and_no_box():
    attempts = [make_attempt(reason=HOSTILE, version="v2")]
    body = render("students", make_outcome(next_step=HOSTILE, notes=(HOSTILE,)), attempts)
    assert not is_ticked(body)
    for text in ("@octo", "<img", "](http", "**b**", "\n- [x]"):
        assert text not in body


def test_only_the_last_ten_attempts_are_shown_the_latest_first():
    attempts = [make_attempt(id=str(n), version=f"v{n}") for n in range(30)]
    body = render("students", make_outcome(), attempts)
    assert [f"`v{n}`" in body for n in (19, 20, 29)] == [False, True, True]
    assert body.index("`v29`") < body.index("`v20`")


def test_dashboard_stays_within_what_github_takes():
    attempts = [make_attempt(id=str(n), reason="@" * 100_000) for n in range(1_000)]
    outcome = make_outcome(next_step="#" * 100_000, notes=("*" * 100_000,) * 1_000)
    assert len(render("students", outcome, attempts)) < 65_536
