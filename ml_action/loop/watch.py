"""The champion watch: on each new batch the champion is compared with the version before it, on unseen rows.

A gain that was proven on yesterday's data may be gone on today's. By setting, a champion that is proven worse is
reported, or rolled back. Nothing is trained: two models predict the new rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ml_action.core.errors import ModelError
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt, WatchResult
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.model import History, Version
from ml_action.core.records.policy import Policy
from ml_action.datasets.survey import Snapshot
from ml_action.git.journal import State
from ml_action.loop import gate, rollback, versions
from ml_action.loop.batch.building import Batch
from ml_action.loop.draft import RunStamp
from ml_action.loop.judgement import Judgement
from ml_action.loop.rollback import VerifiedVersion
from ml_action.loop.versions import Flags, ModelStore
from ml_action.modelling.champion import Incomparable
from ml_action.modelling.rescoring import ScoredRows, compare_versions
from ml_action.promotion import lifecycle, rolled_back
from ml_action.promotion.proposal_content import ProposalContent
from ml_action.reports.verdicts import gate as sentences
from ml_action.reports.verdicts.outcomes import rolled_back as rolled_back_sentence

UNCLEAR = (Verdict.REVIEW, Verdict.INCOMPARABLE)  # these verdicts describe the data rather than the champion


@dataclass(frozen=True)
class Rivals:
    """The champion, and the version that it was promoted over."""

    champion: Version
    before: Version


def compare_with_previous(
    batch: Batch, snapshot: Snapshot, judged: Judgement, models: ModelStore, log: Log
) -> WatchResult | None:
    """The champion compared with the version before it. None: the watch is off, or there is no such version."""
    rivals = _rivals(snapshot)
    if rivals is None:
        return None
    champion, before = rivals.champion.version, rivals.before.version
    found = WatchResult(champion, before, worse=False, text="")
    reason = _reason_to_skip(before, judged.decision.verdict, snapshot.state)
    if reason:
        return replace(found, text=f"{champion} was not compared with {before}: {reason}")
    try:
        scored = versions.scored_rows(batch, _rows_that_look_right(batch, judged), snapshot.settings.training.group)
        found = _compare(found, rivals, scored, snapshot.settings.gate, models)
    except (ModelError, Incomparable) as problem:
        reason = problem.what if isinstance(problem, ModelError) else str(problem)
        found = replace(found, text=f"{champion} was not compared with {before}: {reason}")
    (log.warn if found.worse else log.info)(found.text)
    return found


def _rivals(snapshot: Snapshot) -> Rivals | None:
    settings, history = snapshot.settings, snapshot.history
    if settings.rollback.watch == "off" or settings.trigger.force or history is None or history.champion is None:
        return None
    before = _before(history, snapshot.state)
    return Rivals(history.champion, before) if before else None


def _before(history: History, state: State) -> Version | None:
    """The version that the champion was promoted over, according to the journal."""
    made = next((one for one in state.attempts if history.champion and one.id == history.champion.attempt), None)
    return next((one for one in history.versions if made and one.version == made.champion), None)


def _reason_to_skip(before: str, verdict: Verdict, state: State) -> str:
    """Why the two are not compared. Empty: they are."""
    rollback_of = rolled_back.active_rollbacks(state.attempts).get(before)
    if rollback_of:
        return f"{before} {rolled_back_sentence(rollback_of)}"
    return "a person has to look at the new datasets first" if verdict in UNCLEAR else ""


def _rows_that_look_right(batch: Batch, judged: Judgement) -> Flags:
    """The rows of the new datasets, but not of those that the screening suspects."""
    suspects = {item.blob for item in judged.screening.suspects}
    sound = np.array([item.blob not in suspects for item in batch.table.datasets], dtype=bool)
    return np.asarray((batch.new & sound)[batch.table.cluster], dtype=bool)


def _compare(found: WatchResult, rivals: Rivals, scored: ScoredRows, policy: Policy, models: ModelStore) -> WatchResult:
    """The version before in the challenger's place, compared with the champion.

    Raises:
        ModelError: one of the files is not the recorded one, or cannot be loaded.
        Incomparable: one of them cannot be scored.
    """
    notes: list[str] = []
    before, champion = (models.reference(one, notes.append) for one in (rivals.before, rivals.champion))
    comparison = compare_versions(scored, policy, before, champion)
    worse = gate.is_beaten(comparison, policy)
    text = sentences.watched(found.champion, found.before, comparison, worse=worse)
    return replace(found, worse=worse, text=text, comparison=comparison, notes=tuple(notes))


# --- the answer -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WatchRollback:
    """The rollback that goes with an attempt."""

    attempt: Attempt
    content: ProposalContent


def rollback_for(attempt: Attempt, snapshot: Snapshot, stamp: Callable[[], RunStamp]) -> WatchRollback | None:
    """The rollback that goes with an attempt. None: nothing is rolled back.

    A promotion, of this run or one that waits, goes first: it replaces the champion as well, and is better.
    """
    watched, settings = attempt.watched, snapshot.settings
    wanted = settings.rollback.watch == "rollback" and settings.publication.autonomy.reaches(Autonomy.PROPOSE)
    if watched is None or not watched.worse or not wanted:
        return None
    if attempt.verdict is Verdict.PROMOTE or lifecycle.pending(snapshot):
        return None
    request = rollback.resolve_request(snapshot.history, watched.before, watched.text)
    back = rollback.attempt_of(request, VerifiedVersion(watched.comparison, watched.notes), snapshot, stamp())
    back = replace(back, watched=watched)
    return WatchRollback(back, rollback.content_of(back, request, snapshot))
