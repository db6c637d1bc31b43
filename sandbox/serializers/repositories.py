"""Repositories, refs, branches and labels as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from sandbox.accounts import Account, account_id, includes
from sandbox.records import Label
from sandbox.repository import Repository
from sandbox.serializers import accounts
from sandbox.serializers.commits import serialize_commit

PLAIN_PATHS = (
    "contributors deployments downloads events forks hooks languages merges stargazers subscribers "
    "subscription tags teams"
)
TEMPLATES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "statuses_url": "/statuses/{sha}",
    "trees_url": "/git/trees{/sha}",
} | {f"{name}_url": f"/{name}" for name in PLAIN_PATHS.split()}
MERGE_SETTINGS = (
    "allow_auto_merge",
    "allow_merge_commit",
    "allow_squash_merge",
    "allow_rebase_merge",
    "delete_branch_on_merge",
)
ABSENT = ("description", "homepage", "language", "mirror_url", "license")
ZERO = ("forks", "forks_count", "size", "stargazers_count", "watchers", "watchers_count", "network_count")
FEATURES = {"has_downloads": True, "has_discussions": False} | dict.fromkeys(
    ("has_projects", "has_wiki", "has_pages", "fork", "disabled", "is_template"), False
)


def api_url(url: str, repository: Repository) -> str:
    """Returns the address of a repository in the API."""
    return f"{url}/repos/{repository.full_name}"


def serialize_repository(url: str, repository: Repository) -> dict[str, Any]:
    """Returns GitHub's `repository` without the fields that depend on the caller."""
    here, page = api_url(url, repository), f"{url}/{repository.full_name}"
    open_pulls = len(repository.open_pulls())
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": accounts.simple_user(url, repository.owner),
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "url": here,
        "html_url": page,
        "clone_url": f"{page}.git",
        "git_url": f"{page}.git",
        "ssh_url": f"{page}.git",
        "svn_url": page,
        "default_branch": repository.default_branch,
        "archived": repository.settings.archived,
        "has_issues": repository.settings.has_issues,
        "open_issues": open_pulls,
        "open_issues_count": open_pulls,
        "subscribers_count": 0,
        **{name: here + path for name, path in TEMPLATES.items()},
        **dict.fromkeys(ABSENT),
        **dict.fromkeys(ZERO, 0),
        **FEATURES,
        "fork": repository.parent is not None,
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), repository.created_at),
    }


def serialize_for_viewer(url: str, repository: Repository, viewer: Account | None) -> dict[str, Any]:
    """Returns GitHub's `full-repository`; only a viewer that may write contents sees the merge settings."""
    fields = serialize_repository(url, repository)
    if repository.parent:
        fields |= dict.fromkeys(("parent", "source"), serialize_repository(url, repository.parent))
    if viewer is None:
        return fields
    fields["permissions"] = viewer_permissions(repository, viewer)
    if repository.can_push(viewer):
        settings = asdict(repository.settings)
        fields |= {name: settings[name] for name in MERGE_SETTINGS}
    return fields


def viewer_permissions(repository: Repository, viewer: Account) -> dict[str, bool]:
    """Returns whether the viewer has each of GitHub's five permissions."""
    admin = includes(repository.role(viewer), "admin") and not viewer.is_bot
    push = repository.can_push(viewer)
    return {"admin": admin, "maintain": admin, "push": push, "triage": push, "pull": True}


def serialize_ref(url: str, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    """Returns GitHub's `git-ref`."""
    here = api_url(url, repository)
    return {
        "ref": ref,
        "node_id": f"REF_{repository.id}_{ref}",
        "url": f"{here}/git/{quote(ref)}",
        "object": {"type": "commit", "sha": sha, "url": f"{here}/git/commits/{sha}"},
    }


def serialize_branch(url: str, repository: Repository, name: str, sha: str) -> dict[str, Any]:
    """Returns GitHub's `branch-with-protection`."""
    here, rule = f"{api_url(url, repository)}/branches/{quote(name)}", repository.rule(name)
    required = list(rule.required_checks) if rule else []
    return {
        "name": name,
        "commit": serialize_commit(url, repository, sha),
        "_links": {"self": here, "html": f"{url}/{repository.full_name}/tree/{quote(name)}"},
        "protected": rule is not None,
        "protection": {
            "enabled": rule is not None,
            "required_status_checks": {
                "enforcement_level": "everyone" if required else "off",
                "contexts": required,
                "checks": [{"context": context, "app_id": None} for context in required],
            },
        },
        "protection_url": f"{here}/protection",
    }


def serialize_workflow(url: str, repository: Repository, path: str, state: str) -> dict[str, Any]:
    """Returns GitHub's `workflow`."""
    number, name = account_id(path), path.rpartition("/")[2]
    page = f"{url}/{repository.full_name}"
    return {
        "id": number,
        "node_id": f"W_{number}",
        "name": name,
        "path": path,
        "state": state,
        "url": f"{api_url(url, repository)}/actions/workflows/{number}",
        "html_url": f"{page}/blob/{repository.default_branch}/{path}",
        "badge_url": f"{page}/workflows/{name}/badge.svg",
        "created_at": repository.created_at,
        "updated_at": repository.created_at,
    }


def serialize_label(url: str, repository: Repository, label: Label) -> dict[str, Any]:
    """Returns GitHub's `label`."""
    return {
        "id": label.id,
        "node_id": f"LA_{label.id}",
        "url": f"{api_url(url, repository)}/labels/{quote(label.name, safe='')}",
        "name": label.name,
        "color": label.color,
        "default": False,
        "description": label.description,
    }
