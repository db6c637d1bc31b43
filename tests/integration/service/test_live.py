import http.client
import json
import os
import socket
import threading
import time
import urllib.error

import pytest

from benchmarks.service import load
from service.server import connections
from tests.support import live_service
from tests.support.served import serving

BODY = b'{"hours_studied": 5}'


def test_no_response_fails_or_mixes_versions_during_twenty_swaps_under_load(models, tmp_path):
    answers = {"v1": 55.0, "v2": 60.0}
    models.publish(3.0)
    models.publish(4.0)
    stopped = threading.Event()
    loads = []

    def press():
        loads.append(load.run(service.port, BODY, connections=8, keep_going=lambda: not stopped.is_set()))

    with live_service.running(models.path, tmp_path / "log") as service:
        pressing = threading.Thread(target=press)
        pressing.start()
        try:
            for turn in range(20):
                wanted = "v1" if turn % 2 == 0 else "v2"
                models.point(wanted)
                until = time.monotonic() + 60
                while json.loads(service.get("/readyz"))["version"] != wanted:
                    assert time.monotonic() < until, service.get("/readyz")
                    time.sleep(0.02)
        finally:
            stopped.set()
            pressing.join()
        assert json.loads(service.get("/readyz"))["swaps"] == 20
        assert service.stop() == 0
    (found,) = loads
    responses = {
        (status, json.loads(body)["version"], round(json.loads(body)["prediction"], 6)) for status, body in found.bodies
    }
    assert responses == {(200, version, answer) for version, answer in answers.items()}
    assert len(found.times) > 100
    events = [json.loads(line)["event"] for line in service.log.read_text().splitlines()]
    assert events.count("swapped") == 21
    assert events[-1] == "stopped" or "stopped" in events


def test_a_request_in_progress_is_answered_before_the_service_stops(models, tmp_path):
    models.publish()
    with live_service.running(models.path, tmp_path / "log") as service:
        with socket.create_connection(("127.0.0.1", service.port), 20) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n" + BODY[:10])
            time.sleep(0.3)
            service.process.terminate()
            time.sleep(0.3)
            client.sendall(BODY[10:])
            assert b"200 OK" in client.recv(65536)
        assert service.process.wait(60) == 0


def test_a_client_that_hangs_up_is_not_counted_as_a_failure(models, tmp_path):
    models.publish()
    series = 'service_requests_total{route="/predict",status="499"} 1.0'
    with live_service.running(models.path, tmp_path / "log") as service:
        with socket.create_connection(("127.0.0.1", service.port), 20) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n" + BODY[:10])
            time.sleep(0.2)
        until = time.monotonic() + 20
        while series not in service.get("/metrics"):
            assert time.monotonic() < until
            time.sleep(0.02)
    assert '"level": "error"' not in service.log.read_text()


def test_a_large_body_gets_413_and_a_huge_one_a_closed_connection(models, tmp_path):
    models.publish()
    with live_service.running(models.path, tmp_path / "log", SERVICE_MAX_BODY="300000") as service:
        client = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        client.request("POST", "/predict", b" " * 4_000_000)
        answer = client.getresponse()
        assert (answer.status, json.load(answer)) == (413, {"detail": "The body is larger than 300000 bytes."})
        client.close()
        with pytest.raises(OSError):  # noqa: PT011  reset or broken pipe
            client.request("POST", "/predict", b" " * 40_000_000)
        client.close()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_a_client_that_does_not_finish_its_request_head_is_disconnected(models, monkeypatch, sent):
    monkeypatch.setattr(connections, "MAX_SECONDS", 0.5)
    models.publish()
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serving(models.path) as service:
        address = "127.0.0.1", service.port
        with socket.create_connection(address, 20) as idle, socket.create_connection(address, 20) as good:
            idle.sendall(sent)
            for _ in range(2):  # one connection, used again
                good.sendall(head)
                assert b"200 OK" in until_answered(good)
            assert idle.recv(100) == b""


def until_answered(client):
    found = b""
    while b'{"status": "ok"}' not in found:
        found += client.recv(65536)
    return found


def flood(client):
    for _ in range(1000):
        client.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1000)
        time.sleep(0.01)


def test_the_size_of_a_request_head_is_limited(models, tmp_path):
    models.publish()
    with live_service.running(models.path, tmp_path / "log") as service:
        with socket.create_connection(("127.0.0.1", service.port), 20) as client, pytest.raises(OSError):  # noqa: PT011
            flood(client)
        assert "ok" in service.get("/healthz")


def test_the_service_is_alive_and_can_stop_while_the_first_model_loads(models, tmp_path):
    models.path.mkdir()
    os.mkfifo(models.path / "model_metadata.json")  # a reader blocks
    with live_service.running(models.path, tmp_path / "log", ready="/healthz") as service:
        with pytest.raises(urllib.error.HTTPError, match="503"):
            service.get("/readyz")
        assert service.stop() == 0
