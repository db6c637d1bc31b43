"""Single rows over loopback: the baseline service and example-repo/service, in turn on the same model files.

python -m benchmarks.service [SECONDS]
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.service import load
from tests.support.model_folder import ModelDir

ROOT = Path(__file__).parents[2]

ALL = "hours_studied sleep room tutor score"
MODELS: dict[str, dict[str, Any]] = {
    "1 feature, LinearRegression": {},
    "4 features, LinearRegression": {"columns": ALL},
    "3 noisy features, LinearRegression": {"columns": "hours_studied age income noisy", "targets": ("noisy",)},
    "4 features, HistGradientBoosting": {"columns": ALL, "estimator": "sklearn.ensemble.HistGradientBoostingRegressor"},
}
PORTS = {"baseline": 18931, "service": 18932}
READY = {"baseline": "/openapi.json", "service": "/readyz"}  # answers once the model is loaded
TURNS = 3
CONNECTIONS = (1, 16)


@contextlib.contextmanager
def serving(kind: str, models: ModelDir, **settings: str) -> Iterator[int]:
    port = PORTS[kind]
    own = {
        "BASELINE_MODEL": str(models.path / "v1.pkl"),
        "SERVICE_MODEL_DIR": str(models.path),
        "SERVICE_PORT": str(port),
    }
    baseline = ["-m", "uvicorn", "benchmarks.service.baseline:app", "--port", str(port), "--no-access-log"]
    env = {**os.environ, **own, **settings, "PYTHONPATH": f"{ROOT / 'example-repo'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, *(baseline if kind == "baseline" else ["-m", "service"])], env=env, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{READY[kind]}", timeout=5).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Result:
    """One line of the table: medians over the turns. Latencies are in milliseconds."""

    connections: int
    kind: str
    throughput: float
    p50: float
    p99: float


def compare(settings: dict[str, Any], seconds: float) -> Iterator[Result]:
    """Yields the results for one model."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        models = ModelDir(Path(folder))
        body = json.dumps(models.publish(**settings).sample).encode()
        ports = {kind: stack.enter_context(serving(kind, models)) for kind in PORTS}
        for connections in CONNECTIONS:
            loads: dict[str, list[load.Load]] = {kind: [] for kind in PORTS}
            for _ in range(TURNS):
                for kind, port in ports.items():
                    loads[kind].append(
                        load.run(port, body, connections=connections, keep_going=load.for_seconds(seconds))
                    )
            for kind, turns in loads.items():
                yield summarise(connections, kind, turns)


def summarise(connections: int, kind: str, turns: Sequence[load.Load]) -> Result:
    assert all(status == 200 for turn in turns for status, _ in turn.bodies)
    throughput = statistics.median(turn.throughput for turn in turns)
    p50, p99 = (statistics.median(turn.quantile(share) for turn in turns) for share in (0.5, 0.99))
    return Result(connections, kind, throughput, p50, p99)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    print("| model | connections | | requests/s | p50 ms | p99 ms |\n|---|---|---|---|---|---|")
    for name, settings in MODELS.items():
        for result in compare(settings, seconds):
            figures = f"{result.throughput:.0f} | {result.p50:.2f} | {result.p99:.2f}"
            print(f"| {name} | {result.connections} | {result.kind} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
