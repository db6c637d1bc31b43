"""A forge that opens nothing and reports what it would do: `--forge none` and `autonomy: report`."""

from __future__ import annotations

from collections.abc import Callable

from ml_action.core.records.promotion import Proposal, PullRequest
from ml_action.forge.base import NO_LIMITS, Approval, MergeAnswer, MergeReply


class DryRun:
    """Has no pull requests and opens none, so that methods that take a pull request are never called in a run."""

    name = "the dry run"
    limits = NO_LIMITS
    auto_merge = None
    merge_queue = None

    def __init__(self, repository: str, log: Callable[[str], None], *, default_branch: str = "main") -> None:
        """`log` receives a sentence for each pull request that would be opened."""
        self.repository = repository
        self._log = log
        self._default_branch = default_branch

    def default_branch(self) -> str:
        """Returns the branch that was passed in."""
        return self._default_branch

    def author(self) -> str:
        """Returns no login."""
        return ""

    def approver(self) -> str:
        """Returns no login."""
        return ""

    def pulls_of(self, branch: str) -> tuple[PullRequest, ...]:  # noqa: ARG002
        """Finds nothing."""
        return ()

    def get(self, number: int) -> PullRequest:
        """Raises LookupError."""
        raise LookupError(f"the dry run has no pull request {number}")

    def open(self, proposal: Proposal) -> PullRequest | None:
        """Reports which pull request would be opened."""
        self._log(
            f"would open a pull request “{proposal.title}” from {proposal.branch} to {proposal.base}, "
            f"labelled {proposal.label}; nothing was sent"
        )
        return None

    def edit(self, pull: PullRequest, *, title: str, body: str) -> PullRequest:  # noqa: ARG002
        """Returns the pull request unchanged."""
        return pull

    def mark_ready(self, pull: PullRequest) -> PullRequest:
        """Returns the pull request unchanged."""
        return pull

    def label(self, pull: PullRequest, name: str) -> None:
        """Does nothing."""

    def comment_once(self, pull: PullRequest, marker: str, text: str) -> bool:  # noqa: ARG002
        """Does not comment."""
        return False

    def upsert_comment(self, number: int, marker: str, text: str, *, create: bool = True) -> bool:  # noqa: ARG002
        """Does not comment."""
        return False

    def changed_paths(self, pull: PullRequest) -> tuple[str, ...]:  # noqa: ARG002
        """Returns no paths."""
        return ()

    def close_with_comment(self, pull: PullRequest, marker: str, text: str) -> PullRequest:  # noqa: ARG002
        """Returns the pull request unchanged."""
        return pull

    def reopen(self, pull: PullRequest) -> PullRequest:
        """Returns the pull request unchanged."""
        return pull

    def closed_by(self, pull: PullRequest) -> str:  # noqa: ARG002
        """Returns no login."""
        return ""

    def may_write(self, login: str) -> bool | None:  # noqa: ARG002
        """Does not know."""
        return None

    def compare_url(self, base: str, branch: str) -> str:  # noqa: ARG002
        """Returns no page."""
        return ""

    def approvals(self, pull: PullRequest) -> frozenset[Approval]:  # noqa: ARG002
        """Returns no approvals."""
        return frozenset()

    def approve(self, pull: PullRequest, commit: str, text: str) -> None:
        """Does nothing."""

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:  # noqa: ARG002
        """Refuses."""
        return MergeAnswer(MergeReply.REFUSED, "a dry run merges nothing")

    def close(self) -> None:
        """Does nothing: there is no connection."""
