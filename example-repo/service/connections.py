"""A limit that uvicorn does not have: who connects has to send the head of a request, soon and not too long.

Otherwise a thousand connections that say nothing take all the file descriptors, and nobody else is heard, for ever.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS = 20.0  # for the head of a request
LARGEST = 64 * 1024  # bytes of it


class Connection(HttpToolsProtocol):
    """One client."""

    _deadline: asyncio.TimerHandle | None = None  # while the head of a request is awaited
    _read = 0  # bytes since then

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It has to send a head now."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Some bytes; the parser calls what is below."""
        self._read += len(data)
        super().data_received(data)
        if self._deadline and self._read > LARGEST:
            self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is here; the body has limits of its own (guard)."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._stop_waiting()
        self._read = 0
        self._deadline = self.loop.call_later(SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
