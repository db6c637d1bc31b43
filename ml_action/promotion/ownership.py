"""Whether a pull request is the bot's, and whose "no" counts. Every mode asks these questions here.

Anybody who may read a repository may open a pull request from the bot's branch. So the place proves nothing: the author
has to be the one that the journal recorded, the identity of the token, or a person who may write, since the bot gives
people a link where it may not open the pull request itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ml_action.core.records.attempt import Attempt
from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import PullRequests, Refused


class People(Protocol):
    """The accounts of a repository."""

    def author(self) -> str:
        """Returns the login of the bot."""

    def may_write(self, login: str) -> bool | None:
        """Whether the account may write to the repository; `None` if the forge does not say."""


@dataclass(frozen=True)
class Ownership:
    """What makes a pull request the bot's."""

    forge: PullRequests
    branch: str  # of the proposals
    base: str
    recorded: Mapping[int, str]  # the authors that the journal recorded, by the pull request's number

    def objections(self, pull: PullRequest) -> tuple[str, ...]:
        """Returns why the pull request is not the bot's, as sentences; empty if it is."""
        return tuple(self._of_place(pull)) or tuple(self._of_author(pull))

    def is_ours(self, pull: PullRequest) -> bool:
        """Whether the bot opened the pull request, or a person who may write did in its place."""
        return not self.objections(pull)

    def newest(self, pulls: Iterable[PullRequest]) -> PullRequest | None:
        """Returns the first that is ours: an open one comes before those that are finished."""
        return next((pull for pull in pulls if self.is_ours(pull)), None)

    def find(self) -> PullRequest | None:
        """Returns the pull request of the proposals' branch that is ours."""
        return self.newest(self.forge.pulls_of(self.branch))

    def untrusted(self, pulls: Iterable[PullRequest]) -> list[PullRequest]:
        """Returns the open ones of authors who may not write here. Those of people who may are left alone."""
        return [pull for pull in pulls if pull.state == "open" and tuple(self._of_author(pull))]

    def retargeted(self, pulls: Iterable[PullRequest]) -> PullRequest | None:
        """Returns the open one that the bot opened and a person has sent to another base: the person continues."""
        recorded = (pull for pull in pulls if pull.state == "open" and self.recorded.get(pull.number) == pull.author)
        return next((pull for pull in recorded if pull.base_branch != self.base), None)

    def _of_place(self, pull: PullRequest) -> Iterator[str]:
        if pull.head_repository.casefold() != self.forge.repository.casefold():  # GitHub's names are case-insensitive
            yield f"it comes from {pull.head_repository or 'a deleted repository'}, not from {self.forge.repository}"
        if pull.head_branch != self.branch:
            yield f"it comes from the branch {pull.head_branch}, not from {self.branch}"
        if pull.base_branch != self.base:
            yield f"it goes to {pull.base_branch}, not to {self.base}"

    def _of_author(self, pull: PullRequest) -> Iterator[str]:
        if not pull.author:
            yield "it was opened by a deleted account"
        elif not self._may_have_opened(pull):
            yield f"it was opened by {pull.author}, who is neither the bot nor known to have write access here"

    def _may_have_opened(self, pull: PullRequest) -> bool:
        recorded = self.recorded.get(pull.number)
        if recorded:
            return pull.author == recorded
        return pull.author == self.forge.author() or self.forge.may_write(pull.author) is True


def ownership_of(attempts: Iterable[Attempt], forge: PullRequests, branch: str, base: str) -> Ownership:
    """Returns the ownership according to the journal."""
    recorded = {attempt.pull_request: attempt.author for attempt in attempts if attempt.pull_request}
    return Ownership(forge, branch, base, recorded)


def counts_as_no(pull: PullRequest, forge: PullRequests) -> bool:
    """Whether the closing of our pull request is a decision."""
    return decides(forge.closed_by(pull), forge)


def decides(login: str, people: People) -> bool:
    """Whether what this account did here is a decision that the bot follows: only people who may write take one.

    If the forge does not say who it was, or what that account may do, it is taken for a decision.
    """
    return not login or login == people.author() or people.may_write(login) is not False


def turn_away(pull: PullRequest, forge: PullRequests, branch: str) -> str:
    """Closes an untrusted author's pull request with the reason. Returns a sentence about it."""
    text = (
        f"ml-auto-update closes this pull request: `{branch}` is its own branch, and only it proposes from there. "
        "To propose a change, use a branch of your own."
    )
    try:
        forge.close_with_comment(pull, "not-ours", text)
    except Refused as refusal:
        return f"pull request {pull.number} of {pull.author} is not the bot's, and could not be closed: {refusal.what}"
    return f"pull request {pull.number} of {pull.author} is closed: it is from the bot's branch, and not the bot's"
