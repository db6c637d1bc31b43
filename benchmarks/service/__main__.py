"""Single rows over loopback: the plain service against example-repo/service, on the same model files, in turns.

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
from collections.abc import Iterator
from pathlib import Path

from benchmarks.service import load
from tests.support.model_folder import ModelDir

ROOT = Path(__file__).parents[2]

ALL = "hours_studied sleep room tutor score"
MODELS = {
    "1 feature, LinearRegression": {},
    "4 features, LinearRegression": {"columns": ALL},
    "4 features, HistGradientBoosting": {"columns": ALL, "estimator": "sklearn.ensemble.HistGradientBoostingRegressor"},
}
PORTS = {"plain": 18931, "service": 18932}
READY = {"plain": "/openapi.json", "service": "/readyz"}  # what is answered once the model is loaded
TURNS = 3
CONNECTIONS = (1, 16)


@contextlib.contextmanager
def serving(kind: str, models: ModelDir, **settings: str) -> Iterator[int]:
    port = PORTS[kind]
    own = {"PLAIN_MODEL": str(models.path / "v1.pkl"), "SERVICE_MODEL_DIR": str(models.path), "SERVICE_PORT": str(port)}
    plain = ["-m", "uvicorn", "benchmarks.service.baseline:app", "--port", str(port), "--no-access-log"]
    env = {**os.environ, **own, **settings, "PYTHONPATH": f"{ROOT / 'example-repo'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, *(plain if kind == "plain" else ["-m", "service"])], env=env, stdout=subprocess.DEVNULL,
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


def compare(settings: dict[str, str], seconds: float) -> Iterator[tuple[int, str, float, float, float]]:
    """Connections, kind, and the medians over the turns of throughput, p50 and p99."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        models = ModelDir(Path(folder))
        body = json.dumps(models.publish(**settings).sample).encode()
        ports = {kind: stack.enter_context(serving(kind, models)) for kind in PORTS}
        for connections in CONNECTIONS:
            found: dict[str, list[load.Load]] = {kind: [] for kind in PORTS}
            for _ in range(TURNS):
                for kind, port in ports.items():
                    found[kind].append(
                        load.run(port, body, connections=connections, going_on=load.for_seconds(seconds))
                    )
            for kind, loads in found.items():
                assert all(status == 200 for one in loads for status, _ in one.bodies)
                middle = [statistics.median(f(one) for one in loads) for f in _FIGURES]
                yield connections, kind, middle[0], middle[1], middle[2]


_FIGURES = (lambda one: one.throughput, lambda one: one.quantile(0.5), lambda one: one.quantile(0.99))


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    print("| model | connections | | requests/s | p50 ms | p99 ms |\n|---|---|---|---|---|---|")
    for name, settings in MODELS.items():
        for connections, kind, throughput, middle, tail in compare(settings, seconds):
            print(f"| {name} | {connections} | {kind} | {throughput:.0f} | {middle:.2f} | {tail:.2f} |", flush=True)


if __name__ == "__main__":
    main()
