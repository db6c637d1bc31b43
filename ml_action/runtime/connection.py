"""The connection to GitHub, or to nobody: made when it is first needed, and only once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ml_action.config.settings import Settings
from ml_action.core.log import Log
from ml_action.core.records.choices import Autonomy
from ml_action.core.retry import RetryBudget
from ml_action.git.repository import Branches, Signer
from ml_action.runtime.actions import RunContext

if TYPE_CHECKING:
    from ml_action.core.records.repository_facts import RepositoryFacts
    from ml_action.forge.base import Forge, IssueStore
    from ml_action.forge.github.client import GitHub
    from ml_action.forge.github.session import ApiAccess


@dataclass(frozen=True)
class Connection:
    """What a run may need of the server beside git. Nothing is loaded or sent before it is asked for."""

    settings: Settings
    context: RunContext
    branches: Branches
    log: Log
    patience: RetryBudget
    on_github: bool

    @cached_property
    def github(self) -> GitHub:
        """GitHub, whatever the autonomy."""
        from ml_action.forge.github.client import GitHub

        context, secrets = self.context, self.settings.secrets
        return GitHub(self._access, context.repository, secrets.token, secrets.approver_token, page=context.page)

    @property
    def _access(self) -> ApiAccess:
        from ml_action.forge.github.session import ApiAccess, Timing

        return ApiAccess(self.context.api_url, self.patience, Timing(), time.time)

    @cached_property
    def _offline(self) -> Forge:
        from ml_action.forge.dry_run import DryRun

        return DryRun(self.context.repository, self.log.info, default_branch=self.branches.base)

    def forge(self) -> Forge:
        """Where pull requests are opened."""
        return (
            self.github
            if self.on_github and self.settings.publication.autonomy is not Autonomy.REPORT
            else self._offline
        )

    @property
    def signer(self) -> Signer | None:
        """Who signs the commits, if they are to be signed."""
        if not self.on_github or self.settings.publication.commit_signing == "none":
            return None

        def sign(tree: str, parent: str, message: str) -> str:
            from ml_action.forge.github.commit_signing import signer

            return signer(self._access, self.context.repository, self.settings.secrets.token)(tree, parent, message)

        return sign

    def board(self) -> IssueStore | None:
        """Where the dashboard is kept; None: there is none."""
        return self.github.issues() if self.on_github else None

    def look(self, thorough: bool) -> RepositoryFacts | None:
        """What GitHub tells about the repository and the tokens; None: there is nobody to ask."""
        if not self.on_github:
            return None
        from ml_action.forge.github.branch_protection import BranchNames

        branches = self.branches
        names = BranchNames(
            branches.base,
            branches.state,
            branches.proposal,
            self.settings.publication.label,
            self.settings.publication.commit_signing == "api",
        )
        return self.github.facts(names, thorough=thorough)
