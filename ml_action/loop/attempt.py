"""The stages after the trigger: load, judge, watch, record, settle.

This module is imported only after the trigger has fired: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from ml_action.config.settings import PublicationOptions
from ml_action.core import model_metadata
from ml_action.core.cells import unexpected_withheld
from ml_action.core.errors import ExpectedError
from ml_action.core.log import Log
from ml_action.core.records.attempt import Attempt, WatchResult
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import RejectedDataset, Trigger
from ml_action.core.records.outcome import Outcome
from ml_action.datasets import trigger
from ml_action.datasets.survey import Snapshot
from ml_action.git.journal import LastRead, State
from ml_action.git.process import GitFailed
from ml_action.loop import draft as drafts
from ml_action.loop import experiment, judgement, outcomes, watch
from ml_action.loop.batch import building
from ml_action.loop.batch.building import Batch
from ml_action.loop.draft import RunStamp
from ml_action.loop.judgement import Judgement
from ml_action.loop.preflight import Preflight
from ml_action.loop.versions import ModelStore
from ml_action.loop.watch import WatchRollback
from ml_action.promotion import proposal_content
from ml_action.promotion.lifecycle import Publisher, Settled, pending
from ml_action.promotion.recording import with_rejected

NEEDS_PERSON = (Verdict.REVIEW, Verdict.INCOMPARABLE)  # before anything else happens
MAX_LISTED = 20  # suspicious datasets in the journal's line; the state lists them all


@dataclass(frozen=True)
class Idle:
    """Why nothing is trained: what is remembered of it, and how the run ends."""

    state: State
    outcome: Outcome


@dataclass(frozen=True)
class AttemptStages:
    """The stages of one attempt, with the collaborators that they share."""

    snapshot: Snapshot
    publisher: Publisher
    preflight: Preflight
    log: Log
    stamp: Callable[[], RunStamp]

    def run(self) -> Outcome:
        """One attempt, or the reason why nothing is trained."""
        _require_holdout_key(self.snapshot)
        with self._messages_withheld():
            batch = _loaded(self.snapshot, self.log)
        rejected = self.snapshot.unrecorded(batch.set_aside)
        fingerprint = experiment.fingerprint_of(batch, self.snapshot)
        idle = nothing_to_train(self.snapshot, batch, rejected, fingerprint)
        if idle:
            self.publisher.recorder.remember(idle.state, self.snapshot, rejected)
            return idle.outcome
        batch = _trained_early(self.snapshot, batch)
        warnings = self.preflight.check(self.snapshot.state, self.log)
        models = ModelStore.of(self.snapshot)
        begun = self._begin(batch, fingerprint)
        with self._messages_withheld():
            judged = judgement.judge(batch, self.snapshot, models, self.log)
            watched = watch.compare_with_previous(batch, self.snapshot, judged, models, self.log)
        outcome = self._conclude(self._judged(begun, judged, watched), judged, rejected)
        return replace(outcome, notes=(*outcome.notes, *warnings))

    def _messages_withheld(self) -> AbstractContextManager[None]:
        """The stages that see cells: what a bug in one of them says is in no report."""
        private = self.snapshot.settings.data.untracked
        return unexpected_withheld(private=private, expected=(ExpectedError, GitFailed))

    @property
    def _publication(self) -> PublicationOptions:
        return self.snapshot.settings.publication

    def _begin(self, batch: Batch, fingerprint: str) -> Attempt:
        """The attempt before anything is trained."""
        salt = self.snapshot.holdout.salt
        version = model_metadata.next_version(self.snapshot.history)
        attempt = drafts.new_attempt(self.snapshot, self.stamp(), fingerprint, salt=salt, version=version)
        return replace(attempt, new=batch.count)

    def _judged(self, begun: Attempt, judged: Judgement, watched: WatchResult | None) -> Attempt:
        """The attempt before it is recorded."""
        settings, decision, trial = self.snapshot.settings, judged.decision, judged.trial
        attempt = replace(
            begun,
            policy=settings.gate,
            screening=replace(judged.screening, suspects=judged.screening.suspects[:MAX_LISTED]),
            watched=watched,
            verdict=decision.verdict,
            reason=decision.reason,
            decision=decision,
            forced=settings.trigger.force if decision.verdict is Verdict.PROMOTE else "",
            draft=self._is_draft(judged),
        )
        if trial is None:
            return attempt
        attempt = replace(attempt, datasets=trial.datasets, rows=trial.rows, notes=trial.notes)
        return drafts.with_comparison(attempt, trial.comparison)

    def _is_draft(self, judged: Judgement) -> bool:
        """Whether a draft is opened for review. Never on top of a promotion that waits: it may be set to merge."""
        wanted = self._publication.on_review == "draft" and judged.decision.verdict in NEEDS_PERSON
        return wanted and judged.trial is not None and pending(self.snapshot) is None

    def _conclude(self, attempt: Attempt, judged: Judgement, rejected: tuple[RejectedDataset, ...]) -> Outcome:
        """Records the attempt, settles its promotion if it is one, and makes the outcome."""
        snapshot, trial, decision = self.snapshot, judged.trial, judged.decision
        self.log.info(f"{decision.verdict}: {decision.reason}")
        if trial:
            rejected = (*rejected, *snapshot.unrecorded(trial.screening.suspects))
        attempt = replace(attempt, set_aside=len(rejected))
        onto = with_rejected(snapshot.consumed, rejected)
        back = watch.rollback_for(attempt, snapshot, self.stamp)
        if back:
            settled = self._roll_back(attempt, back, onto)
            ended = outcomes.attempt_recorded(snapshot, attempt, judged, None, rejected)
            return outcomes.rolled_back_by_watch(ended, settled.attempt, settled.publication)
        content = proposal_content.new_version(attempt, snapshot, trial, decision, rejected) if trial else None
        recorded = self.publisher.recorder.record(attempt, snapshot, onto, content)
        if not recorded.attempt.commit:
            return outcomes.attempt_recorded(snapshot, recorded.attempt, judged, None, rejected)
        settled = self.publisher.settle(recorded)
        return outcomes.attempt_recorded(snapshot, settled.attempt, judged, settled.publication, rejected)

    def _roll_back(self, attempt: Attempt, back: WatchRollback, onto: State) -> Settled:
        """Records the attempt and the rollback that answers it in one push, so that neither is there alone."""
        onto = replace(onto, attempts=(*onto.attempts, attempt))
        return self.publisher.settle(self.publisher.recorder.record(back.attempt, self.snapshot, onto, back.content))


def _require_holdout_key(snapshot: Snapshot) -> None:
    """Checks that the key is the champion's. Raises SettingsError."""
    champion = snapshot.champion
    if champion:
        replaced = snapshot.settings.data.replaced_holdout_key
        snapshot.holdout.require(champion.version, champion.holdout_fingerprint, replaced)


def _loaded(snapshot: Snapshot, log: Log) -> Batch:
    batch = building.load_batch(snapshot, log)
    return building.treat_all_as_new(batch) if snapshot.settings.trigger.force else batch


def nothing_to_train(
    snapshot: Snapshot, batch: Batch, rejected: tuple[RejectedDataset, ...], fingerprint: str
) -> Idle | None:
    """Why this batch is not trained on: too few sound datasets, no drift, or the same work was done before."""
    counted = _recounted(snapshot, batch)
    if not counted.ready:
        return Idle(_looked(snapshot, counted, batch.bad_count), outcomes.too_few(snapshot, counted, rejected))
    if counted.early and not any(shift.drifted for shift in batch.shifts):
        return Idle(
            _looked(snapshot, counted, batch.bad_count), outcomes.no_drift(snapshot, counted, batch.shifts, rejected)
        )
    before = snapshot.state.by_fingerprint(fingerprint)
    return Idle(snapshot.consumed, outcomes.already_judged(snapshot, before)) if before else None


def _recounted(snapshot: Snapshot, batch: Batch) -> Trigger:
    """The trigger by the sound datasets alone; a forced training counts none."""
    return (
        snapshot.trigger
        if snapshot.settings.trigger.force
        else trigger.recount(snapshot.trigger, batch.count, batch.bad_count)
    )


def _looked(snapshot: Snapshot, counted: Trigger, bad: int) -> State:
    """The state with what was found in the data, so that the next run need not read the very same data again."""
    return replace(snapshot.state, looked=LastRead(snapshot.data_fingerprint(), counted.count, bad))


def _trained_early(snapshot: Snapshot, batch: Batch) -> Batch:
    """The batch with a note if drift started the training."""
    if not _recounted(snapshot, batch).early:
        return batch
    moved = ", ".join(shift.column for shift in batch.shifts if shift.drifted)
    return replace(batch, notes=(*batch.notes, f"trained early: {moved} drifted"))
