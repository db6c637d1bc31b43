"""How many rows may be predicted in the event loop, where everybody else waits meanwhile."""

from __future__ import annotations

import time

from ml_action.consumer import Served

INLINE = 64  # rows; more go to a thread
LONGEST = 0.01  # seconds that they may take; a slower model predicts in threads only


def inline(served: Served) -> int:
    """How many rows are predicted at once: as many as are quick. The quickest of three counts: others run beside it."""
    for rows, fewer in ((1, 0), (INLINE, 1)):
        request = [served.version.sample] * rows
        for _ in range(3):
            begun = time.perf_counter()
            served.predict(request)
            if time.perf_counter() - begun < LONGEST:
                break
        else:
            return fewer
    return INLINE
