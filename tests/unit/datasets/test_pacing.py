"""How often a training may start: after a least time, and so many times within 24 hours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ml_action.core.records.dataset import Trigger
from ml_action.datasets.pacing import paced

NOW = "2026-11-29T12:00:00Z"
READY = Trigger(True, 230, 200, "ready 230/200: enough new datasets arrived")


def at(hour, day=29, rolls_back=False):
    return SimpleNamespace(time=f"2026-11-{day}T{hour:02}:00:00Z", rolls_back=rolls_back)


def reason(*attempts, trigger=READY, force="", min_interval=0, per_day=0):
    """Returns why the run waits; empty if it may train."""
    options = SimpleNamespace(force=force, min_interval=min_interval, max_trainings_per_day=per_day)
    found = paced(Seen(trigger, options, attempts), NOW).trigger
    return "" if found.ready else found.reason


class Seen(SimpleNamespace):
    """As much of a snapshot as is looked at."""

    def __init__(self, trigger, options, attempts):
        super().__init__(
            trigger=trigger, settings=SimpleNamespace(trigger=options), state=SimpleNamespace(attempts=attempts)
        )

    def __replace__(self, trigger):
        return Seen(trigger, self.settings.trigger, self.state.attempts)


@pytest.fixture(autouse=True)
def replaceable(monkeypatch):
    monkeypatch.setattr("ml_action.datasets.pacing.replace", lambda one, **new: one.__replace__(**new))


def test_training_waits_for_the_least_distance_in_time():
    assert reason(at(9), min_interval=6 * 3600) == (
        "waiting 230/200: enough for a training, but min-interval or max-trainings-per-day allows the next one from "
        "2026-11-29 15:00 UTC on"
    )
    assert reason(at(6), min_interval=6 * 3600) == ""


def test_training_waits_once_there_were_enough_in_a_day():
    assert "from 2026-11-29 13:00 UTC on" in reason(at(13, day=28), at(2), at(9), per_day=3)
    assert reason(at(11, day=28), at(2), at(9), per_day=3) == ""
    assert reason(at(2), at(9), per_day=3) == ""


def test_later_of_both_limits_counts():
    assert "from 2026-11-30 09:00 UTC on" in reason(at(9), min_interval=3600 * 4, per_day=1)


@pytest.mark.parametrize(
    "ready",
    [
        {},
        {"min_interval": 86_400, "force": "I want it"},
    ],
)
def test_nothing_waits_longer_without_limits_or_by_force(ready):
    assert reason(at(11), **ready) == ""


def test_rollbacks_and_times_that_are_none_do_not_count():
    odd = SimpleNamespace(time="soon", rolls_back=False)
    assert reason(at(11, rolls_back=True), odd, min_interval=6 * 3600, per_day=2) == ""


def test_time_in_the_future_counts_as_now():
    assert "from 2026-11-29 18:00 UTC on" in reason(at(11, day=30), min_interval=6 * 3600)
