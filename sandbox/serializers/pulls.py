"""Pull requests, reviews and comments as JSON."""

from __future__ import annotations

from typing import Any

from sandbox.accounts import Account
from sandbox.pull_requests.mergeability import mergeability_of
from sandbox.records import AutoMerge, Comment, PullRequest, Review
from sandbox.repository import Repository
from sandbox.serializers import accounts, repositories


def serialize_summary(url: str, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """Returns GitHub's `pull-request-simple`, an item of a list."""
    author = accounts.simple_user(url, pull.author.login)
    return {
        "id": repository.id * 1000 + pull.number,
        "node_id": node_id(repository, pull),
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": author,
        "body": pull.body,
        "labels": serialize_labels(url, repository, pull),
        "milestone": None,
        "draft": pull.draft,
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": serialize_head_or_base(
            url, repository.head_owner(pull), repository.head_repository(pull), pull.head, pull.head_sha
        ),
        "base": serialize_head_or_base(url, repository.owner, repository, pull.base, pull.base_sha),
        "author_association": author_association(repository, pull.author),
        "auto_merge": serialize_auto_merge(url, pull.auto_merge),
        **urls_of(url, repository, pull),
    }


def serialize_pull(url: str, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """Returns GitHub's `pull-request`: the summary, mergeability and statistics."""
    changes = repository.git.diff(pull.base_sha, pull.head_sha)
    mergeability = mergeability_of(repository, pull)
    return serialize_summary(url, repository, pull) | {
        "merged": pull.merged,
        "merged_by": accounts.simple_user(url, pull.merged_by.login) if pull.merged_by else None,
        "mergeable": mergeability.mergeable,
        "mergeable_state": mergeability.state,
        "rebaseable": mergeability.mergeable,
        "maintainer_can_modify": False,
        "comments": len(pull.comments),
        "review_comments": 0,
        "commits": len(repository.git.between(pull.base_sha, pull.head_sha)),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }


def node_id(repository: Repository, pull: PullRequest) -> str:
    """Returns the GraphQL id of a pull request."""
    return f"PR_{repository.id}_{pull.number}"


def page_url(url: str, repository: Repository, pull: PullRequest) -> str:
    """Returns the address of the page in a browser."""
    return f"{url}/{repository.full_name}/pull/{pull.number}"


def urls_of(url: str, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """Returns the fields of a pull request that are addresses."""
    here = repositories.api_url(url, repository)
    own, issue = f"{here}/pulls/{pull.number}", f"{here}/issues/{pull.number}"
    found = {
        "html_url": page_url(url, repository, pull),
        "url": own,
        "issue_url": issue,
        "comments_url": f"{issue}/comments",
        "commits_url": f"{own}/commits",
        "review_comments_url": f"{own}/comments",
        "review_comment_url": f"{here}/pulls/comments{{/number}}",
        "statuses_url": f"{here}/statuses/{pull.head_sha}",
    }
    names = {"self": "url", "html": "html_url", "issue": "issue_url"} | {
        name: f"{name}_url" for name in ("comments", "commits", "review_comments", "review_comment", "statuses")
    }
    links = {name: {"href": found[source]} for name, source in names.items()}
    return found | {
        "_links": links,
        "diff_url": found["html_url"] + ".diff",
        "patch_url": found["html_url"] + ".patch",
    }


def serialize_head_or_base(
    url: str, owner: str, repository: Repository | None, branch: str, sha: str
) -> dict[str, Any]:
    """Returns the head or the base of a pull request. The repository is `None` if it was a fork that is deleted."""
    return {
        "label": f"{owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": accounts.simple_user(url, owner),
        "repo": repositories.serialize_repository(url, repository) if repository else None,
    }


def serialize_labels(url: str, repository: Repository, pull: PullRequest) -> list[dict[str, Any]]:
    """Returns the labels of a pull request."""
    known = (repository.labels[name.lower()] for name in pull.labels)
    return [repositories.serialize_label(url, repository, label) for label in known]


def author_association(repository: Repository, account: Account) -> str:
    """Returns the relation of an account to the repository; Apps have none."""
    if account.login == repository.owner:
        return "OWNER"
    return "COLLABORATOR" if repository.has_write_access(account) and not account.is_bot else "NONE"


def serialize_auto_merge(url: str, request: AutoMerge | None) -> dict[str, Any] | None:
    """Returns GitHub's `auto-merge`."""
    if request is None:
        return None
    return {
        "enabled_by": accounts.simple_user(url, request.enabled_by.login),
        "merge_method": request.method,
        "commit_title": request.title,
        "commit_message": request.message,
    }


def serialize_review(url: str, repository: Repository, pull: PullRequest, review: Review) -> dict[str, Any]:
    """Returns GitHub's `pull-request-review`."""
    html = f"{page_url(url, repository, pull)}#pullrequestreview-{review.id}"
    api = f"{repositories.api_url(url, repository)}/pulls/{pull.number}"
    fields = {
        "id": review.id,
        "node_id": f"PRR_{review.id}",
        "user": accounts.simple_user(url, review.user.login),
        "body": review.body,
        "state": review.state,
        "commit_id": review.commit_id,
        "html_url": html,
        "pull_request_url": api,
        "author_association": author_association(repository, review.user),
        "_links": {"html": {"href": html}, "pull_request": {"href": api}},
    }
    return fields if review.state == "PENDING" else fields | {"submitted_at": review.submitted_at}


def serialize_comment(url: str, repository: Repository, pull: PullRequest, comment: Comment) -> dict[str, Any]:
    """Returns GitHub's `issue-comment`."""
    here = repositories.api_url(url, repository)
    return {
        "id": comment.id,
        "node_id": f"IC_{comment.id}",
        "url": f"{here}/issues/comments/{comment.id}",
        "html_url": f"{page_url(url, repository, pull)}#issuecomment-{comment.id}",
        "issue_url": f"{here}/issues/{pull.number}",
        "user": accounts.simple_user(url, comment.user.login),
        "body": comment.body,
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
        "author_association": author_association(repository, comment.user),
        "performed_via_github_app": None,
    }
