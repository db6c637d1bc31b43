"""The collaborators of a run, made at the door. GitHub is connected when it is first needed, and only once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ml_action.config.settings import Settings
from ml_action.core.log import Log
from ml_action.core.records.choices import Autonomy
from ml_action.core.retry import RetryBudget
from ml_action.git import journal
from ml_action.git.journal import State
from ml_action.git.repository import Branches, Repository, Signer
from ml_action.provenance.signing import Signing
from ml_action.runtime.actions import RunContext

if TYPE_CHECKING:
    from ml_action.core.records.repository_facts import RepositoryFacts
    from ml_action.forge.base import Forge, IssueStore
    from ml_action.forge.github.client import GitHub
    from ml_action.forge.github.session import ApiAccess


API_AUTHORITIES = "REQUESTS_CA_BUNDLE"  # the variable that requests reads; `config.certificates` sets it


@dataclass(frozen=True)
class RunFacts:
    """What people see of a run."""

    url: str = ""  # the run's page
    workflow: str = ""  # path of the workflow's file in the repository


@dataclass(frozen=True)
class Dependencies:
    """The collaborators of one run. Only `commands` and `loop.run` see them together."""

    repository: Repository
    branches: Branches
    forge: Callable[[], Forge]  # made when it is first needed: a run that waits never loads it
    log: Log
    now: Callable[[], str]  # UTC, ISO 8601
    pause: Callable[[float], None]
    repository_facts: Callable[[bool], RepositoryFacts | None]  # thorough or not; None: there is no server
    issues: Callable[[], IssueStore | None]  # for the dashboard; None: there is no server
    run: RunFacts = RunFacts()
    signing: Signing = Signing()  # of promotions

    def read_state(self) -> State:
        """The state branch as it was when the run began."""
        return journal.read(self.repository.store, self.repository.tips.state)


@dataclass(frozen=True)
class Connection:
    """The server's API, or a dry run of it. Nothing is loaded or sent before it is needed."""

    settings: Settings
    context: RunContext
    branches: Branches
    log: Log
    retries: RetryBudget
    on_github: bool

    @cached_property
    def github(self) -> GitHub:
        """GitHub, whatever the autonomy."""
        from ml_action.forge.github.client import GitHub

        secrets, context = self.settings.secrets, self.context
        return GitHub(self._access, context.repository, secrets.token, secrets.approver_token, page=context.page)

    @property
    def _access(self) -> ApiAccess:
        from ml_action.forge.github.session import ApiAccess, Timing

        authorities = self.context.environ.get(API_AUTHORITIES, "")
        return ApiAccess(self.context.api_url, self.retries, Timing(), time.time, authorities)

    @cached_property
    def _dry_run(self) -> Forge:
        from ml_action.forge.dry_run import DryRun

        return DryRun(self.context.repository, self.log.info, default_branch=self.branches.base)

    def forge(self) -> Forge:
        """Where pull requests are opened."""
        reports_only = self.settings.publication.autonomy is Autonomy.REPORT
        return self._dry_run if reports_only or not self.on_github else self.github

    @property
    def signer(self) -> Signer | None:
        """Signs the commits. None: they are not signed."""
        if not self.on_github or self.settings.publication.commit_signing == "none":
            return None

        def sign(tree: str, parent: str, message: str) -> str:
            from ml_action.forge.github.commit_signing import signer

            return signer(self._access, self.context.repository, self.settings.secrets.token)(tree, parent, message)

        return sign

    def issues(self) -> IssueStore | None:
        """Where the dashboard is kept. None: there is no server."""
        return self.github.issues() if self.on_github else None

    def repository_facts(self, thorough: bool) -> RepositoryFacts | None:  # noqa: FBT001  it is passed as a Callable
        """The server's facts about the repository and the tokens. None: there is no server."""
        if not self.on_github:
            return None
        from ml_action.forge.github.branch_protection import BranchNames

        branches, options = self.branches, self.settings.publication
        signed = options.commit_signing == "api"
        names = BranchNames(branches.base, branches.state, branches.proposal, options.label, signed)
        return self.github.facts(names, thorough=thorough)
