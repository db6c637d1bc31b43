"""Workers swap together: who has loaded another version waits until all have."""

from __future__ import annotations

import threading


class Agreement:
    """What each worker has loaded. Threads share it, one for each worker."""

    def __init__(self) -> None:
        self._loaded: dict[int, str] = {}
        self._changed = threading.Condition()

    def join(self, worker: int, version: str, seconds: float) -> bool:
        """Waits until every worker has loaded this version. Returns whether that was so in time.

        A worker that has just started waits for no other: it answers nothing yet.
        """
        with self._changed:
            before = self._loaded.get(worker)
            self._loaded[worker] = version
            self._changed.notify_all()
            if before is None or self._changed.wait_for(lambda: self._is_of_all(worker, version), seconds):
                return True
            if worker in self._loaded:
                self._loaded[worker] = before
            return False

    def leave(self, worker: int) -> None:
        """Forgets a worker that has ended: no other waits for it."""
        with self._changed:
            self._loaded.pop(worker, None)
            self._changed.notify_all()

    def _is_of_all(self, worker: int, version: str) -> bool:
        others = [loaded for other, loaded in self._loaded.items() if other != worker]
        return all(loaded == version for loaded in others)
