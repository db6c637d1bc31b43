import json
import time

import pytest

from ml_action.consumer import Folder, GitHub, SourceUnavailable
from tests.support.fault_proxy import Wire, in_front_of
from tests.support.flaky_server import REPOSITORY, Hosted, refused

METADATA = "model/model_metadata.json"


@pytest.fixture
def files(hosted: Hosted) -> Hosted:
    hosted.write({METADATA: b'{"name": "students"}', "model/v1.pkl": b"model"})
    return hosted


@pytest.fixture
def source(files: Hosted) -> GitHub:
    return GitHub(REPOSITORY, api=files.url)


def test_files_are_read_from_a_folder(tmp_path):
    (tmp_path / "model_metadata.json").write_bytes(b"{}")
    (tmp_path / "v1.pkl").write_bytes(b"model")
    folder = Folder(tmp_path)
    assert folder.metadata() == b"{}"
    assert folder.artifact("v1.pkl", 5) == b"model"
    assert folder.artifact("v1.pkl", 3) == b"mode"  # one more than requested shows that the file is larger
    assert folder.counter() == b""


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(SourceUnavailable, match=r"model_metadata\.json cannot be read: No such file"):
        Folder(tmp_path / "nowhere").metadata()


def test_files_are_read_from_a_repository(source):
    assert source.metadata() == b'{"name": "students"}'
    assert source.artifact("v1.pkl", 100) == b"model"
    assert source.artifact("v1.pkl", 3) == b"mode"


def test_an_unchanged_file_is_not_downloaded_again(source, files):
    first = source.metadata()
    assert source.metadata() == first
    assert files.statuses == ["200", "304"]
    files.write({METADATA: b'{"name": "other"}'})
    assert source.metadata() == b'{"name": "other"}'
    assert source.metadata() == b'{"name": "other"}'
    assert files.statuses == ["200", "304", "200", "304"]


def test_branches_tags_and_an_enterprise_server(files):
    files.write({"a b/ü/model_metadata.json": b"{}"}, branch="live/two")
    files.git.run("tag", "v1", "main")
    for branch, found in (("live/two", b"{}"), ("v1", None), ("main", None)):
        source = GitHub(REPOSITORY, "a b/ü/", ref=branch, api=f"{files.url}/api/v3/")
        if found is None:
            with pytest.raises(SourceUnavailable, match="GitHub answers 404"):
                source.metadata()
        else:
            assert source.metadata() == found
    assert GitHub(REPOSITORY, ref="v1", api=files.url).metadata() == b'{"name": "students"}'


def test_a_model_larger_than_a_megabyte_is_read(source, files):
    files.write({"model/v2.pkl": bytes(3 * 1024 * 1024)})
    assert source.artifact("v2.pkl", 4 * 1024 * 1024) == bytes(3 * 1024 * 1024)


def test_the_last_decision_is_read_from_the_state_branch(source, files):
    source.metadata()
    assert source.counter() == b""
    counter = json.dumps({"count": 3, "last_decision": "hold: not better"}).encode()
    files.write({"new_data_counter.json": counter}, branch="ml-auto-update/students/state")
    assert source.counter() == counter
    assert source.counter() == counter
    assert files.statuses[-3:] == ["404", "200", "304"]


def test_a_private_repository_needs_a_token_with_the_permission(source, files):
    files.repository.private = True
    with pytest.raises(SourceUnavailable, match="GitHub answers 404") as caught:
        source.metadata()
    assert "the token may not see the repository" in caught.value.why
    reader = files.identity(permissions={"contents": "read"})
    assert GitHub(REPOSITORY, token=reader.token, api=files.url).metadata()
    other = files.identity("other", permissions={"issues": "write"})
    with pytest.raises(SourceUnavailable, match="GitHub answers 403"):
        GitHub(REPOSITORY, token=other.token, api=files.url).metadata()
    with pytest.raises(SourceUnavailable, match="GitHub answers 401"):
        GitHub(REPOSITORY, token="expired", api=files.url).metadata()


def test_a_token_that_is_renewed_is_asked_for_before_each_request(files):
    files.repository.private = True
    reader = files.identity(permissions={"contents": "read"})
    tokens = iter(["expired", reader.token])
    source = GitHub(REPOSITORY, token=lambda: next(tokens), api=files.url)
    with pytest.raises(SourceUnavailable, match="401"):
        source.metadata()
    assert source.metadata() == b'{"name": "students"}'


def test_the_token_is_a_header_and_is_sent_to_this_host_only(files):
    reader, sent, stolen = files.identity(permissions={"contents": "read"}), [], []
    files.trouble = lambda request: sent.append(request.headers["Authorization"])
    source = GitHub(REPOSITORY, token=reader.token, api=files.url)
    assert source.metadata()
    assert sent == [f"Bearer {reader.token}"]
    with in_front_of(files.hub.url) as other_host:
        other_host.plan = stolen.append
        files.trouble = refused(302, {"Location": f"{other_host.url}/steal"})
        with pytest.raises(SourceUnavailable, match="GitHub answers 302"):
            source.artifact("v1.pkl", 10)
    assert stolen == []


def test_a_renamed_repository_is_followed_with_the_token(files):
    files.repository.private = True
    moved = refused(301, {"Location": f"{files.url}/repos/{REPOSITORY}/contents/{METADATA}"})
    files.trouble = lambda request: moved(request) if "/old/" in request.path else None
    reader = files.identity(permissions={"contents": "read"})
    assert GitHub("octo/old", token=reader.token, api=files.url).metadata()
    assert files.statuses == ["301", "200"]


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
def test_refusals_of_github_are_reported_with_the_wait_that_it_asks_for(source, files, status, headers, why, wait):
    reset = str(int(time.time()) + 300)
    headers = {name: value.replace("RESET", reset) for name, value in headers.items()}
    files.trouble = refused(status, headers)
    with pytest.raises(SourceUnavailable) as caught:
        source.metadata()
    assert f"GitHub answers {status}" in caught.value.what
    assert caught.value.why == why
    assert caught.value.wait == pytest.approx(wait, abs=5)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"message": "Repository was\\n\\n archived"}', "Repository was archived"),
        (b'{"message": "' + b"x" * 999 + b'"}', "x" * 300),
        (b"[" * 60_000, "Forbidden"),
        (b"<html>a proxy</html>", "Forbidden"),
        (b"[]", "Forbidden"),
        (b"", "Forbidden"),
    ],
)
def test_the_message_of_github_is_reported_in_one_line(source, files, body, why):
    files.trouble = refused(403, body=body)
    with pytest.raises(SourceUnavailable) as caught:
        source.metadata()
    assert caught.value.why == why


def test_a_truncated_response_is_an_error_and_is_not_cached(source, files):
    files.proxy.plan = lambda wire: wire.answer(wire.forward(), cut=True)
    for ask in (source.metadata, lambda: source.artifact("v1.pkl", 100)):
        with pytest.raises(SourceUnavailable, match="does not answer: IncompleteRead"):
            ask()
    files.trouble = refused(502, body=b'{"message": "cut"}')
    files.proxy.plan = lambda wire: wire.answer(files.trouble(wire.request), cut=True)
    with pytest.raises(SourceUnavailable, match="GitHub answers 502"):
        source.metadata()
    files.trouble = lambda _: None
    files.proxy.plan = files.plan
    assert source.metadata() == b'{"name": "students"}'
    assert source.artifact("v1.pkl", 3) == b"mode"  # a response of the requested size is not truncated


def test_a_server_that_resets_or_times_out_is_reported(files):
    for plan, error in ((Wire.reset, "ConnectionResetError"), (Wire.silence, "TimeoutError")):
        files.proxy.plan = plan
        with pytest.raises(SourceUnavailable, match=f"does not answer: .*{error}|timed out"):
            GitHub(REPOSITORY, api=files.url, timeout=0.3).metadata()


def test_an_unreachable_server_is_reported():
    with pytest.raises(SourceUnavailable, match=r"http://127.0.0.1:9 does not answer"):
        GitHub(REPOSITORY, api="http://127.0.0.1:9").metadata()


def test_only_http_addresses_are_accepted():
    with pytest.raises(ValueError, match="https://"):
        GitHub(REPOSITORY, api="file:///etc")
