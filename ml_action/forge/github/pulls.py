"""PyGithub's objects of pull requests, kept so that no request is repeated for what is known already."""

from __future__ import annotations

from collections.abc import Iterable

from github.PullRequest import PullRequest as RawPullRequest

from ml_action.core.records.promotion import PullRequest
from ml_action.forge.github import convert
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession


class PullRequestCache:
    """The pull requests as GitHub returned them last."""

    def __init__(self, session: GitHubSession) -> None:
        self._session = session
        self._raw: dict[int, RawPullRequest] = {}

    def get(self, number: int) -> PullRequest:
        """Requests a pull request and returns it."""
        operation = Operation(f"show the pull request {number}", "pull-requests: read")
        return self._session.call(operation, lambda: self.keep(self._session.repo.get_pull(number).complete()))

    def raw(self, pull: PullRequest) -> RawPullRequest:
        """Returns PyGithub's object: the latest one, or one that sends its request when an attribute is read."""
        return self._raw.get(pull.number) or self._session.repo.get_pull(pull.number)

    def keep(self, raw: RawPullRequest, *, complete: bool = True) -> PullRequest:
        """Stores PyGithub's object and returns our record of it."""
        pull = convert.pull_request(raw, complete=complete)
        self._raw[pull.number] = raw
        return pull

    def own(self, listed: Iterable[RawPullRequest]) -> tuple[PullRequest, ...]:
        """Returns those of this repository's own branches, the open ones first: GitHub lists the newest first."""
        kept = ((self.keep(raw, complete=False), raw) for raw in listed)
        own = [pull for pull, raw in kept if pull.head_repository == raw.base.repo.full_name]
        return tuple(sorted(own, key=lambda pull: pull.state != "open"))
