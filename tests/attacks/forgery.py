"""Journals as the bot writes them, made by another author."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ml_action.git import journal
from ml_action.git.journal import State
from ml_action.git.repository import Repository
from tests.scenarios.world import STATE, World

TIME = "2026-11-29T12:00:00Z"


def write_as_the_bot(world: World, change: Callable[[State], State]) -> str:
    """Moves the state branch as the bot would; the commit."""
    repository = Repository(world.git, "", "", Path())
    commit = journal.write(repository, change(world.state), None, "as the bot", time=TIME)
    world.git.run("update-ref", f"refs/heads/{STATE}", commit)
    return commit
