"""Opens the repository of a run: in place, cloned, or with an object store of its own, and its branches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ml_action.config.file import parse_config
from ml_action.config.parse import parse
from ml_action.config.settings import CONFIG_FILE, Settings
from ml_action.core.dataclass import dataclass, replace
from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.core.log import Log
from ml_action.git import remote, repository
from ml_action.git.command import Git
from ml_action.git.errors import explain
from ml_action.git.open import clone_blobless, open_with_own_store
from ml_action.git.process import GitFailed
from ml_action.git.repository import Branches, Repository, Tips
from ml_action.runtime.actions import RunContext

REGULAR = ("100644", "100755")  # the modes of files that are no links


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


def name_branches(place: Target) -> Branches:
    """The branches by name: the base branch is the setting's, the event's, or the one that the remote's HEAD names."""
    base = place.settings.publication.base or (place.context.default_branch if place.on_github else "")
    name = place.settings.name
    return Branches(base or default_branch(place), repository.state_branch(name), repository.proposal_branch(name))


def default_branch(place: Target) -> str:
    """The branch that the remote's HEAD names, or the one that is checked out where there is no server."""
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
        output = remote.read(place.workspace, "ls-remote", "--symref", "--end-of-options", place.remote, "HEAD")
    except GitFailed as failed:
        raise explain(failed) from failed
    first = output.decode("utf-8", "surrogateescape").split("\t")[0]
    if not first.startswith("ref: refs/heads/"):
        raise RepositoryError("the repository has no default branch yet", why="it is empty", fix="push a first commit")
    return first[len("ref: refs/heads/") :]


@dataclass(frozen=True)
class Opened:
    """A repository, and the target with the settings that were found in it."""

    target: Target
    repository: Repository


def has_repository(place: Target) -> bool:
    """Whether the workspace is a git repository."""
    return (place.workspace.directory / ".git").exists() or bool(
        place.workspace.line_or_empty("rev-parse", "--git-dir")
    )


def clone_for_reading(place: Target, scratch: Callable[[], Path]) -> Opened:
    """A blobless clone; the configuration file is read from it, which may send us to other branches."""
    if not place.on_github:
        raise _no_repository(place)
    branches = name_branches(place)
    found = clone_blobless(place.workspace, place.remote, branches, scratch())
    options = config_at(found.store, found.tips.base)
    if not options:
        return Opened(place, found)
    place = replace(place, settings=parse(place.given, options))
    if name_branches(place) != branches:
        found = found.updated(name_branches(place))
    return Opened(place, replace(found, head=found.tips.base))


def config_at(git: Git, commit: str) -> dict[str, object]:
    """The keys of a commit's ml-auto-update.toml; none where it has no such file, as in `config.file.read_config`.

    Raises:
        SettingsError: it is not TOML.
    """
    rows = git.run("ls-tree", "-z", "--full-tree", commit, "--", CONFIG_FILE) if commit else b""
    mode, _, oid = rows.partition(b"\t")[0].decode().partition(" blob ")
    if mode not in REGULAR:
        return {}
    return parse_config(git.run("cat-file", "blob", oid).decode("utf-8", "replace"))


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
    if not has_repository(place):
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
        log.warn(f"{away.what}: this shows what this clone knows")
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
