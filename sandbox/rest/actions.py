"""GitHub Actions: the permissions of workflows, the list of them, and dispatches."""

from __future__ import annotations

from typing import Any

from sandbox.errors import RefusalError
from sandbox.records import Dispatch
from sandbox.rest.routing import NO_CONTENT, Call, route
from sandbox.serializers.repositories import serialize_workflow


@route("GET", "/actions/permissions/workflow", needs="administration:read")
def workflow_permissions(call: Call) -> Any:
    """Returns the default permissions of GITHUB_TOKEN, and whether it may open and approve pull requests."""
    allowed = call.repository.settings.actions_may_create_and_approve
    return {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": allowed}


@route("GET", "/actions/workflows", needs="actions:read")
def list_workflows(call: Call) -> Any:
    """Lists the workflows with their states."""
    states = call.repository.workflows
    listed = [serialize_workflow(call.url, call.repository, path, states[path]) for path in states]
    return {"total_count": len(listed), "workflows": call.page(listed)}


@route("POST", "/actions/workflows/<workflow_id>/dispatches", needs="actions:write")
def workflow_dispatch(call: Call, workflow_id: str) -> Any:
    """Records a workflow_dispatch event."""
    body = call.fields("ref")
    if call.repository.git.resolve(body["ref"]) is None:
        raise RefusalError(422, f"No ref found for: {body['ref']}")
    event = Dispatch("workflow_dispatch", workflow_id, body["ref"], body.get("inputs") or {}, call.actor)
    call.repository.dispatches.append(event)
    return NO_CONTENT
