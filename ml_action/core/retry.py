"""Patience with a server in trouble: what is asked again, and when. It is said, and it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

READS, WRITES = 4, 2  # how often one of them is tried again


def _silent(_text: str) -> None:
    """For those who have nobody to tell."""


class RetryBudget:
    """How long one run waits for its servers, all its waits together: nobody pays for a runner that sleeps on."""

    def __init__(
        self,
        in_all: float = 600.0,
        *,
        backoff: float = 1.0,
        pause: Callable[[float], None] = time.sleep,
        say: Callable[[str], None] = _silent,
    ) -> None:
        """`in_all` and `backoff` are seconds; the back-off doubles. 0 in all: nothing is tried again."""
        self._left = in_all
        self._backoff = backoff
        self._pause = pause
        self._say = say

    def again(self, what: str, tries: int, most: int = READS, *, asked: float | None = None) -> bool:
        """Waits until it makes sense to try again; False: it does not, or it would take too long.

        `what` went wrong, for the log; `tries` there were already; `asked` is what the server wants us to wait.
        """
        seconds = self._backoff * 2 ** (tries - 1) if asked is None else asked
        if tries > most or self._left <= 0:
            return False
        if seconds > self._left:
            self._say(f"{what}: to wait {seconds:.0f} s is too long for this run")
            return False
        self._say(f"{what}: waiting {seconds:.0f} s, then trying again ({tries} of {most})")
        self._left -= seconds
        self._pause(seconds)
        return True


NO_RETRY = RetryBudget(0)
