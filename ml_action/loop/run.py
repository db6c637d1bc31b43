"""One run of the loop: survey, resume, trigger; then, in `attempt`, load, judge, record, settle.

Every path ends in an Outcome that says what was found, what was decided and what happens next. A failure before the
attempt is recorded leaves nothing behind; a failure after it is completed by the next run.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ml_action.config.settings import Settings
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import Publication
from ml_action.datasets import survey, trigger
from ml_action.datasets.pacing import paced
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal_history
from ml_action.loop import outcomes
from ml_action.loop.dashboard import Dashboard
from ml_action.loop.draft import RunStamp
from ml_action.loop.preflight import Preflight
from ml_action.promotion.lifecycle import Publisher, Resumed, blocking_proposal, pending
from ml_action.promotion.recording import Recorder
from ml_action.runtime.dependencies import Dependencies


def run(settings: Settings, dependencies: Dependencies) -> Outcome:
    """One run of the loop, with the dashboard around it where there is one."""
    once = partial(_run_once, settings, dependencies)
    issues = dependencies.issues() if settings.publication.dashboard else None
    if issues is None:
        return once(requested=False)
    return Dashboard(issues, settings.name, dependencies.log, dependencies.read_state).run(once)


def _run_once(settings: Settings, dependencies: Dependencies, *, requested: bool) -> Outcome:
    """The run, unless another one was faster. `requested`: the user asked for a training on the dashboard."""
    return outcomes.unless_raced(lambda: _stages(settings, dependencies, requested=requested))


def _stages(settings: Settings, dependencies: Dependencies, *, requested: bool) -> Outcome:
    publisher = publisher_of(settings, dependencies)
    taken = survey.take_snapshot(settings, dependencies.repository)
    edit = _edit_of_journal(taken, dependencies) if requested or taken.trigger.ready or pending(taken) else ""
    if edit:
        return outcomes.blocked(taken, Publication(blocked=edit))
    resumed = publisher.resume(taken, lambda: _take_again(settings, dependencies))
    snapshot = paced(resumed.snapshot, dependencies.now())
    snapshot = replace(snapshot, trigger=trigger.apply_request(snapshot.trigger, requested=requested))
    resumed = replace(resumed, snapshot=snapshot)
    ended = _before_training(resumed, publisher)
    if ended:
        return ended
    dependencies.log.info(snapshot.trigger.reason)
    return _attempt(snapshot, dependencies, publisher)


def _edit_of_journal(taken: Snapshot, dependencies: Dependencies) -> str:
    """Why the journal is not believed; asked before anything follows from it, and not by a run that waits."""
    return journal_history.edited(taken.repository, dependencies.branches.state, taken.state.attempts)


def _take_again(settings: Settings, dependencies: Dependencies) -> Snapshot:
    return survey.take_snapshot(settings, dependencies.repository.updated(dependencies.branches))


def _before_training(resumed: Resumed, publisher: Publisher) -> Outcome | None:
    """The outcome of a run that trains nothing. None: it trains."""
    snapshot, earlier = resumed.snapshot, resumed.publication
    if earlier and earlier.blocked and pending(snapshot):
        return outcomes.blocked(snapshot, earlier)
    if not snapshot.trigger.ready:
        return outcomes.waiting(snapshot, earlier)
    reason = blocking_proposal(snapshot) or publisher.foreign_commit(snapshot)
    return outcomes.blocked(snapshot, Publication(blocked=reason)) if reason else None


def _attempt(snapshot: Snapshot, dependencies: Dependencies, publisher: Publisher) -> Outcome:
    from ml_action.loop.attempt import AttemptStages  # late: pandas and scikit-learn take two seconds to load

    def stamp() -> RunStamp:
        return RunStamp(dependencies.now(), dependencies.run.url)

    preflight = preflight_of(snapshot.settings, dependencies)
    return AttemptStages(snapshot, publisher, preflight, dependencies.log, stamp).run()


def publisher_of(settings: Settings, dependencies: Dependencies) -> Publisher:
    """Records attempts, and brings them to people."""
    recorder = Recorder(
        dependencies.repository,
        dependencies.branches,
        settings.name,
        settings.trigger.threshold,
        settings.publication,
        dependencies.now,
        dependencies.signing,
    )
    return Publisher(recorder, dependencies.forge, dependencies.log, dependencies.pause)


def preflight_of(settings: Settings, dependencies: Dependencies) -> Preflight:
    """Checks what will work, before anything is trained."""
    return Preflight(
        dependencies.repository_facts,
        dependencies.repository,
        dependencies.repository.tips.base,
        dependencies.branches.state,
        settings.publication,
        dependencies.run.workflow,
    )
