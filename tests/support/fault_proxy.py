"""A proxy on a real socket in front of the stand-in, which breaks chosen exchanges as networks and servers do."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = "127.0.0.1"
HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "expect", "proxy-connection"}


@dataclass(frozen=True)
class Request:
    """What a client asks."""

    method: str
    path: str  # with its query
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_git(self) -> bool:
        return ".git/" in self.path

    @property
    def is_graphql(self) -> bool:
        return self.path == "/graphql"


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Wire:
    """One exchange in a fault's hands: what is asked, what the server would say, and the client's connection."""

    def __init__(self, handler: Handler, request: Request) -> None:
        self._handler = handler
        self.request = request

    def forward(self) -> Answer:
        """Has the server do it, and keeps its answer."""
        return self._handler.server.forward(self.request)

    def answer(self, answer: Answer, cut: bool = False) -> None:
        """Says it; `cut`: the connection breaks in the middle of it."""
        handler = self._handler
        handler.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        handler.close_connection = handler.close_connection or cut

    def reset(self) -> None:
        """Breaks the connection: the client sees a TCP reset."""
        linger = struct.pack("ii", 1, 0)  # close() sends RST in place of FIN
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.close_connection = True

    def silence(self, seconds: float = 60) -> None:
        """Says nothing until the client has had enough."""
        select.select([self._handler.connection], [], [], seconds)
        self._handler.close_connection = True


Plan = Callable[[Wire], None]


def passes(wire: Wire) -> None:
    """What happens to an exchange when nothing is wrong."""
    wire.answer(wire.forward())


class Handler(BaseHTTPRequestHandler):
    """Takes a request off the wire and does with it what is planned."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two segments
    server: Proxy

    def handle_one_request(self) -> None:
        """A client that is gone, or was sent away, is no error of the proxy."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _take(self) -> None:
        request = Request(self.command, self.path, dict(self.headers.items()), self._body())
        with contextlib.suppress(OSError):
            self.server.plan(Wire(self, request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    """Passes everything on until a plan is made."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self.server_port}"
        self.plan: Plan = passes
        self._target = target.removeprefix("http://")

    def forward(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(self._target, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            response = connection.getresponse()
            return Answer(response.status, tuple(response.getheaders()), response.read())

    def shutdown_request(self, request: Any) -> None:
        """Without the FIN that would come before a reset."""
        self.close_request(request)

    def handle_error(self, *_: Any) -> None:
        """Clients that are killed break their connections."""


@contextlib.contextmanager
def in_front_of(target: str) -> Iterator[Proxy]:
    proxy = Proxy(target)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
