"""A request that failed, and what that means for the next: whether to send it again, when, and whether to look first.

What GitHub asks of its clients when they are too many or too fast:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_action.core.errors import ForgeError
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import NOT_YET, Operation, explain, limited, unreachable

MINUTE = 60.0  # what GitHub asks for where it names no time
LIMITS = ("rate limit", "abuse detection", "submitted too quickly")


@dataclass(frozen=True)
class RequestFailure:
    """One request that did not do what it should."""

    problem: ForgeError  # as a person reads it
    wait: float | None = None  # seconds that GitHub asks for; None: it names none
    passes: bool = True  # by itself, so that it may be sent again
    unsure: bool = True  # whether it had its effect all the same


def refused(call: Operation, status: int, text: str, headers: Mapping[str, str], now: float) -> RequestFailure:
    """The setback of an answer with this status, text and headers (in lower case), at this time (of time.time)."""
    limit = _limit(status, text, headers, now)
    if limit is not None:
        return RequestFailure(limited(call, status, text), wait=limit, unsure=False)
    problem = explain(call, status, text)
    if NOT_YET in text.casefold():
        return RequestFailure(problem, unsure=False)
    final = isinstance(problem, Refused) or status == 409  # somebody moved the branch: that is decided elsewhere
    return RequestFailure(problem, wait=_number(headers, "retry-after"), passes=not final, unsure=not final)


def unanswered(call: Operation, text: str) -> RequestFailure:
    """The setback of no answer, or of one without sense: nobody knows what became of the request."""
    return RequestFailure(unreachable(call, text))


def _limit(status: int, text: str, headers: Mapping[str, str], now: float) -> float | None:
    """The seconds until we may ask again; None: this is no limit."""
    said, named = text.casefold(), _number(headers, "retry-after")
    spent = _number(headers, "x-ratelimit-remaining") == 0
    told = any(limit in said for limit in LIMITS)
    if status != 429 and not told and not (status == 403 and (named is not None or spent)):
        return None
    reset = _number(headers, "x-ratelimit-reset") if spent else None
    if named is None and reset is not None:
        named = max(0.0, reset - now) + 1  # nobody knows when in that second
    return MINUTE if named is None else named


def _number(headers: Mapping[str, str], name: str) -> float | None:
    value = headers.get(name, "")
    return float(value) if value.isdecimal() else None
