"""Makes the collaborators of the loop from what the door provides. Only `commands` and `run` call it."""

from __future__ import annotations

from ml_action.config.settings import Settings
from ml_action.loop.preflight import Preflight
from ml_action.promotion.lifecycle import Publisher
from ml_action.promotion.recording import Recorder
from ml_action.runtime.dependencies import Dependencies


def publisher_of(settings: Settings, dependencies: Dependencies) -> Publisher:
    """Records attempts, and brings them to people."""
    recorder = Recorder(
        dependencies.repository,
        dependencies.branches,
        settings.name,
        settings.trigger.threshold,
        settings.publication,
        dependencies.now,
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
