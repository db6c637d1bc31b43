"""The web application: authenticates a request, routes it, and reports the exchange to the observers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox import git_endpoint
from sandbox.accounts import Account
from sandbox.errors import RefusalError, not_found
from sandbox.git.http import parse_path
from sandbox.graphql import execute
from sandbox.hub import Hub
from sandbox.rest import ROUTES, Call
from sandbox.rest.routing import PREFIX, Reply, Route
from sandbox.serializers import accounts
from sandbox.traffic import record_exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

USER = "/user"
ENTERPRISE_REST, ENTERPRISE_GRAPHQL = "/api/v3", "/api"
OPERATIONS = [("GET", USER), *((route.method, route.path) for route in ROUTES)]
URLS = Map(
    [Rule(route.path, endpoint=route, methods=[route.method]) for route in ROUTES],
    strict_slashes=False,
    merge_slashes=False,
)


@dataclass(frozen=True)
class Match:
    """A route with the arguments that its path contains."""

    route: Route
    repository: str  # full name
    arguments: dict[str, Any]


class App:
    """A WSGI application over one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Responds to one request; the observers see the exchange before the client does."""
        environ = environ | enterprise(str(environ.get("PATH_INFO", "")))
        request = Request(environ)
        git = parse_path(request.path)
        response = git_endpoint.respond(self.hub, request, git) if git else self._api(request)
        for observe in self.hub.observers:
            observe(record_exchange(request, response, git=git is not None))
        return response(environ, start_response)

    def _api(self, request: Request) -> Response:
        try:
            account = self.hub.authenticate(request.headers.get("Authorization"))
            with self.hub.lock:
                return self._respond(request, account)
        except RefusalError as refusal:
            return _json(refusal.body(), refusal.status)

    def _respond(self, request: Request, account: Account | None) -> Response:
        if request.path == "/graphql" and request.method == "POST":
            return _json(execute.respond(self.hub, account, request.get_data()), 200)
        if request.path == USER and request.method == "GET":
            return _json(self._user(account), 200)
        return self._operation(request, account)

    def _user(self, account: Account | None) -> dict[str, Any]:
        if account is None:
            raise RefusalError(401, "Requires authentication")
        if account.is_bot:
            raise RefusalError(403, account.denial_message)
        return accounts.public_user(self.hub.url, account)

    def _operation(self, request: Request, account: Account | None) -> Response:
        """Runs one REST operation, and updates the pull requests before it and after a change."""
        match = _match(request)
        repository = self.hub.repository(match.repository)
        if repository is None or not repository.can_see(account):
            raise not_found()
        call = Call(request, account, repository, people=self.hub.accounts)
        match.route.admit(call)
        self.hub.synchronise(repository)
        result = match.route.handler(call, **match.arguments)
        if request.method != "GET":
            self.hub.synchronise(repository, account)
        response = result if isinstance(result, Response) else _response(result)
        response.headers.extend(call.headers)
        if account and account.scopes is not None:
            response.headers["X-OAuth-Scopes"] = ", ".join(account.scopes)
        return response


def enterprise(path: str) -> WSGIEnvironment:
    """Returns the changes to a request below /api, where a GitHub Enterprise server has the same API.

    https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    for prefix in (ENTERPRISE_REST, ENTERPRISE_GRAPHQL):
        if path.startswith(prefix + "/") and (prefix == ENTERPRISE_REST or path == f"{prefix}/graphql"):
            return {"PATH_INFO": path[len(prefix) :], PREFIX: ENTERPRISE_REST}
    return {}


def _match(request: Request) -> Match:
    try:
        route, found = URLS.bind("sandbox").match(request.path, request.method)
    except HTTPException as error:
        raise not_found() from error
    arguments = dict(found)
    return Match(route, f"{arguments.pop('owner')}/{arguments.pop('repo')}", arguments)


def _response(result: Any) -> Response:
    reply = result if isinstance(result, Reply) else Reply(result)
    return _json(reply.body, reply.status) if reply.status != 204 else Response(status=204)


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
