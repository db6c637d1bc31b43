"""What surrounds the application: response headers, request metrics, failures, and the limits of a request's body.

Plain ASGI, since every request passes through here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from service.json_logging import LOG
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
OTHER = "other"  # the label of every other path: clients must not be able to create series
STATUSES = (200, 202, 401, 403, 404, 405, 408, 413, 421, 422, 429, 499, 500, 503)  # whose series exist from the start
CSP = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
BODY_SECONDS = 20.0  # in which a body has to arrive
CLIENT_CLOSED_REQUEST = 499  # not in any standard, but common among servers
_DRAINED = 16  # times the limit are read and dropped: most clients read no response before they have sent their body
MAX_HELD = 16 * 1024**2  # bytes of all bodies that are held at a time; at least four of the largest


class BodyError(Exception):
    """A body that was not read to its end. `status` is the status of the response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Held:
    """The bytes of all bodies that are in memory: a thousand clients may send one each, and may take their time."""

    def __init__(self, limit: int) -> None:
        self._left = max(MAX_HELD, 4 * limit)
        self.limit = limit  # of one body

    def take(self, count: int) -> None:
        """Counts bytes in. Raises BodyError if there are too many."""
        self._left -= count
        if self._left < 0:
            self._left += count
            raise BodyError(503, "Too many large requests are being read. Try again in a moment.")

    def give(self, count: int) -> None:
        """Counts bytes out."""
        self._left += count


class Limits:
    """The outermost application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        routes = (*ROUTES, OTHER)
        self._requests = metrics.requests
        self._seconds = {route: metrics.seconds.labels(route) for route in routes}
        self._counts = {
            (route, status): metrics.requests.labels(route, str(status)) for route in routes for status in STATUSES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        if scope["method"] == "HEAD":  # the server leaves out the body
            scope = {**scope, "method": "GET"}

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:  # noqa: BLE001  the application has sent a 500 already
            LOG.exception("failed", extra={"about": {"path": scope["path"]}})
        finally:
            self._count(scope["path"], status, time.perf_counter() - started)

    def _count(self, path: str, status: int, seconds: float) -> None:
        route = path if path in self._seconds else OTHER
        self._seconds[route].observe(seconds)
        counter = self._counts.get((route, status))
        (counter or self._requests.labels(route, str(status))).inc()


@contextlib.asynccontextmanager
async def body_of(request: Request, held: Held) -> AsyncIterator[bytes]:
    """Yields the request's body; it is counted among those that are held while the block runs.

    Raises:
        BodyError: the body is too large, or does not arrive in time, or the client hung up, or too many are held.
    """
    _check_announced(request, held.limit)
    body = bytearray()
    try:
        await _receive(request, held, body)
        yield bytes(body)
    finally:
        held.give(len(body))


def _check_announced(request: Request, limit: int) -> None:
    announced, waits = request.headers.get("content-length", "0"), "expect" in request.headers
    most = limit if waits else _DRAINED * limit
    if not announced.isdecimal() or len(announced) > 20 or int(announced) > most:
        raise _too_large(limit)


async def _receive(request: Request, held: Held, body: bytearray) -> None:
    read, limit = 0, held.limit
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                read += len(chunk)
                if read <= limit:
                    held.take(len(chunk))
                    body += chunk
                elif read > _DRAINED * limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise BodyError(408, f"The body did not arrive within {BODY_SECONDS:g} seconds.") from None
    except ClientDisconnect:
        raise BodyError(CLIENT_CLOSED_REQUEST, "The client hung up.") from None
    if read > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> BodyError:
    return BodyError(413, f"The body is larger than {limit} bytes.")
