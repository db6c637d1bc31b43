"""How a run may end: each ending with its verdict, its reason and what happens next. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ml_action.core import model_metadata
from ml_action.core.errors import ForgeError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset, Trigger
from ml_action.core.records.outcome import Outcome
from ml_action.datasets.inventory import notes
from ml_action.datasets.survey import Snapshot
from ml_action.git.repository import ConcurrentUpdate
from ml_action.promotion import rolled_back as rollbacks
from ml_action.reports.verdicts import outcomes as sentences

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.contract import ColumnDrift
    from ml_action.core.records.promotion import Publication
    from ml_action.loop.judgement import Judgement


def _known(snapshot: Snapshot) -> tuple[str, ...]:
    """What is worth knowing of the datasets, and of the versions."""
    return (*notes(snapshot.inventory), *rollbacks.notes(snapshot.state.attempts, snapshot.history))


def waiting(snapshot: Snapshot, earlier: Publication | None) -> Outcome:
    """Not enough new datasets."""
    return Outcome(
        Verdict.WAITING,
        snapshot.trigger.reason,
        _followed_up(snapshot, earlier) if earlier else sentences.MORE_DATASETS,
        inventory=snapshot.inventory,
        trigger=snapshot.trigger,
        champion=snapshot.champion,
        attempt=snapshot.state.proposed if earlier else None,
        publication=earlier,
        notes=_known(snapshot),
    )


def _followed_up(snapshot: Snapshot, earlier: Publication) -> str:
    proposed = snapshot.state.proposed
    if proposed and proposed.rolls_back:
        return sentences.after_rollback(proposed, earlier)
    return sentences.after_publication(earlier)


def too_few(snapshot: Snapshot, counted: Trigger, set_aside: Sequence[RejectedDataset]) -> Outcome:
    """Enough files, but not enough sound datasets among them; or enough lines, and too few of them new rows."""
    return Outcome(
        Verdict.WAITING,
        counted.reason,
        sentences.CORRECT_FILES if set_aside else sentences.MORE_DATASETS,
        inventory=snapshot.inventory,
        trigger=counted,
        champion=snapshot.champion,
        set_aside=tuple(set_aside),
        notes=_known(snapshot),
    )


def no_drift(
    snapshot: Snapshot, counted: Trigger, shifts: Sequence[ColumnDrift], set_aside: Sequence[RejectedDataset]
) -> Outcome:
    """Enough datasets to measure drift, and nothing has drifted."""
    return Outcome(
        Verdict.WAITING,
        sentences.no_drift(counted, shifts),
        sentences.MORE_DRIFT,
        inventory=snapshot.inventory,
        trigger=replace(counted, ready=False),
        champion=snapshot.champion,
        set_aside=tuple(set_aside),
        shifts=tuple(shifts),
        notes=_known(snapshot),
    )


def already_judged(snapshot: Snapshot, attempt: Attempt) -> Outcome:
    """The very same data, settings and champion were judged before."""
    rollback = rollbacks.active_rollbacks(snapshot.state.attempts).get(attempt.version)
    return Outcome(
        Verdict.HOLD,
        sentences.already_judged(attempt, rollback if attempt.state == "merged" else None),
        sentences.next_training(snapshot.trigger.threshold, snapshot.trigger.unit),
        inventory=snapshot.inventory,
        trigger=snapshot.trigger,
        champion=snapshot.champion,
        attempt=attempt,
    )


def blocked(snapshot: Snapshot, publication: Publication) -> Outcome:
    """A person prevents it, and is entitled to."""
    return Outcome(
        Verdict.BLOCKED,
        publication.blocked,
        sentences.after_publication(publication),
        inventory=snapshot.inventory,
        trigger=snapshot.trigger,
        champion=snapshot.champion,
        attempt=snapshot.state.proposed or snapshot.state.last,
        publication=publication,
        exit_code=_exit_code(publication),
    )


def rolled_back(snapshot: Snapshot, attempt: Attempt, publication: Publication | None) -> Outcome:
    """An earlier version is proposed, or in production again."""
    blocked = publication.blocked if publication else ""
    return Outcome(
        Verdict.BLOCKED if blocked else Verdict.ROLLBACK,
        blocked or attempt.reason,
        sentences.after_rollback(attempt, publication),
        champion=snapshot.champion,
        attempt=attempt,
        publication=publication,
        notes=attempt.notes,
        exit_code=_exit_code(publication),
    )


def rolled_back_by_watch(outcome: Outcome, back: Attempt, publication: Publication) -> Outcome:
    """The ending of an attempt that the watch answered with a rollback."""
    return replace(outcome, next_step=sentences.after_watch(back, publication), publication=publication)


def unless_raced(story: Callable[[], Outcome]) -> Outcome:
    """The outcome of the story, or the one that says that another run was faster."""
    try:
        return story()
    except ConcurrentUpdate:
        return lost_race()


def lost_race() -> Outcome:
    """Another run was faster."""
    return Outcome(Verdict.STOOD_DOWN, sentences.LOST_RACE, sentences.SET_CONCURRENCY)


def attempt_recorded(
    snapshot: Snapshot,
    attempt: Attempt,
    judged: Judgement,
    publication: Publication | None,
    set_aside: Sequence[RejectedDataset],
) -> Outcome:
    """An attempt was made and recorded."""
    settings, decision, trial = snapshot.settings, judged.decision, judged.trial
    if publication and publication.blocked:
        verdict, reason = Verdict.BLOCKED, publication.blocked
    else:
        verdict, reason = decision.verdict, decision.reason
    waits = sentences.next_training(settings.trigger.threshold, settings.data.unit)
    model = model_metadata.file_of(attempt.version, settings.training.model_format)
    proposed = f"{settings.publication.model_dir}/{model}" if attempt.commit else ""
    return Outcome(
        verdict,
        reason,
        sentences.after_attempt(attempt, publication, settings.publication.autonomy, waits),
        inventory=snapshot.inventory,
        trigger=snapshot.trigger,
        champion=snapshot.champion,
        attempt=attempt,
        trial=trial,
        decision=decision,
        publication=publication,
        set_aside=tuple(set_aside),
        shifts=trial.shifts if trial else (),
        notes=(*_known(snapshot), *(trial.notes if trial else ())),
        model_path=proposed,
        exit_code=_exit_code(publication),
    )


def _exit_code(publication: Publication | None) -> int:
    """The exit code: a pull request that may not be opened fails the run."""
    return ForgeError.exit_code if publication and publication.fix else 0
