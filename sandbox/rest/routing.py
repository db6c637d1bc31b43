"""The parts that all REST operations share: routes, calls and replies, permissions, paging and JSON bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from sandbox.accounts import Account
from sandbox.errors import RefusalError, invalid_field, not_found
from sandbox.records import PullRequest
from sandbox.repository import Repository

Item = TypeVar("Item")
MAX_PER_PAGE = 100
PREFIX = "sandbox.prefix"  # in the environment: the path of the API below the server's root
REPOSITORY = "/repos/<owner>/<repo>"
ADMINISTRATION = "administration"


@dataclass
class Call:
    """One authenticated request to one repository."""

    request: Request
    account: Account | None
    repository: Repository
    headers: dict[str, str] = field(default_factory=dict)
    people: Callable[[], Sequence[Account]] = tuple  # all accounts of the server

    def find_account(self, login: str) -> Account | None:
        """Returns the newest account with a login in any case."""
        return next((one for one in reversed(self.people()) if one.login.lower() == login.lower()), None)

    @property
    def url(self) -> str:
        """The address of the API as the caller knows it."""
        return f"{self.request.host_url.rstrip('/')}{self.request.environ.get(PREFIX, '')}"

    @property
    def actor(self) -> Account:
        """The caller of an operation that requires authentication."""
        if self.account is None:
            raise RefusalError(401, "Requires authentication")
        return self.account

    def body(self) -> Any:
        """Returns the JSON body; an empty body is an empty object."""
        try:
            return json.loads(self.request.get_data() or b"{}")
        except ValueError as error:
            raise RefusalError(400, "Problems parsing JSON") from error

    def fields(self, *required: str) -> dict[str, Any]:
        """Returns the JSON body as an object with the required text fields."""
        body = self.body()
        if not isinstance(body, dict):
            raise RefusalError(422, "Invalid request.\n\nFor 'properties', the body is not an object.")
        for name in required:
            if body.get(name) is None:
                raise RefusalError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
            if not isinstance(body[name], str):
                raise RefusalError(422, f"Invalid request.\n\nFor 'properties/{name}', {body[name]!r} is not a string.")
        return body

    def pull(self, number: int) -> PullRequest:
        """Returns the pull request with this number."""
        found = self.repository.pulls_by_number.get(number)
        if found is None:
            raise not_found()
        return found

    def commit(self, revision: str) -> str:
        """Returns the commit of a revision in a path."""
        sha = self.repository.git.resolve(revision)
        if sha is None:
            raise RefusalError(422, f"No commit found for SHA: {revision}")
        return sha

    def page(self, items: Sequence[Item]) -> list[Item]:
        """Returns the requested page and adds GitHub's Link header."""
        size = min(self._number("per_page", 30), MAX_PER_PAGE)
        number, last = self._number("page", 1), -(-len(items) // size)
        links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        shown = {
            name: target
            for name, target in links.items()
            if 1 <= target <= last and (name in ("prev", "next") or (target != number))
        }
        if last > 1:
            self.headers["Link"] = ", ".join(f'<{self._page_url(page)}>; rel="{name}"' for name, page in shown.items())
        return list(items[(number - 1) * size : number * size])

    def _page_url(self, page: int) -> str:
        query = self.request.args.to_dict() | {"page": str(page)}
        return f"{self.url}{self.request.path}?{urlencode(query)}"

    def _number(self, name: str, default: int) -> int:
        text = self.request.args.get(name, "")
        return max(int(text), 1) if text.isdecimal() else default


@dataclass(frozen=True)
class Reply:
    """The result of an operation with its status; a bare result is a reply with status 200."""

    body: Any
    status: int = 200


NO_CONTENT = Reply(None, 204)


def created(body: Any) -> Reply:
    """Returns the reply of an operation that has created something."""
    return Reply(body, 201)


Handler = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """An operation; `needs` has alternatives, such as `issues:write|pull_requests:write`."""

    method: str
    path: str
    handler: Handler
    needs: str

    def admit(self, call: Call) -> None:
        """Refuses a caller without the permission, and any change of an archived repository."""
        changes = self.method != "GET"
        if changes and call.repository.settings.archived:
            raise RefusalError(403, "Repository was archived so is read-only.")
        if not changes and not call.repository.private and not self.needs.startswith(ADMINISTRATION):
            return
        alternatives = [need.split(":") for need in self.needs.split("|")]
        if not any(is_permitted(call, permission, level) for permission, level in alternatives):
            raise RefusalError(403, call.actor.denial_message)


def is_permitted(call: Call, permission: str, level: str) -> bool:
    """Whether the token and the role of the caller suffice."""
    if permission == ADMINISTRATION and not call.actor.is_bot and call.repository.role(call.actor) != "admin":
        return False
    writes_code = level == "write" and permission in ("contents", "statuses", "checks", "actions")
    if writes_code and call.repository.role(call.actor) not in ("write", "admin"):
        return False
    return call.actor.has_permission(permission, level)


ROUTES: list[Route] = []


def route(method: str, path: str, needs: str) -> Callable[[Handler], Handler]:
    """Registers a function as a REST operation of a repository."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, REPOSITORY + path, handler, needs))
        return handler

    return register


def text(body: dict[str, Any], name: str, resource: str) -> str | None:
    """Returns an optional text field of the body; another type is a validation error."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid_field(resource, name)
    return value
