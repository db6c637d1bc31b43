"""A limit that uvicorn does not have: a client must send the head of a request, in time and not too long.

Without it, a thousand idle connections would take all file descriptors and keep out every other client, forever.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_SECONDS = 20.0  # for the head of a request
MAX_BYTES = 64 * 1024  # of it


class TimedProtocol(HttpToolsProtocol):
    """The connection of one client."""

    _deadline: asyncio.TimerHandle | None = None  # while the head of a request is expected
    _received = 0  # bytes since then

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the timer for the first request."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Parses the bytes, and closes the connection if the head has become too long."""
        self._received += len(data)
        super().data_received(data)
        if self._deadline and self._received > MAX_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Starts the timer at the first byte of a request."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """Stops the timer; the body has limits of its own (`middleware`)."""
        self._stop_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._stop_timer()
        self._received = 0
        self._deadline = self.loop.call_later(MAX_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
