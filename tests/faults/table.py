"""Everything that may happen to one exchange with GitHub: one table.

A fault takes the exchange into its hands (`Wire`), and the run that makes it (`Victim`).
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.support.fault_proxy import Answer, Request, Wire, passes


class Victim(Protocol):
    """The run whose exchange it is."""

    def signal(self, number: int) -> None:
        """Sends it a signal; SIGKILL to all its children too, as the end of a container does."""

    def meanwhile(self, mode: str) -> None:
        """Has another run pass from beginning to end."""

    def break_down(self, how: Callable[[Wire], None]) -> None:
        """From now on nothing works, until this run is over."""


@dataclass(frozen=True)
class Fault:
    """A fault, and the exchanges that it may hit."""

    name: str
    happens: Callable[[Wire, Victim], None]
    hits: Callable[[Request], bool] = lambda _: True
    group: str = "answers"


PAGE = b"<!DOCTYPE html><html><head><title>Unicorn!</title></head><body><p>We had issues.</p></body></html>"
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to "
    "GitHub Support for help, please include the request ID."
)
PRIMARY = "API rate limit exceeded for installation ID 1234567."
NODE = "Could not resolve to a node with the global id of 'PR_kwDOAbCdEf'"
GENERIC = (
    "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub "
    "bug. Please include `ABCD:1234` when reporting this issue."
)
STALE = 'Expected branch to point to "0000000" but it did not.  Pull and try again.'


def says(status: int, message: str, **headers: str) -> Callable[[Wire, Victim], None]:
    """An answer in place of the effect: JSON for the API, a line of text for git."""

    def happen(wire: Wire, _: Victim) -> None:
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        kind, body = ("text/plain", f"{message}\n") if wire.request.is_git else ("application/json", _json(message))
        wire.answer(Answer(status, (("Content-Type", kind), *named), body.encode()))

    return happen


def _json(message: str) -> str:
    return json.dumps({"message": message, "documentation_url": "https://docs.github.com/rest"})


def shows(status: int) -> Callable[[Wire, Victim], None]:
    """A page for people in place of the effect."""
    return lambda wire, _: wire.answer(Answer(status, (("Content-Type", "text/html; charset=utf-8"),), PAGE))


def after(happens: Callable[[Wire, Victim], None]) -> Callable[[Wire, Victim], None]:
    """The same, when the server has done what it was asked for."""

    def happen(wire: Wire, victim: Victim) -> None:
        wire.forward()
        happens(wire, victim)

    return happen


def graphql(kind: str, message: str) -> Callable[[Wire, Victim], None]:
    """Errors that come with status 200."""

    def happen(wire: Wire, _: Victim) -> None:
        error: dict[str, Any] = {"message": message} | ({"type": kind} if kind else {})
        body = json.dumps({"data": None, "errors": [error]}).encode()
        wire.answer(Answer(200, (("Content-Type", "application/json; charset=utf-8"),), body))

    return happen


def limit(seconds: int) -> Callable[[Wire, Victim], None]:
    """The hour's requests are spent; the limit is reset after so many seconds."""

    def happen(wire: Wire, victim: Victim) -> None:
        reset = str(int(time.time()) + seconds)
        says(403, PRIMARY, X_RateLimit_Limit="1000", X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)(wire, victim)

    return happen


def reset(wire: Wire, _: Victim) -> None:
    wire.reset()


def silence(wire: Wire, _: Victim) -> None:
    wire.silence()


def cut(wire: Wire, _: Victim) -> None:
    wire.answer(wire.forward(), cut=True)


def outage(wire: Wire, victim: Victim) -> None:
    victim.break_down(lambda later: says(502, "Bad Gateway")(later, victim))
    says(502, "Bad Gateway")(wire, victim)


def kills(number: signal.Signals) -> Callable[[Wire, Victim], None]:
    def happen(wire: Wire, victim: Victim) -> None:
        victim.signal(number)
        wire.silence(5)

    return happen


def meets(mode: str) -> Callable[[Wire, Victim], None]:
    """Another run passes before the effect."""

    def happen(wire: Wire, victim: Victim) -> None:
        victim.meanwhile(mode)
        passes(wire)

    return happen


def met(mode: str) -> Callable[[Wire, Victim], None]:
    """Another run passes between the effect and its answer."""

    def happen(wire: Wire, victim: Victim) -> None:
        answer = wire.forward()
        victim.meanwhile(mode)
        wire.answer(answer)

    return happen


def is_api(request: Request) -> bool:
    return not request.is_git


def is_write(request: Request) -> bool:
    """Whether it changes something: then an answer that is lost afterwards is another fault than one before."""
    if request.is_graphql:
        return b"mutation" in request.body
    return request.method != "GET" and not request.path.endswith("/git-upload-pack")


def is_written_to_api(request: Request) -> bool:
    return is_api(request) and is_write(request)


def is_graphql(request: Request) -> bool:
    return request.is_graphql


def may_meet_another(request: Request) -> bool:
    """GitHub opens and approves for everyone who asks, whatever the asker has seen: see the page."""
    return request.method != "POST" or not request.path.endswith(("/pulls", "/reviews"))


def may_meet_an_approval(request: Request) -> bool:
    return request.method != "POST" or not request.path.endswith("/reviews")


FAULTS = (
    Fault("500", says(500, "Server Error")),
    Fault("502", says(502, "Bad Gateway")),
    Fault("502 after the effect", after(says(502, "Bad Gateway")), is_write),
    Fault("503", says(503, "Service Unavailable")),
    Fault("504 after the effect, as a page", after(shows(504)), is_write),
    Fault("429", says(429, "Too Many Requests")),
    Fault("429, Retry-After", says(429, "Too Many Requests", Retry_After="2")),
    Fault("403 secondary limit", says(403, SECONDARY)),
    Fault("403 secondary limit, Retry-After", says(403, SECONDARY, Retry_After="2")),
    Fault("403 primary limit, reset in 2 s", limit(2), is_api),
    Fault("403 primary limit, reset in 50 min", limit(3000), is_api),
    Fault("200 with a portal's page", shows(200)),
    Fault("truncated answer", cut),
    Fault("422 could not resolve to a node", says(422, NODE), is_written_to_api),
    Fault("GraphQL 200: something went wrong", graphql("", GENERIC), is_graphql),
    Fault("GraphQL 200: RATE_LIMITED", graphql("RATE_LIMITED", "API rate limit exceeded"), is_graphql),
    Fault("GraphQL 200: STALE_DATA", graphql("STALE_DATA", STALE), is_graphql),
    Fault("GraphQL 200: UNPROCESSABLE", graphql("UNPROCESSABLE", NODE), is_graphql),
    Fault("reset before the effect", reset, group="network"),
    Fault("reset after the effect", after(reset), is_write, group="network"),
    Fault("timeout before the effect", silence, group="network"),
    Fault("timeout after the effect", after(silence), is_write, group="network"),
    Fault("outage from here on", outage, group="network"),
    Fault("outage after the effect", after(outage), is_write, group="network"),
    Fault("SIGKILL before the effect", kills(signal.SIGKILL), group="kills"),
    Fault("SIGKILL after the effect", after(kills(signal.SIGKILL)), is_write, group="kills"),
    Fault("SIGINT before the effect", kills(signal.SIGINT), group="kills"),
    Fault("SIGINT after the effect", after(kills(signal.SIGINT)), is_write, group="kills"),
    Fault("SIGTERM before the effect", kills(signal.SIGTERM), group="kills"),
    Fault("SIGTERM after the effect", after(kills(signal.SIGTERM)), is_write, group="kills"),
    Fault("another run before the effect", meets("run"), may_meet_another, group="runs"),
    Fault("another run after the effect", met("run"), is_write, group="runs"),
    Fault("mode: approve before the effect", meets("approve"), may_meet_an_approval, group="runs"),
    Fault("mode: approve after the effect", met("approve"), is_write, group="runs"),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
# A lost answer, a dead connection, a dead process: what the usual tests try at every point.
WORST = ("502 after the effect", "reset before the effect", "SIGKILL after the effect")


def kill(pid: int, number: int) -> None:
    """The signal as a container's first process gets it; SIGKILL takes its children along."""
    (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
