"""The service as it is run: a process with uvicorn, on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]


class Live:
    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return str(answer.read(), "utf-8")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)  # a busy machine needs more than the 40 s of docs/service.md


def measured() -> dict[str, str]:
    """Returns the variables that make coverage measure a process, if it measures the tests."""
    if coverage.Coverage.current() is None:
        return {}
    return {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "COVERAGE_FILE": str(ROOT / ".coverage")}


@contextlib.contextmanager
def running(
    model_dir: Path, log: Path, ready: str = "/readyz", prefix: Sequence[str] = (), **settings: str
) -> Iterator[Live]:
    """Runs the service. `prefix` is a command that starts it, with other rights."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"SERVICE_MODEL_DIR": str(model_dir), "SERVICE_PORT": str(port), "SERVICE_EVERY": "0.05"}
    path = os.pathsep.join([str(ROOT / "example-repo"), str(ROOT)])
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "service"], stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path, **measured(), **own, **settings},
        )  # fmt: skip
    live = Live(process, port, log)
    try:
        until = time.monotonic() + 180  # two processes start, on a busy machine
        while True:
            try:
                live.get(ready)
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
        yield live
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
