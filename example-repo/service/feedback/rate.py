"""How many rows one client may send: so many in a minute, and a minute's worth at once."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_CLIENTS = 10_000  # that are remembered


class RateError(Exception):
    """A client has sent too many rows. `wait`: seconds until these may be sent again."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"One client may not send so many rows: wait {wait:.0f} seconds.")
        self.wait = wait


@dataclass
class _Client:
    left: float  # rows
    seen: float  # when


class Rate:
    """The rows that each client has left. Threads may share it."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()  # the longest unseen first
        self._lock = threading.Lock()

    def take(self, address: str, rows: int) -> None:
        """Counts the rows of a client. Raises RateError, and counts nothing, if there are too many."""
        with self._lock:
            now, key = self._clock(), _network(address)
            client = self._clients.setdefault(key, _Client(self._most, now))
            self._clients.move_to_end(key)
            while len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
            client.left = min(self._most, client.left + (now - client.seen) * self._most / 60)
            client.seen = now
            if rows > client.left:
                raise RateError(max(1.0, (min(rows, self._most) - client.left) * 60 / self._most))
            client.left -= rows


def _network(address: str) -> str:
    """Returns the name of the client: of IPv6 the network, since one client has all of its addresses."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
