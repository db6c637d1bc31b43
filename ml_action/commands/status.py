"""`status`: what the branches remember, for a person or as JSON. Reads only."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_action.commands.base import Invocation, json_option, own_options
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

ATTEMPTS = 5  # shown
add_options = json_option


def run(call: Invocation) -> None:
    """Shows what is remembered and what waits."""
    place = wiring.find_place(call.inputs, call.context, call.log.info)
    status(place, call.temporary_folder(), call.log, as_json=own_options(call).json)


def snapshot(place: Target, scratch: Path, log: Log) -> Snapshot:
    """Returns the data and what is remembered, where the journal is."""
    found, tips = wiring.open_with_journal(place, scratch, log)
    return survey.take_snapshot(place.settings, found, tips)


def status(place: Target, scratch: Path, log: Log, *, as_json: bool) -> None:
    """Counter, champion, last attempts and open promotion."""
    scene = snapshot(place, scratch, log)
    champion = scene.history.champion if scene.history else None
    attempts = scene.state.attempts[-ATTEMPTS:]
    if as_json:
        print_json(
            {
                "count": scene.trigger.count,
                "threshold": scene.trigger.threshold,
                "ready": scene.trigger.ready,
                "set_aside": len(scene.state.set_aside),
                "champion": encode(champion) if champion else None,
                "rolled_back": {version: back.reason for version, back in rollbacks(scene).items()},
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
            *(("rolled back", f"{version} {rolled_back.describe(back)}") for version, back in rollbacks(scene).items()),
        ],
    )
    if attempts:
        terminal.table(console, ("attempt", "verdict", "champion", "challenger", "gain", "reason"), map(_row, attempts))


def rollbacks(scene: Snapshot) -> Mapping[str, Attempt]:
    """The rollbacks that stand, by version."""
    return rolled_back.active_rollbacks(scene.state.attempts)


def _champion(champion: Version | None) -> str:
    if champion is None:
        return "none yet: the first training makes v1"
    score = score_text(champion.scores.get(champion.metric))
    return f"{champion.version} of {champion.created}, {champion.metric} {score}"


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
        score_text(attempt.champion_score),
        score_text(attempt.challenger_score),
        gain,
        attempt.reason,
    )


def score_text(score: float | None) -> str:
    """Returns a score for a table."""
    return "–" if score is None else f"{score:.4f}"


def print_json(value: Any) -> None:
    """Prints a value on standard output."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
