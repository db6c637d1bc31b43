"""What every step of a publication needs, and how a step leaves the pull request to a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ml_action.core.records.promotion import Proposal, Publication, PullRequest
from ml_action.forge.base import Forge, Refused
from ml_action.git.repository import ConcurrentUpdate
from ml_action.promotion.ownership import Ownership

POLL_INTERVAL = 3.0  # seconds between two reads of what the forge is still computing


@dataclass(frozen=True)
class PublicationContext:
    """The proposal and the collaborators of one publication."""

    proposal: Proposal  # its body is our section (`pull_request_text.wrap_body`)
    forge: Forge
    known_commits: frozenset[str]  # the commits that the bot pushed to the branch, as this run read them at its start
    known_commits_now: Callable[[], frozenset[str]]  # reads them again
    pause: Callable[[float], None]  # waits that many seconds
    report: Callable[[str], None]  # writes a sentence to the log
    ownership: Ownership
    check_contents: Callable[[Sequence[str]], Sequence[str]]  # objections to the commit, given the paths it changes

    def is_known(self, commit: str) -> bool:
        """Whether the bot pushed this commit."""
        return commit == self.proposal.commit or commit in self.known_commits

    def has_foreign_head(self, pull: PullRequest) -> bool:
        """Whether the head commit is neither this run's nor another run's.

        Raises:
            ConcurrentUpdate: another run pushed it, according to the journal.
        """
        if self.is_known(pull.head_sha):
            return False
        if pull.head_sha in self.known_commits_now():
            raise ConcurrentUpdate
        return True

    def wait_for_forge(self) -> None:
        """Waits until a read may return a newer state."""
        self.pause(POLL_INTERVAL)


def hand_over(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """Stops, and disables auto-merge: GitHub keeps it on when a person with write access pushes.

    https://docs.github.com/en/pull-requests/how-tos/merge-and-close-pull-requests/automatically-merging-a-pull-request
    """
    context.report(publication.blocked)
    auto_merge = context.forge.auto_merge
    if auto_merge is None:
        return publication
    try:
        auto_merge.disable(pull)
    except Refused as refusal:
        return replace(publication, notes=(*publication.notes, f"auto-merge may still be on: {refusal.what}"))
    return publication
