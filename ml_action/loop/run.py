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
from ml_action.core.records.dataset import SetAside, Trigger
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import Trial
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.datasets import survey, trigger
from ml_action.datasets.survey import Scene
from ml_action.git import registry
from ml_action.git.journal import Look, State
from ml_action.git.repository import LostTheRace
from ml_action.loop import attempt as drafting
from ml_action.loop import gate as decision
from ml_action.loop import outcomes as endings
from ml_action.promotion import lifecycle as promotion
from ml_action.promotion import recording
from ml_action.promotion import rolled_back as barring
from ml_action.promotion.recording import Content
from ml_action.runtime.dependencies import Tools

if TYPE_CHECKING:
    from ml_action.loop.batch import Batch

LOOKED_AT = (Verdict.REVIEW, Verdict.INCOMPARABLE)  # by a person, before anything else happens
TOLD = 20  # suspicious datasets that the journal's line names; the state lists them all


def run(settings: Settings, tools: Tools) -> Outcome:
    """One hour of the loop."""
    if settings.dashboard:
        from ml_action.loop import dashboard

        return dashboard.beside(_hour, settings, tools)
    return _hour(settings, tools)


def _hour(settings: Settings, tools: Tools) -> Outcome:
    try:
        return _run(settings, tools)
    except LostTheRace:
        return endings.stood_down()


def _run(settings: Settings, tools: Tools) -> Outcome:
    scene = survey.look(settings, tools.repository, tools.tips)
    scene, earlier = promotion.resume(scene, settings, tools)
    if earlier and earlier.blocked and not _ended(scene):
        return endings.blocked(scene, earlier)
    scene = replace(scene, trigger=trigger.judge_asked(scene.trigger, asked=tools.asked))
    if not scene.trigger.ready:
        return endings.waiting(scene, earlier)
    waits = promotion.waits(scene, settings)
    if waits:
        return endings.blocked(scene, Publication(blocked=waits))
    stranger = promotion.stranger_on_branch(scene, tools)
    if stranger:
        return endings.blocked(scene, Publication(blocked=stranger))
    tools.log.say(scene.trigger.reason)
    return _attempt(scene, settings, tools)


def _ended(scene: Scene) -> bool:
    """Whether the promotion that was followed up is over, by whatever ending."""
    return promotion.pending(scene) is None


def _attempt(scene: Scene, settings: Settings, tools: Tools) -> Outcome:
    """The stages after the trigger."""
    from ml_action.loop import batch as batches
    from ml_action.loop import experiment, preflight, watch

    batch = batches.load(scene, settings, tools.log)
    set_aside = survey.unrecorded(scene, settings, batch.set_aside)
    counted = trigger.recount(scene.trigger, batch.count)
    if settings.force:
        counted, batch = scene.trigger, batches.all_new(batch)
    if not counted.ready:
        recording.remember(_looked(scene, settings, counted), scene, settings, tools, set_aside=set_aside)
        return endings.too_few(scene, counted, set_aside)
    if counted.early and not any(shift.drifted for shift in batch.shifts):
        recording.remember(_looked(scene, settings, counted), scene, settings, tools, set_aside=set_aside)
        return endings.no_drift(scene, counted, batch.shifts, set_aside)
    fingerprint = experiment.fingerprint_of(batch, scene, settings)
    before = scene.state.by_fingerprint(fingerprint)
    if before:
        recording.remember(scene.seen, scene, settings, tools, set_aside=set_aside)
        return endings.done_before(scene, before)
    if counted.early:
        moved = ", ".join(shift.column for shift in batch.shifts if shift.drifted)
        batch = replace(batch, notes=(*batch.notes, f"trained early: {moved} drifted"))
    warnings = preflight.check(scene.state, settings, tools)
    draft = drafting.begun(
        scene, tools, fingerprint, salt=survey.salt_of(scene, settings), version=registry.next_version(scene.history)
    )
    draft = replace(draft, new=batch.count)
    verdict, trial, screening = _judged(batch, scene, settings, tools)
    verdict = _unless_rolled_back(verdict, trial, scene, settings)
    if trial:
        set_aside = (*set_aside, *survey.unrecorded(scene, settings, trial.screening.suspects))
    told = replace(screening, suspects=screening.suspects[:TOLD])
    watched = watch.look(batch, scene, settings, verdict, screening, tools)
    draft = replace(draft, policy=experiment.policy_of(settings), screening=told, watched=watched)
    outcome = _conclude(draft, verdict, trial, set_aside, scene, settings, tools)
    return replace(outcome, notes=(*outcome.notes, *warnings))


def _judged(batch: Batch, scene: Scene, settings: Settings, tools: Tools) -> tuple[Decision, Trial | None, Screening]:
    """The verdict, the trial behind it, and what the champion made of the datasets.

    There is no trial where the champion has no answer and nobody asked for one without, and where no dataset is sound.
    """
    from ml_action.loop import experiment
    from ml_action.modelling.champion import Incomparable
    from ml_action.modelling.trial import NothingSound

    trial, screening = None, Screening()
    try:
        trial = experiment.judge(batch, scene, settings, tools)
        screening = trial.screening
        verdict = decision.decide(trial.comparison, experiment.policy_of(settings), trial.screening)
    except Incomparable as reason:
        verdict = decision.incomparable(str(reason))
        if settings.force or settings.on_review == "draft":
            trial = experiment.judge(batch, scene, settings, tools, alone=True)
    except NothingSound as found:
        screening = found.screening
        verdict = decision.unsound(found.screening, experiment.policy_of(settings))
    if settings.force and verdict.verdict is not Verdict.PROMOTE:
        verdict = decision.forced(verdict, settings.force)
    return verdict, trial, screening


def _unless_rolled_back(verdict: Decision, trial: Trial | None, scene: Scene, settings: Settings) -> Decision:
    """The verdict, unless it would propose what was rolled back and nobody forces it."""
    if trial is None or verdict.verdict is not Verdict.PROMOTE or settings.force:
        return verdict
    again = barring.again(trial, scene.inventory.tree, scene.history, scene.state.attempts)
    return decision.barred(verdict, again) if again else verdict


def _looked(scene: Scene, settings: Settings, counted: Trigger) -> State:
    """The state with what was found in the data: the next run need not read the very same data again."""
    sight = survey.sight(scene.inventory, settings, scene.repository, scene.tips)
    return replace(scene.state, looked=Look(sight, counted.count))


def _conclude(
    draft: Attempt,
    verdict: Decision,
    trial: Trial | None,
    set_aside: tuple[SetAside, ...],
    scene: Scene,
    settings: Settings,
    tools: Tools,
) -> Outcome:
    """Records the attempt, settles its promotion if it is one, and tells the ending."""
    from ml_action.loop import watch

    tools.log.say(f"{verdict.verdict}: {verdict.reason}")
    attempt = replace(
        draft,
        verdict=verdict.verdict,
        reason=verdict.reason,
        set_aside=len(set_aside),
        decision=verdict,
        forced=settings.force if verdict.verdict is Verdict.PROMOTE else "",
        draft=_is_drafted(verdict, trial, scene, settings),
    )
    attempt = _with_scores(attempt, trial) if trial else attempt
    content = recording.content_of(attempt, scene, settings, trial, verdict, set_aside) if trial else None
    seen = recording.seen(scene, set_aside)
    back = watch.answer(attempt, scene, settings, tools)
    if back:
        told = endings.decided(scene, attempt, verdict, trial, None, set_aside, settings)
        return endings.answered(told, *_turned_back(attempt, *back, seen, scene, settings, tools))
    recorded = recording.record(attempt, scene, settings, tools, onto=seen, content=content)
    done = None
    if recorded.attempt.commit:
        recorded, done = promotion.settle(recorded, settings, tools)
    return endings.decided(scene, recorded.attempt, verdict, trial, done, set_aside, settings)


def _turned_back(
    attempt: Attempt, back: Attempt, content: Content, seen: State, scene: Scene, settings: Settings, tools: Tools
) -> tuple[Attempt, Publication]:
    """The attempt, and the rollback that answers it: recorded in one push, so that neither is there alone."""
    onto = replace(seen, attempts=(*seen.attempts, attempt))
    recorded = recording.record(back, scene, settings, tools, onto=onto, content=content)
    recorded, done = promotion.settle(recorded, settings, tools)
    return recorded.attempt, done


def _is_drafted(verdict: Decision, trial: Trial | None, scene: Scene, settings: Settings) -> bool:
    """Whether a person gets a draft to look at. Never on top of a promotion that waits: it may be set to merge."""
    wanted = settings.on_review == "draft" and verdict.verdict in LOOKED_AT
    return wanted and trial is not None and promotion.pending(scene) is None


def _with_scores(attempt: Attempt, trial: Trial) -> Attempt:
    """The attempt with what scoring found."""
    attempt = drafting.scored(attempt, trial.comparison)
    return replace(attempt, datasets=trial.datasets, rows=trial.rows, notes=trial.notes)
