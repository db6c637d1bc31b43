"""Helpers of the sandbox tests: a git client, and a world with one repository and a clone of it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import github
import requests

from sandbox import Account, Exchange, Repository, Sandbox

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def git(folder: Path, *arguments: str, fails: bool = False) -> str:
    """Runs git as a client. Returns the output, or the errors of an expected failure."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout.strip()


@dataclass
class World:
    """A sandbox with one repository, a clone of it, and the recorded exchanges."""

    hub: Sandbox
    repository: Repository
    clone: Path
    exchanges: list[Exchange] = field(default_factory=list)

    def url(self, account: Account) -> str:
        return self.hub.git_url(self.repository, account)

    def commit(self, branch: str, files: dict[str, str], start: str = "main", message: str = "") -> str:
        """Commits to a branch of the clone; a new branch starts from `start`."""
        known = git(self.clone, "branch", "--list", branch)
        git(self.clone, "switch", "--quiet", *([branch] if known else ["--create", branch, start]))
        for name, text in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", message or f"Change {', '.join(files)}")
        return git(self.clone, "rev-parse", "HEAD")

    def push(self, account: Account, *refspecs: str, fails: bool = False) -> str:
        return git(self.clone, "push", "--quiet", self.url(account), *refspecs, fails=fails)

    def propose(self, branch: str, files: dict[str, str], account: Account) -> str:
        """Pushes a branch with one commit on top of main."""
        sha = self.commit(branch, files)
        self.push(account, branch)
        return sha

    def open(self, branch: str, account: Account, files: dict[str, str] | None = None) -> Any:
        """Opens a pull request from a new branch, and returns it as PyGithub's object."""
        self.propose(branch, files or {f"{branch}.txt": branch}, account)
        return self.client(account).create_pull("main", branch, title=f"Take {branch}", body="Why not?")

    def client(self, account: Account) -> Any:
        """The repository through PyGithub."""
        hub = github.Github(
            base_url=self.hub.url,
            auth=github.Auth.Token(account.token),
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        return hub.get_repo(self.repository.full_name)

    def call(self, method: str, path: str, account: Account | None = None, **options: Any) -> requests.Response:
        """A plain request below the repository."""
        headers = {"Authorization": f"Bearer {account.token}"} if account else {}
        address = f"{self.hub.url}/repos/{self.repository.full_name}{path}"
        return requests.request(method, address, headers=headers, timeout=10, **options)

    def graph(self, account: Account | None, query: str, **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {account.token}"} if account else {}
        body: Any = {"query": query, "variables": variables}
        return requests.post(f"{self.hub.url}/graphql", json=body, headers=headers, timeout=10).json()
