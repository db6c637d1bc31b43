"""A repository of the stand-in: its bare git repository and what GitHub keeps beside it."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from sandbox import lifecycle, merge_queue, pushes
from sandbox.clock import now
from sandbox.git import Git
from sandbox.identities import Identity, account_id, reaches
from sandbox.records import CheckRun, Dispatch, Issue, Label, PullRequest, Rule, Settings, Status
from sandbox.standing import Standing, rule_for, standing

FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+")


class Repository:
    """Everything about one repository. Its public methods may be called from any thread."""

    def __init__(
        self,
        root: Path,
        full_name: str,
        default_branch: str,
        private: bool,
        settings: Settings,
        lock: threading.RLock,
    ) -> None:
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
        pushes.install(self.path)
        self.created_at = now()
        self.collaborators: dict[str, str] = {}
        self.rules: list[Rule] = []
        self.labels: dict[str, Label] = {}
        self.statuses: list[Status] = []
        self.check_runs: list[CheckRun] = []
        self.dispatches: list[Dispatch] = []
        self.signed: set[str] = set()  # commits that carry GitHub's own signature
        self.workflows: dict[str, str] = {}  # path -> state: active, disabled_inactivity, disabled_manually, ...
        self.pushers: dict[str, str] = {}  # ref -> login of the last push
        self.pulls_by_number: dict[int, PullRequest] = {}
        self.issues: dict[int, Issue] = {}
        self.parent: Repository | None = None  # what it is a fork of
        self.forks: dict[str, Repository] = {}  # by full name
        self._lock = lock
        self._ids = count(1)

    def next_number(self) -> int:
        """The number of the next pull request or issue: they share one sequence."""
        return max([0, *self.pulls_by_number, *self.issues]) + 1

    def new_id(self) -> int:
        """A number for a label, review, comment, status or check run."""
        return self.id * 1000 + next(self._ids)

    # --- who may do what ------------------------------------------------------------------------------

    def add_collaborator(self, login: str, role: str) -> None:
        """Give an account another role here than it has elsewhere (none, read, write, admin)."""
        self.collaborators[login] = role

    def role(self, identity: Identity) -> str:
        """The role of an account here; an App has what its permissions say."""
        if identity.login == self.owner:
            return "admin"
        return self.collaborators.get(identity.login, identity.role)

    def can_see(self, identity: Identity | None) -> bool:
        """Whether the repository exists for the caller."""
        return not self.private or (identity is not None and self.role(identity) != "none")

    def can_push(self, identity: Identity) -> bool:
        """Whether the caller may write contents: both its token and its account."""
        return identity.holds("contents", "write") and self.has_write_access(identity)

    def has_write_access(self, identity: Identity) -> bool:
        """Whether the account has write access, whatever its token may do: its reviews count."""
        return reaches(self.role(identity), "write")

    # --- protection and outcomes ----------------------------------------------------------------------

    def protect(self, pattern: str, **requirements: Any) -> Rule:
        """Protect the branches of a name or pattern; see `Rule` for the requirements."""
        rule = Rule(pattern, **requirements | {"required_checks": tuple(requirements.get("required_checks", ()))})
        with self._lock:
            self.rules = [known for known in self.rules if known.pattern != pattern] + [rule]
            self.synchronise()
        return rule

    def rule(self, branch: str) -> Rule | None:
        """The protection rule of a branch."""
        return rule_for(self.rules, branch)

    def set_status(self, sha: str, context: str, state: str, creator: Identity | None = None, **texts: Any) -> Status:
        """Post a commit status; it may set off an auto-merge."""
        with self._lock:
            status = Status(
                self.new_id(), sha, context, state, texts.get("description"), texts.get("target_url"), creator
            )
            self.statuses.append(status)
            self.synchronise()
        return status

    def standing(self, pull: PullRequest) -> Standing:
        """Where a pull request stands now."""
        return standing(self, pull)

    # --- pull requests --------------------------------------------------------------------------------

    @property
    def pulls(self) -> Sequence[PullRequest]:
        """All pull requests, oldest first, up to date with the branches."""
        with self._lock:
            self.synchronise()
            return list(self.pulls_by_number.values())

    def open_pulls(self) -> list[PullRequest]:
        """Those that wait for an ending, as last seen."""
        return [pull for pull in self.pulls_by_number.values() if pull.open]

    def synchronise(self, pusher: Identity | None = None) -> None:
        """Let the pull requests follow the refs, those to the parent included."""
        with self._lock:
            lifecycle.synchronise(self, pusher)
            if self.parent:
                self.parent.synchronise(pusher)

    def head_repository(self, pull: PullRequest) -> Repository | None:
        """Where the head branch of a pull request lives; None: the fork is gone."""
        return self.forks.get(pull.fork) if pull.fork else self

    def head_owner(self, pull: PullRequest) -> str:
        """Whose branch the head is, as in `owner:branch`."""
        return (pull.fork or self.full_name).split("/")[0]

    def advance_queue(self) -> None:
        """The merge queue's turn."""
        with self._lock:
            self.synchronise()
            merge_queue.advance(self)
            self.synchronise()

    def change_settings(self, **settings: Any) -> None:
        """Change repository settings; names as in `Settings`."""
        with self._lock:
            self.settings = Settings(**asdict(self.settings) | settings)
