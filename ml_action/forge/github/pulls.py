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

    def newest(self, listed: Iterable[RawPullRequest]) -> PullRequest | None:
        """Returns the open one of this repository's own branches, else the first: GitHub lists the newest first."""
        newest = None
        for raw in listed:
            pull = self.keep(raw, complete=False)
            if pull.head_repository != raw.base.repo.full_name:
                continue
            if pull.state == "open":
                return pull
            newest = newest or pull
        return newest
