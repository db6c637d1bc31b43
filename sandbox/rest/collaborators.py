"""What an account may do in the repository."""

from __future__ import annotations

from typing import Any

from sandbox.accounts import Account, includes
from sandbox.errors import RefusalError, not_found
from sandbox.rest.routing import Call, route
from sandbox.serializers import accounts


@route("GET", "/collaborators", needs="metadata:read")
def list_collaborators(call: Call) -> Any:
    """Lists the people with at least this permission, for callers that may push."""
    if not call.repository.can_push(call.actor):
        raise RefusalError(403, "Must have push access to view repository collaborators.")
    wanted = {"pull": "read", "push": "write"}.get(level := call.request.args.get("permission", "pull"), level)
    people = {account.login: account for account in call.people() if not account.is_bot}
    role = call.repository.role
    shown = [_collaborator(call, one) for one in people.values() if includes(role(one), wanted)]
    return call.page(shown)


@route("GET", "/collaborators/<username>/permission", needs="metadata:read")
def permission_of(call: Call, username: str) -> Any:
    """Returns the permission of a user, for callers that may push; an App is no user."""
    if not call.repository.can_push(call.actor):
        raise RefusalError(403, "Must have push access to view collaborator permission.")
    account = call.find_account(username)
    if account is None or account.is_bot:
        raise not_found()
    user = _collaborator(call, account)
    role = user["role_name"]
    return {"permission": "read" if role == "triage" else role, "role_name": role, "user": user}


def _collaborator(call: Call, account: Account) -> dict[str, Any]:
    """Returns GitHub's `collaborator`."""
    role = call.repository.role(account)
    return accounts.simple_user(call.url, account.login) | {
        "permissions": {
            "pull": role != "none",
            "triage": includes(role, "triage"),
            "push": includes(role, "write"),
            "maintain": role == "admin",
            "admin": role == "admin",
        },
        "role_name": role,
    }
