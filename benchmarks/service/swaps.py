"""Twenty swaps under load: how many responses failed or mixed versions, and what a swap costs in latency.

python -m benchmarks.service.swaps
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.service import load
from benchmarks.service.__main__ import ModelDir, serving

SWAPS, CONNECTIONS = 20, 8
SLOPES = {"v1": 3.0, "v2": 4.0}


class Response(NamedTuple):
    """What a response contains."""

    status: int
    version: str
    prediction: float


EXPECTED = {Response(200, "v1", 55.0), Response(200, "v2", 60.0)}  # at five hours
BODY = b'{"hours_studied": 5}'


def wait_for(port: int, version: str) -> float:
    """Waits until this version answers. Returns the seconds it took."""
    started = time.perf_counter()
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            if json.load(answer)["version"] == version:
                return time.perf_counter() - started
        time.sleep(0.02)


def load_during(port: int, action: Callable[[], object]) -> load.Load:
    """Returns the responses of the service while `action` runs."""
    stopped = threading.Event()
    loads: list[load.Load] = []
    settings: dict[str, Any] = {"connections": CONNECTIONS, "keep_going": lambda: not stopped.is_set()}
    thread = threading.Thread(target=lambda: loads.append(load.run(port, BODY, **settings)))
    thread.start()
    action()
    stopped.set()
    thread.join()
    return loads[0]


def swap(port: int, models: ModelDir, seconds: list[float]) -> None:
    """Switches between the two versions, and adds what each swap took to `seconds`."""
    for turn in range(SWAPS):
        version = list(SLOPES)[turn % 2]
        models.point(version)
        seconds.append(wait_for(port, version))
        time.sleep(0.3)


def wrong(found: load.Load) -> int:
    """Returns the number of responses that failed, or that name one version with another's prediction."""
    return sum(count for (status, body), count in found.bodies.items() if _response(status, body) not in EXPECTED)


def _response(status: int, body: bytes) -> Response:
    answer = json.loads(body) if status == 200 else {}
    return Response(status, answer.get("version", ""), round(answer.get("prediction", 0.0), 6))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        models = ModelDir(Path(folder))
        for slope in SLOPES.values():
            models.publish(slope)
        seconds: list[float] = []
        with serving("service", models, SERVICE_EVERY="0.05") as port:
            wait_for(port, "v2")
            quiet = load_during(port, lambda: time.sleep(SWAPS * 0.4))
            busy = load_during(port, lambda: swap(port, models, seconds))
    print("| | answers | failed or mixed | requests/s | p50 ms | p99 ms | slowest ms |")
    print("|---|---|---|---|---|---|---|")
    for name, found in (("no swap", quiet), (f"{SWAPS} swaps", busy)):
        figures = " | ".join(f"{found.quantile(share):.2f}" for share in (0.5, 0.99, 1))
        print(f"| {name} | {len(found.times)} | {wrong(found)} | {found.throughput:.0f} | {figures} |")
    print(f"\nFrom a changed file to the new version: {statistics.median(seconds):.2f} s (looking every 0.05 s).")


if __name__ == "__main__":
    main()
