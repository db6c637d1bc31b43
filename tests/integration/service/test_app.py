import asyncio
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from starlette.requests import Request

from ml_action.modelling.training import library_versions, model_file
from service.prediction import MAX_BATCH
from service.server.middleware import BodyError, Held, body_of
from tests.support.model_folder import made

ALL = "hours_studied sleep room tutor score"


def errors_of(answer):
    assert answer.status_code == 422, answer.text
    return {".".join(map(str, problem["loc"])): problem["msg"] for problem in answer.json()["detail"]}


def refresh(client):
    return client.service.consumer.refresh()


# --- predictions --------------------------------------------------------------------------------------------


def test_one_row_is_predicted_as_curl_sends_it(client):
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # curl -d says so
    answer = client.post("/predict", content='{"hours_studied": 5}', headers=form)
    assert answer.status_code == 200
    assert answer.json() == {"version": "v1", "prediction": pytest.approx(55.0)}


def test_many_rows_are_predicted(client):
    answer = client.post("/predict", json=[{"hours_studied": hours} for hours in (1, 2.5)] * 60)
    assert answer.json()["version"] == "v1"
    assert answer.json()["predictions"] == [pytest.approx(43.0), pytest.approx(47.5)] * 60


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ("{}", {"body.hours_studied": "Field required"}),
        ('{"hours": 5}', {"body.hours": "did you mean 'hours_studied'?", "body.hours_studied": "Field required"}),
        ('{"hours_studied": 5, "<b>": 1}', {"body.<b>": "There is no such name"}),
        ('{"hours_studied": "5"}', {"body.hours_studied": "Input should be a valid number"}),
        ('{"hours_studied": true}', {"body.hours_studied": "Input should be a valid number"}),
        ('{"hours_studied": null}', {"body.hours_studied": "Input should be a valid number"}),
        ('{"hours_studied": NaN}', {"body.hours_studied": "Input should be a finite number"}),
        ('{"hours_studied": 1e999}', {"body.hours_studied": "Input should be a finite number"}),
        ('{"hours_studied": -1}', {"body.hours_studied": "Input should be greater than or equal to 0"}),
        ('{"hours_studied": 500}', {"body.hours_studied": "Input should be less than or equal to"}),
        ('[{"hours_studied": 1}, {"hours_studied": "x"}]', {"body.1.hours_studied": "Input should be a valid number"}),
        ("[]", {"body": "List should have at least 1 item"}),
        ("", {"body": "Invalid JSON"}),
        ("{", {"body": "Invalid JSON"}),
        ("5", {"body": "Input should be an object"}),
        ("[" * 5000, {"body": "Invalid JSON"}),
        ("\udcff".encode("utf-8", "surrogateescape"), {"body": "Invalid JSON"}),
    ],
)
def test_errors_name_the_field(client, body, problems):
    found = errors_of(client.post("/predict", content=body))
    assert set(found) == set(problems)
    for place, text in problems.items():
        assert text in found[place]


def test_missing_values_are_accepted_where_the_training_data_have_some(models, client_of):
    models.publish(columns=ALL)
    client = client_of()
    row = {"hours_studied": 5, "sleep": 7.5, "room": "red", "tutor": True}
    assert client.post("/predict", json=row).status_code == 200
    assert client.post("/predict", json=row | {"sleep": None}).status_code == 200
    assert client.post("/predict", json={name: row[name] for name in row if name != "sleep"}).status_code == 200
    assert client.post("/predict", json=row | {"room": "never seen"}).status_code == 200
    found = errors_of(client.post("/predict", json={"sleep": "long", "room": 5, "tutor": "yes"}))
    assert set(found) == {"body.hours_studied", "body.sleep", "body.room", "body.tutor"}


def test_ranges_can_be_those_of_the_training_data_or_off(models, client_of):
    models.publish(columns=ALL)
    row = {"hours_studied": 12, "sleep": 7.5, "room": "violet", "tutor": True}
    assert set(errors_of(client_of(ranges="training").post("/predict", json=row))) == {
        "body.hours_studied",
        "body.room",
    }
    assert client_of(ranges="off").post("/predict", json=row | {"hours_studied": -1e9}).status_code == 200


def test_rows_and_bytes_are_limited(models, client_of):
    models.publish()
    client = client_of(max_body=200, max_rows=3)
    assert (
        "List should have at most 3 items"
        in errors_of(client.post("/predict", json=[{"hours_studied": 1}] * 4))["body"]
    )
    answer = client.post("/predict", content=b" " * 201)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The body is larger than 200 bytes."}
    chunks = (b" " * 50 for _ in range(10))  # without a length
    assert client.post("/predict", content=chunks).status_code == 413


def test_several_targets_are_answered_by_name(models, client_of):
    models.publish(columns="hours_studied score effort", targets=("score", "effort"))
    answer = client_of().post("/predict", json={"hours_studied": 5}).json()
    assert answer["prediction"] == {"score": pytest.approx(55), "effort": pytest.approx(30)}


def test_classes_are_answered_by_name(models, client_of):
    models.publish(columns="hours_studied passed", targets=("passed",))
    assert client_of().post("/predict", json={"hours_studied": 9}).json()["prediction"] == "yes"


# --- versions -----------------------------------------------------------------------------------------------


def test_model_describes_the_version_that_answers(models, client):
    body = client.get("/model").json()
    assert body["version"] == "v1"
    assert body["sha256"] == models.versions[0].sha256
    assert body["scores"] == {"r2": 0.71}
    assert body["interval"] == {"low": 0.005, "high": 0.02}
    assert body["created"] == "2026-03-01T12:00:00Z"
    assert body["data_tree"] == "b" * 40


def test_a_merged_model_takes_over_and_so_does_a_rollback(models, client):
    models.publish(4.0)
    assert refresh(client)
    assert client.post("/predict", json={"hours_studied": 5}).json() == {
        "version": "v2",
        "prediction": pytest.approx(60),
    }
    models.point("v1")
    assert refresh(client)
    assert client.post("/predict", json={"hours_studied": 5}).json() == {
        "version": "v1",
        "prediction": pytest.approx(55),
    }
    assert "service_model_swaps_total 2.0" in client.get("/metrics").text


def test_the_schema_changes_with_the_version(models, client):
    models.publish(columns=ALL)
    refresh(client)
    body = client.get("/openapi.json").json()
    assert set(body["components"]["schemas"]["Rows"]["anyOf"][0]["properties"]) == {
        "hours_studied", "sleep", "room", "tutor",
    }  # fmt: skip
    assert "body.sleep" not in errors_of(client.post("/predict", json={"hours_studied": 5}))


def test_the_api_description_is_made_once_per_version(client, monkeypatch):
    body = client.get("/openapi.json").json()
    monkeypatch.setattr("service.openapi.describe", lambda *_: pytest.fail("made again"))
    assert client.get("/openapi.json").json() == body
    assert client.get("/docs").status_code == 200


def other_scikit():
    major, minor, *_ = library_versions.libraries()["scikit-learn"].split(".")
    return {**library_versions.libraries(), "scikit-learn": f"{major}.{int(minor) + 1}.0"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"content": lambda data: data[:-1] + b"\0"}, "sha256 is"),
        ({"content": lambda data: data[:100]}, "has 100 bytes, its record says"),
        ({"libraries": other_scikit()}, "was written with scikit-learn"),
    ],
)
def test_a_bad_model_leaves_the_old_one_in_service_and_is_reported_everywhere(models, client, caplog, changes, reason):
    caplog.set_level(logging.INFO, "service")
    models.publish(4.0, **changes)
    assert not refresh(client)
    assert client.post("/predict", json={"hours_studied": 5}).json() == {
        "version": "v1",
        "prediction": pytest.approx(55),
    }
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert (ready.json()["version"], ready.json()["wanted"]) == ("v1", "v2")
    assert reason in ready.json()["problem"]
    (record,) = [record for record in caplog.records if record.getMessage() == "refused"]
    assert reason in record.about["reason"]
    assert (record.about["version"], record.about["serving"]) == ("v2", "v1")
    assert "service_model_refusals_total 1.0" in client.get("/metrics").text
    page = client.get("/").text
    assert "v2 does not answer yet; v1 still answers." in page


def test_before_the_first_model_the_service_is_alive_and_not_ready(client_of):
    client = client_of()
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "cannot be read" in ready.json()["problem"]
    for answer in (client.post("/predict", json={}), client.get("/model")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    assert "No model yet" in client.get("/").text
    assert client.get("/openapi.json").status_code == 200
    assert client.get("/metrics").status_code == 200


def test_a_version_whose_schema_cannot_be_made_is_refused(models, client, monkeypatch):
    def fails(*_):
        raise RuntimeError("no schema")

    monkeypatch.setattr("service.schema.schema_of", fails)
    models.publish(4.0)
    assert not refresh(client)
    assert "no schema" in client.get("/readyz").json()["problem"]


# --- metrics, headers, failures -------------------------------------------------------------------------------


def value_of(client, series):
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(series)), None)


def test_metrics_count_requests_and_predictions(client):
    client.post("/predict", json={"hours_studied": 5})
    client.post("/predict", json=[{"hours_studied": 5}] * 3)
    client.post("/predict", json={})
    client.get("/strange/<path>")
    assert value_of(client, 'service_predictions_total{version="v1"}') == 4
    assert value_of(client, 'service_requests_total{route="/predict",status="200"}') == 2
    assert value_of(client, 'service_requests_total{route="/predict",status="422"}') == 1
    assert value_of(client, 'service_requests_total{route="other",status="404"}') == 1
    assert value_of(client, 'service_request_seconds_count{route="/predict"}') == 3
    assert value_of(client, 'service_model_info{path="linear",sha256="') == 1
    assert value_of(client, "service_model_failed_looks") == 0


def test_live_inputs_are_compared_with_the_contract(client):
    assert value_of(client, "service_input_drift{") is None
    low, high = made(1)[0].contract.profile("hours_studied").sketch[::20]
    usual = [{"hours_studied": low + (high - low) * place / 199} for place in range(200)]
    client.post("/predict", json=usual)
    assert value_of(client, 'service_input_drift{column="hours_studied"}') < 0.1
    assert value_of(client, "service_input_rows") == 200
    client.post("/predict", json=[{"hours_studied": high}] * 2000)
    client.service._drift.expire()
    assert value_of(client, 'service_input_drift{column="hours_studied"}') > 0.9


def test_every_response_has_the_security_headers(client):
    for answer in (client.get("/"), client.post("/predict", json={}), client.get("/nowhere")):
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_bug_is_a_500_without_details(client, monkeypatch):
    def fails(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr("ml_action.consumer.LoadedModel.predict", fails)
    answer = client.post("/predict", json={"hours_studied": 5})
    assert answer.status_code == 500
    assert answer.json() == {"detail": "The service failed; its log says why."}
    assert client.get("/healthz").status_code == 200


def test_paths_are_exact_and_head_is_get_without_a_body(client):
    # No redirect: it would lead to whatever the Host header names.
    assert client.post("/predict/", json={}, follow_redirects=False).status_code == 404
    for path in ("/", "/healthz", "/readyz"):
        answer = client.head(path)
        assert answer.status_code == 200
    assert client.head("/predict").status_code == 405


def test_a_body_that_arrives_too_slowly_is_refused(client, monkeypatch):
    monkeypatch.setattr("service.server.middleware.BODY_SECONDS", 0.05)

    async def receive():
        await asyncio.sleep(20)

    async def read():
        request = Request({"type": "http", "headers": [(b"content-length", b"5")]}, receive)
        async with body_of(request, Held(100)):
            pass

    with pytest.raises(BodyError, match=r"did not arrive within 0\.05 seconds") as caught:
        asyncio.run(read())
    assert caught.value.status == 408


def test_the_sample_of_an_older_record_is_a_row_of_the_data_and_is_shown_nowhere(models, client):
    version = models.publish(sample={"hours_studied": 5.3917})
    refresh(client)
    assert not version.synthetic
    for path in ("/", "/model", "/openapi.json", "/docs"):
        assert "5.3917" not in client.get(path).text, path
    assert (
        client.get("/model").json()["sample"]
        == client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]["content"][
            "application/json"
        ]["example"]
    )
    models.publish(sample={"hours_studied": 5.3917}, synthetic=True)
    refresh(client)
    assert client.get("/model").json()["sample"] == {"hours_studied": 5.3917}


# --- other models -------------------------------------------------------------------------------------------

GATE = threading.Event()


class Slow:
    """Takes over ten milliseconds for a prediction; for more than nine hours it waits until the gate is open."""

    def predict(self, frame):
        time.sleep(0.012)
        if frame["hours_studied"].max() > 9:
            assert GATE.wait(20)
        return np.full(len(frame), 1.0)


class Boundless:
    def predict(self, frame):
        return np.where(frame["hours_studied"] > 9, np.inf, 1.0)


def publish_file(models, model):
    content, digest = model_file.dump(model)
    models.publish(sha256=digest, size=len(content), content=lambda _: content, sample={"hours_studied": 5.0})


def pace_of(client):
    return client.service.served().prepared.predictions._pace


def test_other_requests_are_answered_while_a_slow_model_predicts(models, client):
    assert pace_of(client).inline == MAX_BATCH
    GATE.set()  # loading a model predicts, too
    publish_file(models, Slow())
    refresh(client)
    assert pace_of(client).inline == 0
    GATE.clear()
    with ThreadPoolExecutor() as pool:
        waiting = [
            pool.submit(client.post, "/predict", json={"hours_studied": 9.5}),
            pool.submit(client.get, "/", params={"hours_studied": "9.5"}),
        ]
        try:
            assert pool.submit(client.get, "/healthz").result(timeout=10).status_code == 200
            assert not any(answer.done() for answer in waiting)
        finally:
            GATE.set()
        assert [answer.result().status_code for answer in waiting] == [200, 200]


def test_an_infinite_prediction_is_null_in_valid_json(models, client):
    publish_file(models, Boundless())
    refresh(client)
    text = client.post("/predict", json=[{"hours_studied": 9.5}, {"hours_studied": 1}]).text
    assert text == '{"version": "v2", "predictions": [null, 1.0]}'


def test_only_the_first_of_many_bad_rows_is_reported(models, client_of):
    """All errors of ten thousand rows would fill the memory, from a request of thirty kilobytes."""
    models.publish(columns=ALL)
    client = client_of()
    good = {"hours_studied": 5, "room": "red", "tutor": True}
    assert set(errors_of(client.post("/predict", json=[good, {}, {}, {}]))) == {
        "body.1.hours_studied", "body.1.room", "body.1.tutor",
    }  # fmt: skip


def test_logs_are_lines_of_json(capsys, monkeypatch):
    from service import json_logging

    monkeypatch.setattr(logging.root, "handlers", [])
    json_logging.set_up()
    json_logging.log_event("swapped", version="v2\n")
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["version"], line["level"]) == ("swapped", "v2\n", "info")
