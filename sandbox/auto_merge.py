"""The mutations of pull requests: the standing order to merge, drafts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.errors import GraphRefusalError
from sandbox.identities import Identity
from sandbox.records import AutoMerge, PullRequest
from sandbox.repository import Repository
from sandbox.rest.pulls import HEAD_MOVED, METHOD_FORBIDDEN

Mutation = Callable[[Repository, PullRequest, Identity, dict[str, Any]], None]
GENERIC = "Can't enable auto-merge for this pull request."


def admit(repository: Repository, identity: Identity) -> None:
    """These mutations need write permission on contents and pull requests."""
    if not repository.can_push(identity) or not identity.holds("pull_requests", "write"):
        raise GraphRefusalError("FORBIDDEN", identity.denial)
    if repository.settings.archived:
        raise GraphRefusalError("FORBIDDEN", "Repository was archived so is read-only.")


def enable(repository: Repository, pull: PullRequest, identity: Identity, given: dict[str, Any]) -> None:
    """Order the merge for the moment the requirements are met."""
    method = given.get("mergeMethod", "MERGE").lower()
    refuse_moved_head(pull, given.get("expectedHeadOid"))
    refuse_setting(repository, method)
    refuse_state(repository, pull)
    pull.auto_merge = AutoMerge(identity, method, given.get("commitHeadline") or "", given.get("commitBody") or "")


def refuse_moved_head(pull: PullRequest, expected: str | None) -> None:
    """The order is bound to what the caller has seen."""
    if expected is not None and expected != pull.head_sha:
        raise GraphRefusalError("UNPROCESSABLE", HEAD_MOVED)


def refuse_setting(repository: Repository, method: str) -> None:
    """The repository allows auto-merge, and this method."""
    if not repository.settings.allow_auto_merge:
        raise unprocessable("Auto merge is not allowed for this repository")
    if not repository.settings.allows(method):
        raise unprocessable(METHOD_FORBIDDEN[method])


def refuse_state(repository: Repository, pull: PullRequest) -> None:
    """There must be something left to wait for, and a rule that says what."""
    state = repository.standing(pull).state
    if state in ("clean", "unstable"):
        raise unprocessable(f"Pull request is in {state} status")
    if state in ("draft", "unknown"):
        raise GraphRefusalError("UNPROCESSABLE", GENERIC)
    if repository.rule(pull.base) is None:
        raise unprocessable("Protected branch rules not configured for this branch")


def unprocessable(reason: str) -> GraphRefusalError:
    """GitHub puts its own prefix before the reason, also before one that has it already."""
    return GraphRefusalError("UNPROCESSABLE", f"Pull request {reason}")


def disable(_repository: Repository, pull: PullRequest, _identity: Identity, _given: dict[str, Any]) -> None:
    """Take the order back."""
    if pull.auto_merge is None:
        raise GraphRefusalError("UNPROCESSABLE", "Can't disable auto-merge for this pull request.")
    pull.auto_merge = None


def to_draft(_repository: Repository, pull: PullRequest, _identity: Identity, _given: dict[str, Any]) -> None:
    """Not ready any more: a standing order ends."""
    pull.draft, pull.auto_merge = True, None


def to_ready(_repository: Repository, pull: PullRequest, _identity: Identity, _given: dict[str, Any]) -> None:
    """Ready for review."""
    pull.draft = False
