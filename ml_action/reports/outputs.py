"""The action's outputs: one table, the source of both action.yml files and of the README's list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ml_action.core.records.outcome import Outcome

if TYPE_CHECKING:
    from ml_action.core.records.attempt import WatchResult

OUTPUTS: Mapping[str, str] = {
    "ready": "true when enough new datasets arrived, else false.",
    "count": "New datasets since the last attempt; mode data: datasets that were judged.",
    "threshold": "New datasets that pull the trigger.",
    "decision": "The ending: waiting, ready, hold, reject, promote, rollback, review, incomparable, blocked, "
    "stood-down or failed.",
    "reason": "Why, in one sentence.",
    "version": "The challenger's version, or the champion's when nothing was trained.",
    "champion-score": "The champion's score on the unseen rows, by the deciding metric; greater is better.",
    "challenger-score": "The challenger's score on the same rows.",
    "improvement": "Challenger minus champion, in units of the metric.",
    "ci-low": "Lower end of the improvement's interval; each end holds with `confidence`.",
    "ci-high": "Upper end of the improvement's interval.",
    "gain": "How much less error the challenger makes, as a share of the champion's: 0.061 is 6.1 %.",
    "win-rate": "The share of the datasets that the challenger predicts no worse, 0 to 1.",
    "outlook": "What would change the verdict, in one sentence; empty where there is nothing to say.",
    "suspicious": "New datasets that look wrong to the champion and were set aside.",
    "quarantined": "Datasets that this run set aside; mode data: bad ones.",
    "drift": "How far the column that moved most has moved from the champion's data, 0 to 1.",
    "drifted": "The columns that drifted, as a JSON list.",
    "watch": "How the champion compares with the version before it: worse (proven), not-worse, or unknown; empty if "
    "`watch` is off or it has no version before it.",
    "pr-number": "The pull request's number.",
    "pr-url": "The pull request's address.",
    "merge-state": "waiting, enabled (auto-merge is on), queued (in the merge queue), merged or blocked.",
    "compare-url": "Where a person opens the pull request, when the bot may not; else empty.",
    "autonomy": "Mode doctor: the highest autonomy that nothing known stops; none where not even report works.",
    "model-path": "The challenger's file, as a path in the repository.",
    "report-path": "The report as a Markdown file, as a path in the workspace.",
}
CHECK_OUTPUTS = ("ready", "count", "threshold", "decision", "reason")


def from_outcome(outcome: Outcome) -> dict[str, str]:
    """Returns every output, empty where the run did not come so far."""
    values = dict.fromkeys(OUTPUTS, "")
    values |= {
        "decision": str(outcome.verdict),
        "reason": outcome.reason,
        "ready": "false",
        "quarantined": str(len(outcome.set_aside)),
        "model-path": outcome.model_path,
    }
    if outcome.shifts:
        values |= {"drift": f"{outcome.shifts[0].effect:.4f}", "drifted": _drifted(outcome)}
    if outcome.trigger:
        values |= {
            "ready": str(outcome.trigger.ready).lower(),
            "count": str(outcome.trigger.count),
            "threshold": str(outcome.trigger.threshold),
        }
    if outcome.diagnosis:
        values["autonomy"] = str(outcome.diagnosis.achievable or "none")
    if outcome.champion:
        values["version"] = outcome.champion.version
    return values | _of_attempt(outcome) | _of_publication(outcome) | _of_inspection(outcome)


def _of_inspection(outcome: Outcome) -> dict[str, str]:
    found = outcome.inspected
    if found is None:
        return {}
    pull = {"pr-number": str(found.pull_number), "pr-url": found.pull_url} if found.pull_number else {}
    return {"count": str(found.count), **pull}


def _drifted(outcome: Outcome) -> str:
    return json.dumps([shift.column for shift in outcome.shifts if shift.drifted])


def _of_attempt(outcome: Outcome) -> dict[str, str]:
    attempt = outcome.attempt
    if attempt is None:
        return {}
    interval = attempt.interval
    numbers = {
        "champion-score": attempt.champion_score,
        "challenger-score": attempt.challenger_score,
        "improvement": attempt.improvement,
        "ci-low": interval and interval.low,
        "ci-high": interval and interval.high,
        "gain": attempt.gain,
        "win-rate": attempt.comparison and attempt.comparison.win_rate,
    }
    screening = attempt.screening
    suspicious = {"suspicious": str(screening.suspicious)} if screening else {}
    watched = {"watch": _watched(attempt.watched)} if attempt.watched else {}
    outlook = {"outlook": attempt.decision.outlook} if attempt.decision else {}
    return (
        {"version": attempt.version}
        | suspicious
        | watched
        | outlook
        | {name: repr(value) for name, value in numbers.items() if value is not None}
    )


def _watched(found: WatchResult) -> str:
    return "worse" if found.worse else "not-worse" if found.comparison else "unknown"


def _of_publication(outcome: Outcome) -> dict[str, str]:
    publication = outcome.publication
    if publication is None:
        return {}
    pull = publication.pull_request
    known = {"pr-number": str(pull.number), "pr-url": pull.url} if pull else {}
    return known | {"merge-state": publication.merge_progress.value, "compare-url": publication.compare_url}
