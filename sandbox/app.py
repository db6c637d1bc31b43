"""The web application: who calls, what is asked, which answer; then the observers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox import graph, http_git
from sandbox.errors import RefusalError, not_found
from sandbox.exchange import record
from sandbox.hub import Hub
from sandbox.identities import Identity
from sandbox.rest import ROUTES, Call
from sandbox.rest.calling import PREFIX, Created, Route
from sandbox.views import people

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


class App:
    """A WSGI application over one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request and show the exchange to the observers before the client goes on."""
        environ = environ | enterprise(str(environ.get("PATH_INFO", "")))
        request = Request(environ)
        git = http_git.serves(request.path)
        response = http_git.answer(self.hub, request) if git else self._api(request)
        for observe in self.hub.observers:
            observe(record(request, response, git))
        return response(environ, start_response)

    def _api(self, request: Request) -> Response:
        try:
            identity = self.hub.authenticate(request.headers.get("Authorization"))
            with self.hub.lock:
                return self._answer(request, identity)
        except RefusalError as refusal:
            return _json(refusal.body(), refusal.status)

    def _answer(self, request: Request, identity: Identity | None) -> Response:
        if request.path == "/graphql" and request.method == "POST":
            return _json(graph.answer(self.hub, identity, request.get_data()), 200)
        if request.path == USER and request.method == "GET":
            return _json(self._user(identity), 200)
        return self._operation(request, identity)

    def _user(self, identity: Identity | None) -> dict[str, Any]:
        if identity is None:
            raise RefusalError(401, "Requires authentication")
        if identity.is_bot:
            raise RefusalError(403, identity.denial)
        return people.profile(self.hub.url, identity)

    def _operation(self, request: Request, identity: Identity | None) -> Response:
        """One REST operation; the pull requests follow their branches before and after it."""
        route, places = _find(request)
        repository = self.hub.repository(f"{places.pop('owner')}/{places.pop('repo')}")
        if repository is None or not repository.can_see(identity):
            raise not_found()
        call = Call(self.hub, request, identity, repository)
        route.admit(call)
        repository.synchronise()
        result = route.handler(call, **places)
        if request.method != "GET":
            repository.synchronise(identity)
        response = result if isinstance(result, Response) else _created(result)
        response.headers.extend(call.headers)
        if identity and identity.scopes is not None:
            response.headers["X-OAuth-Scopes"] = ", ".join(identity.scopes)
        return response


def enterprise(path: str) -> WSGIEnvironment:
    """What changes for a request to the addresses of a GitHub Enterprise server: the same API below /api.

    https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    for prefix in (ENTERPRISE_REST, ENTERPRISE_GRAPHQL):
        if path.startswith(prefix + "/") and (prefix == ENTERPRISE_REST or path == f"{prefix}/graphql"):
            return {"PATH_INFO": path[len(prefix) :], PREFIX: ENTERPRISE_REST}
    return {}


def _find(request: Request) -> tuple[Route, dict[str, Any]]:
    try:
        route, places = URLS.bind("sandbox").match(request.path, request.method)
    except HTTPException as error:
        raise not_found() from error
    found: Route = route
    return found, dict(places)


def _created(result: Any) -> Response:
    answer = result if isinstance(result, Created) else Created(result, 200)
    return _json(answer.body, answer.status) if answer.status != 204 else Response(status=204)


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
