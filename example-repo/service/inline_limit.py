"""How many rows may be predicted in the event loop, where all other requests wait meanwhile."""

from __future__ import annotations

import time

from ml_action.consumer import LoadedModel

MAX_ROWS = 64  # more go to a thread
MAX_SECONDS = 0.01  # for a prediction; a slower model predicts in threads only
_ATTEMPTS = 3  # the fastest counts: other work may interrupt one


def rows_inline(served: LoadedModel) -> int:
    """Returns how many rows this model predicts quickly enough: `MAX_ROWS`, 1 or 0."""
    if not _is_fast(served, 1):
        return 0
    return MAX_ROWS if _is_fast(served, MAX_ROWS) else 1


def _is_fast(served: LoadedModel, rows: int) -> bool:
    request = [served.version.sample] * rows
    for _ in range(_ATTEMPTS):
        started = time.perf_counter()
        served.predict(request)
        if time.perf_counter() - started < MAX_SECONDS:
            return True
    return False
