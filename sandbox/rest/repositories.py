"""The repository, its branches and its dispatches."""

from __future__ import annotations

from typing import Any

from sandbox.errors import RefusalError
from sandbox.records import Dispatch
from sandbox.rest.routing import NO_CONTENT, Call, route
from sandbox.serializers.repositories import serialize_branch, serialize_for_viewer

MAX_EVENT_TYPE = 100
MAX_PAYLOAD = 10


@route("GET", "", needs="metadata:read")
def get_repository(call: Call) -> Any:
    """Returns the repository, with its merge settings if the caller may write contents."""
    return serialize_for_viewer(call.url, call.repository, call.account)


@route("GET", "/branches/<path:branch>", needs="contents:read")
def get_branch(call: Call, branch: str) -> Any:
    """Returns a branch with its tip and protection."""
    sha = call.repository.git.refs().get(f"refs/heads/{branch}")
    if sha is None:
        raise RefusalError(404, "Branch not found")
    return serialize_branch(call.url, call.repository, branch, sha)


@route("POST", "/dispatches", needs="contents:write")
def repository_dispatch(call: Call) -> Any:
    """Records a repository_dispatch event."""
    body = call.fields("event_type")
    kind, payload = body["event_type"], body.get("client_payload") or {}
    if len(kind) > MAX_EVENT_TYPE or not isinstance(payload, dict) or len(payload) > MAX_PAYLOAD:
        raise RefusalError(422, "Invalid request.\n\nevent_type or client_payload is too large.")
    ref = call.repository.default_branch
    call.repository.dispatches.append(Dispatch("repository_dispatch", kind, ref, payload, call.actor))
    return NO_CONTENT
