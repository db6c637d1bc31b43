"""T1 and its kind: what one anonymous request may cost. A hundred bodies, and clients that take their time."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import time
from pathlib import Path

import pytest

from ml_action.core.records.contract import ColumnProfile, DataContract
from service.server import connections
from tests.support.hostile_bodies import bodies
from tests.support.model_folder import ModelDir, made
from tests.support.served import Served, serving

MOST_SECONDS = 0.3  # of the event loop: on a machine with nothing else to do each is under 0.1
MOST_MEMORY = 64 * 1024  # KiB


def memory(name: str) -> int:
    """Returns VmRSS or VmHWM (the most since the last reset) in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def with_columns(models: ModelDir, count: int) -> tuple[str, ...]:
    """Publishes a model that says it has so many required columns. Returns their names."""
    version, _ = made(1)
    assert version.contract
    names = (*version.features, *(f"column{number}" for number in range(1, count)))
    extra = [ColumnProfile(name, "number", 0.0, 0.0, tuple(map(float, range(21)))) for name in names[1:]]
    contract: DataContract = dataclasses.replace(version.contract, columns=(*version.contract.columns, *extra))
    models.publish(features=names, contract=contract, sample=dict.fromkeys(names, 5.0), columns="hours_studied score")
    return names


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    return ModelDir(tmp_path / "model")


def hold_up(service: Served, body: bytes) -> tuple[int, float]:
    """Returns the status for a body, and for how long the event loop was busy with it."""
    before = service.cpu()
    status, _ = service.ask("/predict", body)
    return status, service.cpu() - before


@pytest.mark.parametrize("columns", [1, 200])
def test_a_hundred_hostile_bodies_delay_no_client_and_take_little_memory(models: ModelDir, columns: int) -> None:
    table = bodies(with_columns(models, columns))
    assert len(table) >= 100
    slow, large, wrong = {}, {}, {}
    with serving(models.path) as service:
        for label, body in table.items():
            Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts again
            before = memory("VmRSS")
            status, seconds = hold_up(service, body)
            grown = memory("VmHWM") - before
            if grown > MOST_MEMORY:
                large[label] = grown
            if seconds > MOST_SECONDS:
                slow[label] = seconds
            if status not in (200, 422):
                wrong[label] = status
        assert service.ask("/healthz")[0] == 200
    assert (slow, large, wrong) == ({}, {}, {})


def test_an_error_says_little_whatever_the_body_says(models: ModelDir) -> None:
    table = bodies(with_columns(models, 200))
    with serving(models.path) as service:
        for label, body in table.items():
            _, answer = service.ask("/predict", body)
            assert len(answer) < 128 * 1024, label
            assert b"kkkkkkkkkk" * 11 not in answer, label


def opened(port: int, sent: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), 30)
    client.sendall(sent)
    return client


def head(length: int) -> bytes:
    return f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


def test_the_bodies_of_many_slow_clients_do_not_fill_the_memory(models: ModelDir) -> None:
    models.publish()
    started = b" " * 900_000
    with serving(models.path) as service, contextlib.ExitStack() as stack:
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        for _ in range(60):
            stack.enter_context(opened(service.port, head(1_000_000) + started))
        status, answer = service.ask("/predict", b'{"hours_studied": 5}')
        until = time.monotonic() + 20
        while service.state.held._left > 1024**2 and time.monotonic() < until:
            time.sleep(0.05)
        assert memory("VmHWM") - before < MOST_MEMORY
        assert service.ask("/healthz")[0] == 200
        assert status in (200, 503), answer


def test_what_slow_clients_held_is_free_again_when_they_hang_up(models: ModelDir) -> None:
    models.publish()
    with serving(models.path) as service:
        left = service.state.held._left
        for _ in range(20):
            opened(service.port, head(1_000_000) + b" " * 900_000).close()
        until = time.monotonic() + 20
        while service.state.held._left != left:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert service.ask("/predict", b'{"hours_studied": 5}')[0] == 200


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX: ", head(100) + b"{"])
def test_clients_that_send_nothing_more_give_way_to_others(
    models: ModelDir, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 20)
    models.publish()
    with serving(models.path) as service, contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(opened(service.port, sent))
        for _ in range(5):
            assert service.ask("/healthz")[0] == 200
            assert service.ask("/predict", b'{"hours_studied": 5}')[0] == 200


def answer_to(service: Served, sent: bytes) -> bytes:
    """Returns all that the server says until it closes the connection."""
    with socket.create_connection(("127.0.0.1", service.port), 30) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        found = b""
        with contextlib.suppress(OSError):
            while chunk := client.recv(65536):
                found += chunk
        return found


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /healthz HTTP/1.1\r\n" + b"a:b\r\n" * 10_000 + b"\r\n", id="ten thousand headers"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1500, id="requests sent ahead"),
        pytest.param(
            b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a:b\r\n" * 10_000 + b"\r\n",
            id="ten thousand trailers",
        ),
        pytest.param(b"POST /predict HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", id="a long length"),
        pytest.param(b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(
            b"POST /predict HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="two lengths",
        ),
        pytest.param(b"\x16\x03\x01" * 1000, id="TLS"),
        pytest.param(b"GET /" + b"%" * 60_000 + b" HTTP/1.1\r\n\r\n", id="a path of percent signs"),
    ],
)
def test_hostile_requests_are_refused_and_none_is_a_failure_of_the_service(models: ModelDir, sent: bytes) -> None:
    models.publish()
    with serving(models.path) as service:
        before = service.cpu()
        found = answer_to(service, sent)
        assert b"HTTP/1.1 500" not in found
        assert found.count(b"HTTP/1.1 200") <= connections.MAX_AHEAD + 2
        assert service.cpu() - before < MOST_SECONDS
        assert service.ask("/predict", b'{"hours_studied": 5}')[0] == 200


def test_rows_of_long_texts_are_not_kept(models: ModelDir) -> None:
    models.publish(columns="hours_studied room score")
    with serving(models.path) as service:
        row = {"hours_studied": 5, "room": "x" * 1000}
        for _ in range(3):
            assert service.ask("/predict", json.dumps([row] * 900).encode())[0] == 200
        assert {len(kept["room"]) for kept in service.state.recent._rows} == {100}
