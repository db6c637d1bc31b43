"""The checkout that a run works in: where it is, and whether it is of the run's own repository."""

from __future__ import annotations

import re
from pathlib import Path

from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.git import command
from ml_action.git.command import Git
from ml_action.runtime.actions import RunContext

MOST = 200  # entries of the runner's folder that are looked at


def find(named: str, context: RunContext) -> Path:
    """Returns the root of the checkout: of the one that contains the workspace, or of the only one below it.

    Without any checkout it is the workspace itself.

    Args:
        named: the setting `workspace`; empty: it is looked for.
        context: of the run.

    Raises:
        SettingsError: the folder that is named is none, or several folders hold a checkout of this repository.
    """
    folder = context.workspace / named
    if named and not folder.is_dir():
        raise SettingsError(
            f"workspace: there is no folder {named!r}",
            why="nothing was checked out there, or the path is wrong",
            fix="use the same folder as actions/checkout's `path`",
        )
    if (folder / ".git").exists():
        return folder
    top = Git(folder, command.environment(context.environ)).line_or_empty("rev-parse", "--show-toplevel")
    return Path(top) if top else _only_below(folder, context) or folder


def _only_below(folder: Path, context: RunContext) -> Path | None:
    """Returns the only checkout of this repository in a sub-folder, as actions/checkout with `path` makes it."""
    if not context.in_actions or not folder.is_dir():
        return None
    entries = sorted(path for path, _ in zip(folder.iterdir(), range(MOST), strict=False))
    found = [path for path in entries if (path / ".git").exists() and not path.is_symlink()]
    own = [path for path in found if _is_own(path, context)]
    if len(own) > 1:
        raise SettingsError(
            f"several folders hold a checkout of this repository: {', '.join(repr(path.name) for path in own)}",
            why="actions/checkout ran more than once, with another `path` each time",
            fix="name the one that counts with the input `workspace`",
        )
    return own[0] if own else None


def _is_own(folder: Path, context: RunContext) -> bool:
    names = remotes(Git(folder, command.environment(context.environ)), context)
    return not names or context.repository.casefold() in names


def require_own(workspace: Git, context: RunContext) -> None:
    """Stops a run in a checkout of another repository: its datasets are not those of this one.

    A checkout whose remotes are not on this server proves nothing, and passes.

    Raises:
        RepositoryError: every remote on this server is another repository.
    """
    names = remotes(workspace, context)
    if names and context.repository.casefold() not in names:
        raise RepositoryError(
            f"the checkout is of {min(names)}, and this run is for {context.repository}",
            why="actions/checkout was given another `repository`, and its data are not this repository's",
            fix="check out this repository, or run the workflow in the other one",
        )


def remotes(workspace: Git, context: RunContext) -> frozenset[str]:
    """Returns the names, owner/name in lower case, of the repositories on this server that are remotes here."""
    listed = workspace.line_or_empty("config", "--get-regexp", r"^remote\..*\.url$")
    urls = (line.partition(" ")[2] for line in listed.splitlines())
    return frozenset(name.casefold() for url in urls if (name := _name_on(context.server_url, url)))


def origin(top: Path, context: RunContext) -> str:
    """Returns owner/name of the repository that this clone came from, or "" if it is not on the context's server."""
    url = Git(top, command.environment(context.environ)).line_or_empty("remote", "get-url", "origin")
    return _name_on(context.server_url, url)


def _name_on(server: str, url: str) -> str:
    """Returns owner/name of an address on a server, such as https://github.com, or ""."""
    _, _, host = server.partition("://")  # github.com, or another host with its port
    plain = re.escape(host.partition(":")[0])
    pattern = (
        rf"(?:https?://(?:[^@/]*@)?{re.escape(host)}/+|ssh://[^@/]+@{plain}(?::\d+)?/+|[\w.-]+@{plain}:/*)"
        r"([\w.-]+/[\w.-]+?)(?:\.git)?/?"
    )
    found = re.fullmatch(pattern, url)
    return found[1] if found else ""
