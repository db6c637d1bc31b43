"""The last decision of the loop, read from the state branch for the page."""

from __future__ import annotations

import json
import threading
import time

from ml_action.consumer import Source


class LastDecision:
    """The text of the last decision, cached: the source is asked once per interval, however many people look."""

    def __init__(self, source: Source, interval: float) -> None:
        """`interval`: seconds for which an answer is kept."""
        self._source = source
        self._interval = interval
        self._text = ""
        self._expires = 0.0
        self._fetching = threading.Lock()

    def text(self) -> str:
        """Returns the decision, or "" while none is known.

        The old text is kept while the source does not answer, and returned while another thread is asking.
        """
        if time.monotonic() >= self._expires and self._fetching.acquire(blocking=False):
            try:
                self._text = _sentence(self._source.counter()) or self._text
                self._expires = time.monotonic() + self._interval
            finally:
                self._fetching.release()
        return self._text


def _sentence(counter: bytes) -> str:
    """Returns the decision with its reason and date, or "" if the counter file does not have one."""
    try:
        record = json.loads(counter or b"{}")
        reason = f": {record['reason']}" if record.get("reason") else ""
        return f"{record['last_decision']}{reason} ({record['since']})" if record["last_decision"] else ""
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""
