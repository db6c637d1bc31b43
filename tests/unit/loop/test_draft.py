"""Attempts follow each other in time, whatever the clock says."""

import pytest

from ml_action.loop.draft import next_time

NOON = "2026-11-26T12:00:00Z"


@pytest.mark.parametrize(
    ("last", "now", "time"),
    [
        ("", NOON, NOON),
        ("2026-11-26T11:59:59Z", NOON, NOON),
        (NOON, NOON, "2026-11-26T12:00:01Z"),
        ("2026-12-31T23:59:59Z", NOON, "2027-01-01T00:00:00Z"),  # a clock that was set back
    ],
)
def test_an_attempt_is_later_than_the_last_one(last, now, time):
    assert next_time(last, now) == time
