"""The HTTP traffic as observers see it: complete, except for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response


@dataclass(frozen=True)
class Exchange:
    """A request and its response. `git` marks the traffic of the git protocol."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes
    git: bool


def record_exchange(request: Request, response: Response, *, git: bool) -> Exchange:
    """Returns the exchange without the token: only the scheme of the Authorization header is kept."""
    headers = dict(request.headers)
    if "Authorization" in headers:
        headers["Authorization"] = headers["Authorization"].split(" ")[0] + " ***"
    return Exchange(
        method=request.method,
        path=request.path,
        query=request.query_string.decode(),
        headers=headers,
        body=request.get_data(),
        status=response.status_code,
        response_headers=dict(response.headers),
        response_body=response.get_data(),
        git=git,
    )
