"""Commit statuses and check runs."""

from __future__ import annotations

from typing import Any

from sandbox.errors import RefusalError, invalid_field
from sandbox.records import CheckRun, Status
from sandbox.rest.routing import Call, created, route, text
from sandbox.serializers import commits
from sandbox.serializers.repositories import api_url, serialize_repository

CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")
STATES = ("error", "failure", "pending", "success")


@route("POST", "/statuses/<sha>", needs="statuses:write")
def create_status(call: Call, sha: str) -> Any:
    """Posts a commit status."""
    body, commit = call.fields("state"), call.commit(sha)
    if body["state"] not in STATES:
        raise invalid_field("Status", "state")
    status = Status(
        call.repository.new_id(),
        commit,
        text(body, "context", "Status") or "default",
        body["state"],
        text(body, "description", "Status"),
        text(body, "target_url", "Status"),
        call.actor,
    )
    call.repository.statuses.append(status)
    return created(commits.serialize_status(call.url, call.repository, status))


@route("GET", "/commits/<path:ref>/status", needs="statuses:read")
def combined_status(call: Call, ref: str) -> Any:
    """Returns the newest status of every context, and the state of them all."""
    sha = call.commit(ref)
    newest = {status.context: status for status in call.repository.statuses if status.sha == sha}
    here = api_url(call.url, call.repository)
    return {
        "state": commits.combined_state([status.state for status in newest.values()]),
        "sha": sha,
        "total_count": len(newest),
        "statuses": [commits.serialize_status(call.url, call.repository, status) for status in newest.values()],
        "repository": serialize_repository(call.url, call.repository),
        "commit_url": f"{here}/commits/{sha}",
        "url": f"{here}/commits/{sha}/status",
    }


@route("POST", "/check-runs", needs="checks:write")
def create_check_run(call: Call) -> Any:
    """Creates a check run, which GitHub permits only to Apps."""
    body = call.fields("name", "head_sha")
    if not call.actor.is_bot:
        raise RefusalError(403, "You must authenticate via a GitHub App.")
    conclusion = text(body, "conclusion", "CheckRun")
    if conclusion not in (None, *CONCLUSIONS):
        raise invalid_field("CheckRun", "conclusion")
    run = CheckRun(
        call.repository.new_id(),
        body["name"],
        call.commit(body["head_sha"]),
        "completed" if conclusion else body.get("status", "queued"),
        conclusion,
        call.actor,
        body,
    )
    call.repository.check_runs.append(run)
    return created(commits.serialize_check_run(call.url, call.repository, run))


@route("GET", "/commits/<path:ref>/check-runs", needs="checks:read")
def list_check_runs(call: Call, ref: str) -> Any:
    """Lists the newest check run of every name."""
    sha, wanted = call.commit(ref), call.request.args.get("check_name")
    newest = {run.name: run for run in call.repository.check_runs if run.head_sha == sha}
    runs = [run for run in newest.values() if wanted in (None, run.name)]
    serialized = [commits.serialize_check_run(call.url, call.repository, run) for run in call.page(runs)]
    return {"total_count": len(runs), "check_runs": serialized}
