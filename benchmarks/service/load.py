"""A load generator for one endpoint: each of its connections sends a request when the one before is answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import uvloop


@dataclass
class Load:
    """The responses: their times in seconds, and their number by status and body."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    bodies: Counter[tuple[int, bytes]] = field(default_factory=Counter)

    @property
    def throughput(self) -> float:
        """Responses per second."""
        return len(self.times) / self.seconds

    def quantile(self, share: float) -> float:
        """Returns the milliseconds that this share of the responses does not exceed."""
        return 1000 * sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))]


def run(port: int, body: bytes, *, connections: int, keep_going: Callable[[], bool], path: str = "/predict") -> Load:
    """Sends requests to 127.0.0.1 while `keep_going` returns true."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    load = Load()
    started = time.perf_counter()
    uvloop.run(_all(port, head.encode() + body, connections, keep_going, load))
    load.seconds = time.perf_counter() - started
    return load


async def _all(port: int, request: bytes, connections: int, keep_going: Callable[[], bool], load: Load) -> None:
    await asyncio.gather(*(_one(port, request, keep_going, load) for _ in range(connections)))


async def _one(port: int, request: bytes, keep_going: Callable[[], bool], load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while keep_going():
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        load.times.append(time.perf_counter() - started)
        load.bodies[int(head.split(b" ", 2)[1]), body] += 1
    writer.close()


def for_seconds(seconds: float) -> Callable[[], bool]:
    """Returns a function that is true for this long."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end
