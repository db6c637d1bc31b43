"""The mutations of a pull request: auto-merge on and off, draft and ready for review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.accounts import Account
from sandbox.errors import GraphQLRefusalError
from sandbox.pull_requests.merge import HEAD_MOVED, METHOD_FORBIDDEN
from sandbox.pull_requests.mergeability import mergeability_of
from sandbox.records import AutoMerge, PullRequest
from sandbox.repository import Repository

Mutation = Callable[[Repository, PullRequest, Account, dict[str, Any]], None]
CANNOT_ENABLE = "Can't enable auto-merge for this pull request."
CANNOT_DISABLE = "Can't disable auto-merge for this pull request."


def check_permission(repository: Repository, account: Account) -> None:
    """Refuses a caller that may not write contents and pull requests."""
    if not repository.can_push(account) or not account.has_permission("pull_requests", "write"):
        raise GraphQLRefusalError("FORBIDDEN", account.denial_message)
    if repository.settings.archived:
        raise GraphQLRefusalError("FORBIDDEN", "Repository was archived so is read-only.")


def enable(repository: Repository, pull: PullRequest, account: Account, given: dict[str, Any]) -> None:
    """Requests a merge as soon as the requirements are met."""
    method = given.get("mergeMethod", "MERGE").lower()
    _check_head(pull, given.get("expectedHeadOid"))
    _check_settings(repository, method)
    _check_state(repository, pull)
    pull.auto_merge = AutoMerge(account, method, given.get("commitHeadline") or "", given.get("commitBody") or "")


def _check_head(pull: PullRequest, expected: str | None) -> None:
    if expected is not None and expected != pull.head_sha:
        raise GraphQLRefusalError("UNPROCESSABLE", HEAD_MOVED)


def _check_settings(repository: Repository, method: str) -> None:
    """Refuses unless the repository allows auto-merge, and this method."""
    if not repository.settings.allow_auto_merge:
        raise _unprocessable("Auto merge is not allowed for this repository")
    if not repository.settings.allows(method):
        raise _unprocessable(METHOD_FORBIDDEN[method])


def _check_state(repository: Repository, pull: PullRequest) -> None:
    """Refuses unless a rule requires something that is not met yet."""
    state = mergeability_of(repository, pull).state
    if state in ("clean", "unstable"):
        raise _unprocessable(f"Pull request is in {state} status")
    if state in ("draft", "unknown"):
        raise GraphQLRefusalError("UNPROCESSABLE", CANNOT_ENABLE)
    if repository.rule(pull.base) is None:
        raise _unprocessable("Protected branch rules not configured for this branch")


def _unprocessable(reason: str) -> GraphQLRefusalError:
    """GitHub puts its prefix even before a reason that starts with the same words."""
    return GraphQLRefusalError("UNPROCESSABLE", f"Pull request {reason}")


def disable(_repository: Repository, pull: PullRequest, _account: Account, _given: dict[str, Any]) -> None:
    """Cancels the request to merge."""
    if pull.auto_merge is None:
        raise GraphQLRefusalError("UNPROCESSABLE", CANNOT_DISABLE)
    pull.auto_merge = None


def convert_to_draft(_repository: Repository, pull: PullRequest, _account: Account, _given: dict[str, Any]) -> None:
    """Makes a draft of the pull request, which cancels auto-merge."""
    pull.draft, pull.auto_merge = True, None


def mark_ready(_repository: Repository, pull: PullRequest, _account: Account, _given: dict[str, Any]) -> None:
    """Marks a draft as ready for review."""
    pull.draft = False
