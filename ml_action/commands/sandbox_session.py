"""A stage for the whole loop on one machine: a sandbox with a repository, two identities, and hours that pass.

An hour is what a workflow does: a fresh depth-1 clone, then the loop with the same code, over HTTP and git, as on
GitHub. Used by `demo` and `rehearse`, and by the scenario tests.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml_action.config.settings import CONFIG_FILE
from ml_action.core.log import Log
from ml_action.core.records.outcome import Outcome
from ml_action.git import command
from ml_action.git.command import Git, GitFailed
from ml_action.git.errors import explain
from ml_action.git.repository import AUTHOR
from ml_action.loop import run
from ml_action.runtime import actions, wiring
from sandbox import Account, Exchange, Repository, Sandbox

AUTHOR_LOGIN, REVIEWER_LOGIN = "ml-bot", "github-actions"


@dataclass(frozen=True)
class SandboxSession:
    """A repository on a sandbox, with the bot that opens and the one that approves."""

    hub: Sandbox
    repository: Repository
    author: Account
    reviewer: Account
    root: Path

    def environ(self, **more: str) -> dict[str, str]:
        """What a runner would have in its environment, pointed at the sandbox."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        return (
            kept
            | {
                "GITHUB_SERVER_URL": self.hub.url,
                "GITHUB_API_URL": self.hub.url,
                "GITHUB_REPOSITORY": self.repository.full_name,
                "GITHUB_REF": f"refs/heads/{self.repository.default_branch}",
                "RUNNER_TEMP": str(self.root),
            }
            | more
        )

    def workspace(self, commit: str = "") -> Path:
        """A depth-1 clone as a runner has it, its files left out; `commit`: as the re-run of an old job has it."""
        path = Path(tempfile.mkdtemp(prefix="hour-", dir=self.root))
        here = plain_git(path)
        here.run("clone", "--quiet", "--depth=1", "--no-checkout", self.repository.path.as_uri(), ".")
        if commit:
            here.run("fetch", "--quiet", "--depth=1", "origin", commit)
            here.run("update-ref", "--no-deref", "HEAD", commit)
        here.maybe("checkout", "--quiet", "HEAD", "--", CONFIG_FILE)
        return path

    def hour(self, given: Mapping[str, str], log: Log, *, commit: str = "") -> Outcome:
        """One run of the loop in a fresh clone."""
        context = actions.read_context(self.environ(), self.workspace(commit))
        tokens = {"token": self.author.token, "approver-token": self.reviewer.token, "forge": "github"}
        place = wiring.find_place({**given, **tokens}, context, log.info)
        with tempfile.TemporaryDirectory(dir=self.root) as scratch:
            tools = wiring.make_tools(place, Path(scratch), log)
            return run.run(place.settings, tools)


@contextmanager
def open_stage(
    root: Path,
    full_name: str,
    branch: str = "main",
    port: int = 0,
    observers: Sequence[Callable[[Exchange], None]] = (),
) -> Iterator[SandboxSession]:
    """A sandbox whose repository allows auto-merge, as the README recommends; `observers` see every exchange."""
    with Sandbox(root, port, observers) as hub:
        repository = hub.create_repository(
            full_name, default_branch=branch, allow_auto_merge=True, actions_may_create_and_approve=True
        )
        author = hub.add_account(AUTHOR_LOGIN, kind="app")
        reviewer = hub.add_account(REVIEWER_LOGIN, kind="actions")
        yield SandboxSession(hub, repository, author, reviewer, root)


def branch_of(path: Path) -> str:
    """Returns the branch that is checked out; a copy has it as its default branch."""
    git = plain_git(path)
    try:
        git.run("rev-parse", "--verify", "HEAD^{commit}")
    except GitFailed as failed:
        raise explain(failed) from failed
    return git.maybe("symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def copy_repository(path: Path, here: SandboxSession) -> None:
    """Pushes the current commit and the loop's branches into the sandbox; the repository at `path` is only read."""
    git = plain_git(path)
    specs = [f"HEAD:refs/heads/{here.repository.default_branch}"]
    for place in ("refs/heads", "refs/remotes/origin"):
        found = git.line("for-each-ref", "--format=%(refname)", f"{place}/ml-auto-update/").splitlines()
        specs += [f"{name}:refs/heads/{name[len(place) + 1 :]}" for name in found]
    unique = {spec.rpartition(":")[2]: spec for spec in specs}
    # a shallow clone may be rehearsed as well: the copy is as shallow then
    plain_git(here.repository.path).run("config", "receive.shallowUpdate", "true")
    try:
        git.run("push", "--quiet", "--no-verify", str(here.repository.path), *unique.values())
    except GitFailed as failed:
        raise explain(failed) from failed


def plain_git(directory: Path) -> Git:
    """git without anybody's configuration, with an author."""
    name, mail = AUTHOR
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", mail))
    }
    return Git(directory, command.environment(os.environ) | who)


def git_log(repository: Path) -> str:
    """The repository's history as a person looks at it."""
    return subprocess.run(
        ["git", "log", "--all", "--graph", "--oneline", "--decorate"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
