"""Limits that uvicorn does not have: for the head of a request, for requests that are sent ahead, for idle connections.

Without them a thousand connections that send nothing, or little, would keep out every other client.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_SECONDS = 20.0  # for the head of a request
MAX_BYTES = 64 * 1024  # of it
MAX_HEADERS = 100
MAX_AHEAD = 32  # requests of one connection that wait for the one before
MAX_CONNECTIONS = 900  # more, and the one that has waited longest for its client is closed


class LimitedProtocol(HttpToolsProtocol):
    """The connection of one client."""

    _deadline: asyncio.TimerHandle | None = None  # while the head of a request is expected
    _received = 0  # bytes since then
    _headers = 0  # of this request
    _idle: dict[LimitedProtocol, None] = {}  # noqa: RUF012  whose client has to send something; the longest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the timer for the first request, and makes room for the connection."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > MAX_CONNECTIONS:
            next(iter(self._idle)).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parses the bytes, and closes the connection if the head has become too long."""
        self._received += len(data)
        super().data_received(data)
        if self._deadline and self._received > MAX_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Starts the timer at the first byte of a request.

        Raises:
            ValueError: too many requests of this client wait; the parser stops, and the connection is closed.
        """
        if len(self.pipeline) > MAX_AHEAD:
            raise ValueError(f"More than {MAX_AHEAD} requests were sent ahead.")
        super().on_message_begin()
        self._headers = 0
        self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header or a trailer.

        Raises:
            ValueError: the request has too many; the parser stops, and the connection is closed.
        """
        self._headers += 1
        if self._headers > MAX_HEADERS:
            raise ValueError(f"A request has more than {MAX_HEADERS} headers.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stops the timer; the body has limits of its own (`middleware`)."""
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The client has sent its request: the connection is not closed before it is answered."""
        self._idle.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The client may send another request."""
        super().on_response_complete()
        self._idle.setdefault(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the timer."""
        self._stop_timer()
        self._idle.pop(self, None)
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._stop_timer()
        self._received = 0
        self._idle.pop(self, None)
        self._idle[self] = None
        self._deadline = self.loop.call_later(MAX_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
