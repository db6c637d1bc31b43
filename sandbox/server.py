"""The sandbox as a context manager: a quiet threaded server on loopback."""

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
    """Logs no requests, because the observers see them; errors of the sandbox itself still go to stderr."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing."""


class Sandbox(Hub):
    """A hub that serves REST, GraphQL and git at `url` during the `with` block."""

    def __init__(self, root: Path, port: int = 0, observers: Sequence[Callable[[Exchange], None]] = ()) -> None:
        super().__init__(root, observers)
        self._port = port
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Sandbox:
        """Binds to the port and starts to serve."""
        # If the port is taken, werkzeug would exit the process; our own bind raises an OSError.
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
        """Stops serving; the bare repositories stay below the root."""
        self._server.shutdown()
        self._server.server_close()
        if self._thread:
            self._thread.join()

    def serve_forever(self) -> None:
        """Blocks until the process is interrupted; for the command `sandbox`, inside the `with` block."""
        if self._thread:
            self._thread.join()
