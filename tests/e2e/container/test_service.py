"""The service of the example repository as an image: unprivileged, read-only, and stopped gracefully."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_action.modelling.training.library_versions import libraries
from tests.e2e.container.harness import ROOT
from tests.support import wheel
from tests.support.model_folder import ModelDir

BODY = b'{"hours_studied": 5}'


@pytest.fixture(scope="session")
def service_image(image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Builds the image as in docs/service.md, with the consumer of this checkout instead of the published one."""
    context = tmp_path_factory.mktemp("context") / "service"
    shutil.copytree(ROOT / "example-repo/service", context)
    made = Path(shutil.copy(wheel.wheel(tmp_path_factory.mktemp("wheel")), context))
    command = ["docker", "build", "--network=host", "--quiet", "--build-arg", f"ML_AUTO_UPDATE=/build/{made.name}"]
    return subprocess.run([*command, context], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]


class Container:
    """A running container on the host's network; `folder` is its model directory."""

    def __init__(self, image: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        rules = ["--network=host", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        settings = [f"--env=SERVICE_PORT={self.port}", "--env=SERVICE_EVERY=0.2"]
        command = ["docker", "run", "--detach", *rules, *settings, f"--volume={folder}:/srv/model:ro", image]
        self.name = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def get(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def until(self, version: str) -> dict[str, Any]:
        """Returns the body of /readyz once this version answers."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                body = self.get("/readyz")[1]
                if body["version"] == version:
                    return dict(body)
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(self.log())

    def log(self) -> str:
        done = subprocess.run(["docker", "logs", self.name], check=True, capture_output=True, text=True)
        return done.stdout + done.stderr

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", "exec", self.name, *command], capture_output=True, text=True)

    def inspected(self) -> Any:
        done = subprocess.run(["docker", "inspect", self.name], check=True, capture_output=True)
        return json.loads(done.stdout)[0]


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    tmp_path.chmod(0o755)  # the container's user has to get in
    return ModelDir(tmp_path / "model")


@pytest.fixture
def start(service_image: str, models: ModelDir) -> Iterator[Callable[[], Container]]:
    started: list[Container] = []

    def one() -> Container:
        started.append(Container(service_image, models.path))
        return started[-1]

    yield one
    for container in started:
        subprocess.run(["docker", "rm", "--force", container.name], check=True, stdout=subprocess.DEVNULL)


def test_it_answers_and_swaps_unprivileged_on_a_read_only_file_system(
    start: Callable[[], Container], models: ModelDir
) -> None:
    models.publish(3.0, libraries=in_the_image())
    container = start()
    container.until("v1")
    assert container.get("/predict", BODY) == (200, {"version": "v1", "prediction": pytest.approx(55.0)})
    assert container.inside("id", "-u").stdout.strip() == "65534"
    for folder in ("/srv", "/tmp", "/opt/app"):  # noqa: S108
        assert "Read-only file system" in container.inside("touch", f"{folder}/x").stderr
    models.publish(4.0, libraries=in_the_image())
    assert container.until("v2")["swaps"] == 1
    assert container.get("/predict", BODY)[1]["prediction"] == pytest.approx(60.0)


def test_models_of_other_libraries_and_damaged_ones_leave_the_old_one_in_service(
    start: Callable[[], Container], models: ModelDir
) -> None:
    models.publish(3.0, libraries=in_the_image())
    container = start()
    container.until("v1")
    models.publish(4.0, libraries=in_the_image() | {"scikit-learn": "0.24.2"})
    assert "scikit-learn 0.24.2" in refusal(container, "v2")
    models.publish(5.0, content=lambda data: data[:-1], libraries=in_the_image())
    assert "its record says" in refusal(container, "v3")
    models.publish(6.0, content=lambda data: data[:-1] + b"!", libraries=in_the_image())
    assert "sha256" in refusal(container, "v4")
    assert container.get("/predict", BODY)[1] == {"version": "v1", "prediction": pytest.approx(55.0)}


def test_a_request_in_progress_is_answered_before_the_container_stops(
    start: Callable[[], Container], models: ModelDir
) -> None:
    models.publish(3.0, libraries=in_the_image())
    container = start()
    container.until("v1")
    with socket.create_connection(("127.0.0.1", container.port), 20) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n" + BODY[:10])
        time.sleep(0.3)
        stopping = subprocess.Popen(["docker", "stop", "--time=25", container.name], stdout=subprocess.DEVNULL)
        time.sleep(1)
        assert stopping.poll() is None
        client.sendall(BODY[10:])
        assert b"200 OK" in client.recv(65536)
    assert stopping.wait(30) == 0
    assert container.inspected()["State"]["ExitCode"] == 0
    events = [json.loads(line)["event"] for line in container.log().splitlines()]
    assert "stopped" in events


def in_the_image() -> dict[str, str]:
    """Returns the versions of the libraries in the image: those of the lock, and its own Python."""
    found = re.search(
        r"^ARG PYTHON=python:([0-9.]+)", (ROOT / "example-repo/service/Dockerfile").read_text(), re.MULTILINE
    )
    assert found
    return libraries() | {"python": found[1]}


def refusal(container: Container, version: str) -> str:
    """Returns why this version does not answer."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        status, body = container.get("/readyz")
        if body["wanted"] == version and body["problem"]:
            assert (status, body["version"]) == (200, "v1")
            return str(body["problem"])
        time.sleep(0.1)
    raise AssertionError(container.log())
