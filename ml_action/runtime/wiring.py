"""Builds the real collaborators of a run from its settings and its context; the only place that chooses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ml_action.config.parse import parse
from ml_action.config.settings import CONFIG_FILE, Settings
from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.core.log import Log
from ml_action.core.records.choices import Autonomy
from ml_action.core.retry import RetryBudget
from ml_action.datasets import trigger
from ml_action.git import command, repository
from ml_action.git import remote as server
from ml_action.git.command import Git, Login
from ml_action.git.errors import explain
from ml_action.git.open import clone_blobless, open_in_place, open_in_place_with_store, open_with_own_store
from ml_action.git.process import GitFailed
from ml_action.git.repository import Branches, Repository, Tips
from ml_action.runtime.actions import RunContext
from ml_action.runtime.connection import Connection

if TYPE_CHECKING:
    from ml_action.runtime.dependencies import Dependencies


@dataclass(frozen=True)
class Target:
    """The user's repository, its settings, and where its branches live."""

    given: Mapping[str, str]  # inputs or flags
    settings: Settings
    context: RunContext
    workspace: Git
    remote: str  # URL, or the workspace's own path

    @property
    def on_github(self) -> bool:
        """Whether pull requests are possible; else the local repository is all there is."""
        return self.remote != str(self.workspace.directory)


def find_place(given: Mapping[str, str], context: RunContext, say: Callable[[str], None] = lambda _: None) -> Target:
    """The place from inputs or flags, the configuration file and the environment; `say` is told of every wait.

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


def read_config(top: Path) -> dict[str, object]:
    """The keys of ml-auto-update.toml; none where there is no file.

    Raises:
        SettingsError: it is not TOML.
    """
    path = top / CONFIG_FILE
    if not path.is_file() or path.is_symlink():
        return {}
    return parse_config(path.read_text(encoding="utf-8", errors="replace"))


def parse_config(text: str) -> dict[str, object]:
    """The same, from the file's text."""
    try:
        import tomllib  # late: the file is optional, and Python 3.10 has no tomllib
    except ImportError:
        raise SettingsError(
            f"{CONFIG_FILE} needs Python 3.11",
            why="this runner's python3 is older",
            fix="add actions/setup-python before this step, or pass the settings as inputs",
        ) from None
    try:
        parsed: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{CONFIG_FILE} is not TOML: {error}",
            why="a typing error",
            fix="correct the line; text values stand in double quotes",
            path=CONFIG_FILE,
        ) from error
    return parsed


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


def name_branches(place: Target) -> Branches:
    """The branches by name: the base branch is the setting's, the event's, or the one that the remote's HEAD names."""
    base = place.settings.publication.base or (place.context.default_branch if place.on_github else "")
    name = place.settings.name
    return Branches(base or _default_branch(place), repository.state_branch(name), repository.proposal_branch(name))


def _default_branch(place: Target) -> str:
    if not place.on_github:
        name = place.workspace.line_or_empty("symbolic-ref", "--quiet", "--short", "HEAD")
        others = place.workspace.line_or_empty(
            "for-each-ref", "--format=%(refname:short)", "--contains=HEAD", "refs/heads"
        )
        if name or others:
            return name or others.splitlines()[0]
        raise SettingsError(
            "base is not set, and the checkout is on no branch",
            why="HEAD is detached",
            fix="name the branch that production reads with the setting `base`",
        )
    try:
        told = server.read(place.workspace, "ls-remote", "--symref", "--end-of-options", place.remote, "HEAD")
    except GitFailed as failed:
        raise explain(failed) from failed
    first = told.decode("utf-8", "surrogateescape").split("\t")[0]
    if not first.startswith("ref: refs/heads/"):
        raise RepositoryError("the repository has no default branch yet", why="it is empty", fix="push a first commit")
    return first[len("ref: refs/heads/") :]


@dataclass(frozen=True)
class Opened:
    """A repository, and the target with the settings that were found in it."""

    target: Target
    repository: Repository


def open_for_reading(place: Target, scratch: Callable[[], Path]) -> Opened:
    """Returns the cheapest repository in which datasets can be counted."""
    if not _has_repository(place):
        return _clone_for_reading(place, scratch)
    if place.on_github:
        return Opened(place, open_fully(place, name_branches(place), scratch()))
    state = repository.state_branch(place.settings.name)
    if place.settings.data.data_path.folder and place.settings.data.unit == trigger.DATASETS:
        return Opened(place, open_in_place(place.workspace, state))
    return Opened(place, open_in_place_with_store(place.workspace, state, scratch()))


def _has_repository(place: Target) -> bool:
    return (place.workspace.directory / ".git").exists() or bool(
        place.workspace.line_or_empty("rev-parse", "--git-dir")
    )


def _clone_for_reading(place: Target, scratch: Callable[[], Path]) -> Opened:
    """A blobless clone; the configuration file is read from it, which may send us to other branches."""
    if not place.on_github:
        raise _no_repository(place)
    branches = name_branches(place)
    found = clone_blobless(place.workspace, place.remote, branches, scratch())
    file = f"{found.tips.base}:{CONFIG_FILE}"
    (config,) = found.store.resolve(file)
    if config.kind != "blob":
        return Opened(place, found)
    options = parse_config((found.store.read(file) or b"").decode("utf-8", "replace"))
    place = replace(place, settings=parse(place.given, options))
    if name_branches(place) != branches:
        found = found.updated(name_branches(place))
    return Opened(place, replace(found, head=found.tips.base))


def _no_repository(place: Target) -> RepositoryError:
    return RepositoryError(
        f"{str(place.workspace.directory)!r} is not a git repository",
        why="the workspace holds no checkout, or the path is wrong",
        fix="run this in a clone of your repository, or name one with --workspace",
    )


def open_fully(place: Target, branches: Branches, scratch: Path) -> Repository:
    """The repository with a store of its own, and the branches as they are on the remote now.

    A run for the base branch counts that branch's datasets as they are now, not those of its checkout: the re-run of
    an old job would else see datasets that were removed since, and count them as new.
    """
    found = open_with_own_store(place.workspace, place.remote, scratch).updated(branches)
    if place.on_github and place.context.ref == f"refs/heads/{branches.base}":
        found = replace(found, head=found.tips.base)
    return found


def open_locally(place: Target, scratch: Path) -> Repository:
    """The repository as it is on this machine: no token, no network; also on no branch, and without a commit."""
    git = place.workspace
    if not _has_repository(place):
        raise _no_repository(place)
    state = repository.state_branch(place.settings.name)
    tips = Tips(_local_base(place), _first(git, f"refs/heads/{state}", f"refs/remotes/origin/{state}"), "")
    if git.object_id("HEAD^{commit}"):
        return replace(open_with_own_store(git, str(git.directory), scratch), tips=tips)
    return Repository(git, str(git.directory), "", git.directory, tips=tips)


def open_with_journal(place: Target, scratch: Path, log: Log) -> Repository:
    """Where the journal is: on the remote as it is now; offline, or without a token, what this clone knows of it."""
    local = scratch / "local"
    local.mkdir()
    try:
        found = open_fully(place, name_branches(place), scratch)
    except (RepositoryError, SettingsError) as away:
        found = open_locally(place, local)
        if not found.tips.state:
            raise
        log.warn(f"{away.what}: told is what this clone knows")
        return found
    return found if found.tips.state else open_locally(place, local)


def _local_base(place: Target) -> str:
    """The commit of the base branch as this machine knows it, the server's before our own; else the current one.

    Raises:
        SettingsError: the setting names a branch that is not here.
    """
    name = place.settings.publication.base
    names = (name,) if name else ("HEAD", "main", "master")
    places = [f"refs/{place}/{one}" for one in names for place in ("remotes/origin", "heads")]
    found = _first(place.workspace, *places) or ("" if name else place.workspace.object_id("HEAD^{commit}"))
    if name and not found:
        raise SettingsError(
            f"base = {name!r}: this clone knows no such branch",
            why="it was cloned with one branch only, or the name is misspelled",
            fix=f"git fetch origin {name}, or correct `base`",
        )
    return found


def _first(git: Git, *names: str) -> str:
    """The commit of the first of these references that is there."""
    return next((oid for oid, kind in git.resolve(*names) if kind == "commit"), "")


def make_tools(place: Target, scratch: Path, log: Log) -> Dependencies:
    """Everything that the writing stories need: a repository with its own store, the branches as they are."""
    branches = name_branches(place)
    return _tools(place, branches, open_fully(place, branches, scratch), log)


def read_only_dependencies(place: Target, why: str, scratch: Path, log: Log) -> tuple[Settings, Dependencies]:
    """The same for a run that writes nothing; it says why."""
    log.info(why)
    place = replace(place, settings=place.settings.with_values(autonomy=Autonomy.REPORT, commit_signing="none"))
    tools = make_tools(place, scratch, log)
    return place.settings, replace(
        tools,
        repository=repository.ReadOnlyRepository(**vars(tools.repository)),
        look=lambda _: None,
        board=lambda: None,
    )


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


def make_approval_tools(place: Target, scratch: Path, log: Log) -> tuple[Settings, Dependencies]:
    """The same for an approval, which needs the journal and no data: without a checkout a blobless clone will do."""
    if _has_repository(place):
        return place.settings, make_tools(place, scratch, log)
    opened = _clone_for_reading(place, lambda: scratch)
    place = opened.target
    return place.settings, _tools(place, name_branches(place), opened.repository, log)


def _tools(place: Target, branches: Branches, found: Repository, log: Log) -> Dependencies:
    from ml_action.runtime.dependencies import Dependencies

    connection = Connection(place.settings, place.context, branches, log, place.workspace.retry_budget, place.on_github)
    return Dependencies(
        replace(found, signer=connection.signer),
        branches,
        connection.forge,
        log,
        now,
        time.sleep,
        place.context.run_url,
        look=connection.look,
        board=connection.board,
        workflow=place.context.workflow,
    )


def now() -> str:
    """The time, in UTC and whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
