"""The loop, in the order in which it happens: survey, resume, trigger, load, fit and score, decide, record, settle.

Every path ends in an Outcome that says what was found, what was decided and what happens next. A failure before
`record` leaves nothing behind; a failure after it is completed by the next run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ml_action.config.settings import Settings
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset, Trigger
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import Trial
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.datasets import survey, trigger
from ml_action.datasets.survey import Snapshot
from ml_action.git import registry
from ml_action.git.journal import LastRead, State
from ml_action.git.repository import ConcurrentUpdate
from ml_action.loop import attempt as drafting
from ml_action.loop import gate, outcomes
from ml_action.promotion import lifecycle, recording, rolled_back
from ml_action.promotion.recording import ProposalContent
from ml_action.runtime.dependencies import Dependencies

if TYPE_CHECKING:
    from ml_action.loop.batch import Batch

NEEDS_PERSON = (Verdict.REVIEW, Verdict.INCOMPARABLE)  # by a person, before anything else happens
MAX_LISTED = 20  # suspicious datasets that the journal's line names; the state lists them all


def run(settings: Settings, tools: Dependencies) -> Outcome:
    """One hour of the loop."""
    if settings.publication.dashboard:
        from ml_action.loop import dashboard

        return dashboard.with_dashboard(_hour, settings, tools)
    return _hour(settings, tools)


def _hour(settings: Settings, tools: Dependencies) -> Outcome:
    try:
        return _run(settings, tools)
    except ConcurrentUpdate:
        return outcomes.lost_race()


def _run(settings: Settings, tools: Dependencies) -> Outcome:
    scene = survey.take_snapshot(settings, tools.repository)
    scene, earlier = lifecycle.resume(scene, settings, tools)
    if earlier and earlier.blocked and not _ended(scene):
        return outcomes.blocked(scene, earlier)
    scene = replace(scene, trigger=trigger.judge_asked(scene.trigger, asked=tools.asked))
    if not scene.trigger.ready:
        return outcomes.waiting(scene, earlier)
    waits = lifecycle.blocking_proposal(scene, settings)
    if waits:
        return outcomes.blocked(scene, Publication(blocked=waits))
    stranger = lifecycle.foreign_commit_on_branch(scene, tools)
    if stranger:
        return outcomes.blocked(scene, Publication(blocked=stranger))
    tools.log.info(scene.trigger.reason)
    return _attempt(scene, settings, tools)


def _ended(scene: Snapshot) -> bool:
    """Whether the promotion that was followed up is over, by whatever ending."""
    return lifecycle.pending(scene) is None


def _attempt(scene: Snapshot, settings: Settings, tools: Dependencies) -> Outcome:
    """The stages after the trigger."""
    from ml_action.loop import batch as batches
    from ml_action.loop import experiment, preflight, watch

    batch = batches.load_batch(scene, settings, tools.log)
    set_aside = survey.unrecorded(scene, settings, batch.set_aside)
    counted = trigger.recount(scene.trigger, batch.count)
    if settings.trigger.force:
        counted, batch = scene.trigger, batches.treat_all_as_new(batch)
    if not counted.ready:
        recording.record_look(_looked(scene, settings, counted), scene, settings, tools, set_aside=set_aside)
        return outcomes.too_few(scene, counted, set_aside)
    if counted.early and not any(shift.drifted for shift in batch.shifts):
        recording.record_look(_looked(scene, settings, counted), scene, settings, tools, set_aside=set_aside)
        return outcomes.no_drift(scene, counted, batch.shifts, set_aside)
    fingerprint = experiment.fingerprint_of(batch, scene, settings)
    before = scene.state.by_fingerprint(fingerprint)
    if before:
        recording.record_look(scene.seen, scene, settings, tools, set_aside=set_aside)
        return outcomes.already_judged(scene, before)
    if counted.early:
        moved = ", ".join(shift.column for shift in batch.shifts if shift.drifted)
        batch = replace(batch, notes=(*batch.notes, f"trained early: {moved} drifted"))
    warnings = preflight.check(scene.state, settings, tools)
    draft = drafting.new_attempt(
        scene,
        tools,
        fingerprint,
        salt=survey.holdout_key(scene, settings),
        version=registry.next_version(scene.history),
    )
    draft = replace(draft, new=batch.count)
    verdict, trial, screening = _judge(batch, scene, settings, tools)
    verdict = _unless_rolled_back(verdict, trial, scene, settings)
    if trial:
        set_aside = (*set_aside, *survey.unrecorded(scene, settings, trial.screening.suspects))
    told = replace(screening, suspects=screening.suspects[:MAX_LISTED])
    watched = watch.compare_with_previous(batch, scene, settings, verdict, screening, tools)
    draft = replace(draft, policy=settings.gate, screening=told, watched=watched)
    outcome = _conclude(draft, verdict, trial, set_aside, scene, settings, tools)
    return replace(outcome, notes=(*outcome.notes, *warnings))


def _judge(
    batch: Batch, scene: Snapshot, settings: Settings, tools: Dependencies
) -> tuple[Decision, Trial | None, Screening]:
    """The verdict, the trial behind it, and what the champion made of the datasets.

    There is no trial where the champion has no answer and nobody asked for one without, and where no dataset is sound.
    """
    from ml_action.loop import experiment
    from ml_action.modelling.champion import Incomparable
    from ml_action.modelling.trial import NoUsableDatasets

    trial, screening = None, Screening()
    try:
        trial = experiment.train_against_champion(batch, scene, settings, tools)
        screening = trial.screening
        verdict = gate.decide(trial.comparison, settings.gate, trial.screening)
    except Incomparable as reason:
        verdict = gate.incomparable(str(reason))
        if settings.trigger.force or settings.publication.on_review == "draft":
            trial = experiment.train_against_champion(batch, scene, settings, tools, alone=True)
    except NoUsableDatasets as found:
        screening = found.screening
        verdict = gate.review_unusable(found.screening, settings.gate)
    if settings.trigger.force and verdict.verdict is not Verdict.PROMOTE:
        verdict = gate.forced(verdict, settings.trigger.force)
    return verdict, trial, screening


def _unless_rolled_back(verdict: Decision, trial: Trial | None, scene: Snapshot, settings: Settings) -> Decision:
    """The verdict, unless it would propose what was rolled back and nobody forces it."""
    if trial is None or verdict.verdict is not Verdict.PROMOTE or settings.trigger.force:
        return verdict
    again = rolled_back.repeats_rolled_back(trial, scene.inventory.tree, scene.history, scene.state.attempts)
    return gate.hold_rolled_back(verdict, again) if again else verdict


def _looked(scene: Snapshot, settings: Settings, counted: Trigger) -> State:
    """The state with what was found in the data: the next run need not read the very same data again."""
    sight = survey.data_fingerprint(scene.inventory, settings, scene.repository)
    return replace(scene.state, looked=LastRead(sight, counted.count))


def _conclude(
    draft: Attempt,
    verdict: Decision,
    trial: Trial | None,
    set_aside: tuple[RejectedDataset, ...],
    scene: Snapshot,
    settings: Settings,
    tools: Dependencies,
) -> Outcome:
    """Records the attempt, settles its promotion if it is one, and tells the ending."""
    from ml_action.loop import watch

    tools.log.info(f"{verdict.verdict}: {verdict.reason}")
    attempt = replace(
        draft,
        verdict=verdict.verdict,
        reason=verdict.reason,
        set_aside=len(set_aside),
        decision=verdict,
        forced=settings.trigger.force if verdict.verdict is Verdict.PROMOTE else "",
        draft=_is_drafted(verdict, trial, scene, settings),
    )
    attempt = _with_scores(attempt, trial) if trial else attempt
    content = recording.new_version_content(attempt, scene, settings, trial, verdict, set_aside) if trial else None
    seen = recording.consumed_state(scene, set_aside)
    back = watch.rollback_for(attempt, scene, settings, tools)
    if back:
        told = outcomes.attempt_recorded(scene, attempt, verdict, trial, None, set_aside, settings)
        return outcomes.rolled_back_by_watch(told, *_record_rollback(attempt, *back, seen, scene, settings, tools))
    recorded = recording.record(attempt, scene, settings, tools, onto=seen, content=content)
    done = None
    if recorded.attempt.commit:
        recorded, done = lifecycle.settle(recorded, settings, tools)
    return outcomes.attempt_recorded(scene, recorded.attempt, verdict, trial, done, set_aside, settings)


def _record_rollback(
    attempt: Attempt,
    back: Attempt,
    content: ProposalContent,
    seen: State,
    scene: Snapshot,
    settings: Settings,
    tools: Dependencies,
) -> tuple[Attempt, Publication]:
    """The attempt, and the rollback that answers it: recorded in one push, so that neither is there alone."""
    onto = replace(seen, attempts=(*seen.attempts, attempt))
    recorded = recording.record(back, scene, settings, tools, onto=onto, content=content)
    recorded, done = lifecycle.settle(recorded, settings, tools)
    return recorded.attempt, done


def _is_drafted(verdict: Decision, trial: Trial | None, scene: Snapshot, settings: Settings) -> bool:
    """Whether a person gets a draft to look at. Never on top of a promotion that waits: it may be set to merge."""
    wanted = settings.publication.on_review == "draft" and verdict.verdict in NEEDS_PERSON
    return wanted and trial is not None and lifecycle.pending(scene) is None


def _with_scores(attempt: Attempt, trial: Trial) -> Attempt:
    """The attempt with what scoring found."""
    attempt = drafting.with_comparison(attempt, trial.comparison)
    return replace(attempt, datasets=trial.datasets, rows=trial.rows, notes=trial.notes)
