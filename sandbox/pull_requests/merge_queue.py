"""The merge queue of a base branch: pull requests enter it, and are merged at its next turn."""

from __future__ import annotations

from typing import Any

from sandbox.accounts import Account
from sandbox.errors import GraphQLRefusalError
from sandbox.pull_requests.merge import HEAD_MOVED, MergeRequest, merge
from sandbox.pull_requests.mergeability import mergeability_of
from sandbox.records import PullRequest
from sandbox.repository import Repository

QUEUE_REQUIRED = "Changes must be made through the merge queue"
ALREADY_QUEUED = "Pull Request is in the merge queue"


def is_required(repository: Repository, pull: PullRequest) -> bool:
    """Whether the base branch accepts merges only through its queue."""
    rule = repository.rule(pull.base)
    return rule is not None and rule.merge_queue


def enqueue(repository: Repository, pull: PullRequest, account: Account, given: dict[str, Any]) -> None:
    """Adds a pull request to the queue, provided that its head is still the one the caller expects."""
    if not is_required(repository, pull):
        raise GraphQLRefusalError("UNPROCESSABLE", "The merge queue is not enabled for this branch")
    if given.get("expectedHeadOid") not in (None, pull.head_sha):
        raise GraphQLRefusalError("UNPROCESSABLE", HEAD_MOVED)
    if pull.queued_by:
        raise GraphQLRefusalError("UNPROCESSABLE", "Pull request is already in the queue")
    if not mergeability_of(repository, pull).ready:
        raise GraphQLRefusalError("UNPROCESSABLE", "Pull request is not in a mergeable state")
    pull.queued_by = account


def advance(repository: Repository) -> None:
    """Merges every queued pull request that can be merged."""
    for pull in repository.open_pulls():
        if pull.queued_by and mergeability_of(repository, pull).ready:
            merge(repository, pull, MergeRequest(pull.queued_by, "merge"))
