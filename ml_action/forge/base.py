"""The protocols of a forge: the service that hosts pull requests, in our own words.

`Forge` consists of small protocols, so that a function can ask for the part that it uses. What a forge does not have
is `None`: `auto_merge` and `merge_queue`. `forge.github` implements them for GitHub, and `forge.dry_run` for runs that
may not open anything. `runtime` chooses between the two.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ml_action.core.errors import ForgeError
from ml_action.core.records.promotion import Issue, Proposal, PullRequest


class Refused(ForgeError):
    """The forge refused the request. It will refuse again until a person changes something.

    Every other ForgeError (network, rate limit, server error) may be gone by the next attempt.
    """


class Forbidden(Refused):
    """The token lacks the permission. A person may do it, or grant the permission."""


@dataclass(frozen=True)
class ForgeLimits:
    """What a forge accepts or lists at most."""

    title: int  # characters of a pull request's title
    body: int  # characters of a pull request's body
    changed_files: int  # files of a pull request that it lists


NO_LIMITS = ForgeLimits(title=sys.maxsize, body=sys.maxsize, changed_files=sys.maxsize)


class MergeReply(str, Enum):
    """What the forge answers to a request to merge."""

    DONE = "done"
    MERGEABLE_NOW = "mergeable-now"  # auto-merge has nothing to wait for: merge directly
    TRY_AGAIN = "try-again"  # it is still computing, or the base branch has just moved
    QUEUE_REQUIRED = "queue-required"  # the base branch accepts merges from its merge queue only
    QUEUED = "queued"  # it is in that queue
    HEAD_MOVED = "head-moved"  # the head is no longer the commit that we named
    REFUSED = "refused"  # a setting, a rule or a missing permission forbids it


@dataclass(frozen=True)
class MergeAnswer:
    """A reply and its reason, as a sentence."""

    reply: MergeReply
    text: str = ""


@dataclass(frozen=True)
class Approval:
    """The approval of one commit by one reviewer."""

    login: str
    commit: str
    dismissed: bool = False  # by a person, or by a rule when another commit was pushed


class IssueStore(Protocol):
    """Stores one issue that we maintain. Methods raise `ForgeError`, like those of `Forge`."""

    def find(self, marker: str) -> Issue | None:
        """Returns the newest of our issues whose body begins with this marker."""

    def open(self, title: str, body: str, marker: str) -> Issue:
        """Opens the issue, or finds it if it was opened and only the response was lost."""

    def edit(self, issue: Issue, body: str) -> None:
        """Replaces the issue's body."""

    def editor(self, issue: Issue) -> str:
        """Returns the login of the account that edited the issue's body last, or "" if the forge does not say."""

    def author(self) -> str:
        """Returns the login of the identity that maintains the issue."""

    def may_write(self, login: str) -> bool | None:
        """Whether the account may write to the repository; `None` if the forge does not say, as of Apps."""


class PullRequests(Protocol):
    """The pull requests of one repository, opened and edited by the author's identity."""

    @property
    def name(self) -> str:
        """The forge's name, for messages."""

    @property
    def repository(self) -> str:
        """The repository, as owner/name."""

    @property
    def limits(self) -> ForgeLimits:
        """What the forge accepts at most."""

    def default_branch(self) -> str:
        """Returns the repository's default branch."""

    def author(self) -> str:
        """Returns the login of the identity that opens pull requests."""

    def pulls_of(self, branch: str) -> tuple[PullRequest, ...]:
        """Returns the pull requests of a branch of this repository, by any author: open ones, then the newest."""

    def get(self, number: int) -> PullRequest:
        """Returns the current state of a pull request, with its merge state."""

    def open(self, proposal: Proposal) -> PullRequest | None:
        """Opens a pull request, or finds the one that is open already. `None`: this forge opens nothing."""

    def edit(self, pull: PullRequest, *, title: str, body: str) -> PullRequest:
        """Replaces title and body."""

    def mark_ready(self, pull: PullRequest) -> PullRequest:
        """Marks a draft as ready for review."""

    def label(self, pull: PullRequest, name: str) -> None:
        """Adds the label, and creates it if the repository does not have it."""

    def comment_once(self, pull: PullRequest, marker: str, text: str) -> bool:
        """Comments, unless a comment has this hidden marker. Returns whether it commented."""

    def upsert_comment(self, number: int, marker: str, text: str, *, create: bool = True) -> bool:
        """Edits our comment with this hidden marker in place, or creates it if `create` is set.

        Returns:
            Whether the pull request has the comment now.
        """

    def changed_paths(self, pull: PullRequest) -> tuple[str, ...]:
        """Returns the path of each changed file, and the former path of each renamed one."""

    def close_with_comment(self, pull: PullRequest, marker: str, text: str) -> PullRequest:
        """Cancels auto-merge, says why in a comment, and closes the pull request."""

    def reopen(self, pull: PullRequest) -> PullRequest:
        """Opens a closed pull request again."""

    def closed_by(self, pull: PullRequest) -> str:
        """Returns the login of the account that closed the pull request, or "" if the forge does not say."""

    def may_write(self, login: str) -> bool | None:
        """Whether the account may write to the repository; `None` if the forge does not say, as of Apps."""

    def compare_url(self, base: str, branch: str) -> str:
        """Returns the page where a person can open a pull request for a pushed branch, or "" if there is no page."""


class Reviews(Protocol):
    """The reviews of pull requests, given by the second identity."""

    def approver(self) -> str:
        """Returns the login of the second identity, or "" if only one is used."""

    def approvals(self, pull: PullRequest) -> frozenset[Approval]:
        """Returns the approvals that are in effect, and the dismissed ones."""

    def approve(self, pull: PullRequest, commit: str, text: str) -> None:
        """Approves this commit of the pull request as the second identity."""


class AutoMerge(Protocol):
    """Merges a pull request later, as soon as its requirements are met."""

    def enable(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Enables auto-merge if the head is this commit."""

    def disable(self, pull: PullRequest) -> None:
        """Disables auto-merge if it is enabled."""


class MergeQueue(Protocol):
    """The base branch's queue: it merges one pull request after another."""

    def add(self, pull: PullRequest, commit: str) -> MergeAnswer:
        """Adds the pull request to the queue if its head is this commit."""


class Merging(Protocol):
    """Merges pull requests: directly, and later where the forge can."""

    @property
    def auto_merge(self) -> AutoMerge | None:
        """Auto-merge, if the forge has it."""

    @property
    def merge_queue(self) -> MergeQueue | None:
        """The merge queue, if the forge has one."""

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Merges the pull request now if its head is this commit."""


class Forge(PullRequests, Reviews, Merging, Protocol):
    """One repository's pull requests, used by two identities: the author and, optionally, the approver.

    Every method may raise `ForgeError`, and `Refused` if repeating the request is pointless. No message contains a
    token.
    """

    def close(self) -> None:
        """Closes the connections."""
