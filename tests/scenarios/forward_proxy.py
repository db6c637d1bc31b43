"""A forward proxy on loopback, as companies have them: it alone knows where a name leads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP = {"connection", "proxy-connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class ForwardProxy:
    """The name that it knows, where that leads, where it listens, and what was asked of it."""

    name: str
    target: str
    url: str = ""
    seen: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """One request: sent on, its answer sent back."""

    proxy: ForwardProxy

    def forward(self) -> None:
        wanted, place = urlsplit(self.path), urlsplit(self.proxy.target)
        body = self._body()
        if wanted.hostname != self.proxy.name:
            self.send_error(502, "unknown host")
            return
        self.proxy.seen.append(f"{self.command} {wanted.path}")
        headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
        with closing(HTTPConnection(place.hostname or "", place.port or 80, timeout=60)) as connection:
            connection.request(self.command, wanted._replace(scheme="", netloc="").geturl(), body, headers)
            self._send_back(connection.getresponse())

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = forward  # noqa: N815  the names that http.server looks for

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send_back(self, answer: HTTPResponse) -> None:
        content = answer.read()
        self.send_response_only(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def forwarding(name: str, target: str) -> Iterator[ForwardProxy]:
    """Requests for http://NAME go to the target, all others nowhere."""
    proxy = ForwardProxy(name, target)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Forwarding", (Handler,), {"proxy": proxy}))
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
