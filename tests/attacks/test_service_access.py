"""T7, T8, T13, T15 and their kind: who may teach the service, how much, under which name, and what anybody sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.config import Config
from service.feedback.collector import collector_of
from service.feedback.rate import MAX_CLIENTS, Rate, RateError
from tests.support.model_folder import ModelDir
from tests.support.served import Served, serving

ROW = json.dumps({"hours_studied": 5, "score": 55}).encode()
ASKED = b'{"hours_studied": 5}'
TOKEN = {"Authorization": "Bearer s3cret"}


@pytest.fixture
def models(tmp_path: Path) -> ModelDir:
    models = ModelDir(tmp_path / "model")
    models.publish()
    return models


def feedback(tmp_path: Path) -> dict[str, str]:
    return {"feedback": "folder", "feedback_path": str(tmp_path / "data")}


def teach(service: Served, headers: dict[str, str], rows: bytes = ROW) -> int:
    return service.ask("/feedback", rows, headers)[0]


# --- feedback ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["folder", "github"])
def test_feedback_without_a_token_has_to_be_set_explicitly(where: str) -> None:
    env = {"SERVICE_FEEDBACK": where, "SERVICE_REPOSITORY": "octo/students", "SERVICE_TOKEN": "t"}
    with pytest.raises(ValueError, match="set SERVICE_FEEDBACK_TOKEN, or SERVICE_FEEDBACK_ACCESS=open"):
        Config.from_env(env)
    assert Config.from_env(env | {"SERVICE_FEEDBACK_TOKEN": "s3cret"}).feedback == where
    assert Config.from_env(env | {"SERVICE_FEEDBACK_ACCESS": "open"}).feedback == where


def test_four_thousand_rows_of_one_client_are_no_hundred_datasets(models: ModelDir, tmp_path: Path) -> None:
    with serving(models.path, **feedback(tmp_path), feedback_access="open", feedback_rate=60) as service:
        statuses = [teach(service, {}, b"[" + b",".join([ROW] * 10) + b"]") for _ in range(100)]
        assert statuses.count(202) == 6
        assert set(statuses) == {202, 429}
    rows = sum(len(path.read_text().splitlines()) - 1 for path in (tmp_path / "data").iterdir())
    assert rows <= 60


def test_a_client_that_claims_to_be_many_is_one(models: ModelDir, tmp_path: Path) -> None:
    with serving(models.path, **feedback(tmp_path), feedback_access="open", feedback_rate=1) as service:
        statuses = [teach(service, {"X-Forwarded-For": f"10.0.0.{number}"}) for number in range(3)]
    assert statuses == [202, 429, 429]


def test_the_rate_is_by_client_comes_back_with_time_and_is_remembered_for_a_bounded_number_of_clients() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])
    rate.take("10.0.0.1", 60)
    with pytest.raises(RateError) as caught:
        rate.take("10.0.0.1", 30)
    assert caught.value.wait == 30
    rate.take("10.0.0.2", 60)
    now[0] = 30.0
    rate.take("10.0.0.1", 30)
    rate.take("2001:db8::1", 60)
    with pytest.raises(RateError):  # one client has all addresses of its network
        rate.take("2001:db8::2", 1)
    for number in range(2 * MAX_CLIENTS):
        rate.take(str(number), 1)
    assert len(rate._clients) == MAX_CLIENTS


def test_wrong_tokens_do_not_count_as_rows_of_a_client(models: ModelDir, tmp_path: Path) -> None:
    with serving(models.path, **feedback(tmp_path), feedback_token="s3cret", feedback_rate=1) as service:
        for given in ("", "Bearer", "Bearer x", "Basic s3cret", "Bearer s3cret2", "Bearer \u00ff"):
            assert service.ask("/feedback", ROW, {"Authorization": given})[0] == 401
        assert teach(service, TOKEN) == 202


# --- hosts -------------------------------------------------------------------------------------------------

REBOUND = {"Host": "evil.example", "Origin": "http://evil.example"}  # same origin, to a browser


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "[::1].evil.example", "",
     "@localhost", "localhost:x", "evil.example:80:80", "1", "0x7f.1"],
)  # fmt: skip
def test_a_page_that_was_rebound_to_this_machine_reads_and_teaches_nothing(
    models: ModelDir, tmp_path: Path, host: str
) -> None:
    with serving(models.path, **feedback(tmp_path), feedback_access="open") as service:
        for path in ("/", "/model", "/openapi.json", "/docs", "/metrics"):
            assert service.ask(path, headers={"Host": host})[0] in (400, 421), path
        for path, body in (("/predict", ASKED), ("/feedback", ROW)):
            assert service.ask(path, body, {"Host": host})[0] in (400, 421), path


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "10.1.2.3", "LOCALHOST"]
)
def test_the_usual_names_of_this_machine_are_allowed(models: ModelDir, host: str) -> None:
    with serving(models.path) as service:
        assert service.ask("/predict", ASKED, {"Host": host})[0] == 200


def test_a_service_for_others_answers_under_every_name_and_learns_under_its_own(
    models: ModelDir, tmp_path: Path
) -> None:
    settings = {**feedback(tmp_path), "feedback_access": "open", "host": "0.0.0.0"}  # noqa: S104
    with serving(models.path, **settings) as service:
        assert service.ask("/predict", ASKED, {"Host": "predict.example"})[0] == 200
        assert teach(service, REBOUND) == 421
    with serving(models.path, **settings, allowed_hosts=("predict.example",)) as service:
        assert teach(service, {"Host": "predict.example:80", "Origin": "http://predict.example:80"}) == 202
        assert service.ask("/predict", ASKED, {"Host": "evil.example"})[0] == 421
        assert service.ask("/healthz", headers={"Host": "10.1.2.3"})[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://[", "", "//", "http://localhost@evil.example"]
)
def test_another_sites_page_does_not_teach(models: ModelDir, tmp_path: Path, origin: str) -> None:
    with serving(models.path, **feedback(tmp_path), feedback_access="open") as service:
        assert teach(service, {"Host": "localhost", "Origin": origin}) == 403


# --- a token for predictions, and what is seen without one -------------------------------------------------


def test_with_a_token_for_predictions_nothing_of_the_model_is_seen_without_it(models: ModelDir, tmp_path: Path) -> None:
    own = {"Authorization": "Bearer teach"}
    with serving(models.path, predict_token="s3cret", **feedback(tmp_path), feedback_token="teach") as service:
        for path in (
            "/",
            "/?hours_studied=5",
            "/model",
            "/openapi.json",
            "/docs",
            "/metrics",
            "/nowhere",
            "//",
            "/model/",
        ):
            assert service.ask(path)[0] == 401, path
            assert service.ask(path, headers=own)[0] == 401, path
        assert service.ask("/predict", ASKED)[0] == 401
        assert service.ask("/predict", ASKED, TOKEN)[0] == 200
        assert service.ask("/", headers=TOKEN)[0] == 200
        assert teach(service, TOKEN) == 401
        assert teach(service, own) == 202
        for path in ("/healthz", "/readyz"):
            status, body = service.ask(path)
            assert status == 200
            assert b"hours_studied" not in body


def test_what_describes_the_model_shows_no_row_of_the_data(tmp_path: Path) -> None:
    models = ModelDir(tmp_path / "model")
    canary = {"hours_studied": 4.123456789, "sleep": 6.987654321, "room": "red", "tutor": False}
    models.publish(columns="hours_studied sleep room tutor score", sample=canary)
    with serving(models.path) as service:
        for path in ("/", "/model", "/openapi.json", "/docs", "/readyz", "/metrics"):
            body = service.ask(path)[1]
            assert b"4.12345" not in body, path
            assert b"6.98765" not in body, path


def test_settings_without_feedback_collect_nothing() -> None:
    assert collector_of(Config()) is None
