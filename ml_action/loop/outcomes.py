"""How a run may end: each ending with its verdict, its reason and what happens next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from ml_action.config.settings import Settings
from ml_action.core.errors import ForgeError
from ml_action.core.formatting import percent
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.dataset import RejectedDataset, Trigger
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress
from ml_action.datasets.inventory import notes
from ml_action.datasets.survey import Snapshot
from ml_action.datasets.trigger import remaining
from ml_action.git import registry
from ml_action.promotion import rolled_back as barring
from ml_action.reports import verdicts

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.contract import ColumnDrift
    from ml_action.core.records.evaluation import Decision
    from ml_action.core.records.model import Trial, Version
    from ml_action.core.records.promotion import Publication

MORE = "nothing until more datasets arrive; the next run counts again"


def _known(scene: Snapshot) -> tuple[str, ...]:
    """What is worth knowing of the datasets, and of the versions."""
    return (*notes(scene.inventory), *barring.notes(scene.state.attempts, scene.history))


def _champion(scene: Snapshot) -> Version | None:
    return scene.history.champion if scene.history else None


def waiting(scene: Snapshot, earlier: Publication | None) -> Outcome:
    """Not enough new datasets."""
    return Outcome(
        Verdict.WAITING,
        scene.trigger.reason,
        _followed_up(scene, earlier) if earlier else MORE,
        inventory=scene.inventory,
        trigger=scene.trigger,
        champion=_champion(scene),
        attempt=scene.state.proposed if earlier else None,
        publication=earlier,
        notes=_known(scene),
    )


def _followed_up(scene: Snapshot, earlier: Publication) -> str:
    proposed = scene.state.proposed
    return _after_rollback(proposed, earlier) if proposed and proposed.rolls_back else next_step_of(earlier)


def too_few(scene: Snapshot, counted: Trigger, set_aside: Sequence[RejectedDataset]) -> Outcome:
    """Enough files, but not enough sound datasets among them; or enough lines, and too few of them new rows."""
    mend = "correct the files that were set aside, or wait for more datasets; a corrected file counts as new"
    return Outcome(
        Verdict.WAITING,
        counted.reason,
        mend if set_aside else MORE,
        inventory=scene.inventory,
        trigger=counted,
        champion=_champion(scene),
        set_aside=tuple(set_aside),
        notes=_known(scene),
    )


def no_drift(
    scene: Snapshot, counted: Trigger, shifts: Sequence[ColumnDrift], set_aside: Sequence[RejectedDataset]
) -> Outcome:
    """Enough datasets for a look at drift, and there is none."""
    most = "there is too little to compare"
    if shifts:
        most = f"the largest is {percent(shifts[0].effect, 0)}, {percent(shifts[0].least, 0)} of it beyond chance"
    missing = counted.threshold - counted.count
    return Outcome(
        Verdict.WAITING,
        f"waiting {counted.count}/{counted.threshold}: no drift ({most}), {remaining(missing, counted.unit)} a "
        f"training",
        "nothing until more datasets arrive; the next run counts and looks again",
        inventory=scene.inventory,
        trigger=replace(counted, ready=False),
        champion=_champion(scene),
        set_aside=tuple(set_aside),
        shifts=tuple(shifts),
        notes=_known(scene),
    )


def already_judged(scene: Snapshot, attempt: Attempt) -> Outcome:
    """The very same data, settings and champion were judged before."""
    reason = f"the same work was done before: attempt {attempt.id} ended with {attempt.verdict}"
    rollback = barring.active_rollbacks(scene.state.attempts).get(attempt.version)
    if rollback and attempt.state == "merged":
        reason += f", and {attempt.version} {verdicts.rolled_back(rollback)}"
    return Outcome(
        Verdict.HOLD,
        reason,
        f"the next training waits for {scene.trigger.threshold} further {scene.trigger.unit}",
        inventory=scene.inventory,
        trigger=scene.trigger,
        champion=_champion(scene),
        attempt=attempt,
    )


def blocked(scene: Snapshot, publication: Publication) -> Outcome:
    """A person stands in the way, and has the right to."""
    return Outcome(
        Verdict.BLOCKED,
        publication.blocked,
        next_step_of(publication),
        inventory=scene.inventory,
        trigger=scene.trigger,
        champion=_champion(scene),
        attempt=scene.state.proposed or scene.state.last,
        publication=publication,
        exit_code=_exit_code(publication),
    )


def rolled_back(scene: Snapshot, attempt: Attempt, publication: Publication | None) -> Outcome:
    """An earlier version is proposed, or in production again."""
    blocked = publication.blocked if publication else ""
    return Outcome(
        Verdict.BLOCKED if blocked else Verdict.ROLLBACK,
        blocked or attempt.reason,
        _after_rollback(attempt, publication),
        champion=_champion(scene),
        attempt=attempt,
        publication=publication,
        notes=attempt.notes,
        exit_code=_exit_code(publication),
    )


def _after_rollback(attempt: Attempt, publication: Publication | None) -> str:
    if publication is None:
        return "nothing: autonomy is report; with propose a pull request is opened"
    if publication.merge_progress is MergeProgress.MERGED:
        return f"{attempt.version} is on the base branch again: the service picks it up"
    return next_step_of(publication)


def rolled_back_by_watch(outcome: Outcome, back: Attempt, publication: Publication) -> Outcome:
    """The ending of an attempt that the watch answered with a rollback."""
    after = f"the watch goes back to {back.version}: {_after_rollback(back, publication)}"
    return replace(outcome, next_step=after, publication=publication)


def lost_race() -> Outcome:
    """Another run was faster."""
    return Outcome(
        Verdict.STOOD_DOWN,
        "another run recorded its result first; this one changed nothing",
        "nothing: the other run's result stands; set a `concurrency` group so that runs wait for each other",
    )


def attempt_recorded(
    scene: Snapshot,
    attempt: Attempt,
    decision: Decision,
    trial: Trial | None,
    publication: Publication | None,
    set_aside: Sequence[RejectedDataset],
    settings: Settings,
) -> Outcome:
    """An attempt was made and recorded."""
    if publication and publication.blocked:
        verdict, reason = Verdict.BLOCKED, publication.blocked
    else:
        verdict, reason = decision.verdict, decision.reason
    model = registry.file_of(attempt.version, settings.training.model_format)
    proposed = f"{settings.publication.model_dir}/{model}" if attempt.commit else ""
    return Outcome(
        verdict,
        reason,
        _after(attempt, publication, settings),
        inventory=scene.inventory,
        trigger=scene.trigger,
        champion=_champion(scene),
        attempt=attempt,
        trial=trial,
        decision=decision,
        publication=publication,
        set_aside=tuple(set_aside),
        shifts=trial.shifts if trial else (),
        notes=(*_known(scene), *(trial.notes if trial else ())),
        model_path=proposed,
        exit_code=_exit_code(publication),
    )


def _after(attempt: Attempt, publication: Publication | None, settings: Settings) -> str:
    """What happens next after an attempt."""
    if attempt.verdict in (Verdict.INCOMPARABLE, Verdict.REVIEW):
        outlook = attempt.decision.outlook if attempt.decision else "a person looks"
        drafted = publication.pull_request if publication else None
        if drafted:
            seen = (
                f"pull request #{drafted.number} is a draft for a person: merge it if the data are right, or close it"
            )
            return f"the champion stays. {seen}"
        return f"the champion stays. A person decides: {outlook}"
    if attempt.verdict is not Verdict.PROMOTE:
        return (
            f"the champion stays; the next training waits for {settings.trigger.threshold} further "
            f"{settings.data.unit} and will use these as well"
        )
    if settings.publication.autonomy is Autonomy.REPORT:
        return "nothing: autonomy is report; with propose, the next training that proves better opens a pull request"
    return next_step_of(publication) if publication else "the proposal's branch is pushed"


def next_step_of(publication: Publication) -> str:
    """What happens next to a promotion."""
    pull = publication.pull_request
    if pull and pull.state == "closed":
        return f"pull request #{pull.number} was closed by a person: this data will not propose it again"
    if publication.fix:
        return _opened_by_hand(publication)
    if publication.blocked:
        return "a person decides; the next run looks again"
    if publication.merge_progress is MergeProgress.MERGED:
        return "the new model is on the base branch: the service picks it up"
    if pull is None:
        return "the proposal's branch is pushed; merge it to put the model into production"
    return f"pull request #{pull.number} is open: {_waits_for(publication.merge_progress)}"


def _waits_for(progress: MergeProgress) -> str:
    """Returns what merges an open pull request."""
    match progress:
        case MergeProgress.ENABLED:
            return "GitHub merges it when its requirements are met"
        case MergeProgress.QUEUED:
            return "the merge queue merges it when its turn comes"
        case MergeProgress.WAITING:
            return "the next run looks again"
        case MergeProgress.NONE | MergeProgress.BLOCKED | MergeProgress.MERGED:
            return "a person reviews and merges it"
        case _:
            assert_never(progress)


def _opened_by_hand(publication: Publication) -> str:
    """What to do about a pull request that the bot may not open."""
    where = f": {publication.compare_url}" if publication.compare_url else ""
    return f"open it by hand{where}; or let the bot, and the next run opens it: {publication.fix}"


def _exit_code(publication: Publication | None) -> int:
    """The exit code: a pull request that may not be opened fails the run, with everything told."""
    return ForgeError.exit_code if publication and publication.fix else 0
