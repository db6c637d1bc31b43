"""Builds the real collaborators of a run from its settings and its context; the only place that chooses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ml_action.config.file import read_config
from ml_action.config.parse import parse
from ml_action.config.settings import Settings
from ml_action.core.dataclass import dataclass, replace
from ml_action.core.errors import SettingsError
from ml_action.core.log import Log
from ml_action.core.records.choices import Autonomy
from ml_action.core.retry import RetryBudget
from ml_action.git import command, repository
from ml_action.git.command import Git, Login
from ml_action.git.repository import Branches, Repository
from ml_action.runtime import authority, checkout
from ml_action.runtime.actions import RunContext
from ml_action.runtime.repository_access import (
    Opened,
    Target,
    clone_for_reading,
    has_repository,
    name_branches,
    open_fully,
)

if TYPE_CHECKING:
    from ml_action.core.records.outcome import Outcome
    from ml_action.runtime.dependencies import Dependencies


class PreparedRun(NamedTuple):
    """The settings that hold for a run, and its collaborators."""

    settings: Settings
    dependencies: Dependencies


def find_place(given: Mapping[str, str], context: RunContext, say: Callable[[str], None] = lambda _: None) -> Target:
    """The place from inputs or flags, the configuration file and the environment; `say` reports every wait.

    Raises:
        SettingsError, RepositoryError
    """
    budget = RetryBudget(pause=time.sleep, report=say)
    top = checkout.find(given.get("workspace", ""), context)
    settings = parse(given, read_config(top))
    forge = _choose_forge(settings, context)
    if forge != "github":
        return Target(given, settings, context, Git(top, command.environment(context.environ), budget), str(top))
    login = Login(context.server_url, settings.secrets.token, context.git_url)
    workspace = Git(top, command.environment(context.environ, login), budget)
    checkout.require_own(workspace, context)
    return Target(given, settings, context, workspace, context.git_url)


def _choose_forge(settings: Settings, context: RunContext) -> str:
    if settings.forge == "auto":
        if context.in_actions and context.repository and not settings.secrets.token:
            raise SettingsError(
                "token is empty",
                why="the secret that it is taken from is not set here, or its name is misspelled",
                fix="set the secret, or leave `token` out: the workflow's own token is the default",
            )
        return "github" if settings.secrets.token and context.repository else "none"
    if settings.forge == "github" and not context.repository:
        raise SettingsError(
            "forge = 'github': the repository's name is not known",
            why="GITHUB_REPOSITORY is set only on GitHub's runners",
            fix="set GITHUB_REPOSITORY=owner/name, or use --forge none or rehearse",
        )
    return settings.forge


def make_tools(place: Target, scratch: Path, log: Log) -> Dependencies:
    """Everything that the writing stories need: a repository with its own store, the branches as they are."""
    branches = name_branches(place)
    return _tools(place, branches, open_fully(place, branches, scratch), log)


@dataclass(frozen=True)
class AuthorizedRun:
    """A run with the settings of the commit that counts. It writes only if it may."""

    settings: Settings
    dependencies: Dependencies
    only_reports: str  # why nothing is written; empty: it is

    def labelled(self, outcome: Outcome) -> Outcome:
        """The outcome, which says so if nothing was written."""
        if not self.only_reports:
            return outcome
        return replace(outcome, next_step=self.only_reports, notes=(*outcome.notes, self.only_reports))


def prepare_run(place: Target, scratch: Path, log: Log) -> AuthorizedRun:
    """Opens the repository for a run that writes. If it may only report, nothing that it does leaves this machine."""
    found = authority.open_with_authority(place, scratch)
    place, why = found.opened.target, found.reason_to_write_nothing
    if why:
        log.warn(why)
        place = replace(place, settings=place.settings.with_values(autonomy=Autonomy.REPORT, commit_signing="none"))
    tools = _tools(place, name_branches(place), found.opened.repository, log)
    return AuthorizedRun(place.settings, _that_only_reads(tools) if why else tools, why)


def _that_only_reads(tools: Dependencies) -> Dependencies:
    return replace(
        tools,
        repository=repository.ReadOnlyRepository(**vars(tools.repository)),
        repository_facts=lambda _: None,
        issues=lambda: None,
    )


def make_data_tools(place: Target, scratch: Path, log: Log) -> PreparedRun:
    """The same for judging a pull request's datasets: against the branch that it is for, with the settings that it has.

    A comment is no promotion: `autonomy` does not keep it back.
    """
    pull = place.context.pull
    if pull:
        settings = place.settings.with_values(base=pull.base)
        place = replace(place, given={**place.given, "base": pull.base}, settings=settings)
    opened = authority.open_checkout(place, scratch)
    place = opened.target
    place = replace(place, settings=place.settings.with_values(autonomy=Autonomy.PROPOSE))
    return PreparedRun(place.settings, _tools(place, name_branches(place), opened.repository, log))


def make_approval_tools(place: Target, scratch: Path, log: Log) -> PreparedRun:
    """The same for an approval, which needs the journal and no data: without a checkout a blobless clone will do.

    The settings are those of the base branch: the user who asks for an approval may have written what is checked out.
    """
    if has_repository(place) and not place.on_github:
        return PreparedRun(place.settings, make_tools(place, scratch, log))
    opened = authority.open_for_base(place, scratch) if has_repository(place) else _clone(place, scratch)
    place = opened.target
    return PreparedRun(place.settings, _tools(place, name_branches(place), opened.repository, log))


def make_doctors_tools(place: Target, scratch: Path, log: Log) -> PreparedRun:
    """The same with the settings of the work tree: the doctor writes nothing, and judges what is not pushed yet."""
    if has_repository(place):
        return PreparedRun(place.settings, make_tools(place, scratch, log))
    return make_approval_tools(place, scratch, log)


def _clone(place: Target, scratch: Path) -> Opened:
    return clone_for_reading(place, lambda: scratch)


def _tools(place: Target, branches: Branches, found: Repository, log: Log) -> Dependencies:
    from ml_action.runtime import statement_signing  # late, both: `check` needs none of them
    from ml_action.runtime.dependencies import Connection, Dependencies, RunFacts

    context = place.context
    connection = Connection(place.settings, context, branches, log, place.workspace.retry_budget, place.on_github)
    return Dependencies(
        replace(found, signer=connection.signer),
        branches,
        connection.forge,
        log,
        now,
        time.sleep,
        connection.repository_facts,
        connection.issues,
        RunFacts(context.run_url, context.workflow),
        statement_signing.signing_of(place.settings, context),
    )


def now() -> str:
    """The time, in UTC and whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
