"""The cheap look: have enough new datasets arrived? Standard library and git only; nothing is written."""

from __future__ import annotations

from ml_action.commands.base import Invocation, json_option
from ml_action.config.settings import Settings
from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Trigger
from ml_action.core.records.outcome import Outcome
from ml_action.datasets import survey
from ml_action.datasets.inventory import notes
from ml_action.git import journal
from ml_action.git.repository import Repository, state_branch
from ml_action.runtime import repository_access, wiring

add_options = json_option


def run(call: Invocation) -> Outcome:
    """Counts in the cheapest repository that will do."""
    target = wiring.find_place(call.inputs, call.context, call.log.info)
    opened = repository_access.open_for_reading(target, call.temporary_folder)
    return check(opened.target.settings, opened.repository)


def check(settings: Settings, repository: Repository) -> Outcome:
    """Counts the new datasets and says whether a training should start."""
    scene = survey.take_snapshot(settings, repository, journal.read_for_counting)
    verdict = Verdict.READY if scene.trigger.ready else Verdict.WAITING
    return Outcome(
        verdict,
        scene.trigger.reason,
        next_step(scene.trigger),
        inventory=scene.inventory,
        trigger=scene.trigger,
        notes=(*notes(scene.inventory), *_missing_state_note(scene, settings)),
    )


def _missing_state_note(scene: survey.Snapshot, settings: Settings) -> tuple[str, ...]:
    """A champion, and no record of any attempt: a clone of a single branch does not have it."""
    if scene.state.commit or scene.history is None:
        return ()
    branch = state_branch(settings.name)
    told = f"the branch {branch} is not here, so datasets may count that an attempt has seen"
    return (f"{told}; if the server has it, git fetch origin {branch}:{branch}",)


def next_step(trigger: Trigger) -> str:
    """What happens next, by the trigger alone."""
    if trigger.ready:
        return "start the training: run the action with mode run"
    return "nothing until more datasets arrive; the next check counts again"
