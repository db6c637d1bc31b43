"""The service in a thread of the test, with its real server on loopback: what happens in it can be looked at."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_action.consumer import Folder
from service.app import create_app, server_of
from service.config import Config
from service.feedback.collector import collector_of
from service.state import ServiceState


@dataclass(frozen=True)
class Served:
    """A running service. `thread` is the event loop's."""

    state: ServiceState
    port: int
    thread: threading.Thread

    def ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str = ""
    ) -> tuple[int, bytes]:
        """Returns status and body of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()

    def cpu(self) -> float:
        """Returns the seconds that the event loop has computed: while it does, no other request is answered."""
        assert self.thread.ident
        return time.clock_gettime(time.pthread_getcpuclockid(self.thread.ident))


@contextlib.contextmanager
def serving(model_dir: Path, **settings: Any) -> Iterator[Served]:
    """Serves a model directory; keywords are settings."""
    usual: dict[str, Any] = {"model_dir": str(model_dir), "every": 3600.0}
    config = Config(**usual | settings)
    feedback = collector_of(config)
    state = ServiceState(config, Folder(model_dir), feedback)
    server = server_of(create_app(state))
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as stack:
        if feedback:
            stack.enter_context(feedback.running())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not state.consumer.status.ready:
            assert time.monotonic() < until, state.consumer.status.problem
            time.sleep(0.01)
        try:
            yield Served(state, listening.getsockname()[1], thread)
        finally:
            server.should_exit = True
            thread.join(30)
