"""Nodes of the GraphQL schema: plain dictionaries, with functions for the fields that would make them cyclic."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.accounts import Account
from sandbox.clock import now
from sandbox.graphql.rule_objects import rules_node, update_rule_node
from sandbox.pull_requests import merge_queue
from sandbox.pull_requests.mergeability import can_enable_auto_merge, latest_verdicts, mergeability_of, unmet_reviews
from sandbox.records import PullRequest
from sandbox.repository import Repository
from sandbox.serializers import accounts
from sandbox.serializers.pulls import node_id, page_url

MERGEABLE = {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}
PERMISSION = {"admin": "ADMIN", "write": "WRITE", "triage": "TRIAGE", "read": "READ"}


def actor(url: str, account: Account | None) -> dict[str, Any] | None:
    """Returns a user or a bot."""
    if account is None:
        return None
    path = f"/apps/{account.login.removesuffix('[bot]')}" if account.is_bot else f"/{quote(account.login)}"
    return {
        "__typename": "Bot" if account.is_bot else "User",
        "id": accounts.node_id(account.login),
        "login": account.login.removesuffix("[bot]"),  # GraphQL marks bots by type instead of a suffix
        "avatarUrl": accounts.avatar_url(url, account.login),
        "resourcePath": path,
        "url": url + path,
    }


def viewer(url: str, account: Account) -> dict[str, Any]:
    """Returns the owner of the token; even an App is a user here, with its full login."""
    return (actor(url, account) or {}) | {"__typename": "User", "login": account.login}


def repository_node(url: str, repository: Repository, viewer: Account) -> dict[str, Any]:
    """Returns a repository with its merge settings."""
    settings = repository.settings
    methods = [name for name in ("merge", "squash", "rebase") if settings.allows(name)]

    def pull_request(_info: Any, number: int) -> dict[str, Any] | None:
        pull = repository.pulls_by_number.get(number)
        return pull_node(url, repository, pull, viewer) if pull else None

    return {
        "__typename": "Repository",
        "id": f"R_{repository.id}",
        "name": repository.name,
        "nameWithOwner": repository.full_name,
        "url": f"{url}/{repository.full_name}",
        "isPrivate": repository.private,
        "isFork": repository.parent is not None,
        "isArchived": settings.archived,
        "autoMergeAllowed": settings.allow_auto_merge,
        "deleteBranchOnMerge": settings.delete_branch_on_merge,
        "mergeCommitAllowed": settings.allow_merge_commit,
        "squashMergeAllowed": settings.allow_squash_merge,
        "rebaseMergeAllowed": settings.allow_rebase_merge,
        "viewerDefaultMergeMethod": (methods or ["merge"])[0].upper(),
        "viewerPermission": PERMISSION.get(repository.role(viewer)),
        "pullRequest": pull_request,
        "issue": lambda _info, number: issue_node(url, repository, number),
        "ref": lambda _info, qualifiedName: ref_node(repository, qualifiedName, viewer),  # noqa: N803  GitHub's name
        "label": lambda _info, name: label_node(repository, name),
    }


def ref_node(repository: Repository, name: str, viewer: Account) -> dict[str, Any] | None:
    """Returns a branch by its full name, with its rules as the viewer sees them."""
    if name not in repository.git.refs():
        return None
    branch = name.removeprefix("refs/heads/")
    return {
        "__typename": "Ref",
        "id": f"REF_{repository.id}_{name}",
        "name": branch,
        "prefix": "refs/heads/",
        "refUpdateRule": update_rule_node(repository, branch, viewer),
        "rules": lambda _info, first: rules_node(repository, branch, first),
    }


def issue_node(url: str, repository: Repository, number: int) -> dict[str, Any] | None:
    """Returns an issue with the last editor of its body."""
    issue = repository.issues.get(number)
    if issue is None:
        return None
    return {
        "__typename": "Issue",
        "id": f"I_{repository.id}_{number}",
        "number": number,
        "author": actor(url, issue.author),
        "editor": actor(url, issue.editor),
    }


def label_node(repository: Repository, name: str) -> dict[str, Any] | None:
    """Returns a label by its name in any case."""
    label = repository.labels.get(name.lower())
    return {"__typename": "Label", "id": f"LA_{label.id}", "name": label.name, "color": label.color} if label else None


def pull_node(url: str, repository: Repository, pull: PullRequest, viewer: Account) -> dict[str, Any]:
    """Returns a pull request as the viewer sees it."""
    mergeability, head = mergeability_of(repository, pull), repository.head_repository(pull)
    return {
        "__typename": "PullRequest",
        "id": node_id(repository, pull),
        "number": pull.number,
        "title": pull.title,
        "body": pull.body or "",
        "url": page_url(url, repository, pull),
        "state": "MERGED" if pull.merged else pull.state.upper(),
        "closed": not pull.open,
        "isCrossRepository": bool(pull.fork),
        "isDraft": pull.draft,
        "author": actor(url, pull.author),
        "baseRefName": pull.base,
        "baseRefOid": pull.base_sha,
        "headRefName": pull.head,
        "headRepository": lambda _info: head and repository_node(url, head, viewer),
        "headRefOid": pull.head_sha,
        "isInMergeQueue": pull.queued_by is not None,
        "isMergeQueueEnabled": merge_queue.is_required(repository, pull),
        "merged": pull.merged,
        "mergedAt": pull.merged_at,
        "mergedBy": actor(url, pull.merged_by),
        "mergeCommit": commit_node(pull.merge_commit_sha),
        "mergeable": MERGEABLE[mergeability.mergeable],
        "mergeStateStatus": mergeability.state.upper(),
        "reviewDecision": review_decision(repository, pull),
        "viewerCanEnableAutoMerge": can_enable_auto_merge(repository, pull, viewer),
        "viewerCanDisableAutoMerge": pull.auto_merge is not None and repository.can_push(viewer),
        "repository": lambda _info: repository_node(url, repository, viewer),
        "autoMergeRequest": lambda _info: auto_merge_node(url, repository, pull, viewer),
    }


def commit_node(sha: str | None) -> dict[str, Any] | None:
    """Returns a commit, or `None` without an id."""
    return {"__typename": "Commit", "id": f"C_{sha}", "oid": sha} if sha else None


def auto_merge_node(url: str, repository: Repository, pull: PullRequest, viewer: Account) -> dict[str, Any] | None:
    """Returns the request to merge automatically, or `None` without one."""
    request = pull.auto_merge
    if request is None:
        return None
    return {
        "enabledAt": request.enabled_at,
        "enabledBy": actor(url, request.enabled_by),
        "mergeMethod": request.method.upper(),
        "commitHeadline": request.title or None,
        "commitBody": request.message or None,
        "authorEmail": None,
        "pullRequest": lambda _info: pull_node(url, repository, pull, viewer),
    }


def queue_entry_node(url: str, repository: Repository, pull: PullRequest, viewer: Account) -> dict[str, Any]:
    """Returns the entry of a pull request in the merge queue."""
    return {
        "__typename": "MergeQueueEntry",
        "id": f"MQE_{node_id(repository, pull)}",
        "enqueuedAt": now(),
        "enqueuer": actor(url, pull.queued_by),
        "position": 1,
        "state": "QUEUED",
        "pullRequest": lambda _info: pull_node(url, repository, pull, viewer),
    }


def review_decision(repository: Repository, pull: PullRequest) -> str | None:
    """Returns the result of the reviews, or `None` if the base requires none."""
    rule = repository.rule(pull.base)
    if rule is None or not rule.required_reviews:
        return None
    if any(review.state == "CHANGES_REQUESTED" for review in latest_verdicts(pull)):
        return "CHANGES_REQUESTED"
    return "REVIEW_REQUIRED" if any(unmet_reviews(repository, pull, rule)) else "APPROVED"
