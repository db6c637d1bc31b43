"""`status` and `history`: what the branches remember, for a person or as JSON. Reads only."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_action.core import formatting
from ml_action.core.codec import encode
from ml_action.core.formatting import count_of
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import Version
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.promotion import rolled_back
from ml_action.runtime import console as terminal
from ml_action.runtime import wiring
from ml_action.runtime.wiring import Target

ATTEMPTS = 5  # shown by status


def _snapshot(place: Target, scratch: Path, log: Log) -> Snapshot:
    found, tips = wiring.open_with_journal(place, scratch, log)
    return survey.take_snapshot(place.settings, found, tips)


def status(place: Target, scratch: Path, log: Log, *, as_json: bool) -> None:
    """Counter, champion, last attempts and open promotion."""
    scene = _snapshot(place, scratch, log)
    champion = scene.history.champion if scene.history else None
    attempts = scene.state.attempts[-ATTEMPTS:]
    if as_json:
        _print_json(
            {
                "count": scene.trigger.count,
                "threshold": scene.trigger.threshold,
                "ready": scene.trigger.ready,
                "set_aside": len(scene.state.set_aside),
                "champion": encode(champion) if champion else None,
                "rolled_back": {version: back.reason for version, back in _rolled_back(scene).items()},
                "attempts": [encode(attempt) for attempt in attempts],
            }
        )
        return
    console = terminal.make_console()
    terminal.table(
        console,
        ("", ""),
        [
            ("counter", scene.trigger.reason),
            ("champion", _champion(champion)),
            ("set aside", count_of(len(scene.state.set_aside), "datasets")),
            ("promotion", _promotion(scene.state.proposed)),
            *(
                ("rolled back", f"{version} {rolled_back.describe(back)}")
                for version, back in _rolled_back(scene).items()
            ),
        ],
    )
    if attempts:
        terminal.table(console, ("attempt", "verdict", "champion", "challenger", "gain", "reason"), map(_row, attempts))


def _rolled_back(scene: Snapshot) -> Mapping[str, Attempt]:
    """The rollbacks that stand, by version."""
    return rolled_back.active_rollbacks(scene.state.attempts)


def _champion(champion: Version | None) -> str:
    if champion is None:
        return "none yet: the first training makes v1"
    return f"{champion.version} of {champion.created}, {champion.metric} {_score(champion.scores.get(champion.metric))}"


def _promotion(last: Attempt | None) -> str:
    if last is None or not last.commit:
        return "none"
    number = f"#{last.pull_request} {last.pull_request_url}" if last.pull_request else "no pull request"
    kind = "rollback to " if last.rolls_back else ""
    return f"{kind}{last.version}: {last.state or 'pushed'}, {number}"


def _row(attempt: Attempt) -> tuple[str, ...]:
    gain = "–" if attempt.gain is None else formatting.percent(attempt.gain)
    return (
        attempt.time,
        str(attempt.verdict),
        _score(attempt.champion_score),
        _score(attempt.challenger_score),
        gain,
        attempt.reason,
    )


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def history(place: Target, scratch: Path, log: Log, *, as_json: bool) -> None:
    """Every version that was in production."""
    scene = _snapshot(place, scratch, log)
    versions = scene.history.versions if scene.history else ()
    current, barred = scene.history.current if scene.history else "", _rolled_back(scene)
    if as_json:
        _print_json(
            [
                encode(version)
                | {
                    "in_production": version.version == current,
                    "rolled_back": barred[version.version].reason if version.version in barred else "",
                }
                for version in versions
            ]
        )
        return
    rows = (
        (
            version.version,
            version.created,
            version.metric,
            _score(version.scores.get(version.metric)),
            _score(version.champion_scores.get(version.metric)),
            f"[{version.interval.low:+.4f}, {version.interval.high:+.4f}]",
            f"{version.datasets:,}",
            _now(version, current, barred),
        )
        for version in versions
    )
    heads = (
        "version",
        "created",
        "metric",
        "score",
        "champion then",
        "interval of the improvement",
        "datasets",
        "now",
    )
    terminal.table(terminal.make_console(), heads, rows)


def _now(version: Version, current: str, barred: Mapping[str, Attempt]) -> str:
    """What has become of a version."""
    if version.version == current:
        return "in production"
    back = barred.get(version.version)
    return f"rolled back {back.time[:10]}" if back else ""


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
