"""The seam between the loop and the place where pull requests live: what the loop asks, in its own nouns.

`forge.github` speaks to GitHub, `forge.offline` to nobody. Which one it is, is decided at the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ml_action.core.errors import ForgeError
from ml_action.core.records.promotion import Issue, Proposal, PullRequest


class Refused(ForgeError):
    """The forge understood and said no: asked again, it says no again until a person changes something.

    Every other ForgeError (network, rate limit, server trouble) may pass by itself.
    """


class Forbidden(Refused):
    """This token may not do it: a person may, or may let it."""


class MergeReply(str, Enum):
    """What the forge says to a request to merge."""

    DONE = "done"
    CLEAN = "clean"  # there is nothing to wait for: merge directly
    AGAIN = "again"  # it is still computing, or the base branch has just moved: ask again shortly
    QUEUE = "queue"  # the base branch is merged to through a merge queue only
    QUEUED = "queued"  # it stands in that queue
    MOVED = "moved"  # the head is no longer the commit that we named
    REFUSED = "refused"  # a setting, rule or permission says no


@dataclass(frozen=True)
class MergeAnswer:
    """A reply with its reason in words."""

    reply: MergeReply
    text: str = ""


@dataclass(frozen=True)
class Approval:
    """An approval: who gave it, for which commit."""

    login: str
    commit: str
    dismissed: bool = False  # by a person, or by a rule when another commit came


class IssueStore(Protocol):
    """Where an issue of ours can be kept; the methods may raise ForgeError as those of `Forge` do."""

    def find(self, marker: str) -> Issue | None:
        """The issue of ours that begins with this marker."""

    def open(self, title: str, body: str, marker: str) -> Issue:
        """Open it, or find the one that was opened when only the answer was lost."""

    def edit(self, issue: Issue, body: str) -> None:
        """Replace its body."""


class Forge(Protocol):
    """One repository's pull requests, seen by two identities: the author and, perhaps, the approver.

    Every method may raise ForgeError; Refusal when asking again is no use. No message ever holds a token.
    """

    @property
    def repository(self) -> str:
        """owner/name."""

    def default_branch(self) -> str:
        """The branch that the service reads."""

    def author(self) -> str:
        """The login of the identity that opens pull requests."""

    def approver(self) -> str:
        """The login of the second identity; empty when there is none."""

    def find(self, branch: str) -> PullRequest | None:
        """The pull request of this repository's branch: the open one, else the newest finished one."""

    def get(self, number: int) -> PullRequest:
        """The pull request as it is now, with its mergeable state."""

    def open(self, proposal: Proposal) -> PullRequest | None:
        """Open it, or find the one that is open already. None: this forge opens nothing."""

    def edit(self, pull: PullRequest, *, title: str, body: str) -> PullRequest:
        """Replace title and body."""

    def ready(self, pull: PullRequest) -> PullRequest:
        """Make it a pull request to be reviewed and merged: it was a draft."""

    def label(self, pull: PullRequest, name: str) -> None:
        """Put the label on it; the label is created when the repository does not have it."""

    def comment_once(self, pull: PullRequest, marker: str, text: str) -> bool:
        """Say it, unless a comment with this hidden marker says it already. Whether it was said now."""

    def tell(self, number: int, marker: str, text: str, *, anew: bool = True) -> bool:
        """Say it on the pull request, in one comment of ours with this hidden marker that is edited in place.

        Without `anew` only an earlier comment is edited. Whether it is said there now.
        """

    def changed_paths(self, pull: PullRequest) -> tuple[str, ...]:
        """Every path that it changes, the former path of a renamed file included."""

    def approvals(self, pull: PullRequest) -> frozenset[Approval]:
        """The approvals that stand, the last word of each reviewer, and those that were dismissed."""

    def approve(self, pull: PullRequest, commit: str, text: str) -> None:
        """Approve this commit of it, as the second identity."""

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Merge it now, if its head is this commit."""

    def enable_auto_merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:
        """Let the forge merge it when its requirements are met, if its head is this commit."""

    def enqueue(self, pull: PullRequest, commit: str) -> MergeAnswer:
        """Put it into the base branch's merge queue, if its head is this commit."""

    def disable_auto_merge(self, pull: PullRequest) -> None:
        """Take back the order to merge it, if there is one."""

    def retire(self, pull: PullRequest, marker: str, text: str) -> PullRequest:
        """Close it, and say why in a comment; an order to merge it is taken back first."""

    def close(self) -> None:
        """Let go of the connections."""
