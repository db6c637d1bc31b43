"""`history`: every version, for a person or as JSON. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_action.commands.base import Invocation, json_option, own_options
from ml_action.commands.status import print_json, rollbacks, score_text, snapshot
from ml_action.core.codec import encode
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.model import Version
from ml_action.runtime import console as terminal
from ml_action.runtime import wiring
from ml_action.runtime.wiring import Target

add_options = json_option


def run(call: Invocation) -> None:
    """Shows every version."""
    place = wiring.find_place(call.inputs, call.context, call.log.info)
    history(place, call.temporary_folder(), call.log, as_json=own_options(call).json)


def history(place: Target, scratch: Path, log: Log, *, as_json: bool) -> None:
    """Every version that was in production."""
    scene = snapshot(place, scratch, log)
    versions = scene.history.versions if scene.history else ()
    current, barred = scene.history.current if scene.history else "", rollbacks(scene)
    if as_json:
        print_json(
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
            score_text(version.scores.get(version.metric)),
            score_text(version.champion_scores.get(version.metric)),
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
