"""The whole loop on one machine: a sandbox with a repository, two accounts, and runs of the loop.

A run is what a workflow does: a fresh depth-1 clone, then the loop with the same code, over HTTP and git, as on GitHub.
`demo`, `rehearse`, `init`, and the scenario tests use this.
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
from ml_action.git.command import Git
from ml_action.git.errors import explain
from ml_action.git.process import GitFailed
from ml_action.git.repository import AUTHOR
from ml_action.loop import run
from ml_action.runtime import actions, wiring
from sandbox import Account, Exchange, Repository, Sandbox

AUTHOR_LOGIN, REVIEWER_LOGIN = "ml-bot", "github-actions"


@dataclass(frozen=True)
class SandboxSession:
    """A repository on a sandbox, with the bot that opens pull requests and the one that approves them."""

    hub: Sandbox
    repository: Repository
    author: Account
    reviewer: Account
    root: Path

    @property
    def git(self) -> Git:
        """The repository on the server, for changes that no workflow makes."""
        return plain_git(self.repository.path)

    def environ(self, **more: str) -> dict[str, str]:
        """Returns the environment of a runner that works for the sandbox."""
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
        """Makes a depth-1 clone as a runner has it, without its files; with `commit`, as the re-run of an old job."""
        path = Path(tempfile.mkdtemp(prefix="hour-", dir=self.root))
        clone = plain_git(path)
        clone.run("clone", "--quiet", "--depth=1", "--no-checkout", self.repository.path.as_uri(), ".")
        if commit:
            clone.run("fetch", "--quiet", "--depth=1", "origin", commit)
            clone.run("update-ref", "--no-deref", "HEAD", commit)
        clone.line_or_empty("checkout", "--quiet", "HEAD", "--", CONFIG_FILE)
        return path

    def run_once(self, inputs: Mapping[str, str], log: Log, *, commit: str = "") -> Outcome:
        """Runs the loop once in a fresh clone."""
        workspace = self.workspace(commit)
        started = plain_git(workspace).object_id("HEAD^{commit}")
        context = actions.read_context(self.environ(GITHUB_SHA=started), workspace)
        tokens = {"token": self.author.token, "approver-token": self.reviewer.token, "forge": "github"}
        target = wiring.find_place({**inputs, **tokens}, context, log.info)
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            prepared = wiring.prepare_run(target, Path(folder), log)
            return prepared.labelled(run.run(prepared.settings, prepared.dependencies))


@contextmanager
def open_session(
    root: Path,
    full_name: str,
    branch: str = "main",
    port: int = 0,
    observers: Sequence[Callable[[Exchange], None]] = (),
) -> Iterator[SandboxSession]:
    """Opens a sandbox whose repository allows auto-merge, as the README recommends; `observers` see every exchange."""
    with Sandbox(root, port, observers) as hub:
        repository = hub.create_repository(
            full_name, default_branch=branch, allow_auto_merge=True, actions_may_create_and_approve=True
        )
        author = hub.add_account(AUTHOR_LOGIN, kind="app")
        reviewer = hub.add_account(REVIEWER_LOGIN, kind="actions")
        yield SandboxSession(hub, repository, author, reviewer, root)


def branch_of(path: Path) -> str:
    """Returns the branch that is checked out; a copy has it as its default branch.

    Raises:
        RepositoryError: There is no repository, or it has no commit.
    """
    git = plain_git(path)
    try:
        git.run("rev-parse", "--verify", "HEAD^{commit}")
    except GitFailed as failed:
        raise explain(failed) from failed
    return git.line_or_empty("symbolic-ref", "--quiet", "--short", "HEAD") or "main"


def copy_repository(path: Path, session: SandboxSession) -> None:
    """Pushes the current commit and the loop's branches into the sandbox; the repository at `path` is only read."""
    git = plain_git(path)
    specs = [f"HEAD:refs/heads/{session.repository.default_branch}"]
    for prefix in ("refs/heads", "refs/remotes/origin"):
        found = git.line("for-each-ref", "--format=%(refname)", f"{prefix}/ml-auto-update/").splitlines()
        specs += [f"{name}:refs/heads/{name[len(prefix) + 1 :]}" for name in found]
    unique = {spec.rpartition(":")[2]: spec for spec in specs}
    # a shallow clone can be copied too: the copy is as shallow then
    session.git.run("config", "receive.shallowUpdate", "true")
    try:
        git.run("push", "--quiet", "--no-verify", str(session.repository.path), *unique.values())
    except GitFailed as failed:
        raise explain(failed) from failed


def plain_git(directory: Path) -> Git:
    """Returns git without the user's configuration, with an author."""
    name, mail = AUTHOR
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", mail))
    }
    return Git(directory, command.environment(os.environ) | who)


def git_log(repository: Path) -> str:
    """Returns the history as `git log` draws it."""
    return subprocess.run(
        ["git", "log", "--all", "--graph", "--oneline", "--decorate"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
