"""What a story works with besides its settings: made at the door, passed in, replaced in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ml_action.core.log import Log
from ml_action.core.records.repository_facts import RepositoryFacts
from ml_action.forge.base import Forge, IssueStore
from ml_action.git.repository import Branches, Repository


@dataclass(frozen=True)
class Dependencies:
    """The collaborators of one run."""

    repository: Repository
    branches: Branches
    forge: Callable[[], Forge]  # made when it is first needed: a run that waits never loads it
    log: Log
    now: Callable[[], str]  # UTC, ISO 8601
    pause: Callable[[float], None]
    run_url: str = ""
    look: Callable[[bool], RepositoryFacts | None] = lambda _: (
        None
    )  # what GitHub tells; thorough or not; None: nobody to ask
    board: Callable[[], IssueStore | None] = lambda: None  # where the dashboard is kept; None: nowhere
    asked: bool = False  # whether a person asks for a training now
    workflow: str = ""  # path of the workflow's file in the repository, where there is one
