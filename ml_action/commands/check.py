"""`check`: whether enough new datasets have arrived. Standard library and git only; nothing is written."""

from __future__ import annotations

from ml_action.commands.base import Invocation, json_option
from ml_action.config.settings import Settings
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Trigger
from ml_action.core.records.outcome import Outcome
from ml_action.datasets import survey
from ml_action.datasets.inventory import notes
from ml_action.datasets.survey import Snapshot
from ml_action.git import journal
from ml_action.git.repository import Repository, state_branch
from ml_action.runtime import authority, wiring

add_options = json_option


def run(call: Invocation) -> Outcome:
    """Counts in the cheapest repository in which datasets can be counted."""
    target = wiring.find_place(call.inputs, call.context, call.log.info)
    opened = authority.open_for_reading(target, call.temporary_folder)
    return check(opened.target.settings, opened.repository)


def check(settings: Settings, repository: Repository) -> Outcome:
    """Counts the new datasets, and decides whether a training should start."""
    snapshot = _snapshot(settings, repository)
    verdict = Verdict.READY if snapshot.trigger.ready else Verdict.WAITING
    return Outcome(
        verdict,
        snapshot.trigger.reason,
        next_step(snapshot.trigger),
        inventory=snapshot.inventory,
        trigger=snapshot.trigger,
        notes=(*notes(snapshot.inventory), *_missing_state_note(snapshot, settings)),
    )


def _snapshot(settings: Settings, repository: Repository) -> Snapshot:
    """Counts; the attempts are read only if the settings limit how often a training may start."""
    if not (settings.trigger.min_interval or settings.trigger.max_trainings_per_day):
        return survey.take_snapshot(settings, repository, journal.read_for_counting)
    from ml_action.datasets.pacing import paced  # late: most repositories set no limit

    return paced(survey.take_snapshot(settings, repository), wiring.now())


def _missing_state_note(snapshot: Snapshot, settings: Settings) -> tuple[str, ...]:
    """Returns a note if there is a champion and no record of attempts, which a clone of a single branch lacks."""
    if snapshot.state.commit or snapshot.history is None:
        return ()
    branch = state_branch(settings.name)
    missing = f"the branch {branch} is not here, so datasets may count that an attempt has seen"
    return (f"{missing}; if the server has it, git fetch origin {branch}:{branch}",)


def next_step(trigger: Trigger) -> str:
    """Returns what happens next, which depends on the trigger alone."""
    if trigger.ready:
        return "start the training: run the action with mode run"
    return "nothing until more datasets arrive; the next check counts again"
