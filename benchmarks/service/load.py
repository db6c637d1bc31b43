"""A load generator for one endpoint: so many connections, each sends the next request when the last is answered."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import uvloop


@dataclass
class Load:
    """What came back. `bodies` counts the answers by status and body."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    bodies: Counter[tuple[int, bytes]] = field(default_factory=Counter)

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def quantile(self, share: float) -> float:
        """Milliseconds that this share of the answers does not exceed."""
        return 1000 * sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))]


def run(port: int, body: bytes, *, connections: int, going_on: Callable[[], bool], path: str = "/predict") -> Load:
    """Sends to 127.0.0.1 while `going_on`."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    load = Load()
    begun = time.perf_counter()
    uvloop.run(_all(port, head.encode() + body, connections, going_on, load))
    load.seconds = time.perf_counter() - begun
    return load


async def _all(port: int, request: bytes, connections: int, going_on: Callable[[], bool], load: Load) -> None:
    await asyncio.gather(*(_one(port, request, going_on, load) for _ in range(connections)))


async def _one(port: int, request: bytes, going_on: Callable[[], bool], load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while going_on():
        begun = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        load.times.append(time.perf_counter() - begun)
        load.bodies[int(head.split(b" ", 2)[1]), body] += 1
    writer.close()


def for_seconds(seconds: float) -> Callable[[], bool]:
    """True for so long."""
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end
