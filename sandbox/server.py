"""The stand-in as a context manager: a quiet threaded server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.app import App
from sandbox.hub import Hub
from sandbox.traffic import Exchange

LOOPBACK = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Requests are told to the observers, not to stderr; errors of the stand-in itself still are."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Sandbox(Hub):
    """A hub that answers HTTP while the `with` block lasts. `url` serves REST, GraphQL and git."""

    def __init__(self, root: Path, port: int = 0, observers: Sequence[Callable[[Exchange], None]] = ()) -> None:
        super().__init__(root, observers)
        self._port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Sandbox:
        """Bind and serve."""
        # Bound here because werkzeug ends the process when a port is taken; here it is an OSError.
        with socket.create_server((LOOPBACK, self._port)) as bound:
            self._server = make_server(
                LOOPBACK, 0, App(self), threaded=True, request_handler=QuietHandler, fd=bound.fileno()
            )
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; the bare repositories stay below the root."""
        self._server.shutdown()
        self._server.server_close()
        if self._thread:
            self._thread.join()

    def serve_forever(self) -> None:
        """Block until the process is interrupted: what the command `sandbox` does inside the `with` block."""
        if self._thread:
            self._thread.join()
