"""Who may ask for what: the hosts that a request may name, and the token that it has to carry.

A page of another site can make a browser send requests here under a name of its own (DNS rebinding). Such a name is
neither an address nor `localhost`, so it is refused where the service is for this machine alone, and for feedback that
needs no token.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING

from service.config import Config
from service.server.responses import error_response

if TYPE_CHECKING:
    from fastapi import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

PUBLIC = frozenset(("/healthz", "/readyz", "/page.css"))  # that show nothing of the model and its data
FEEDBACK = "/feedback"


class Access:
    """The application, behind the checks of host and token."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._config = config
        self._is_local = config.host == "localhost" or _is_loopback(config.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = dict(scope["headers"]), scope["path"]
        host = headers.get(b"host", b"").decode("latin-1")
        token = self._token(path)
        if self._is_foreign(host, path, token):
            reason = f"{host[:100]!r} is not a name of this service: SERVICE_ALLOWED_HOSTS lists its names."
            return error_response(421, reason)
        if token and not _carries(headers.get(b"authorization", b""), token):
            reason = f"{path} asks for a token: Authorization: Bearer ..."
            return error_response(401, reason, {"WWW-Authenticate": "Bearer"})
        if path == FEEDBACK and not token and _is_cross_origin(headers.get(b"origin"), host):
            return error_response(403, "Feedback is not taken from another site's page unless a token is asked for.")
        return None

    def _token(self, path: str) -> str:
        """Returns the token that a request for this path needs, or ""."""
        if path == FEEDBACK:
            return self._config.feedback_token
        return "" if path in PUBLIC else self._config.predict_token

    def _is_foreign(self, host: str, path: str, token: str) -> bool:
        """Whether a browser could have been led here under this name."""
        allowed = self._config.allowed_hosts
        if path in PUBLIC or not (allowed or self._is_local or (path == FEEDBACK and not token)):
            return False
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        return name.lower() not in {"localhost", *allowed} and not _is_address(name.strip("[]"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _carries(authorization: bytes, token: str) -> bool:
    kind, _, given = authorization.partition(b" ")
    return kind.lower() == b"bearer" and hmac.compare_digest(given.strip(), token.encode())


def _is_cross_origin(origin: bytes | None, host: str) -> bool:
    """Whether a browser sends it for a page of another site: visitors of that page would send it unknowingly."""
    return origin is not None and origin.decode("latin-1").partition("://")[2] != host
