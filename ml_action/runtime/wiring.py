"""Builds the real collaborators of a run from its settings and its context; the only place that chooses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ml_action.config.file import read_config
from ml_action.config.parse import parse
from ml_action.config.settings import Settings
from ml_action.core.dataclass import replace
from ml_action.core.errors import SettingsError
from ml_action.core.log import Log
from ml_action.core.records.choices import Autonomy
from ml_action.core.retry import RetryBudget
from ml_action.git import command, repository
from ml_action.git.command import Git, Login
from ml_action.git.repository import Branches, Repository
from ml_action.runtime.actions import RunContext
from ml_action.runtime.repository_access import Target, clone_for_reading, has_repository, name_branches, open_fully

if TYPE_CHECKING:
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
    top = _top(context)
    settings = parse(given, read_config(top))
    forge = _choose_forge(settings, context)
    login = Login(context.server_url, settings.secrets.token) if forge == "github" else None
    workspace = Git(top, command.environment(context.environ, login), RetryBudget(pause=time.sleep, report=say))
    return Target(given, settings, context, workspace, context.git_url if forge == "github" else str(top))


def _top(context: RunContext) -> Path:
    """The workspace's root: the folder itself when it holds a repository, or the one that it lies in."""
    if (context.workspace / ".git").exists():
        return context.workspace
    here = Git(context.workspace, command.environment(context.environ))
    return Path(here.line_or_empty("rev-parse", "--show-toplevel") or context.workspace)


def origin(top: Path, context: RunContext) -> str:
    """owner/name of the repository that this clone came from; empty where it is not on the server of the context."""
    url = Git(top, command.environment(context.environ)).line_or_empty("remote", "get-url", "origin")
    _, _, place = context.server_url.partition("://")  # github.com, or another host with its port
    found = re.fullmatch(
        rf"(?:https?://(?:[^@/]*@)?|ssh://git@|git@){re.escape(place)}[:/]+([\w.-]+/[\w.-]+?)(?:\.git)?/?", url
    )
    return found[1] if found else ""


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


def read_only_dependencies(place: Target, why: str, scratch: Path, log: Log) -> PreparedRun:
    """The same for a run that writes nothing; it says why."""
    log.info(why)
    place = replace(place, settings=place.settings.with_values(autonomy=Autonomy.REPORT, commit_signing="none"))
    tools = make_tools(place, scratch, log)
    tools = replace(
        tools,
        repository=repository.ReadOnlyRepository(**vars(tools.repository)),
        repository_facts=lambda _: None,
        issues=lambda: None,
    )
    return PreparedRun(place.settings, tools)


def reason_to_write_nothing(place: Target) -> str:
    """Why a run of the loop may only report here; empty: it may write.

    A pull request's datasets are not the base branch's yet, and a fork's token may only read.
    """
    context = place.context
    if context.pull:
        return (
            f"nothing is written: this run is for pull request {context.pull.number}, whose datasets are not merged yet"
        )
    if context.in_fork and place.settings.publication.in_fork == "report":
        return "nothing is written: this repository is a fork; in-fork: run has the loop keep a model of its own here"
    return ""


def make_data_tools(place: Target, scratch: Path, log: Log) -> Dependencies:
    """The same for judging a pull request's datasets: against the branch that it is for.

    A comment is no promotion: `autonomy` does not keep it back.
    """
    pull, branches = place.context.pull, name_branches(place)
    branches = replace(branches, base=pull.base) if pull else branches
    place = replace(place, settings=place.settings.with_values(autonomy=Autonomy.PROPOSE))
    return _tools(place, branches, open_fully(place, branches, scratch), log)


def make_approval_tools(place: Target, scratch: Path, log: Log) -> PreparedRun:
    """The same for an approval, which needs the journal and no data: without a checkout a blobless clone will do."""
    if has_repository(place):
        return PreparedRun(place.settings, make_tools(place, scratch, log))
    opened = clone_for_reading(place, lambda: scratch)
    place = opened.target
    return PreparedRun(place.settings, _tools(place, name_branches(place), opened.repository, log))


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
