"""GitHub's contents API over HTTP on loopback: raw files with ETags, and files that are added, as it answers them.

https://docs.github.com/en/rest/repos/contents
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = "octo/students"
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Contents:
    """Files by (branch, path). `trouble` may answer in place of the API; `calls` tells what was asked."""

    token: str = ""
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    trouble: Callable[[str, str], Answer | None] = lambda method, path: None
    calls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    prefix: str = ""

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        url = urlsplit(target)
        path = unquote(url.path)
        self.headers.append(headers)
        found = self.trouble(method, path) or self._answer(method, path, parse_qs(url.query), headers, body)
        self.calls.append(f"{method} {path} {found[0]}")
        return found

    def _answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Answer:
        prefix = f"{self.prefix}/repos/{REPOSITORY}/contents/"
        allowed = not self.token or headers.get("authorization") == f"Bearer {self.token}"
        if not allowed or not path.startswith(prefix):
            return _json(404, {"message": "Not Found", "status": "404"})
        name = path.removeprefix(prefix)
        if method == "PUT":
            return self._put(name, json.loads(body))
        content = self.files.get((query.get("ref", ["main"])[0], name))
        if content is None:
            return _json(404, {"message": "Not Found", "status": "404"})
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        if headers.get("if-none-match") == tag:
            return 304, {"ETag": tag}, b""
        assert headers["accept"] == "application/vnd.github.raw+json"
        return 200, {"ETag": tag, "Content-Type": "application/vnd.github.raw+json; charset=utf-8"}, content

    def _put(self, name: str, asked: dict[str, Any]) -> Answer:
        place = (asked.get("branch", "main"), name)
        if place in self.files and "sha" not in asked:
            message = 'Invalid request.\n\n"sha" wasn\'t supplied.'
            return _json(422, {"message": message, "status": "422"})
        self.files[place] = base64.b64decode(asked["content"], validate=True)
        self.commits.append(asked)
        return _json(201, {"content": {"path": name}, "commit": {"sha": "c" * 40}})


def _json(status: int, body: object) -> Answer:
    return status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(body).encode()


class ContentsServer:
    """The server, while the block runs."""

    def __init__(self, contents: Contents) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, extra, content = contents.answer(self.command, self.path, headers, body)
                self.send_response(status)
                for name, value in extra.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing: a test reads `calls`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ContentsServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
