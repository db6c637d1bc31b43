"""A stage for promotions: a repository in the sandbox, a bot, an approver, and git for both of them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import Proposal, Publication
from ml_action.core.retry import RetryBudget
from ml_action.forge.github.client import GitHub
from ml_action.forge.github.session import ApiAccess, Timing
from ml_action.promotion.lifecycle import publish
from ml_action.promotion.ownership import Ownership
from ml_action.promotion.publication import PublicationContext
from ml_action.promotion.pull_request_text import wrap_body
from sandbox import Account, Exchange, Repository, Sandbox

HURRY = Timing(between_writes=0, timeout=10)
BRANCH = "ml-auto-update/students/proposal"
MODEL = {"model/v2.pkl": "two", "model/model_metadata.json": '{"current": "v2"}', "model/v2.md": "# v2"}


@dataclass
class Stage:
    """Everything a scenario plays with. `calls` are the API calls since it was cleared."""

    hub: Sandbox
    repository: Repository
    root: Path
    bot: Account
    approver: Account | None
    calls: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    journal: dict[int, str] = field(default_factory=dict)  # the authors that it names, by pull request
    recorded: set[str] = field(default_factory=set)  # by other runs, meanwhile
    doubts: tuple[str, ...] = ()  # about the commit's contents
    on_pause: Callable[[], object] = lambda: None

    def observe(self, exchange: Exchange) -> None:
        if not exchange.git:
            self.calls.append(f"{exchange.method} {exchange.path}")
            self.bodies.append(exchange.body.decode())

    # --- git --------------------------------------------------------------------------------------------

    def git(self, *arguments: str) -> str:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        who = {
            f"GIT_{role}_{part}": "someone@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=clean | who | {"GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def push(
        self,
        branch: str = BRANCH,
        files: dict[str, str] = MODEL,
        *,
        on: str = "main",
        by: Account | None = None,
    ) -> str:
        """Commit files on top of a branch of the server and push; the bot's commits are remembered as known.

        A person pushes over HTTP; the bot's git is not under test here and takes the short way to the disk.
        """
        url = self.hub.git_url(self.repository, by) if by else str(self.repository.path)
        if on:
            self.git("fetch", "-q", url, on)
            self.git("checkout", "-q", "--detach", "FETCH_HEAD")
        for path, content in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"change {branch}")
        self.git("push", "-q", "-f", url, f"HEAD:refs/heads/{branch}")
        commit = self.git("rev-parse", "HEAD")
        if by is None:
            self.known.add(commit)
        return commit

    def on_main(self, path: str) -> str:
        return self.repository.git.run("cat-file", "blob", f"main:{path}")

    # --- the product ------------------------------------------------------------------------------------

    def github(
        self,
        *,
        token: str | None = None,
        approver_token: str | None = None,
        name: str = "",
        timeout: int = 10,
    ) -> GitHub:
        second = self.approver.token if self.approver else ""
        retry_budget = RetryBudget(backoff=0, report=self.log.append)
        return GitHub(
            ApiAccess(self.hub.url, retry_budget, replace(HURRY, timeout=timeout), time.time),
            name or self.repository.full_name,
            self.bot.token if token is None else token,
            second if approver_token is None else approver_token,
        )

    def proposal(self, commit: str, autonomy: str = "merge", report: str = "## Report", **changes: Any) -> Proposal:
        wanted = Proposal(
            name="students", base="main", branch=BRANCH, commit=commit, title="Promote students v2", body="",
            label="model-update", fingerprint="f1", model_dir="model", merge_method="squash",
            autonomy=Autonomy(autonomy),
        )  # fmt: skip
        wanted = replace(wanted, **changes)
        return replace(wanted, body=wrap_body(report, wanted.fingerprint, wanted.title))

    def settle(self, commit: str, autonomy: str = "merge", *, forge: Any = None, **changes: Any) -> Publication:
        """One run of the publication, as the loop calls it."""
        self.calls.clear()
        self.bodies.clear()
        with closing(forge or self.github()) as forge:
            proposal, known = self.proposal(commit, autonomy, **changes), frozenset(self.known)
            ours = Ownership(forge, proposal.branch, proposal.base, self.journal)
            rest = lambda: frozenset(self.recorded), self.pause, self.log.append, ours, lambda paths: self.doubts
            return publish(PublicationContext(proposal, forge, known, *rest))

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.on_pause()

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("GET") and call != "POST /graphql"]

    @property
    def pull(self) -> Any:
        """The only pull request."""
        (pull,) = self.hub.pulls(self.repository)
        return pull
