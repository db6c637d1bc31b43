import csv
import threading

import pytest

from ml_action.consumer import Api, DataError, SourceUnavailable
from service.feedback.collector import Feedback, FullError
from service.feedback.targets import File, FolderTarget, GitHubTarget, dataset
from tests.support.flaky_server import REPOSITORY, Hosted, refused

ROW = {"hours_studied": 5, "score": 54.5}


def files_in(folder):
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "new_data"


@pytest.fixture
def learning(models, client_of, folder):
    """Starts a service that takes feedback; two rows make a dataset."""

    def start(**settings):
        models.publish(3.0)
        usual = {"feedback": "folder", "feedback_path": str(folder), "feedback_rows": 2, "feedback_access": "open"}
        return client_of(**usual | settings)

    return start


def test_labelled_rows_become_a_dataset(learning, folder):
    client = learning()
    answer = client.post("/feedback", json=ROW)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "waiting": 1})
    client.service.feedback.flush(2)
    assert files_in(folder) == {}
    assert client.post("/feedback", json=[ROW | {"score": 60}]).status_code == 202
    client.service.feedback.flush(2)
    ((name, content),) = files_in(folder).items()
    assert name.startswith("feedback-")
    assert name.endswith(".csv")
    assert content == "hours_studied,score\n5,54.5\n5,60\n"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"hours_studied": 5}, "body.0.score"),
        ({"hours_studied": 5, "score": "good"}, "body.0.score"),
        ({"hours_studied": 5, "score": None}, "body.0.score"),
        ({"hours_studied": 500, "score": 5}, "body.0.hours_studied"),
        ({"hours_studied": 5, "score": 5, "more": 1}, "body.0.more"),
    ],
)
def test_errors_of_labelled_rows_name_the_field(learning, body, place):
    answer = learning().post("/feedback", json=body)
    assert answer.status_code == 422
    assert [".".join(map(str, problem["loc"])) for problem in answer.json()["detail"]] == [place]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("=cmd|'/c calc'!A1", "formula"),
        ("@SUM(A1)", "formula"),
        ("+1", "formula"),
        (" \t-red", "formula"),
        ("a\0b", "control_character"),
        ("a - b = c\nd", None),
        ("red", None),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_refused(models, client_of, folder, text, problem):
    models.publish(columns="hours_studied room score")
    client = client_of(feedback="folder", feedback_path=str(folder))
    row = {"hours_studied": 5, "room": text}
    assert client.post("/predict", json=row).status_code == 200
    answer = client.post("/feedback", json=row | {"score": 50})
    assert answer.status_code == (422 if problem else 202)
    if problem:
        (error,) = answer.json()["detail"]
        assert (error["type"], error["loc"]) == (problem, ["body", 0, "room"])


def test_cross_origin_feedback_needs_a_token(learning):
    client = learning()
    for origin in ("https://evil.example", "null"):
        assert client.post("/feedback", json=ROW, headers={"Origin": origin}).status_code == 403
    assert client.post("/feedback", json=ROW, headers={"Origin": "http://testserver"}).status_code == 202


def test_rows_wait_whatever_the_target_raises():
    class Broken:
        def put(self, file: File) -> None:
            raise ValueError("a bug")

    feedback = Feedback(Broken(), rows=1)
    feedback.add(("a",), [{"a": 1}])
    assert not feedback.flush()
    assert (feedback.pending, feedback.problem) == (1, "a bug")


def test_a_partially_written_dataset_is_removed(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(DataError, match="No space") as caught:
        FolderTarget(folder).put(dataset(("a",), [{"a": 1.0}]))
    assert files_in(folder) == {}
    assert "SERVICE_FEEDBACK=github" in caught.value.fix


def test_the_configured_token_is_required(learning):
    client = learning(feedback_token="s3cret")
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
        answer = client.post("/feedback", json=ROW, headers=given)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.post("/feedback", json=ROW, headers={"Authorization": "Bearer s3cret"}).status_code == 202


def test_feedback_is_off_by_default(client):
    assert client.post("/feedback", json=ROW).status_code == 404


def test_more_rows_than_may_wait_are_refused(learning):
    client = learning(feedback_pending=3)
    answer = client.post("/feedback", json=[ROW] * 4)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"


def test_waiting_rows_are_written_when_the_service_stops(folder):
    with Feedback(FolderTarget(folder)).running() as feedback:
        feedback.add(("a", "b"), [{"a": 1.0, "b": "x"}])
    assert list(files_in(folder).values()) == ["a,b\n1,x\n"]


def test_cells_survive_a_round_trip_through_csv():
    rows = [{"a": None, "b": True, "c": 0.1, "d": 'say "hi",\nyou', "e": 1e22}]
    found = list(csv.reader(dataset("abcde", rows).content.decode().splitlines(keepends=True)))
    assert found[1] == ["", "true", "0.1", 'say "hi",\nyou', "1e+22"]


def test_a_full_dataset_is_written_immediately(folder):
    written = threading.Event()
    with Feedback(
        FolderTarget(folder), rows=2, seconds=3600, on_outcome=lambda *_: written.set()
    ).running() as feedback:
        feedback.add(("a",), [{"a": 1.0}, {"a": 2.0}])
        assert written.wait(20)
        assert feedback.pending == 0


STORE = "data/new data"


@pytest.fixture
def target(hosted: Hosted) -> GitHubTarget:
    writer = hosted.identity(permissions={"contents": "write"})
    return GitHubTarget(Api(hosted.url, writer.token), REPOSITORY, f"{STORE}/", "main")


def test_writing_a_dataset_twice_makes_one_commit(hosted, target):
    file = dataset(("a",), [{"a": 1.0}])
    target.put(file)
    target.put(file)  # the first response was lost
    assert hosted.read(STORE) == {f"{STORE}/{file.name}": b"a\n1\n"}
    assert hosted.messages() == ["Add 1 row of feedback", "Change 1 files"]
    assert hosted.statuses == ["201", "422", "200"]


def test_without_a_branch_the_default_branch_is_used(hosted):
    writer = hosted.identity(permissions={"contents": "write"})
    file = dataset(("a",), [{"a": 1.0}])
    GitHubTarget(Api(hosted.url, writer.token), REPOSITORY, STORE).put(file)
    assert hosted.read(STORE) == {f"{STORE}/{file.name}": b"a\n1\n"}


def test_a_failing_server_delays_feedback_and_loses_none(hosted, target):
    outcomes = []
    hosted.trouble = refused(502)
    feedback = Feedback(target, rows=1, on_outcome=lambda *outcome: outcomes.append(outcome))
    feedback.add(("a",), [{"a": 1.0}])
    assert not feedback.flush()
    assert not feedback.flush()
    assert feedback.pending == 1
    assert "GitHub answers 502" in feedback.problem
    hosted.trouble = lambda _: None
    assert feedback.flush()
    assert (feedback.pending, feedback.problem) == (0, "")
    assert [outcome for outcome, _, _ in outcomes] == ["delayed", "written"]


@pytest.mark.parametrize(
    ("changes", "status", "why", "fix"),
    [
        ({"token": "expired"}, 401, "the token is wrong or expired", "a token that is valid"),
        ({"permissions": {"contents": "read"}}, 403, "Resource not accessible by personal access token", "may write"),
        ({"archived": True}, 403, "Repository was archived so is read-only.", "may write"),
        ({"repository": "octo/gone"}, 404, "it is not there, or the token may not see", "SERVICE_REPOSITORY"),
        ({"branch": "gone"}, 404, "Branch gone not found", "SERVICE_BRANCH"),
        ({"rule": {"required_checks": ["ci"]}}, 409, "Could not create file: Changes must be made", "bypass list"),
        ({"rule": {"ruleset": "main"}}, 409, "Repository rule violations found Changes must be", "bypass list"),
        ({"moves": True}, 409, "refs/heads/main is at", "it is tried again"),
        ({"path": "data/../new"}, 422, "path contains a malformed path component", "SERVICE_FEEDBACK_PATH"),
        ({"path": "README.md"}, 422, "path contains a malformed path component", "SERVICE_FEEDBACK_PATH"),
    ],
)
def test_refusals_of_github_come_with_a_remedy(hosted, monkeypatch, changes, status, why, fix):
    token = changes.get("token") or hosted.identity(permissions=changes.get("permissions")).token
    if "rule" in changes:
        hosted.hub.protect(hosted.repository, "main", **changes["rule"])
    if "moves" in changes:
        monkeypatch.setattr(hosted.repository.git, "move", lambda *_: False)
    hosted.repository.change_settings(archived=changes.get("archived", False))
    path, branch = changes.get("path", STORE), changes.get("branch", "main")
    target = GitHubTarget(Api(hosted.url, token), changes.get("repository", REPOSITORY), path, branch)
    with pytest.raises(SourceUnavailable) as caught:
        target.put(dataset(("a",), [{"a": 1.0}]))
    assert caught.value.status == status
    assert why in caught.value.why
    assert fix in caught.value.fix
    assert hosted.messages() == ["Change 1 files"]


def test_a_rate_limit_sets_the_wait(hosted, target):
    hosted.trouble = refused(403, {"Retry-After": "30"})
    with pytest.raises(SourceUnavailable, match="the rate limit is used up") as caught:
        target.put(dataset(("a",), [{"a": 1.0}]))
    assert caught.value.wait == 30


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_renamed_repository_is_reported(hosted, target, status):
    there = f"{hosted.url}/repositories/1/contents/x.csv"
    hosted.trouble = refused(status, {"Location": there}, b'{"message": "Moved Permanently"}')
    with pytest.raises(SourceUnavailable, match=f"GitHub answers {status}") as caught:
        target.put(dataset(("a",), [{"a": 1.0}]))
    assert "SERVICE_REPOSITORY" in caught.value.fix
    assert hosted.statuses == [str(status)]


def test_an_existing_file_is_not_assumed_while_github_fails(hosted, target):
    file = dataset(("a",), [{"a": 1.0}])
    target.put(file)
    hosted.trouble = lambda request: refused(502)(request) if request.method == "GET" else None
    with pytest.raises(SourceUnavailable, match="GitHub answers 502"):
        target.put(file)


def test_rows_that_cannot_be_written_at_the_end_are_reported(hosted):
    outcomes = []
    reader = hosted.identity(permissions={"contents": "read"})
    target = GitHubTarget(Api(hosted.url, reader.token), REPOSITORY, STORE)
    with Feedback(target, on_outcome=lambda *outcome: outcomes.append(outcome)).running() as feedback:
        feedback.add(("a",), [{"a": 1.0}] * 3)
    assert outcomes[-1][:2] == ("lost", 3)
    assert "GitHub answers 403" in outcomes[-1][2]


def test_waiting_rows_are_limited():
    class Never:
        def put(self, file: File) -> None:
            raise SourceUnavailable("no")

    feedback = Feedback(Never(), pending=2)
    feedback.add(("a",), [{"a": 1}, {"a": 2}])
    feedback.flush()
    with pytest.raises(FullError):
        feedback.add(("a",), [{"a": 3}])
