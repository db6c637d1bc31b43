"""The loop, in the order in which it happens: survey, resume, trigger, load, fit and score, decide, record, settle.

Every path ends in an Outcome that says what was found, what was decided and what happens next. A failure before
`record` leaves nothing behind; a failure after it is completed by the next run.
"""

from __future__ import annotations

from dataclasses import replace

from ml_action import decision, endings, promotion, registry, survey, trigger
from ml_action.journal import Look, State
from ml_action.records import Attempt, Decision, Outcome, Publication, SetAside, Trial, Trigger, Verdict
from ml_action.repository import LostTheRace
from ml_action.settings import Settings
from ml_action.survey import Scene
from ml_action.tools import Tools


def run(settings: Settings, tools: Tools) -> Outcome:
    """One hour of the loop."""
    try:
        return _run(settings, tools)
    except LostTheRace:
        return endings.stood_down()


def _run(settings: Settings, tools: Tools) -> Outcome:
    scene = survey.look(settings, tools.repository, tools.tips)
    scene, earlier = promotion.resume(scene, settings, tools)
    if earlier and earlier.blocked and not _ended(scene):
        return endings.blocked(scene, earlier)
    if not scene.trigger.ready:
        return endings.waiting(scene, earlier)
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
    from ml_action import batch as batches  # late: pandas and scikit-learn take two seconds to load
    from ml_action import experiment
    from ml_action.modelling.trial import Incomparable

    batch = batches.load(scene, settings, tools.log)
    set_aside = survey.unrecorded(scene, settings, batch.set_aside)
    counted = trigger.recount(scene.trigger, batch.count)
    if not counted.ready:
        promotion.remember(_looked(scene, settings, counted), scene, settings, tools, set_aside=set_aside)
        return endings.too_few(scene, counted, set_aside)
    if counted.early and not any(shift.drifted for shift in batch.shifts):
        promotion.remember(_looked(scene, settings, counted), scene, settings, tools, set_aside=set_aside)
        return endings.no_drift(scene, counted, batch.shifts, set_aside)
    fingerprint = experiment.fingerprint_of(batch, scene, settings)
    before = scene.state.by_fingerprint(fingerprint)
    if before:
        promotion.remember(scene.seen, scene, settings, tools, set_aside=set_aside)
        return endings.done_before(scene, before)
    if counted.early:
        moved = ", ".join(shift.column for shift in batch.shifts if shift.drifted)
        batch = replace(batch, notes=(*batch.notes, f"trained early: {moved} drifted"))
    draft = _draft(scene, tools, fingerprint, survey.salt_of(scene, settings), batch.count)
    try:
        trial = experiment.judge(batch, scene, settings, tools)
    except Incomparable as reason:
        verdict = Decision(Verdict.INCOMPARABLE, f"the champion cannot be scored on the new datasets: {reason}")
        return _conclude(draft, verdict, None, set_aside, scene, settings, tools)
    policy = decision.Policy(settings.confidence, settings.min_improvement)
    verdict = decision.decide(trial.comparison, policy)
    return _conclude(draft, verdict, trial, set_aside, scene, settings, tools)


def _looked(scene: Scene, settings: Settings, counted: Trigger) -> State:
    """The state with what was found in the data: the next run need not read the very same data again."""
    sight = survey.sight(scene.inventory, settings, scene.repository, scene.tips)
    return replace(scene.state, looked=Look(sight, counted.count))


def _draft(scene: Scene, tools: Tools, fingerprint: str, salt: str, new: int) -> Attempt:
    """The attempt as far as it is known before the training."""
    now = tools.now()
    stamp = now.replace("-", "").replace(":", "")
    return Attempt(
        id=f"{stamp}-{fingerprint[:8]}",
        time=now,
        run_url=tools.run_url,
        fingerprint=fingerprint,
        data_tree=scene.inventory.tree,
        salt=salt,
        new=new,
        datasets=0,
        rows=0,
        set_aside=0,
        champion=scene.history.current if scene.history else "",
        version=registry.next_version(scene.history),
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
    tools.log.say(f"{verdict.verdict}: {verdict.reason}")
    attempt = replace(draft, verdict=verdict.verdict, reason=verdict.reason, set_aside=len(set_aside))
    attempt = _with_scores(attempt, trial) if trial else attempt
    recorded = promotion.record(attempt, scene, settings, tools, set_aside=set_aside, trial=trial, decision=verdict)
    done = None
    if recorded.attempt.commit:
        recorded, done = promotion.settle(recorded, settings, tools)
    return endings.decided(scene, recorded.attempt, verdict, trial, done, set_aside, settings)


def _with_scores(attempt: Attempt, trial: Trial) -> Attempt:
    """The attempt with what scoring found."""
    comparison = trial.comparison
    return replace(
        attempt,
        datasets=trial.datasets,
        rows=trial.rows,
        metric=comparison.metric,
        champion_score=comparison.champion.get(comparison.metric),
        challenger_score=comparison.challenger[comparison.metric],
        improvement=comparison.improvement,
        interval=comparison.improvement_interval,
        gain=comparison.gain,
        p_value=comparison.p_value,
    )
