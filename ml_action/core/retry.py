"""Retries of requests to a server in trouble: what is tried again and when. All waits are logged and bounded."""

from __future__ import annotations

import time
from collections.abc import Callable

READS, WRITES = 4, 2  # how often each is tried again


def _drop(_text: str) -> None:
    """Ignores the message."""


class RetryBudget:
    """How long one run may wait for its servers, all its waits together, because an idle runner costs money."""

    def __init__(
        self,
        seconds: float = 600.0,
        *,
        backoff: float = 1.0,
        pause: Callable[[float], None] = time.sleep,
        report: Callable[[str], None] = _drop,
    ) -> None:
        """`seconds` is the limit for all waits together; with 0, nothing is tried again.

        `backoff` is the first wait in seconds; it doubles each time.
        """
        self._left = seconds
        self._backoff = backoff
        self._pause = pause
        self._report = report

    def wait_before_retry(
        self, problem: str, tries: int, max_retries: int = READS, *, requested: float | None = None
    ) -> bool:
        """Waits until the next try makes sense. Returns False, without a wait, if none does or it takes too long.

        Args:
            problem: What went wrong, for the log.
            tries: How often it was tried.
            max_retries: How often it may be tried again.
            requested: The seconds that the server asked us to wait.
        """
        seconds = self._backoff * 2 ** (tries - 1) if requested is None else requested
        if tries > max_retries or self._left <= 0:
            return False
        if seconds > self._left:
            self._report(f"{problem}: to wait {seconds:.0f} s is too long for this run")
            return False
        self._report(f"{problem}: waiting {seconds:.0f} s, then trying again ({tries} of {max_retries})")
        self._left -= seconds
        self._pause(seconds)
        return True


NO_RETRY = RetryBudget(0)
