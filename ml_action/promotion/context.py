"""What every step on the pull request of a promotion is given, and how it is left to a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ml_action.core.records.promotion import Proposal, Publication, PullRequest
from ml_action.forge.base import Forge, Refused
from ml_action.git.repository import ConcurrentUpdate

PAUSE = 3.0  # seconds between two looks at what GitHub is still computing


@dataclass(frozen=True)
class PublicationContext:
    """What every step of one promotion is given."""

    proposal: Proposal  # its body is our section (`proposal.wrap_body`)
    forge: Forge
    known: frozenset[str]  # the commits that the bot ever pushed to the branch, as far as this run knows
    recorded: Callable[[], frozenset[str]]  # which they are by now
    pause: Callable[[float], None]  # waits that many seconds
    say: Callable[[str], None]  # tells a person what happens
    examine: Callable[[Sequence[str]], Sequence[str]]  # what speaks against the commit, given the paths it changes

    def is_known(self, commit: str) -> bool:
        """Whether the bot pushed this commit."""
        return commit == self.proposal.commit or commit in self.known


def is_foreign(context: PublicationContext, pull: PullRequest) -> bool:
    """Whether somebody else pushed to it. Another run is no stranger: it is looked for where runs record themselves.

    Raises:
        LostTheRace: it was another run.
    """
    if context.is_known(pull.head_sha):
        return False
    if pull.head_sha in context.recorded():
        raise ConcurrentUpdate
    return True


def hand_over(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """Stop, and take back an order to merge: GitHub keeps it when a person with write access pushes.

    https://docs.github.com/en/pull-requests/how-tos/merge-and-close-pull-requests/automatically-merging-a-pull-request
    """
    context.say(publication.blocked)
    try:
        context.forge.disable_auto_merge(pull)
    except Refused as refusal:
        return replace(publication, notes=(*publication.notes, f"auto-merge may still be on: {refusal.what}"))
    return publication
