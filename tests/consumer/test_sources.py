import json
import time

import pytest
from contents_server import REPOSITORY, Contents, ContentsServer

from ml_action.consumer import Folder, GitHub, Unreachable

METADATA = "model/model_metadata.json"


@pytest.fixture
def contents():
    return Contents(files={("main", METADATA): b'{"name": "students"}', ("main", "model/v1.pkl"): b"model"})


@pytest.fixture
def server(contents):
    with ContentsServer(contents) as running:
        yield running


@pytest.fixture
def source(server):
    return GitHub(REPOSITORY, api=server.url)


def test_a_folder_is_read(tmp_path):
    (tmp_path / "model_metadata.json").write_bytes(b"{}")
    (tmp_path / "v1.pkl").write_bytes(b"model")
    folder = Folder(tmp_path)
    assert folder.metadata() == b"{}"
    assert folder.artifact("v1.pkl", 5) == b"model"
    assert folder.artifact("v1.pkl", 3) == b"mode"  # one more than asked for: enough to see that there is more
    assert folder.counter() == b""


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Unreachable, match=r"model_metadata\.json cannot be read: No such file"):
        Folder(tmp_path / "nowhere").metadata()


def test_a_repository_is_read(source):
    assert source.metadata() == b'{"name": "students"}'
    assert source.artifact("v1.pkl", 100) == b"model"
    assert source.artifact("v1.pkl", 3) == b"mode"


def test_what_has_not_changed_is_not_sent_again(source, contents):
    first = source.metadata()
    assert source.metadata() == first
    assert [call[-3:] for call in contents.calls] == ["200", "304"]
    contents.files["main", METADATA] = b'{"name": "other"}'
    assert source.metadata() == b'{"name": "other"}'
    assert source.metadata() == b'{"name": "other"}'
    assert [call[-3:] for call in contents.calls] == ["200", "304", "200", "304"]


def test_a_branch_and_an_enterprise_server(contents, server):
    contents.prefix = "/api/v3"
    contents.files["live/two", "a b/ü/model_metadata.json"] = b"{}"
    source = GitHub(REPOSITORY, "a b/ü/", ref="live/two", api=f"{server.url}/api/v3/")
    assert source.metadata() == b"{}"


def test_the_last_decision_is_read_from_the_state_branch(source, contents):
    source.metadata()
    assert source.counter() == b""
    counter = json.dumps({"count": 3, "last_decision": "hold: not better"}).encode()
    contents.files["ml-auto-update/students/state", "new_data_counter.json"] = counter
    assert source.counter() == counter
    assert source.counter() == counter
    assert contents.calls[-1].endswith("304")


def test_the_token_is_sent_as_a_header_and_to_this_host_only(contents, server):
    contents.token = "secret"
    source = GitHub(REPOSITORY, token="secret", api=server.url)
    assert source.metadata()
    assert contents.headers[-1]["authorization"] == "Bearer secret"
    with ContentsServer(Contents()) as stranger:
        contents.trouble = lambda method, path: (302, {"Location": f"{stranger.url}/steal"}, b"")
        with pytest.raises(Unreachable, match="GitHub answers 302"):
            source.artifact("v1.pkl", 10)


def test_a_renamed_repository_is_followed_with_the_token(contents, server):
    contents.token = "secret"
    there = f"{server.url}/repos/{REPOSITORY}/contents/{METADATA}"
    contents.trouble = lambda method, path: (301, {"Location": there}, b"") if "/old/" in path else None
    assert GitHub("octo/old", token="secret", api=server.url).metadata()
    assert [call[-3:] for call in contents.calls] == ["301", "200"]


@pytest.mark.parametrize(
    ("status", "headers", "why", "wait"),
    [
        (404, {}, "it is not there, or the token may not see the repository", 0),
        (401, {}, "the token is wrong or expired", 0),
        (403, {}, "Forbidden", 0),
        (429, {"Retry-After": "7"}, "the rate limit is used up", 7),
        (429, {}, "the rate limit is used up", 60),
        (403, {"Retry-After": "999999"}, "the rate limit is used up", 3600),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "RESET"}, "the rate limit is used up", 300),
        (502, {}, "Bad Gateway", 0),
    ],
)
def test_what_github_refuses_is_told_with_how_long_it_wants_to_be_left_alone(
    source, contents, status, headers, why, wait
):
    reset = str(int(time.time()) + 300)
    headers = {name: value.replace("RESET", reset) for name, value in headers.items()}
    contents.trouble = lambda method, path: (status, headers, b"no")
    with pytest.raises(Unreachable) as caught:
        source.metadata()
    assert f"GitHub answers {status}" in caught.value.what
    assert caught.value.why == why
    assert caught.value.wait == pytest.approx(wait, abs=5)


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(Unreachable, match=r"http://127.0.0.1:9 does not answer"):
        GitHub(REPOSITORY, api="http://127.0.0.1:9").metadata()


def test_only_http_is_an_address():
    with pytest.raises(ValueError, match="https://"):
        GitHub(REPOSITORY, api="file:///etc")
