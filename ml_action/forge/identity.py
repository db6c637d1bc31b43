"""One token's connection to GitHub. Every request goes through `ask`: a failure becomes a ForgeProblem."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import github
import requests
from github.GithubRetry import GithubRetry
from github.Repository import Repository

from ml_action.errors import ForgeProblem
from ml_action.forge import Refusal
from ml_action.forge.answers import NOT_YET, Call, explain, unreachable

T = TypeVar("T")

API_VERSION = "2022-11-28"
VIEWER = "query { viewer { login } }"
# What PyGithub raises for cut-off JSON, a portal's page, other shapes, a redirect or link to another host.
SENSELESS = (
    github.BadAttributeException,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RuntimeError,
    AssertionError,
)
ACTIONS = "github-actions[bot]"


@dataclass(frozen=True)
class Pace:
    """How patient we are, in seconds. Tests are in a hurry."""

    between_reads: float = 0.0
    between_writes: float = 0.25  # GitHub advises one second for long series; a promotion writes six times
    retries: int = 5
    backoff: float = 1.0  # doubles: 0, 2, 4, 8, 16
    longest_wait: int = 300  # for a rate limit to pass; beyond it the run ends and the next one goes on
    timeout: int = 30


class Identity:
    """A token, the login behind it, and the repository as it sees it."""

    def __init__(self, api_url: str, repository: str, setting: str, token: str, pace: Pace) -> None:
        """Nothing is sent yet.

        Raises:
            ForgeProblem: the token is empty or cannot be sent.
        """
        if not re.fullmatch(r"[!-~]+", token):
            raise ForgeProblem(
                f"{setting} is empty or holds a space, line break or other character that no token has",
                why="a secret that is not set is empty in a workflow, and forks do not get secrets",
                fix=f"pass `{setting}: ${{{{ github.token }}}}` or an App's token",
            )
        self._token = token
        self._pace = pace
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
        self._login = login

    def ask(self, call: Call, act: Callable[[], T]) -> T:
        """Do it, and say in words why when it cannot be done.

        Raises:
            Refusal: GitHub said no.
            ForgeProblem: no answer, or trouble that may pass by itself.
        """
        attempt = 0
        while True:
            try:
                return act()
            except github.GithubException as error:
                problem = explain(call, error.status, self._redacted(_said(error.data)))
                if NOT_YET not in problem.what.casefold() or attempt == self._pace.retries:
                    raise problem from None
            except requests.RequestException as error:
                raise unreachable(call, self._redacted(_reason(error))) from None
            except SENSELESS as error:
                raise unreachable(call, self._redacted(f"the answer makes no sense: {error}")) from error
            attempt += 1
            time.sleep(self._pace.backoff)

    def _ask_login(self) -> str:
        """GraphQL's viewer also works for an App's tokens, which GET /user answers with 403."""
        call = Call("tell whose token this is", "metadata: read")
        try:
            return self.ask(call, lambda: _viewer(self.client.requester.graphql_query(VIEWER, {})[1]))
        except Refusal:
            if self._token.startswith("ghs_"):  # may not even ask that: the workflow's own token
                return ACTIONS
            raise

    def _redacted(self, text: str) -> str:
        """No server or library puts a token into a message, as far as we know; proxies do as they like."""
        return text.replace(self._token, "***")


def _client(api_url: str, token: str, pace: Pace) -> github.Github:
    retry = GithubRetry(
        total=pace.retries,
        backoff_factor=pace.backoff,
        status_forcelist=[429, *range(500, 600)],
        allowed_methods={"GET", "HEAD"},
        max_rate_limit_wait=pace.longest_wait,
        retry_after_max=pace.longest_wait,  # urllib3 would sleep for hours if the server says so
    )
    return github.Github(
        auth=github.Auth.Token(token),
        base_url=api_url.rstrip("/"),
        timeout=pace.timeout,
        user_agent="ml-auto-update",
        per_page=100,
        retry=retry,
        seconds_between_requests=pace.between_reads,
        seconds_between_writes=pace.between_writes,
        lazy=True,
        api_version=API_VERSION,
    )


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
