"""The forge that does nothing and says what it would have done: `--forge none` and `autonomy: report`."""

from __future__ import annotations

from collections.abc import Callable

from ml_action.core.records.promotion import Proposal, PullRequest
from ml_action.forge.base import Approval, MergeAnswer, MergeReply


class DryRun:
    """Knows no pull request and opens none; so the methods that take one are never reached."""

    def __init__(self, repository: str, say: Callable[[str], None], *, default_branch: str = "main") -> None:
        self.repository = repository
        self._say = say
        self._default_branch = default_branch

    def default_branch(self) -> str:
        """The branch it was made with."""
        return self._default_branch

    def author(self) -> str:
        """Nobody."""
        return ""

    def approver(self) -> str:
        """Nobody."""
        return ""

    def find(self, branch: str) -> PullRequest | None:  # noqa: ARG002
        """None."""
        return None

    def get(self, number: int) -> PullRequest:
        """There is none."""
        raise LookupError(f"the offline forge has no pull request {number}")

    def open(self, proposal: Proposal) -> PullRequest | None:
        """Say which pull request would have been opened."""
        self._say(
            f"would open a pull request “{proposal.title}” from {proposal.branch} to {proposal.base}, "
            f"labelled {proposal.label}; nothing was sent"
        )
        return None

    def edit(self, pull: PullRequest, *, title: str, body: str) -> PullRequest:  # noqa: ARG002
        """The same, unchanged."""
        return pull

    def ready(self, pull: PullRequest) -> PullRequest:
        """The same, unchanged."""
        return pull

    def label(self, pull: PullRequest, name: str) -> None:
        """Nothing."""

    def comment_once(self, pull: PullRequest, marker: str, text: str) -> bool:  # noqa: ARG002
        """Nothing was said."""
        return False

    def tell(self, number: int, marker: str, text: str, *, anew: bool = True) -> bool:  # noqa: ARG002
        """Nothing was said."""
        return False

    def changed_paths(self, pull: PullRequest) -> tuple[str, ...]:  # noqa: ARG002
        """None."""
        return ()

    def approvals(self, pull: PullRequest) -> frozenset[Approval]:  # noqa: ARG002
        """None."""
        return frozenset()

    def approve(self, pull: PullRequest, commit: str, text: str) -> None:
        """Nothing."""

    def merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:  # noqa: ARG002
        """No."""
        return MergeAnswer(MergeReply.REFUSED, "there is no forge to merge it")

    def enable_auto_merge(self, pull: PullRequest, commit: str, method: str) -> MergeAnswer:  # noqa: ARG002
        """No."""
        return MergeAnswer(MergeReply.REFUSED, "there is no forge to merge it")

    def enqueue(self, pull: PullRequest, commit: str) -> MergeAnswer:  # noqa: ARG002
        """No."""
        return MergeAnswer(MergeReply.REFUSED, "there is no forge to merge it")

    def disable_auto_merge(self, pull: PullRequest) -> None:
        """Nothing."""

    def retire(self, pull: PullRequest, marker: str, text: str) -> PullRequest:  # noqa: ARG002
        """The same, unchanged."""
        return pull

    def close(self) -> None:
        """Nothing to let go of."""
