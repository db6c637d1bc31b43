"""An attempt as it begins, and what scoring found put into it. Pure, but for the time and the address of the run."""

from __future__ import annotations

from dataclasses import replace

from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison
from ml_action.datasets.survey import Snapshot
from ml_action.runtime.dependencies import Dependencies

FORM = "%Y-%m-%dT%H:%M:%SZ"


def new_attempt(scene: Snapshot, tools: Dependencies, fingerprint: str, *, salt: str, version: str) -> Attempt:
    """The attempt as far as it is known before anything is loaded."""
    now = next_time(scene.state.last.time if scene.state.last else "", tools.now())
    stamp = now.replace("-", "").replace(":", "")
    return Attempt(
        id=f"{stamp}-{fingerprint[:8]}",
        time=now,
        run_url=tools.run_url,
        fingerprint=fingerprint,
        data_tree=scene.inventory.tree,
        salt=salt,
        new=0,
        datasets=0,
        rows=0,
        set_aside=0,
        champion=scene.history.current if scene.history else "",
        version=version,
        verdict=Verdict.FAILED,
        reason="",
        metric="",
        champion_score=None,
        challenger_score=None,
        improvement=None,
        interval=None,
        gain=None,
        p_value=None,
        base="",
        commit="",
        digest="",
    )


def next_time(last: str, now: str) -> str:
    """The time of an attempt, by which it is known: a second after the last one's where that is not past."""
    if now > last:
        return now
    from datetime import datetime, timedelta, timezone  # late: a clock that stands still is rare

    moment = datetime.strptime(last, FORM).replace(tzinfo=timezone.utc) + timedelta(seconds=1)
    return moment.strftime(FORM)


def with_comparison(attempt: Attempt, comparison: Comparison) -> Attempt:
    """The attempt with what scoring found."""
    return replace(
        attempt,
        metric=comparison.metric,
        champion_score=comparison.champion.get(comparison.metric),
        challenger_score=comparison.challenger[comparison.metric],
        improvement=comparison.improvement,
        interval=comparison.improvement_interval,
        gain=comparison.gain,
        p_value=comparison.p_value,
        comparison=comparison,
    )
