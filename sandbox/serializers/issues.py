"""Issues as JSON."""

from __future__ import annotations

from typing import Any

from sandbox.records import Issue, PullRequest
from sandbox.repository import Repository
from sandbox.serializers import accounts, repositories
from sandbox.serializers.pulls import author_association, page_url


def serialize_issue(url: str, repository: Repository, issue: Issue) -> dict[str, Any]:
    """Returns GitHub's `issue`."""
    api = repositories.api_url(url, repository)
    here = f"{api}/issues/{issue.number}"
    labels = (repository.labels[name.lower()] for name in issue.labels)
    return {
        "id": repository.id * 1000 + issue.number,
        "node_id": f"I_{repository.id}_{issue.number}",
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "locked": False,
        "user": accounts.simple_user(url, issue.author.login),
        "author_association": author_association(repository, issue.author),
        "labels": [repositories.serialize_label(url, repository, label) for label in labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": 0,
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
        "closed_by": accounts.simple_user(url, issue.closed_by.login) if issue.closed_by else None,
        "url": here,
        "html_url": f"{url}/{repository.full_name}/issues/{issue.number}",
        "repository_url": api,
        "labels_url": f"{here}/labels{{/name}}",
        "comments_url": f"{here}/comments",
        "events_url": f"{here}/events",
    }


def serialize_pull_as_issue(url: str, repository: Repository, pull: PullRequest) -> dict[str, Any]:
    """Returns GitHub's `issue` for a pull request."""
    issue = Issue(
        pull.number,
        pull.author,
        pull.title,
        pull.body,
        pull.state,
        labels=pull.labels,
        created_at=pull.created_at,
        updated_at=pull.updated_at,
        closed_at=pull.closed_at,
        closed_by=pull.closed_by,
    )
    page = page_url(url, repository, pull)
    links = {"url": f"{repositories.api_url(url, repository)}/pulls/{pull.number}", "html_url": page}
    links |= {"diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return serialize_issue(url, repository, issue) | {"html_url": page, "pull_request": links}
