"""A repository of the sandbox: a bare git repository and the data that GitHub keeps with it."""

from __future__ import annotations

import re
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from sandbox.accounts import Account, account_id, includes
from sandbox.clock import now
from sandbox.git.command import Git
from sandbox.records import CheckRun, Dispatch, Issue, Label, PullRequest, Settings, Status
from sandbox.rules import Rule, matches, rule_for

FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+")


class Repository:
    """The data of one repository. `Hub` changes it and keeps its pull requests up to date."""

    def __init__(self, root: Path, full_name: str, default_branch: str, settings: Settings, *, private: bool) -> None:
        if not FULL_NAME.fullmatch(full_name):
            raise ValueError(f"{full_name!r} is not an owner/name")
        self.full_name = full_name
        self.owner, self.name = full_name.split("/")
        self.id = account_id(full_name)
        self.default_branch = default_branch
        self.private = private
        self.settings = settings
        self.path = root / f"{full_name}.git"
        self.git = Git.create(self.path, default_branch)
        self.created_at = now()
        self.collaborators: dict[str, str] = {}  # login -> role
        self.rules: list[Rule] = []
        self.labels: dict[str, Label] = {}  # by name in lower case
        self.statuses: list[Status] = []
        self.check_runs: list[CheckRun] = []
        self.dispatches: list[Dispatch] = []
        self.signed: set[str] = set()  # commits with GitHub's signature
        self.workflows: dict[str, str] = {}  # path -> state: active, disabled_inactivity, disabled_manually, ...
        self.pushers: dict[str, str] = {}  # ref -> login of the last push
        self.pulls_by_number: dict[int, PullRequest] = {}
        self.issues: dict[int, Issue] = {}
        self.parent: Repository | None = None  # of a fork
        self.forks: dict[str, Repository] = {}  # by full name
        self._ids = count(1)

    def next_number(self) -> int:
        """Returns the number of the next pull request or issue; they share one sequence."""
        return max([0, *self.pulls_by_number, *self.issues]) + 1

    def new_id(self) -> int:
        """Returns a number for a new label, review, comment, status or check run."""
        return self.id * 1000 + next(self._ids)

    def change_settings(self, **settings: Any) -> None:
        """Changes repository settings; the names are those of `Settings`."""
        self.settings = Settings(**asdict(self.settings) | settings)

    # --- permissions ----------------------------------------------------------------------------------

    def add_collaborator(self, login: str, role: str) -> None:
        """Gives an account a role (none, read, write, admin) in this repository that differs from its usual one."""
        self.collaborators[login] = role

    def role(self, account: Account) -> str:
        """Returns the role of an account in this repository. The permissions of an App limit it further."""
        if account.login == self.owner:
            return "admin"
        return self.collaborators.get(account.login, account.role)

    def can_see(self, account: Account | None) -> bool:
        """Whether the repository is visible to the caller."""
        return not self.private or (account is not None and self.role(account) != "none")

    def can_push(self, account: Account) -> bool:
        """Whether both the token and the role of the caller allow it to write contents."""
        return account.has_permission("contents", "write") and self.has_write_access(account)

    def has_write_access(self, account: Account) -> bool:
        """Whether the role of the account includes write access, whatever its token allows: its reviews count."""
        return includes(self.role(account), "write")

    # --- branches and commits -------------------------------------------------------------------------

    def rule(self, branch: str) -> Rule | None:
        """Returns the protection rule of a branch."""
        return rule_for(self.rules, branch)

    def rulesets(self, branch: str) -> list[Rule]:
        """Returns the rulesets that apply to a branch."""
        return [rule for rule in self.rules if rule.ruleset and matches(rule.pattern, branch)]

    def check_outcomes(self, sha: str) -> dict[str, str]:
        """Returns the newest outcome of every status context and check run of a commit, by name."""
        outcomes = {status.context: status.state for status in self.statuses if status.sha == sha}
        runs = {run.name: run.conclusion or "pending" for run in self.check_runs if run.head_sha == sha}
        return outcomes | runs

    # --- pull requests --------------------------------------------------------------------------------

    def open_pulls(self) -> list[PullRequest]:
        """Returns the open pull requests, oldest first."""
        return [pull for pull in self.pulls_by_number.values() if pull.open]

    def head_repository(self, pull: PullRequest) -> Repository | None:
        """Returns the repository of a pull request's head branch, or `None` if it was a fork that is deleted."""
        return self.forks.get(pull.fork) if pull.fork else self

    def head_owner(self, pull: PullRequest) -> str:
        """Returns the owner of the head branch, as in `owner:branch`."""
        return (pull.fork or self.full_name).split("/")[0]
