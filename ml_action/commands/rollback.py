"""`rollback`: the user wants an earlier version back, and gets a pull request for it.

The version is verified first: it loads, and it can predict. No score decides, because the user asked for it. If a
promotion waits on the branch, it is superseded. A run that dies is completed by the next one, as with a promotion.
"""

from __future__ import annotations

from dataclasses import replace

from ml_action.commands.base import Invocation, json_option
from ml_action.config.settings import Settings
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal_history
from ml_action.loop import outcomes
from ml_action.loop import rollback as rollbacks
from ml_action.loop.draft import RunStamp
from ml_action.loop.rollback import RollbackRequest
from ml_action.loop.rollback_check import verify_version
from ml_action.loop.run import publisher_of
from ml_action.promotion import lifecycle
from ml_action.promotion.lifecycle import Publisher
from ml_action.runtime import wiring
from ml_action.runtime.dependencies import Dependencies

add_options = json_option


def run(call: Invocation) -> Outcome:
    """Proposes the version that the settings name."""
    target = wiring.find_place(call.inputs, call.context)
    prepared = wiring.prepare_run(target, call.temporary_folder(), call.log)
    return prepared.labelled(rollback(prepared.settings, prepared.dependencies))


def rollback(settings: Settings, dependencies: Dependencies) -> Outcome:
    """Returns the version `to` to production, as far as autonomy goes.

    Raises:
        SettingsError: There is no such version, or no reason was given.
        ModelError: The version cannot be loaded, or cannot predict.
    """
    return outcomes.unless_raced(lambda: _rollback(settings, dependencies))


def _rollback(settings: Settings, dependencies: Dependencies) -> Outcome:
    repository, log = dependencies.repository, dependencies.log
    publisher = publisher_of(settings, dependencies)
    snapshot = survey.take_snapshot(settings, repository)
    request = rollbacks.resolve_request(snapshot.history, settings.rollback.to, settings.rollback.why)
    edit = journal_history.edited(repository, dependencies.branches.state, snapshot.state.attempts)
    if edit:
        return outcomes.blocked(snapshot, Publication(blocked=edit))
    pending = lifecycle.pending(snapshot)
    if pending and (_is_requested(pending, settings) or lifecycle.ended_on_base(snapshot, pending)):
        resumed = publisher.resume(
            snapshot, lambda: survey.take_snapshot(settings, repository.updated(dependencies.branches))
        )
        snapshot = resumed.snapshot
        current = next(attempt for attempt in snapshot.state.attempts if attempt.id == pending.id)
        if resumed.publication and _is_requested(current, settings) and current.state != "closed":
            return outcomes.rolled_back(snapshot, current, resumed.publication)
    if request.version is request.champion:
        raise rollbacks.in_production(request)
    foreign = publisher.foreign_commit(snapshot)
    if foreign:
        return outcomes.blocked(snapshot, Publication(blocked=foreign))
    version = request.version.version
    log.info(f"back from {request.champion.version} to {version}: {version} is verified")
    verified = verify_version(request, snapshot, log)
    stamp = RunStamp(dependencies.now(), dependencies.run.url)
    return _propose(request, rollbacks.attempt_of(request, verified, snapshot, stamp), snapshot, publisher)


def _is_requested(attempt: Attempt, settings: Settings) -> bool:
    """Whether an attempt is the requested rollback, begun by a run that was killed or whose pull request waits."""
    return attempt.rolls_back and attempt.version == settings.rollback.to


def _propose(request: RollbackRequest, attempt: Attempt, snapshot: Snapshot, publisher: Publisher) -> Outcome:
    """Records the rollback, and settles it."""
    content = rollbacks.content_of(attempt, request, snapshot)
    waiting, onto = lifecycle.pending(snapshot), snapshot.state
    if waiting and snapshot.settings.publication.autonomy.reaches(Autonomy.PROPOSE):
        ended = publisher.supersede(waiting, snapshot.state)
        if ended.state == "merged":
            return outcomes.blocked(snapshot, Publication(blocked=_merged_meanwhile(ended)))
        onto = onto.with_attempt(ended)
    recorded = publisher.recorder.record(attempt, snapshot, onto, content)
    if not recorded.attempt.commit:
        return outcomes.rolled_back(replace(snapshot, state=recorded.state), recorded.attempt, None)
    settled = publisher.settle(recorded)
    return outcomes.rolled_back(replace(snapshot, state=settled.recorded.state), settled.attempt, settled.publication)


def _merged_meanwhile(merged: Attempt) -> str:
    return f"{merged.version} was merged while this run looked at it: ask again, from {merged.version} this time"
