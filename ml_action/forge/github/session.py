"""One token's connection to GitHub. Every request goes through `call`, which turns failures into ForgeError.

PyGithub's own retries are turned off. It sends a POST eleven times within half a second although the first may have
succeeded, never repeats a PATCH, does not recognise truncated responses or GraphQL's rate limits (status 200), and
sleeps for minutes without a log line. https://github.com/PyGithub/PyGithub/blob/main/github/GithubRetry.py
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import github
import requests
from github.Repository import Repository
from github.Requester import Requester

from ml_action.core.errors import ForgeError
from ml_action.core.records.repository_facts import ACTIONS_BOT, TokenKind, kind_of
from ml_action.core.retry import READS, WRITES, RetryBudget
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import MAX_READ, Operation
from ml_action.forge.github.failures import RequestFailure, failed_response, no_response

T = TypeVar("T")

API_VERSION = "2022-11-28"
VIEWER = "query { viewer { login } }"
# What PyGithub raises for truncated JSON, a portal's page, unexpected shapes, and redirects or links to another host.
UNPARSABLE = (
    github.BadAttributeException,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RuntimeError,
    AssertionError,
)
READ_REPOSITORY = Operation("show the repository", "metadata: read")


@dataclass(frozen=True)
class Timing:
    """Pauses and the timeout of requests, in seconds."""

    between_reads: float = 0.0
    between_writes: float = 0.25  # GitHub advises one second for long series; a promotion writes six times
    timeout: int = 30


@dataclass(frozen=True)
class ApiAccess:
    """Where GitHub's API is, and how patiently it is called."""

    url: str
    retry_budget: RetryBudget
    timing: Timing
    clock: Callable[[], float]  # seconds since the epoch, as time.time
    authorities: str = ""  # file of the certificate authorities that are trusted; empty: requests' own


@dataclass(frozen=True)
class Credential:
    """A token and the name of the setting that holds it."""

    setting: str
    token: str = field(repr=False)

    def require_sendable(self) -> None:
        """Checks that the token can be sent as a header.

        Raises:
            ForgeError: it is empty or has a character that no token has.
        """
        if not re.fullmatch(r"[!-~]+", self.token):
            raise ForgeError(
                f"{self.setting} is empty or holds a space, line break or other character that no token has",
                why="a secret that is not set is empty in a workflow, and forks do not get secrets",
                fix=f"pass `{self.setting}: ${{{{ github.token }}}}` or an App's token",
            )


class Response(NamedTuple):
    """A response of the REST API; the names of headers are in lower case."""

    headers: dict[str, str]
    data: Any


class GitHubSession:
    """A token, its login, and the repository as the token sees it."""

    def __init__(self, access: ApiAccess, repository: str, credential: Credential) -> None:
        """Sends nothing.

        Raises:
            ForgeError: the token is empty or cannot be sent.
        """
        credential.require_sendable()
        self.repository = repository
        self.client = _client(access, credential)
        self.repo: Repository = self.client.get_repo(repository)
        self._token = credential.token
        self._retry_budget = access.retry_budget
        self._clock = access.clock
        self._login = ""

    def login(self) -> str:
        """Returns the token's login, as GitHub shows it as the author of a pull request."""
        if not self._login:
            self._login = self._query_login()
        return self._login

    def remember_login(self, login: str) -> None:
        """Stores the login that another response contained, which saves a request."""
        self._login = login or self._login

    def kind(self, login: str) -> TokenKind:
        """Returns the kind of this token, given its login."""
        return kind_of(self._token, login)

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Response:
        """Sends one request for a path below the repository's. Errors are PyGithub's: use it within `call`."""
        send = self.client.requester.requestJsonAndCheck
        headers, data = send(method, f"/repos/{self.repository}{path}", input=body)
        return Response({name: str(value) for name, value in headers.items()}, data)

    def get(self, path: str, operation: Operation) -> Response:
        """Returns the response for a path below the repository's."""
        return self.call(operation, lambda: self.request("GET", path))

    def get_or_none(self, path: str, operation: Operation = READ_REPOSITORY) -> Any:
        """Returns the data for a path below the repository's, or `None` if GitHub refuses."""
        try:
            return self.get(path, operation).data
        except Refused:
            return None

    def query(self, text: str, variables: dict[str, Any], operation: Operation) -> dict[str, Any]:
        """Returns the data of a GraphQL query."""
        response = self.call(operation, lambda: self.client.requester.graphql_query(text, variables)[1])
        return dict(response["data"])

    def call(self, operation: Operation, send: Callable[[], T], find_effect: Callable[[], T | None] | None = None) -> T:
        """Sends a request, again while the failure is transient.

        Args:
            operation: what the request does, for messages.
            send: sends it once.
            find_effect: returns the result of an earlier attempt whose response was lost, or `None` if it had no
                effect. Required for writes that must not be repeated; reads and idempotent writes need none.

        Raises:
            Refused: GitHub refused.
            ForgeError: there was no response, or the failure persists.
        """
        attempts, result = 1, self._send_once(operation, send)
        while isinstance(result, RequestFailure):
            retry = self._wait_before_retry(result, attempts, WRITES if find_effect else READS)
            effect = _effect(find_effect, result) if find_effect and result.outcome_unknown else None
            if effect is not None:
                return effect
            if not retry:
                raise result.problem
            attempts, result = attempts + 1, self._send_once(operation, send)
        return result

    def _send_once(self, operation: Operation, send: Callable[[], T]) -> T | RequestFailure:
        try:
            return send()
        except github.GithubException as error:
            text = self._readable(_text_of(error.data))
            return failed_response(operation, error.status, text, error.headers or {}, self._clock())
        except requests.RequestException as error:
            return no_response(operation, self._readable(_root_cause(error)))
        except UNPARSABLE as error:
            return no_response(operation, self._readable(f"the answer makes no sense: {error}"))

    def _wait_before_retry(self, failure: RequestFailure, attempts: int, most: int) -> bool:
        """Returns whether to retry, after the wait if so."""
        return failure.transient and self._retry_budget.wait_before_retry(
            failure.problem.what, attempts, most, requested=failure.wait
        )

    def _query_login(self) -> str:
        """Queries GraphQL's viewer, which works for Apps' tokens as well: GET /user answers those with 403."""
        operation = Operation("show the token's login", "metadata: read")
        try:
            return self.call(operation, lambda: _viewer(self.client.requester.graphql_query(VIEWER, {})[1]))
        except Refused:
            if self._token.startswith("ghs_"):  # the workflow's own token may lack even this permission
                return ACTIONS_BOT
            raise

    def _readable(self, text: str) -> str:
        """Returns the beginning without the token. No known server or library echoes it, but a proxy might."""
        return text.replace(self._token, "***")[:MAX_READ]


def _effect(find_effect: Callable[[], T | None], failure: RequestFailure) -> T | None:
    """Returns the effect of the failed request. If that cannot be found out, the request is not repeated."""
    try:
        return find_effect()
    except ForgeError:
        raise failure.problem from None


def _client(access: ApiAccess, credential: Credential) -> github.Github:
    client = github.Github(
        auth=github.Auth.Token(credential.token),
        base_url=access.url.rstrip("/"),
        timeout=access.timing.timeout,
        verify=access.authorities or True,
        user_agent="ml-auto-update",
        per_page=100,
        retry=0,
        seconds_between_requests=access.timing.between_reads,
        seconds_between_writes=access.timing.between_writes,
        lazy=True,
        api_version=API_VERSION,
    )
    _reject_pages(client.requester)
    return client


def _reject_pages(requester: Requester) -> None:
    """Makes the requester reject HTML: PyGithub takes a portal's page with status 200 for success."""
    request = requester.requestJsonAndCheck

    def checked(*arguments: Any, **keywords: Any) -> tuple[dict[str, Any], Any]:
        headers, data = request(*arguments, **keywords)
        if "json" not in headers.get("content-type", "json"):
            raise ValueError(f"{headers['content-type']}: {_text_of(data)}")
        return headers, data

    requester.requestJsonAndCheck = checked  # type: ignore[method-assign]


def _viewer(response: dict[str, Any]) -> str:
    return str(response["data"]["viewer"]["login"])


def _text_of(data: Any) -> str:
    """Returns the text of a response: REST's message and errors, GraphQL's errors, or the page that came instead."""
    if isinstance(data, dict):
        parts = [data.get("message"), *_errors(data.get("errors"))]
        return ": ".join(str(part) for part in parts if part) or str(data.get("data") or "")
    return data.decode(errors="replace") if isinstance(data, bytes) else str(data or "")


def _errors(errors: Any) -> list[str]:
    """Returns the texts of REST's errors, which are strings or objects, or of GraphQL's, which are objects."""
    texts = []
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            texts.append(str(error.get("message") or " ".join(str(error.get(key, "")) for key in ("resource", "code"))))
        elif error:
            texts.append(str(error))
    return texts


def _root_cause(error: requests.RequestException) -> str:
    """Returns the innermost cause: requests wraps urllib3's error, which wraps the cause."""
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", None) or inner)
