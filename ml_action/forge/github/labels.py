"""Adds labels to pull requests, and creates labels that the repository does not have."""

from __future__ import annotations

from github.PullRequest import PullRequest as RawPullRequest

from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

COLOUR = "1d76db"
DESCRIPTION = "A model that ml-auto-update proposes"
CREATE = Operation("create the label", "pull-requests: write")
ADD = Operation("label the pull request", "pull-requests: write")


def ensure(session: GitHubSession, raw: RawPullRequest, name: str, *, exists: bool) -> None:
    """Adds the label to the pull request; `exists`: the repository is known to have it."""
    if not exists:
        _create(session, name)
    # not raw.add_to_labels: it sends a bare list, which GitHub accepts but does not document
    request = session.client.requester.requestJsonAndCheck
    session.call(ADD, lambda: request("POST", f"{raw.issue_url}/labels", input={"labels": [name]}))


def _create(session: GitHubSession, name: str) -> None:
    """Creates the label unless it exists."""
    try:
        session.call(CREATE, lambda: session.repo.create_label(name, COLOUR, DESCRIPTION))
    except Refused as refusal:
        if "already_exists" not in refusal.what:
            raise
