"""The part of GitHub's REST API that a service needs: files, with ETags. The token goes to the API's own host only."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ml_action.config import certificates
from ml_action.core.errors import ExpectedError

MAX_METADATA = 64 * 1024 * 1024  # bytes
MAX_MESSAGE = 64 * 1024  # bytes of an error response
MAX_WAIT = 3600.0  # seconds that a server can make us wait
_PORTS = {"http": 80, "https": 443}


class SourceUnavailable(ExpectedError):
    """The source did not return the file. `wait` is how many seconds it asked us to wait, or 0; `status` is HTTP's."""

    def __init__(self, what: str, *, why: str = "", fix: str = "", wait: float = 0.0, status: int = 0) -> None:
        super().__init__(what, why=why, fix=fix)
        self.wait = min(wait, MAX_WAIT)
        self.status = status


@dataclass(frozen=True)
class Download:
    """A file with its ETag."""

    etag: str = ""
    content: bytes = b""


class Api:
    """The part of GitHub's REST API that we need. The token is sent to the API's own host and to no other."""

    def __init__(self, base: str, token: str | Callable[[], str] = "", timeout: float = 20.0) -> None:
        self._base = base.rstrip("/")
        if urlsplit(self._base).scheme not in _PORTS:
            raise ValueError(f"the address of the API has to begin with https:// or http://: {base!r}")
        self._token = token
        self._timeout = timeout
        self._opener = urllib.request.build_opener(
            _SameHost, urllib.request.HTTPSHandler(context=trusted_authorities())
        )

    def read(self, address: str, etag: str = "", most: int = MAX_METADATA) -> Download:
        """Returns a file, at most `most` + 1 bytes of it; without content if its ETag is still `etag`."""
        headers = {"Accept": "application/vnd.github.raw+json"} | ({"If-None-Match": etag} if etag else {})
        try:
            with self._open("GET", address, headers) as response:
                return Download(response.headers.get("ETag", ""), _content(response, most))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 304:
                    return Download(etag)
                raise _refusal(error, address) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unanswered(error, self._base) from error

    def write(self, address: str, body: object) -> None:
        """Sends a PUT with a JSON body."""
        headers = {"Accept": "application/vnd.github+json"}
        try:
            with self._open("PUT", address, headers, json.dumps(body).encode()) as response:
                response.read(MAX_METADATA)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error, address) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unanswered(error, self._base) from error

    def _open(self, method: str, address: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        headers = {"User-Agent": "ml-auto-update-consumer", "X-GitHub-Api-Version": "2022-11-28", **headers}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        request = urllib.request.Request(self._base + address, body, headers, method=method)  # noqa: S310  http(s) only
        token = self._token() if callable(self._token) else self._token
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        return self._opener.open(request, timeout=self._timeout)


def trusted_authorities() -> ssl.SSLContext:
    """Returns the settings of TLS that trust the machine's authorities, and those that the environment names.

    Python reads SSL_CERT_FILE only; people set the variables of requests, curl or Node.js and expect the same of them.
    """
    chosen = certificates.choose(os.environ, "", Path.cwd())
    context = ssl.create_default_context(cafile=chosen.base or None)
    for file in chosen.added:
        context.load_verify_locations(file)
    return context


def _content(response: Any, most: int) -> bytes:
    """Returns at most `most` + 1 bytes. Raises IncompleteRead if fewer came than announced: http.client does not."""
    content: bytes = response.read(most + 1)
    if len(content) <= most and response.length:
        raise http.client.IncompleteRead(content, response.length)
    return content


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a renamed repository with the token, and no redirect to another host: GitHub does not send us to one."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Returns the request that follows the redirect."""
        if _origin(newurl) != _origin(req.full_url):
            raise urllib.error.HTTPError(req.full_url, code, "a redirect to another host", headers, fp)
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        secret = req.get_header("Authorization")
        if new is not None and secret:
            new.add_unredirected_header("Authorization", secret)
        return new


class _Origin(NamedTuple):
    """The server of an address."""

    scheme: str
    host: str | None
    port: int | None


def _origin(url: str) -> _Origin:
    parts = urlsplit(url)
    return _Origin(parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))


def _refusal(response: urllib.error.HTTPError, address: str) -> SourceUnavailable:
    wait = _requested_wait(response)
    limited = response.code == 429 or (response.code == 403 and wait > 0)
    return SourceUnavailable(
        f"GitHub answers {response.code} to {address.partition('?')[0]}",
        why="the rate limit is used up" if limited else _why(response),
        fix="set a token: 5000 requests an hour instead of 60"
        if limited
        else "check repository, branch, folder and token",
        wait=wait,
        status=response.code,
    )


def _why(response: urllib.error.HTTPError) -> str:
    """Returns GitHub's message if it explains more than the status does."""
    try:
        message = " ".join(str(json.loads(response.read(MAX_MESSAGE))["message"]).split())
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, RecursionError):
        message = ""
    usual = {401: "the token is wrong or expired", 404: "it is not there, or the token may not see the repository"}
    plain = message in ("", "Not Found", "Bad credentials")
    return (usual.get(response.code, str(response.reason)) if plain else message)[:300]


def _requested_wait(response: urllib.error.HTTPError) -> float:
    """Returns the seconds that a rate limit asks for, or 0.

    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    """
    after, left = response.headers.get("Retry-After", ""), response.headers.get("X-RateLimit-Remaining", "")
    if after.isdecimal():
        return float(after)
    reset = response.headers.get("X-RateLimit-Reset", "")
    if response.code in (403, 429) and left == "0" and reset.isdecimal():
        return max(1.0, int(reset) - time.time())
    return 60.0 if response.code == 429 else 0.0


def _unanswered(error: Exception, base: str) -> SourceUnavailable:
    if "certificate" in str(error).casefold():
        return SourceUnavailable(
            f"the certificate of {base} is not trusted: {str(error)[:200]}",
            why="its authority is private, such as a company's, and this machine or container does not know it",
            fix="set SSL_CERT_FILE or REQUESTS_CA_BUNDLE to a file (PEM) that has the authority's certificate",
        )
    return SourceUnavailable(
        f"{base} does not answer: {type(error).__name__}: {str(error)[:200]}",
        why="the network, a proxy or the server is in trouble",
        fix="nothing, if it passes by itself: the consumer asks again",
    )
