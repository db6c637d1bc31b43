"""Where the models are: a folder on this machine, or a repository on GitHub. Bytes only; nothing is believed here."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from ml_action.config.settings import METADATA
from ml_action.core.errors import ExpectedError

COUNTER = "new_data_counter.json"  # on the state branch: the counter for people, with the last decision
MOST_METADATA = 64 * 1024 * 1024  # bytes
MOST_MESSAGE = 64 * 1024  # bytes of a refusal
MOST_WAIT = 3600.0  # seconds that a server can make us wait
_PORTS = {"http": 80, "https": 443}


class Unreachable(ExpectedError):
    """The source did not give the file. `wait`: how many seconds it wants to be left alone; 0: it does not say."""

    def __init__(self, what: str, *, why: str = "", fix: str = "", wait: float = 0.0, status: int = 0) -> None:
        super().__init__(what, why=why, fix=fix)
        self.wait = min(wait, MOST_WAIT)
        self.status = status


class Source(Protocol):
    """Where model_metadata.json and the files beside it come from."""

    def metadata(self) -> bytes:
        """The bytes of model_metadata.json as they are now. Raises Unreachable."""

    def artifact(self, file: str, most: int) -> bytes:
        """The bytes of a file beside it, `most` + 1 at most. Raises Unreachable."""

    def counter(self) -> bytes:
        """new_data_counter.json, which tells the last decision; empty where the source does not know it."""


class Folder:
    """The model directory of a checkout that somebody else keeps up to date."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __str__(self) -> str:
        return str(self.path)

    def metadata(self) -> bytes:
        """As it stands on the disk."""
        return self.artifact(METADATA, MOST_METADATA)

    def artifact(self, file: str, most: int) -> bytes:
        """Into memory at once: what is verified is what is loaded, whoever writes to the file meanwhile."""
        try:
            with (self.path / file).open("rb") as stream:
                return stream.read(most + 1)
        except OSError as error:
            raise Unreachable(
                f"{self.path / file} cannot be read: {error.strerror or error}",
                why="the folder is not the model directory, or the checkout is not complete",
                fix="point the consumer at the folder that holds model_metadata.json",
            ) from error

    def counter(self) -> bytes:
        """A checkout of the base branch does not hold the state branch."""
        return b""


class GitHub:
    """A repository, through the contents API: an unchanged file costs one conditional request.

    https://docs.github.com/en/rest/repos/contents#get-repository-content
    """

    def __init__(
        self,
        repository: str,
        model_dir: str = "model",
        *,
        ref: str = "",
        token: str = "",
        api: str = "https://api.github.com",
        timeout: float = 20.0,
    ) -> None:
        """`ref`: branch or tag, empty for the default branch. `api` of GitHub Enterprise Server: https://HOST/api/v3."""
        self.repository = repository
        self._folder = model_dir.strip("/")
        self._ref = ref
        self._api = Api(api, token, timeout)
        self._seen: dict[str, tuple[str, bytes]] = {}  # what was read before, with its ETag
        self._state = ""

    def __str__(self) -> str:
        return f"{self.repository}/{self._folder}" + (f" at {self._ref}" if self._ref else "")

    def metadata(self) -> bytes:
        """As it is on the branch; asked for with the ETag of the last answer."""
        content = self._remembered(f"{self._folder}/{METADATA}", self._ref, MOST_METADATA)
        self._state = _state_branch(content)
        return content

    def artifact(self, file: str, most: int) -> bytes:
        """From the branch as it is now; whether it is the recorded file is for the digest to say."""
        return self._api.read(self._address(f"{self._folder}/{file}", self._ref), most=most)[1]

    def counter(self) -> bytes:
        """From the state branch; empty when there is none yet, or it cannot be read: it is no reason to fail."""
        try:
            return self._remembered(COUNTER, self._state, MOST_METADATA) if self._state else b""
        except Unreachable:
            return b""

    def _remembered(self, path: str, ref: str, most: int) -> bytes:
        address = self._address(path, ref)
        tag, content = self._seen.get(address, ("", b""))
        new_tag, new = self._api.read(address, tag, most)
        if new_tag == tag and tag:
            return content
        others = {key: value for key, value in self._seen.items() if key.partition("?")[0] != address.partition("?")[0]}
        self._seen = others | {address: (new_tag, new)}  # replaced, not changed: two threads may ask
        return new

    def _address(self, path: str, ref: str) -> str:
        query = f"?ref={quote(ref, safe='')}" if ref else ""
        return f"/repos/{quote(self.repository)}/contents/{quote(path)}{query}"


def _state_branch(metadata: bytes) -> str:
    """The branch with the counter, by the name that stands in the metadata."""
    try:
        name = json.loads(metadata)["name"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f"ml-auto-update/{name}/state" if isinstance(name, str) and name else ""


# --- HTTP -------------------------------------------------------------------------------------------------


class Api:
    """GitHub's REST API, as little of it as is needed. The token goes to the API's own host and nowhere else."""

    def __init__(self, base: str, token: str = "", timeout: float = 20.0) -> None:
        self._base = base.rstrip("/")
        if urlsplit(self._base).scheme not in _PORTS:
            raise ValueError(f"the address of the API has to begin with https:// or http://: {base!r}")
        self._token = token
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_SameHost)

    def read(self, address: str, tag: str = "", most: int = MOST_METADATA) -> tuple[str, bytes]:
        """A file's ETag and bytes, `most` + 1 at most; no bytes where it still has the ETag `tag`."""
        headers = {"Accept": "application/vnd.github.raw+json"} | ({"If-None-Match": tag} if tag else {})
        try:
            with self._open("GET", address, headers) as answer:
                return answer.headers.get("ETag", ""), _whole(answer, most)
        except urllib.error.HTTPError as refused:
            with refused:
                if refused.code == 304:
                    return tag, b""
                raise _refused(refused, address) from refused
        except (OSError, http.client.HTTPException) as error:
            raise _unanswered(error, self._base) from error

    def write(self, address: str, body: object) -> None:
        """PUT of a JSON body."""
        try:
            with self._open(
                "PUT", address, {"Accept": "application/vnd.github+json"}, json.dumps(body).encode()
            ) as answer:
                answer.read(MOST_METADATA)
        except urllib.error.HTTPError as refused:
            with refused:
                raise _refused(refused, address) from refused
        except (OSError, http.client.HTTPException) as error:
            raise _unanswered(error, self._base) from error

    def _open(self, method: str, address: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        headers = {"User-Agent": "ml-auto-update-consumer", "X-GitHub-Api-Version": "2022-11-28", **headers}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        request = urllib.request.Request(self._base + address, body, headers, method=method)  # noqa: S310  http(s) only
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return self._opener.open(request, timeout=self._timeout)


def _whole(answer: Any, most: int) -> bytes:
    """The bytes of an answer, `most` + 1 at most; http.client does not say when fewer came than were announced."""
    content: bytes = answer.read(most + 1)
    if len(content) <= most and answer.length:
        raise http.client.IncompleteRead(content, answer.length)
    return content


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a renamed repository with the token, and leads to no other host: GitHub does not send us to one."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """The request to follow up with."""
        if _origin(newurl) != _origin(req.full_url):
            raise urllib.error.HTTPError(req.full_url, code, "a redirect to another host", headers, fp)
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        secret = req.get_header("Authorization")
        if new is not None and secret:
            new.add_unredirected_header("Authorization", secret)
        return new


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _refused(refused: urllib.error.HTTPError, address: str) -> Unreachable:
    wait = _asked_to_wait(refused)
    limited = refused.code == 429 or (refused.code == 403 and wait > 0)
    return Unreachable(
        f"GitHub answers {refused.code} to {address.partition('?')[0]}",
        why="the rate limit is used up" if limited else _why(refused),
        fix="set a token: 5000 requests an hour in place of 60"
        if limited
        else "check repository, branch, folder and token",
        wait=wait,
        status=refused.code,
    )


def _why(refused: urllib.error.HTTPError) -> str:
    """In GitHub's words, where they say more than the status."""
    try:
        said = " ".join(str(json.loads(refused.read(MOST_MESSAGE))["message"]).split())
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, RecursionError):
        said = ""
    usual = {401: "the token is wrong or expired", 404: "it is not there, or the token may not see the repository"}
    plain = said in ("", "Not Found", "Bad credentials")
    return (usual.get(refused.code, str(refused.reason)) if plain else said)[:300]


def _asked_to_wait(refused: urllib.error.HTTPError) -> float:
    """Seconds: what a rate limit asks for (https://docs.github.com/en/rest/using-the-rest-api/best-practices)."""
    after, left = refused.headers.get("Retry-After", ""), refused.headers.get("X-RateLimit-Remaining", "")
    if after.isdecimal():
        return float(after)
    reset = refused.headers.get("X-RateLimit-Reset", "")
    if refused.code in (403, 429) and left == "0" and reset.isdecimal():
        return max(1.0, int(reset) - time.time())
    return 60.0 if refused.code == 429 else 0.0


def _unanswered(error: Exception, base: str) -> Unreachable:
    return Unreachable(
        f"{base} does not answer: {type(error).__name__}: {str(error)[:200]}",
        why="the network, a proxy or the server is in trouble",
        fix="nothing, if it passes by itself: the consumer asks again",
    )
