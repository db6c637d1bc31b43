"""Git's CGI program for HTTP, `git http-backend`: requests of the git protocol in, responses out."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from sandbox.git.command import environment

PATH = re.compile(r"/([^/]+/[^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
PUSH = "git-receive-pack"


@dataclass(frozen=True)
class GitPath:
    """The parts of a path of the git protocol."""

    repository: str  # full name
    service: str  # info/refs git-upload-pack git-receive-pack


def parse_path(path: str) -> GitPath | None:
    """Returns the parts of a path, or `None` if it does not belong to the git protocol."""
    found = PATH.fullmatch(path)
    return GitPath(found[1], found[2]) if found else None


def body_of(request: Request) -> bytes:
    """Returns the whole body: git sends large packs in chunks and compresses long negotiations."""
    data = request.get_data()
    return gzip.decompress(data) if request.headers.get("Content-Encoding") == "gzip" else data


def run_backend(repository: Path, request: Request, service: str, body: bytes, extra: Mapping[str, str]) -> Response:
    """Runs the CGI program on a bare repository; `extra` is added to its environment."""
    cgi = {
        "GIT_PROJECT_ROOT": str(repository),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "PATH_INFO": f"/{service}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": "authenticated",  # http-backend rejects anonymous pushes; the caller has authenticated the user
        "REMOTE_ADDR": request.remote_addr or "",
    }
    variables = {**environment(), **cgi, **extra}
    done = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True)
    return _from_cgi(done.stdout)


def _from_cgi(output: bytes) -> Response:
    head, _, body = output.partition(b"\r\n\r\n")
    headers = Headers()
    for line in head.decode().splitlines():
        name, _, value = line.partition(": ")
        headers.add(name, value)
    status = headers.pop("Status", "200 OK")
    return Response(body, status=status, headers=headers)
