"""A model is code: what it finds in the process that loads it, and what it can reach from there."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from service.processes.agreement import Agreement
from tests.support import live_service
from tests.support.model_folder import ModelDir

TOKEN = "ghs_canary0123456789"
# Root without capabilities is as any user is: it may not look into processes that are closed.
PLAIN = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--") if os.geteuid() == 0 else ()

SPY = """
import glob, os
found = []
for path in [*glob.glob("/proc/*/environ"), *glob.glob("/proc/*/cmdline")]:
    try:
        found += [path] if {token!r}.encode() in open(path, "rb").read() else []
    except OSError:
        pass
try:
    open(f"/proc/{{os.getppid()}}/mem", "rb").read(0)
    found.append("the memory of the keeper")
except OSError:
    pass
try:
    for name in os.listdir(f"/proc/{{os.getppid()}}/fd"):
        found.append(os.readlink(f"/proc/{{os.getppid()}}/fd/{{name}}"))
except OSError:
    pass
found += [name for name, value in os.environ.items() if {token!r} in value]
open({path!r}, "w").write(repr(found))
"""


class Spy:
    """A model that looks for the token as soon as it is loaded."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (self.code,)


def test_a_model_finds_no_token_that_may_write(models: ModelDir, tmp_path: Path) -> None:
    """It runs code in its worker, by design; the token is in the keeper alone, whose memory is closed."""
    report = tmp_path / "report"
    content = pickle.dumps(Spy(SPY.format(token=TOKEN, path=str(report))))
    digest = hashlib.sha256(content).hexdigest()
    models.publish(sha256=digest, size=len(content), content=lambda _: content)
    settings = {"SERVICE_TOKEN": TOKEN, "SERVICE_FEEDBACK_TOKEN": "teach", "SERVICE_FEEDBACK": "folder"}
    with live_service.running(models.path, tmp_path / "log", ready="/healthz", prefix=PLAIN, **settings):
        until = time.monotonic() + 180
        while not report.exists() or not report.read_text():
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.1)
    assert report.read_text() == "[]"


def test_a_worker_that_is_killed_is_started_again_and_the_others_answer(models: ModelDir, tmp_path: Path) -> None:
    models.publish(3.0)
    with live_service.running(models.path, tmp_path / "log", SERVICE_WORKERS="2") as service:
        first, second = wait_for_workers(service, 2)
        os.kill(second, 9)
        for _ in range(20):
            assert json.loads(service.get("/healthz")) == {"status": "ok"}
        assert first in wait_for_workers(service, 2, without=second)
        assert service.stop() == 0
        assert workers(service) == []


def test_workers_swap_together_and_none_answers_with_the_old_version_afterwards(
    models: ModelDir, tmp_path: Path
) -> None:
    models.publish(3.0)
    with live_service.running(models.path, tmp_path / "log", SERVICE_WORKERS="2") as service:
        wait_for_swaps(tmp_path / "log", 2)
        models.publish(4.0)
        times = wait_for_swaps(tmp_path / "log", 4)
        assert service.stop() == 0
    assert times[3] - times[2] < 0.5


def workers(service: live_service.Live) -> list[int]:
    done = subprocess.run(["pgrep", "-P", str(service.process.pid)], capture_output=True, text=True)
    return [int(number) for number in done.stdout.split()]


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path / "model")


def wait_for_workers(service: live_service.Live, count: int, without: int = 0) -> list[int]:
    until = time.monotonic() + 120
    while len(found := [worker for worker in workers(service) if worker != without]) != count:
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def wait_for_swaps(log: Path, count: int) -> list[float]:
    """Returns when each swap was."""
    until = time.monotonic() + 180
    while len(found := [line for line in log.read_text().splitlines() if '"swapped"' in line]) < count:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return [seconds_of(json.loads(line)["time"]) for line in found]


def seconds_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_workers_wait_for_each_other_but_not_for_one_that_has_ended() -> None:
    agreement = Agreement()
    assert agreement.join(0, "v1", 0)
    assert agreement.join(1, "v1", 0)
    assert not agreement.join(0, "v2", 0.01)  # the other one refuses it
    assert agreement.join(1, "v1", 0)
    agreement.leave(1)
    assert agreement.join(0, "v2", 0)
    assert agreement.join(1, "v1", 0)  # one that starts answers nothing yet
