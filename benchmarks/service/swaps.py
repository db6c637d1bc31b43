"""Twenty swaps under load: how many answers failed or mixed versions, and what a swap costs those who wait meanwhile.

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
from typing import Any

from benchmarks.service import load
from benchmarks.service.__main__ import ModelDir, serving

SWAPS, CONNECTIONS = 20, 8
SLOPES = {"v1": 3.0, "v2": 4.0}
EXPECTED = {(200, "v1", 55.0), (200, "v2", 60.0)}  # at five hours
BODY = b'{"hours_studied": 5}'


def swapped(port: int, version: str) -> float:
    """Waits until this version answers; the seconds it took."""
    begun = time.perf_counter()
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            if json.load(answer)["version"] == version:
                return time.perf_counter() - begun
        time.sleep(0.02)


def pressed(port: int, during: Callable[[], object]) -> load.Load:
    """The load that the service answers while `during` runs."""
    stopped = threading.Event()
    loads: list[load.Load] = []
    settings: dict[str, Any] = {"connections": CONNECTIONS, "going_on": lambda: not stopped.is_set()}
    pressing = threading.Thread(target=lambda: loads.append(load.run(port, BODY, **settings)))
    pressing.start()
    during()
    stopped.set()
    pressing.join()
    return loads[0]


def swap(port: int, models: ModelDir, took: list[float]) -> None:
    """To and fro."""
    for turn in range(SWAPS):
        version = list(SLOPES)[turn % 2]
        models.point(version)
        took.append(swapped(port, version))
        time.sleep(0.3)


def wrong(found: load.Load) -> int:
    """Answers that failed, or that name one version with another's prediction."""
    return sum(count for (status, body), count in found.bodies.items() if _said(status, body) not in EXPECTED)


def _said(status: int, body: bytes) -> tuple[int, str, float]:
    answer = json.loads(body) if status == 200 else {}
    return status, answer.get("version", ""), round(answer.get("prediction", 0.0), 6)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        models = ModelDir(Path(folder))
        for slope in SLOPES.values():
            models.publish(slope)
        took: list[float] = []
        with serving("service", models, SERVICE_EVERY="0.05") as port:
            swapped(port, "v2")
            quiet = pressed(port, lambda: time.sleep(SWAPS * 0.4))
            busy = pressed(port, lambda: swap(port, models, took))
    print("| | answers | failed or mixed | requests/s | p50 ms | p99 ms | slowest ms |")
    print("|---|---|---|---|---|---|---|")
    for name, found in (("no swap", quiet), (f"{SWAPS} swaps", busy)):
        figures = " | ".join(f"{found.quantile(share):.2f}" for share in (0.5, 0.99, 1))
        print(f"| {name} | {len(found.times)} | {wrong(found)} | {found.throughput:.0f} | {figures} |")
    print(f"\nFrom a changed file to the new version: {statistics.median(took):.2f} s (looking every 0.05 s).")


if __name__ == "__main__":
    main()
