"""Commits, changed files, statuses and check runs as JSON."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from sandbox.git.objects import Change, Person
from sandbox.records import CheckRun, Status
from sandbox.repository import Repository
from sandbox.serializers import accounts

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
SIGNED = {
    "verified": True,
    "reason": "valid",
    "signature": "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----",
    "payload": "tree",
    "verified_at": "2026-01-01T00:00:00Z",
}
PENDING = "pending"


def serialize_commit(url: str, repository: Repository, sha: str) -> dict[str, Any]:
    """Returns GitHub's `commit`."""
    commit = repository.git.commit(sha)
    here, page = f"{url}/repos/{repository.full_name}", f"{url}/{repository.full_name}"
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{here}/commits/{sha}",
        "html_url": f"{page}/commit/{sha}",
        "comments_url": f"{here}/commits/{sha}/comments",
        "commit": {
            "url": f"{here}/git/commits/{sha}",
            "message": commit.message,
            "author": serialize_person(commit.author),
            "committer": serialize_person(commit.committer),
            "tree": {"sha": commit.tree, "url": f"{here}/git/trees/{commit.tree}"},
            "comment_count": 0,
            "verification": serialize_verification(repository, sha),
        },
        "author": noreply_account(url, commit.author),
        "committer": noreply_account(url, commit.committer),
        "parents": [
            {"sha": parent, "url": f"{here}/commits/{parent}", "html_url": f"{page}/commit/{parent}"}
            for parent in commit.parents
        ],
    }


def serialize_verification(repository: Repository, sha: str) -> dict[str, Any]:
    """Returns the verification of a commit's signature."""
    return SIGNED if sha in repository.signed else UNSIGNED


def serialize_git_commit(url: str, repository: Repository, sha: str) -> dict[str, Any]:
    """Returns GitHub's `git-commit`."""
    commit, page = repository.git.commit(sha), f"{url}/{repository.full_name}"
    here = f"{url}/repos/{repository.full_name}/git"
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{here}/commits/{sha}",
        "html_url": f"{page}/commit/{sha}",
        "author": serialize_person(commit.author),
        "committer": serialize_person(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{here}/trees/{commit.tree}"},
        "parents": [
            {"sha": parent, "url": f"{here}/commits/{parent}", "html_url": f"{page}/commit/{parent}"}
            for parent in commit.parents
        ],
        "verification": serialize_verification(repository, sha),
    }


def serialize_commit_with_files(url: str, repository: Repository, sha: str) -> dict[str, Any]:
    """Returns GitHub's `commit` with its statistics and files, as a single commit is served."""
    commit = serialize_commit(url, repository, sha)
    parents = repository.git.commit(sha).parents
    changes = repository.git.diff(parents[0], sha) if parents else []
    added, removed = sum(c.additions for c in changes), sum(c.deletions for c in changes)
    stats = {"additions": added, "deletions": removed, "total": added + removed}
    return commit | {
        "stats": stats,
        "files": [serialize_changed_file(url, repository, sha, change) for change in changes],
    }


def serialize_person(person: Person) -> dict[str, str]:
    """Returns the author or committer of a git commit, with the time in UTC."""
    date = datetime.fromisoformat(person.date.replace("Z", "+00:00")).astimezone(timezone.utc)
    return {"name": person.name, "email": person.email, "date": date.strftime("%Y-%m-%dT%H:%M:%SZ")}


def noreply_account(url: str, person: Person) -> dict[str, Any] | None:
    """Returns the account of a noreply address; the sandbox does not know other addresses."""
    name, _, domain = person.email.partition("@")
    if domain != "users.noreply.github.com" or "+" not in name:
        return None
    return accounts.simple_user(url, name.partition("+")[2])


def serialize_changed_file(url: str, repository: Repository, sha: str, change: Change) -> dict[str, Any]:
    """Returns GitHub's `diff-entry`, without the patch."""
    page, path = f"{url}/{repository.full_name}", quote(change.path)
    entry: dict[str, Any] = {
        "sha": change.blob,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{sha}/{path}",
        "raw_url": f"{page}/raw/{sha}/{path}",
        "contents_url": f"{url}/repos/{repository.full_name}/contents/{path}?ref={sha}",
    }
    return entry | ({"previous_filename": change.previous} if change.previous else {})


def serialize_status(url: str, repository: Repository, status: Status) -> dict[str, Any]:
    """Returns GitHub's `status`."""
    creator = accounts.simple_user(url, status.creator.login) if status.creator else None
    return {
        "id": status.id,
        "node_id": f"SC_{status.id}",
        "url": f"{url}/repos/{repository.full_name}/statuses/{status.sha}",
        "avatar_url": creator and creator["avatar_url"],
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": status.created_at,
        "updated_at": status.created_at,
        "creator": creator,
    }


def combined_state(states: list[str]) -> str:
    """Returns the state of all statuses: failure if one failed, pending if one is or if there are none."""
    if "failure" in states or "error" in states:
        return "failure"
    return PENDING if PENDING in states or not states else "success"


def serialize_check_run(url: str, repository: Repository, run: CheckRun) -> dict[str, Any]:
    """Returns GitHub's `check-run`."""
    here = f"{url}/repos/{repository.full_name}/check-runs/{run.id}"
    page = f"{url}/{repository.full_name}/runs/{run.id}"
    done = run.status == "completed"
    output = run.details.get("output") or {}
    return {
        "id": run.id,
        "node_id": f"CR_{run.id}",
        "name": run.name,
        "head_sha": run.head_sha,
        "external_id": run.details.get("external_id", ""),
        "url": here,
        "html_url": page,
        "details_url": run.details.get("details_url", page),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.details.get("started_at", run.created_at),
        "completed_at": run.details.get("completed_at", run.created_at) if done else None,
        "output": {name: output.get(name) for name in ("title", "summary", "text")}
        | {"annotations_count": 0, "annotations_url": f"{here}/annotations"},
        "check_suite": {"id": repository.id},
        "app": accounts.integration(url, run.app),
        "pull_requests": [],
    }
