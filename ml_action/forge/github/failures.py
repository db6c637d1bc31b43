"""Failed requests: whether to repeat one, when, and whether it may have had its effect.

GitHub's rules for clients that send too many requests:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_action.core.errors import ForgeError
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import NOT_YET, Operation, explain, limited, unreachable, untrusted

MINUTE = 60.0  # seconds; the wait that GitHub asks for if the response names none
LIMITS = ("rate limit", "abuse detection", "submitted too quickly")


@dataclass(frozen=True)
class RequestFailure:
    """One failed request."""

    problem: ForgeError  # what the user reads
    wait: float | None = None  # seconds that GitHub asks us to wait, if it names a time
    transient: bool = True  # whether to repeat the request
    outcome_unknown: bool = True  # whether the request may have had its effect


def failed_response(
    operation: Operation, status: int, text: str, headers: Mapping[str, str], now: float
) -> RequestFailure:
    """Returns the failure that a response describes.

    Args:
        operation: what was requested.
        status: the response's status.
        text: the response's text.
        headers: the response's headers; names are in lower case.
        now: seconds since the epoch.
    """
    limit = _limit(status, text, headers, now)
    if limit is not None:
        return RequestFailure(limited(operation, status, text), wait=limit, outcome_unknown=False)
    problem = explain(operation, status, text)
    if NOT_YET in text.casefold():
        return RequestFailure(problem, outcome_unknown=False)
    final = isinstance(problem, Refused) or status == 409  # another push moved the branch: the caller decides
    return RequestFailure(problem, wait=_number(headers, "retry-after"), transient=not final, outcome_unknown=not final)


def no_response(operation: Operation, text: str) -> RequestFailure:
    """Returns the failure of a request without a response, or with one that cannot be parsed."""
    if "certificate" in text.casefold():  # time does not help
        return RequestFailure(untrusted(operation, text), transient=False, outcome_unknown=False)
    return RequestFailure(unreachable(operation, text))


def _limit(status: int, text: str, headers: Mapping[str, str], now: float) -> float | None:
    """Returns the seconds until the next request is allowed, or `None` if this is no rate limit."""
    retry_after = _number(headers, "retry-after")
    exhausted = _number(headers, "x-ratelimit-remaining") == 0
    named = any(limit in text.casefold() for limit in LIMITS)
    if status != 429 and not named and not (status == 403 and (retry_after is not None or exhausted)):
        return None
    reset = _number(headers, "x-ratelimit-reset") if exhausted else None
    if retry_after is None and reset is not None:
        return max(0.0, reset - now) + 1  # it may be reset at any time within that second
    return MINUTE if retry_after is None else retry_after


def _number(headers: Mapping[str, str], name: str) -> float | None:
    value = headers.get(name, "")
    return float(value) if value.isdecimal() else None
