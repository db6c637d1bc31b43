"""One token's connection to GitHub. Every request goes through `ask`: a failure becomes a ForgeError.

PyGithub's own way of trying again is turned off. It sends a POST eleven times in half a second though the first may
have had its effect, never repeats a PATCH, knows neither cut-off answers nor GraphQL's limits (status 200), and sleeps
for minutes without a word. https://github.com/PyGithub/PyGithub/blob/main/github/GithubRetry.py
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import github
import requests
from github.Repository import Repository
from github.Requester import Requester

from ml_action.core.errors import ForgeError
from ml_action.core.records.repository_facts import ACTIONS_BOT, TokenKind, kind_of
from ml_action.core.retry import READS, WRITES, RetryBudget
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.failures import RequestFailure, refused, unanswered

T = TypeVar("T")

API_VERSION = "2022-11-28"
VIEWER = "query { viewer { login } }"
# What PyGithub raises for cut-off JSON, a portal's page, other shapes, a redirect or link to another host.
UNPARSABLE = (
    github.BadAttributeException,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RuntimeError,
    AssertionError,
)
OPTIONAL = Operation("tell about the repository", "metadata: read")


@dataclass(frozen=True)
class Timing:
    """How fast we are, in seconds. Tests are in a hurry."""

    between_reads: float = 0.0
    between_writes: float = 0.25  # GitHub advises one second for long series; a promotion writes six times
    timeout: int = 30


class GitHubSession:
    """A token, the login behind it, and the repository as it sees it."""

    def __init__(
        self, api_url: str, repository: str, setting: str, token: str, pace: Timing, patience: RetryBudget
    ) -> None:
        """Nothing is sent yet.

        Raises:
            ForgeError: the token is empty or cannot be sent.
        """
        if not re.fullmatch(r"[!-~]+", token):
            raise ForgeError(
                f"{setting} is empty or holds a space, line break or other character that no token has",
                why="a secret that is not set is empty in a workflow, and forks do not get secrets",
                fix=f"pass `{setting}: ${{{{ github.token }}}}` or an App's token",
            )
        self._token = token
        self._patience = patience
        self.repository = repository
        self._login = ""
        self.client = _client(api_url, token, pace)
        self.repo: Repository = self.client.get_repo(repository)

    def login(self) -> str:
        """Whose token this is, as the author of a pull request is written."""
        if not self._login:
            self._login = self._ask_login()
        return self._login

    def learn(self, login: str) -> None:
        """Take from an answer whose token this is: saves asking."""
        self._login = login or self._login

    def kind(self, login: str) -> TokenKind:
        """What kind of token this is, whose login is this."""
        return kind_of(self._token, login)

    def get(self, path: str, call: Operation) -> tuple[dict[str, str], Any]:
        """Headers and answer for a path below the repository's; headers are in lower case."""
        request, place = self.client.requester.requestJsonAndCheck, f"/repos/{self.repository}{path}"
        headers, data = self.ask(call, lambda: request("GET", place))
        return {name: str(value) for name, value in headers.items()}, data

    def maybe(self, path: str, call: Operation = OPTIONAL) -> Any:
        """The answer for a path below the repository's; None where GitHub refuses to tell."""
        try:
            return self.get(path, call)[1]
        except Refused:
            return None

    def query(self, text: str, variables: dict[str, Any], call: Operation) -> dict[str, Any]:
        """What GraphQL answers."""
        answer = self.ask(call, lambda: self.client.requester.graphql_query(text, variables)[1])
        return dict(answer["data"])

    def ask(self, call: Operation, act: Callable[[], T], look: Callable[[], T | None] | None = None) -> T:
        """Do it, again while trouble lasts, and say in words why when it cannot be done.

        A write that must not be done twice comes with a `look`: whether it had its effect, though its answer was
        lost. Reads need none, nor writes that are the same when done twice.

        Raises:
            Refusal: GitHub said no.
            ForgeError: no answer, or trouble that lasts.
        """
        tries, found = 1, self._once(call, act)
        while isinstance(found, RequestFailure):
            again = self._waits(found, tries, WRITES if look else READS)
            done = _seen(look, found) if look and found.unsure else None
            if done is not None:
                return done
            if not again:
                raise found.problem
            tries, found = tries + 1, self._once(call, act)
        return found

    def _once(self, call: Operation, act: Callable[[], T]) -> T | RequestFailure:
        """What comes of it."""
        try:
            return act()
        except github.GithubException as error:
            text = self._redacted(_said(error.data))
            return refused(call, error.status, text, error.headers or {}, time.time())
        except requests.RequestException as error:
            return unanswered(call, self._redacted(_reason(error)))
        except UNPARSABLE as error:
            return unanswered(call, self._redacted(f"the answer makes no sense: {error}"))

    def _waits(self, setback: RequestFailure, tries: int, most: int) -> bool:
        """Whether to try again; it was waited for, then."""
        return setback.passes and self._patience.wait_before_retry(
            setback.problem.what, tries, most, requested=setback.wait
        )

    def _ask_login(self) -> str:
        """GraphQL's viewer also works for an App's tokens, which GET /user answers with 403."""
        call = Operation("tell whose token this is", "metadata: read")
        try:
            return self.ask(call, lambda: _viewer(self.client.requester.graphql_query(VIEWER, {})[1]))
        except Refused:
            if self._token.startswith("ghs_"):  # may not even ask that: the workflow's own token
                return ACTIONS_BOT
            raise

    def _redacted(self, text: str) -> str:
        """No server or library puts a token into a message, as far as we know; proxies do as they like."""
        return text.replace(self._token, "***")


def _seen(look: Callable[[], T | None], setback: RequestFailure) -> T | None:
    """What the look finds; who cannot look does not repeat."""
    try:
        return look()
    except ForgeError:
        raise setback.problem from None


def _client(api_url: str, token: str, pace: Timing) -> github.Github:
    client = github.Github(
        auth=github.Auth.Token(token),
        base_url=api_url.rstrip("/"),
        timeout=pace.timeout,
        user_agent="ml-auto-update",
        per_page=100,
        retry=0,
        seconds_between_requests=pace.between_reads,
        seconds_between_writes=pace.between_writes,
        lazy=True,
        api_version=API_VERSION,
    )
    _refuse_pages(client.requester)
    return client


def _refuse_pages(requester: Requester) -> None:
    """PyGithub takes a portal's page with status 200 for an answer, and what it was to write for done."""
    ask = requester.requestJsonAndCheck

    def asked(*arguments: Any, **keywords: Any) -> tuple[dict[str, Any], Any]:
        headers, data = ask(*arguments, **keywords)
        if "json" not in headers.get("content-type", "json"):
            raise ValueError(f"{headers['content-type']}: {_said(data)}")
        return headers, data

    requester.requestJsonAndCheck = asked  # type: ignore[method-assign]


def _viewer(answer: dict[str, Any]) -> str:
    return str(answer["data"]["viewer"]["login"])


def _said(data: Any) -> str:
    """The text of an answer: REST's message and errors, GraphQL's errors, or whatever page came instead."""
    if isinstance(data, dict):
        parts = [data.get("message"), *_errors(data.get("errors"))]
        return ": ".join(str(part) for part in parts if part) or str(data.get("data") or "")
    return data.decode(errors="replace") if isinstance(data, bytes) else str(data or "")


def _errors(errors: Any) -> list[str]:
    """REST's errors are strings or objects, GraphQL's are objects."""
    words = []
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            words.append(str(error.get("message") or " ".join(str(error.get(key, "")) for key in ("resource", "code"))))
        elif error:
            words.append(str(error))
    return words


def _reason(error: requests.RequestException) -> str:
    """The innermost cause: urllib3 wraps it, requests wraps that."""
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", None) or inner)
