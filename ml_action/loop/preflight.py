"""Checks before anything is trained: whether a promotion can work in this repository, with these tokens.

If a push is certain to be refused, the run ends here, before the training. Anything else that limits a promotion is a
warning, and the loop goes as far as it can.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ml_action.config.settings import PublicationOptions
from ml_action.core.errors import ForgeError
from ml_action.core.log import Log
from ml_action.core.records.diagnosis import Diagnosis, Finding, Goal
from ml_action.core.records.repository_facts import RepositoryFacts
from ml_action.doctor.checks import run_checks
from ml_action.forge.base import Refused
from ml_action.git.journal import State
from ml_action.git.repository import Repository

GRANTED = re.compile(r"pull-requests[\"']?\s*:\s*[\"']?write|permissions[\"']?\s*:\s*[\"']?write-all")
LARGE_FILES = re.compile(r"(?m)^[^#\n]*\sfilter=lfs\b")


@dataclass(frozen=True)
class Preflight:
    """What is known about the repository, from the server and from git."""

    repository_facts: Callable[[bool], RepositoryFacts | None]  # thorough or not; None: there is no server
    repository: Repository
    base: str  # commit of the base branch; empty: the branch does not exist
    state_branch: str
    publication: PublicationOptions
    workflow: str  # path of the workflow's file; empty: unknown

    def check(self, state: State, log: Log) -> tuple[str, ...]:
        """The sentences on what keeps a promotion from getting as far as the settings ask for, logged as warnings.

        Raises:
            ForgeError: nothing could be recorded here, whatever is trained.
        """
        facts = self._ask(log)
        if facts is None:
            return ()
        found = run_checks(self.with_local_facts(facts, state), self.goal())
        if found.fatal:
            raise _abort(found)
        warnings = tuple(f"{one.what}: {one.consequence}. Fix it: {one.fix}" for one in found.obstacles)
        for text in warnings:
            log.warn(text)
        return warnings

    def _ask(self, log: Log) -> RepositoryFacts | None:
        """The server's facts. A failure that may be over after the training does not stop it."""
        try:
            return self.repository_facts(False)
        except Refused:
            raise
        except ForgeError as trouble:
            log.warn(f"could not ask whether a promotion can work here: {trouble.what}")
            return None

    def goal(self) -> Goal:
        """What the settings ask for."""
        options = self.publication
        return Goal(
            options.autonomy,
            options.merge_method,
            options.model_dir,
            signed=options.commit_signing == "api",
            in_fork=options.in_fork == "run",
            dashboard=options.dashboard,
        )

    def with_local_facts(self, facts: RepositoryFacts, state: State) -> RepositoryFacts:
        """The facts, completed from git and the journal: both cost no API call."""
        push = facts.author.push
        if push is None and not facts.archived:  # the API does not say; git's server does, before anything is sent
            push = self.repository.may_push(self.state_branch)
        opened = max((attempt.pull_request for attempt in state.attempts), default=0)
        return replace(
            facts,
            author=replace(facts.author, push=push),
            granted=self._granted(),
            opened_before=opened,
            large_files=self._large_files(),
        )

    def _granted(self) -> bool | None:
        """Whether the workflow's file lets its token write pull requests. None: it says nothing, or is missing.

        The words are searched for anywhere in the file: if they are nowhere, no job has the permission.
        """
        text = self.read(self.workflow) if self.workflow else ""
        if GRANTED.search(text):
            return True
        return False if re.search(r"permissions[\"']?\s*:", text) else None

    def _large_files(self) -> bool:
        """Whether a line of .gitattributes sends the model directory to Git LFS."""
        lines = (line.split() for line in self.read(".gitattributes").splitlines() if LARGE_FILES.search(line))
        patterns = (f"{self.publication.model_dir}/", "*.pkl", "*.skops")
        return any(words[0].lstrip("/").startswith(patterns) for words in lines)

    def read(self, path: str) -> str:
        """A file of the base branch; empty if it is missing."""
        content = self.repository.store.read(f"{self.base}:{path}") if self.base else None
        return (content or b"").decode("utf-8", "replace")


def _abort(found: Diagnosis) -> ForgeError:
    first: Finding = found.fatal[0]
    return ForgeError(
        f"nothing was trained: {first.what}", why=f"{first.consequence}, so the result would be lost", fix=first.fix
    )
