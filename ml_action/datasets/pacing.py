"""The least distance of trainings in time: who may add data decides when a training starts, not how often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ml_action.config.settings import TriggerOptions
from ml_action.core.records.attempt import Attempt
from ml_action.datasets import trigger
from ml_action.datasets.survey import Snapshot


def is_limited(options: TriggerOptions) -> bool:
    """Whether trainings have a least distance, or a largest number per day."""
    return bool(options.min_interval or options.max_trainings_per_day)


def paced(snapshot: Snapshot, now: str) -> Snapshot:
    """Returns the snapshot with a trigger that waits if the settings do not allow a training yet.

    A training that a person forces with a reason starts at once.

    Args:
        snapshot: What was found, with the attempts of the journal.
        now: The time in UTC, ISO 8601.
    """
    options = snapshot.settings.trigger
    if not snapshot.trigger.ready or options.force or not is_limited(options):
        return snapshot
    until = next_allowed(trained(snapshot.state.attempts), _time(now), options)
    if until is None:
        return snapshot
    return replace(snapshot, trigger=trigger.postpone(snapshot.trigger, f"{until:%Y-%m-%d %H:%M} UTC"))


def trained(attempts: Iterable[Attempt]) -> list[datetime]:
    """Returns when trainings were recorded, the earliest first; rollbacks train nothing."""
    return sorted(_time(attempt.time) for attempt in attempts if not attempt.rolls_back)


def next_allowed(times: Sequence[datetime], now: datetime, options: TriggerOptions) -> datetime | None:
    """Returns when the next training may start; None if it may start now.

    A training that the journal puts into the future counts as one of now: otherwise one wrong clock would stop the
    loop for good.
    """
    past, most = [min(time, now) for time in times], options.max_trainings_per_day
    allowed = [now]
    if past and options.min_interval:
        allowed.append(past[-1] + timedelta(seconds=options.min_interval))
    if most and len(past) >= most:
        allowed.append(past[-most] + timedelta(days=1))
    return max(allowed) if max(allowed) > now else None


def _time(text: str) -> datetime:
    """Returns a time of the journal; a text that is none is long ago."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return datetime.fromtimestamp(0, timezone.utc)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
