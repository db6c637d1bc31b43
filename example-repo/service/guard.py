"""Round the application: limits, headers, times. Plain ASGI, since every request passes here."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from service.logs import say
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


class TooLargeError(Exception):
    """The body has more bytes than are read."""


class Guard:
    """The outermost application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._seconds = {route: metrics.seconds.labels(route) for route in (*ROUTES, "other")}
        self._counts = {
            (route, status): metrics.requests.labels(route, str(status))
            for route in (*ROUTES, "other")
            for status in (200, 202, 401, 404, 405, 413, 422, 500, 503)
        }
        self._requests = metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            say("failed", level=logging.ERROR, path=scope["path"])
            logging.getLogger("service").exception("traceback")
            if not status:
                await _sorry(sending)
        finally:
            self._note(scope["path"], status, time.perf_counter() - begun)

    def _note(self, path: str, status: int, seconds: float) -> None:
        route = path if path in self._seconds else "other"  # what a client makes up is no label
        self._seconds[route].observe(seconds)
        counter = self._counts.get((route, status))
        (counter or self._requests.labels(route, str(status))).inc()


async def _sorry(send: Send) -> None:
    body = json.dumps({"detail": "The service failed; its log says why."}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def body_of(request: Request, most: int) -> bytes:
    """The request's body. Raises TooLargeError before more than `most` bytes are held."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > most:
        raise TooLargeError
    body = b""
    async for chunk in request.stream():
        body = body + chunk if body else chunk
        if len(body) > most:
            raise TooLargeError
    return body
