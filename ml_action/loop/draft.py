"""The record of an attempt: as it begins, and with the results of scoring. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison
from ml_action.datasets.survey import Snapshot

FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class RunStamp:
    """When and where a run happens."""

    time: str  # UTC, ISO 8601
    url: str = ""  # the run's page


def new_attempt(snapshot: Snapshot, stamp: RunStamp, fingerprint: str, *, salt: str, version: str) -> Attempt:
    """The attempt as far as it is known before anything is trained."""
    now = next_time(snapshot.state.last.time if snapshot.state.last else "", stamp.time)
    compact = now.replace("-", "").replace(":", "")
    return Attempt(
        id=f"{compact}-{fingerprint[:8]}",
        time=now,
        run_url=stamp.url,
        fingerprint=fingerprint,
        data_tree=snapshot.inventory.tree,
        salt=salt,
        new=0,
        datasets=0,
        rows=0,
        set_aside=0,
        champion=snapshot.history.current if snapshot.history else "",
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
        given=snapshot.settings.given,
        holdout_fingerprint=snapshot.holdout.fingerprint,
    )


def next_time(last: str, now: str) -> str:
    """The time of an attempt, which identifies it: now, or a second after the last attempt if that is not past."""
    if now > last:
        return now
    moment = datetime.strptime(last, FORM).replace(tzinfo=timezone.utc) + timedelta(seconds=1)
    return moment.strftime(FORM)


def with_comparison(attempt: Attempt, comparison: Comparison) -> Attempt:
    """The attempt with the results of scoring."""
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
