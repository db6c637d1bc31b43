"""The pages of `status` and `history`: what waits, what is in production, and what was. Pure.

Each has its data for a program next to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_action.core.codec import encode
from ml_action.core.formatting import count_of, number, percent, shown_metric, shown_score
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import History, Version
from ml_action.datasets.survey import Snapshot
from ml_action.reports.blocks import Block, Facts, Inline, Link, Paragraph, Table, Untrusted, text
from ml_action.reports.verdicts.outcomes import rolled_back

ATTEMPTS = 5  # shown by status
NO_VERSION = "none yet: the first training makes v1"

Rollbacks = Mapping[str, Attempt]  # by the version that was rolled back


# --- status -----------------------------------------------------------------------------------------------------


def status(found: Snapshot, rollbacks: Rollbacks) -> Iterator[Block]:
    """Yields counter, champion, open promotion, and the last attempts."""
    back = (("rolled back", Untrusted(f"{version} {rolled_back(one)}")) for version, one in rollbacks.items())
    yield Facts(
        (
            ("counter", Untrusted(found.trigger.reason)),
            ("champion", _champion(found.history)),
            ("set aside", count_of(len(found.state.set_aside), "datasets")),
            ("promotion", _promotion(found.state.proposed)),
            *back,
        )
    )
    heads = ("attempt", "verdict", "champion", "challenger", "gain", "reason")
    yield Table(heads, tuple(map(_attempt, _last(found))))


def status_data(found: Snapshot, rollbacks: Rollbacks) -> dict[str, Any]:
    """Returns the same for a program."""
    champion = found.history.champion if found.history else None
    return {
        "count": found.trigger.count,
        "threshold": found.trigger.threshold,
        "ready": found.trigger.ready,
        "set_aside": len(found.state.set_aside),
        "champion": encode(champion) if champion else None,
        "rolled_back": {version: back.reason for version, back in rollbacks.items()},
        "attempts": [encode(attempt) for attempt in _last(found)],
    }


def _last(found: Snapshot) -> Sequence[Attempt]:
    return found.state.attempts[-ATTEMPTS:]


def _champion(history: History | None) -> Inline:
    champion = history.champion if history else None
    if champion is None:
        return NO_VERSION
    score = number(shown_score(champion.metric, champion.scores.get(champion.metric)))
    return Untrusted(f"{champion.version} of {champion.created}, {shown_metric(champion.metric)} {score}")


def _promotion(last: Attempt | None) -> Inline:
    if last is None or not last.commit:
        return "none"
    number: Inline = Link(f"#{last.pull_request}", last.pull_request_url) if last.pull_request else "no pull request"
    kind = "rollback to " if last.rolls_back else ""
    return text("{}: {}, {}", Untrusted(f"{kind}{last.version}"), Untrusted(last.state or "pushed"), number)


def _attempt(one: Attempt) -> tuple[Inline, ...]:
    return (
        Untrusted(one.time),
        str(one.verdict),
        number(shown_score(one.metric, one.champion_score)),
        number(shown_score(one.metric, one.challenger_score)),
        "–" if one.gain is None else percent(one.gain),
        Untrusted(one.reason),
    )


# --- history ----------------------------------------------------------------------------------------------------


def versions(history: History | None, rollbacks: Rollbacks) -> Iterator[Block]:
    """Yields every version that was in production."""
    heads = ("version", "created", "metric", "score", "champion then", "interval of the improvement", "datasets", "now")
    if history:
        yield Table(heads, tuple(_version(version, history.current, rollbacks) for version in history.versions))
    else:
        yield Paragraph(NO_VERSION)


def versions_data(history: History | None, rollbacks: Rollbacks) -> list[dict[str, Any]]:
    """Returns the same for a program."""
    if history is None:
        return []
    return [
        {
            **encode(version),
            "in_production": history.current == version.version,
            "rolled_back": rollbacks[version.version].reason if version.version in rollbacks else "",
        }
        for version in history.versions
    ]


def _version(version: Version, current: str, rollbacks: Rollbacks) -> tuple[Inline, ...]:
    return (
        Untrusted(version.version),
        Untrusted(version.created),
        Untrusted(shown_metric(version.metric)),
        number(shown_score(version.metric, version.scores.get(version.metric))),
        number(shown_score(version.metric, version.champion_scores.get(version.metric))),
        f"[{version.interval.low:+.4f}, {version.interval.high:+.4f}]",
        f"{version.datasets:,}",
        _now(version, current, rollbacks),
    )


def _now(version: Version, current: str, rollbacks: Rollbacks) -> Inline:
    """Returns what has become of a version."""
    if version.version == current:
        return "in production"
    back = rollbacks.get(version.version)
    return text("rolled back {}", Untrusted(back.time[:10])) if back else ""
