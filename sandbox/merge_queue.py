"""The merge queue of a base branch: pull requests enter it, and leave it merged when its turn comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import merging
from sandbox.errors import GraphRefusalError
from sandbox.identities import Identity
from sandbox.records import PullRequest

if TYPE_CHECKING:
    from sandbox.repository import Repository

ONLY_THROUGH_IT = "Changes must be made through the merge queue"
IN_IT = "Pull Request is in the merge queue"
HEAD_MOVED = "Head branch was modified. Review and try the merge again."


def guards(repository: Repository, pull: PullRequest) -> bool:
    """Whether the base branch is merged to through a queue only."""
    rule = repository.rule(pull.base)
    return rule is not None and rule.merge_queue


def enqueue(repository: Repository, pull: PullRequest, identity: Identity, given: dict[str, Any]) -> None:
    """Put it into the queue, bound to the head that the caller has seen."""
    if not guards(repository, pull):
        raise GraphRefusalError("UNPROCESSABLE", "The merge queue is not enabled for this branch")
    if given.get("expectedHeadOid") not in (None, pull.head_sha):
        raise GraphRefusalError("UNPROCESSABLE", HEAD_MOVED)
    if pull.queued_by:
        raise GraphRefusalError("UNPROCESSABLE", "Pull request is already in the queue")
    if not repository.standing(pull).ready:
        raise GraphRefusalError("UNPROCESSABLE", "Pull request is not in a mergeable state")
    pull.queued_by = identity


def advance(repository: Repository) -> None:
    """The queue's turn: everything in it that can be merged is merged."""
    for pull in repository.open_pulls():
        if pull.queued_by and repository.standing(pull).ready:
            merging.perform(repository, pull, merging.Order(pull.queued_by, "merge"))
