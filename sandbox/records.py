"""The records of the sandbox: what GitHub stores in addition to the git objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.accounts import Account
from sandbox.clock import now


@dataclass
class Settings:
    """The repository settings that change how pull requests behave, with GitHub's defaults."""

    allow_auto_merge: bool = False
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True
    delete_branch_on_merge: bool = False
    archived: bool = False
    actions_may_create_and_approve: bool = False
    has_issues: bool = True

    def allows(self, method: str) -> bool:
        """Whether pull requests may be merged by this method (merge, squash or rebase)."""
        return {
            "merge": self.allow_merge_commit,
            "squash": self.allow_squash_merge,
            "rebase": self.allow_rebase_merge,
        }[method]


@dataclass
class Review:
    """A review of a pull request at one commit."""

    id: int
    user: Account
    state: str  # APPROVED CHANGES_REQUESTED COMMENTED DISMISSED PENDING
    body: str
    commit_id: str
    submitted_at: str = field(default_factory=now)


@dataclass
class Comment:
    """A comment in the conversation of a pull request."""

    id: int
    user: Account
    body: str
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(frozen=True)
class AutoMerge:
    """The request to merge as soon as the requirements are met."""

    enabled_by: Account
    method: str  # merge squash rebase
    title: str
    message: str
    enabled_at: str = field(default_factory=now)


@dataclass
class Label:
    """A label of the repository."""

    id: int
    name: str
    color: str
    description: str | None


@dataclass(frozen=True)
class Status:
    """A commit status."""

    id: int
    sha: str
    context: str
    state: str  # error failure pending success
    description: str | None = None
    target_url: str | None = None
    creator: Account | None = None
    created_at: str = field(default_factory=now)


@dataclass(frozen=True)
class CheckRun:
    """A check run on a commit."""

    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    app: Account
    details: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = field(default_factory=now)


@dataclass(frozen=True)
class Dispatch:
    """A recorded repository_dispatch or workflow_dispatch; no workflow runs."""

    kind: str
    name: str  # event type, or the workflow's file name
    ref: str
    payload: Mapping[str, Any]
    actor: Account


@dataclass
class Issue:
    """An issue that is not a pull request."""

    number: int
    author: Account
    title: str
    body: str | None
    state: str = "open"
    state_reason: str | None = None
    labels: list[str] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None
    closed_by: Account | None = None
    editor: Account | None = None  # of the body, last

    def set_state(self, state: str, by: Account | None = None) -> None:
        """Closes or reopens the issue."""
        closing = state == "closed"
        self.state, self.closed_at, self.closed_by = state, now() if closing else None, by if closing else None
        self.state_reason = "completed" if closing else "reopened"


@dataclass
class PullRequest:
    """A pull request inside one repository."""

    number: int
    author: Account
    title: str
    body: str | None
    head: str  # branch
    base: str  # branch
    head_sha: str
    base_sha: str
    draft: bool = False
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    auto_merge: AutoMerge | None = None
    queued_by: Account | None = None  # who added it to the merge queue; None: it is not queued
    last_pusher: str = ""  # login; empty: unknown
    fork: str = ""  # full name of the fork with the head branch; empty: the repository itself
    former_heads: set[str] = field(default_factory=set)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None
    closed_by: Account | None = None
    merged_at: str | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None

    @property
    def merged(self) -> bool:
        """Whether it has been merged into the base."""
        return self.merged_at is not None

    @property
    def open(self) -> bool:
        """Whether it is neither closed nor merged."""
        return self.state == "open"

    def close(self, by: Account | None = None) -> None:
        """Closes the pull request, which cancels auto-merge and leaves the merge queue."""
        self.state, self.closed_at, self.auto_merge, self.queued_by = "closed", now(), None, None
        self.closed_by = by

    def mark_merged(self, commit: str, by: Account | None) -> None:
        """Closes the pull request as merged by this commit of the base."""
        self.close(by)
        self.merged_at, self.merged_by, self.merge_commit_sha = self.closed_at, by, commit
