"""The label of a pull request, and the label itself where the repository does not have it."""

from __future__ import annotations

from github.PullRequest import PullRequest as Raw

from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

COLOUR = "1d76db"
TEXT = "A model that ml-auto-update proposes"
CREATE = Operation("create the label", "pull-requests: write")
PUT = Operation("label the pull request", "pull-requests: write")


def ensure(identity: GitHubSession, raw: Raw, name: str, *, known: bool) -> None:
    """Puts the label on the pull request; `known`: the repository has it."""
    if not known:
        _create(identity, name)
    # not raw.add_to_labels: it sends a bare list, which GitHub takes but does not document
    request = identity.client.requester.requestJsonAndCheck
    identity.ask(PUT, lambda: request("POST", f"{raw.issue_url}/labels", input={"labels": [name]}))


def _create(identity: GitHubSession, name: str) -> None:
    """Creates it, unless it is there already."""
    try:
        identity.ask(CREATE, lambda: identity.repo.create_label(name, COLOUR, TEXT))
    except Refused as refusal:
        if "already_exists" not in refusal.what:
            raise
