"""Round the application: limits, headers, times. Plain ASGI, since every request passes here."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from service.logs import LOG
from service.metrics import Metrics

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROUTES = (
    "/predict",
    "/feedback",
    "/model",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/page.css",
    "/",
)
CSP = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


LONGEST = 20.0  # seconds that a body may take
_HEARD_OUT = 16  # times the limit: most clients read no answer before they have sent their body
GONE = 499  # the client hung up: no standard has a number for it, servers say this one


class BodyError(Exception):
    """The body is not read, or not to its end. `status` is what is answered."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Guard:
    """The outermost application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._seconds = {route: metrics.seconds.labels(route) for route in (*ROUTES, "other")}
        self._counts = {
            (route, status): metrics.requests.labels(route, str(status))
            for route in (*ROUTES, "other")
            for status in (200, 202, 401, 404, 405, 408, 413, 422, 499, 500, 503)
        }
        self._requests = metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0
        if scope["method"] == "HEAD":  # the server leaves the body out
            scope = {**scope, "method": "GET"}

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:  # the application has answered: 500
            LOG.exception("failed", extra={"about": {"path": scope["path"]}})
        finally:
            self._note(scope["path"], status, time.perf_counter() - begun)

    def _note(self, path: str, status: int, seconds: float) -> None:
        route = path if path in self._seconds else "other"  # what a client makes up is no label
        self._seconds[route].observe(seconds)
        counter = self._counts.get((route, status))
        (counter or self._requests.labels(route, str(status))).inc()


async def body_of(request: Request, most: int) -> bytes:
    """The request's body; `most` bytes of it are held. Raises BodyError."""
    too_large = BodyError(413, f"The body is larger than {most} bytes.")
    said, asks = request.headers.get("content-length", "0"), "expect" in request.headers
    if not said.isdecimal() or int(said) > (most if asks else _HEARD_OUT * most):
        raise too_large
    body, read = bytearray(), 0
    try:
        async with asyncio.timeout(LONGEST):
            async for chunk in request.stream():
                read += len(chunk)
                if read <= most:
                    body += chunk
                elif read > _HEARD_OUT * most:
                    raise too_large
    except TimeoutError:
        raise BodyError(408, f"The body did not arrive within {LONGEST:g} seconds.") from None
    except ClientDisconnect:
        raise BodyError(GONE, "The client hung up.") from None
    if read > most:
        raise too_large
    return bytes(body)
