"""The watch: on each new batch the champion is scored beside the version before it, on rows that neither has seen.

A gain that was proven on yesterday's data may be gone on today's. By setting, a champion that is proven worse is told,
or answered with the rollback. Nothing is trained: two models predict the new rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ml_action.config.settings import Settings
from ml_action.core.errors import ModelError
from ml_action.core.records.attempt import Attempt, WatchResult
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import History, Version
from ml_action.datasets.survey import Snapshot
from ml_action.loop import gate, version_comparison
from ml_action.loop import rollback as reversal
from ml_action.loop.rollback import VerifiedVersion
from ml_action.modelling.champion import Incomparable
from ml_action.promotion import lifecycle, recording, rolled_back
from ml_action.reports.verdicts import gate as sentences
from ml_action.reports.verdicts.outcomes import rolled_back as rolled_back_sentence
from ml_action.runtime.dependencies import Dependencies

if TYPE_CHECKING:
    from ml_action.git.journal import State
    from ml_action.loop.batch import Batch

UNCLEAR = (Verdict.REVIEW, Verdict.INCOMPARABLE)  # what the data say of the champion, they do not say of it alone


def compare_with_previous(
    batch: Batch, scene: Snapshot, settings: Settings, verdict: Decision, screening: Screening, tools: Dependencies
) -> WatchResult | None:
    """How the champion fares beside the version before it; None: nobody asked, or there is no such version."""
    history = scene.history
    if settings.rollback.watch == "off" or settings.trigger.force or history is None or history.champion is None:
        return None
    before = _before(history, scene.state)
    if before is None:
        return None
    found = WatchResult(history.current, before.version, worse=False, text="")
    why_not = _reason_to_skip(found, verdict, scene)
    if why_not:
        return replace(found, text=f"{history.current} was not held against {before.version}: {why_not}")
    try:
        found = _compare(found, history.champion, before, batch, scene, settings, screening)
    except (ModelError, Incomparable) as problem:
        said = problem.what if isinstance(problem, ModelError) else str(problem)
        found = replace(found, text=f"{history.current} was not held against {before.version}: {said}")
    (tools.log.warn if found.worse else tools.log.info)(found.text)
    return found


def _before(history: History, state: State) -> Version | None:
    """The version that the champion was promoted over, as the journal tells; None: there was none, or nobody knows."""
    made = next((one for one in state.attempts if history.champion and one.id == history.champion.attempt), None)
    return next((one for one in history.versions if made and one.version == made.champion), None)


def _reason_to_skip(found: WatchResult, verdict: Decision, scene: Snapshot) -> str:
    """Why the two are not compared; empty: they are."""
    rollback = rolled_back.active_rollbacks(scene.state.attempts).get(found.before)
    if rollback:
        return f"{found.before} {rolled_back_sentence(rollback)}"
    if verdict.verdict in UNCLEAR:
        return "a person has to look at the new datasets first"
    return ""


def _compare(
    found: WatchResult,
    champion: Version,
    before: Version,
    batch: Batch,
    scene: Snapshot,
    settings: Settings,
    screening: Screening,
) -> WatchResult:
    """The version before in the challenger's place, on the new datasets that look right.

    Raises:
        ModelError: one of the files is not the recorded one, or cannot be loaded.
        Incomparable: one of them has no score.
    """
    notes: list[str] = []
    one, other = (
        version_comparison.load_version(version, scene, settings, notes.append) for version in (before, champion)
    )
    suspects = {item.blob for item in screening.suspects}
    sound = np.array([item.blob not in suspects for item in batch.table.datasets], dtype=bool)
    comparison = version_comparison.compare(batch, (batch.new & sound)[batch.table.cluster], settings, one, other)
    worse = gate.is_beaten(comparison, settings.gate)
    text = sentences.watched(found.champion, found.before, comparison, worse=worse)
    return replace(found, worse=worse, text=text, comparison=comparison, notes=tuple(notes))


# --- the answer -------------------------------------------------------------------------------------------


def rollback_for(
    attempt: Attempt, scene: Snapshot, settings: Settings, tools: Dependencies
) -> tuple[Attempt, recording.ProposalContent] | None:
    """The rollback that goes with an attempt; None: there is none.

    A promotion, of this run or one that waits, goes first: it takes the champion's place as well, and is better.
    """
    watched = attempt.watched
    wanted = settings.rollback.watch == "rollback" and settings.publication.autonomy.reaches(Autonomy.PROPOSE)
    if watched is None or not watched.worse or not wanted:
        return None
    if attempt.verdict is Verdict.PROMOTE or lifecycle.pending(scene):
        return None
    wish = reversal.resolve_request(scene.history, watched.before, watched.text)
    back = reversal.attempt_of(wish, VerifiedVersion(watched.comparison, watched.notes), scene, tools)
    back = replace(back, watched=watched)
    return back, reversal.content_of(back, wish, scene, settings)
