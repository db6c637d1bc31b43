"""Files read and written through the contents API, on the repository that clones see."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from typing import Any

import pytest
import requests

from sandbox import Account, Sandbox
from sandbox.rest import contents
from tests.support.sandbox_world import World, git

RAW = "application/vnd.github.raw+json"


def read(world: World, path: str, account: Account | None = None, tag: str = "", **query: str) -> requests.Response:
    headers = {"Accept": RAW} | ({"If-None-Match": tag} if tag else {})
    headers |= {"Authorization": f"Bearer {account.token}"} if account else {}
    address = f"{world.hub.url}/repos/octo/students/contents/{path}"
    return requests.get(address, headers=headers, params=query, timeout=10)


def write(world: World, path: str, account: Account | None, data: bytes = b"new\n", **more: Any) -> requests.Response:
    body = {"message": f"Write {path}", "content": b64encode(data).decode(), **more}
    return world.call("PUT", f"/contents/{path}", account, json=body)


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["message"]


# --- reading -------------------------------------------------------------------------------------------------


def test_a_file_is_read_from_a_branch_a_tag_and_a_commit(world: World, ada: Account) -> None:
    first = git(world.clone, "rev-parse", "HEAD")
    world.propose("ml/topic", {"a b/ü.bin": "\x00\n", "README.md": "Changed\n"}, ada)
    git(world.clone, "tag", "v1", "main")
    world.push(ada, "v1")
    assert read(world, "README.md").content == b"Students\n"
    assert read(world, "README.md", ref="ml/topic").content == b"Changed\n"
    assert {read(world, "README.md", ref=ref).content for ref in ("v1", first, "main")} == {b"Students\n"}
    found = read(world, "a%20b/%C3%BC.bin", ada, ref="ml/topic")
    assert (found.content, found.headers["Content-Type"]) == (b"\x00\n", f"{RAW}; charset=utf-8")


def test_an_unchanged_file_is_304(world: World, ada: Account) -> None:
    tag = read(world, "README.md").headers["ETag"]
    assert tag.startswith('W/"')
    again = read(world, "README.md", tag=tag)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert read(world, "README.md", tag=tag.removeprefix("W/")).status_code == 304
    world.commit("main", {"README.md": "Changed\n"})
    world.push(ada, "main")
    changed = read(world, "README.md", tag=tag)
    assert (changed.status_code, changed.content) == (200, b"Changed\n")
    assert changed.headers["ETag"] != tag


def test_a_file_and_a_folder_are_served_as_json(world: World, bot: Account) -> None:
    world.propose("ml/topic", {"data/a.csv": "a\n1\n", "data/more/b.csv": "b\n"}, bot)
    client = world.client(bot)
    found = client.get_contents("data/a.csv", ref="ml/topic")
    assert (found.decoded_content, found.type, found.size, found.name) == (b"a\n1\n", "file", 4, "a.csv")
    listed = client.get_contents("data", ref="ml/topic")
    assert [(one.path, one.type) for one in listed] == [("data/a.csv", "file"), ("data/more", "dir")]
    assert read(world, "data", ref="ml/topic").json()[0]["sha"] == found.sha  # a folder has no raw form


def test_a_file_over_a_megabyte_has_its_bytes_only_in_the_raw_format(world: World, bot: Account, monkeypatch) -> None:
    large = "x" * (1024 * 1024 + 1)
    world.propose("ml/topic", {"large.txt": large}, bot)
    found = world.client(bot).get_contents("large.txt", ref="ml/topic")
    assert (found.encoding, found.content, found.size) == ("none", "", len(large))
    assert read(world, "large.txt", ref="ml/topic").text == large
    monkeypatch.setattr(contents, "LARGEST", 1024 * 1024)
    refused = read(world, "large.txt", ref="ml/topic")
    assert refused.status_code == 403
    assert refused.json()["errors"] == [{"resource": "Blob", "field": "data", "code": "too_large"}]


@pytest.mark.parametrize(
    ("path", "ref", "message"),
    [
        ("absent.md", "main", "Not Found"),
        ("a//b", "main", "Not Found"),
        ("README.md", "absent", "No commit found for the ref absent"),
        ("README.md", "--all", "No commit found for the ref --all"),
    ],
)
def test_a_missing_path_or_ref_is_not_found(world: World, path: str, ref: str, message: str) -> None:
    assert refusal(read(world, path, ref=ref)) == (404, message)


def test_a_private_repository_requires_permission_to_read(make_world) -> None:
    world = make_world(private=True)
    assert read(world, "README.md").status_code == 404
    assert read(world, "README.md", world.hub.add_account("ada", permissions={"contents": "read"})).status_code == 200
    assert read(world, "README.md", world.hub.add_account("ada", permissions={"issues": "read"})).status_code == 403


# --- writing -------------------------------------------------------------------------------------------------


def test_a_new_file_is_a_commit_that_clones_see(world: World, ada: Account) -> None:
    answer = write(world, "data/new%20data/ü.csv", ada, b"a\n\xff\n")
    assert answer.status_code == 201
    created = answer.json()
    assert (created["content"]["path"], created["content"]["size"]) == ("data/new data/ü.csv", 4)
    git(world.clone, "pull", "--quiet", str(world.repository.path), "main")
    assert (world.clone / "data/new data/ü.csv").read_bytes() == b"a\n\xff\n"
    assert git(world.clone, "rev-parse", "HEAD") == created["commit"]["sha"]
    assert git(world.clone, "log", "-1", "--format=%an %s").startswith("ada Write data/new")
    assert git(world.clone, "show", "HEAD:README.md") == "Students"
    assert world.repository.pushers["refs/heads/main"] == "ada"


def test_a_commit_has_the_requested_branch_author_and_committer(world: World, ada: Account, bot: Account) -> None:
    world.propose("ml/topic", {"a.txt": "a"}, ada)
    eve = {"name": "Eve", "email": "eve@example.org"}
    made = write(world, "b.txt", ada, branch="ml/topic", committer=eve).json()["commit"]
    assert (made["author"]["name"], made["committer"]["name"]) == ("Eve", "Eve")
    assert made["verification"]["verified"] is False
    assert read(world, "b.txt").status_code == 404
    assert read(world, "b.txt", ref="ml/topic").content == b"new\n"
    own = write(world, "c.txt", bot).json()["commit"]
    assert (own["author"]["name"], own["committer"]["name"]) == ("ml-bot[bot]", "GitHub")
    assert own["verification"]["verified"] is True


def test_replacing_a_file_requires_its_id(world: World, ada: Account) -> None:
    assert refusal(write(world, "README.md", ada)) == (422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    other = git(world.clone, "rev-parse", "HEAD")
    assert refusal(write(world, "README.md", ada, sha=other)) == (409, f"README.md does not match {other}")
    known = git(world.clone, "rev-parse", "HEAD:README.md")
    assert write(world, "README.md", ada, sha=known).status_code == 200
    assert read(world, "README.md").content == b"new\n"
    assert write(world, "fresh.md", ada, sha=other).status_code == 201  # not looked at
    client = world.client(ada)
    client.update_file("fresh.md", "Again", "again\n", client.get_contents("fresh.md").sha)
    assert read(world, "fresh.md").content == b"again\n"


def test_the_first_commit_of_an_empty_repository(world: World, ada: Account) -> None:
    world.hub.create_repository("octo/empty")
    address = f"{world.hub.url}/repos/octo/empty/contents/a.txt"
    assert refusal(requests.get(address, timeout=10)) == (404, "This repository is empty.")
    body = {"message": "Begin", "content": "YQ=="}
    made = requests.put(address, json=body, headers={"Authorization": f"Bearer {ada.token}"}, timeout=10)
    assert made.status_code == 201
    assert made.json()["commit"]["parents"] == []
    assert requests.get(address, headers={"Accept": RAW}, timeout=10).content == b"a"


@pytest.mark.parametrize(
    ("path", "more", "status", "message"),
    [
        ("a.txt", {"branch": "absent"}, 404, "Branch absent not found"),
        ("a.txt", {"content": "a"}, 422, "content is not valid Base64"),
        ("a.txt", {"content": None}, 422, 'Invalid request.\n\n"content" wasn\'t supplied.'),
        ("a.txt", {"message": None}, 422, 'Invalid request.\n\n"message" wasn\'t supplied.'),
        ("a.txt", {"committer": {"name": "Eve"}}, 422, 'Invalid request.\n\n"email" wasn\'t supplied.'),
        ("a/.git/b.txt", {}, 422, "path contains a malformed path component"),
        ("README.md/b.txt", {}, 422, "path contains a malformed path component"),
    ],
)
def test_an_impossible_write_is_refused(world: World, ada: Account, path, more, status, message) -> None:
    assert refusal(write(world, path, ada, **more)) == (status, message)


def test_writing_requires_write_access(world: World) -> None:
    hub = world.hub
    assert write(world, "a.txt", None).status_code == 401
    reader = hub.add_account("ada", permissions={"contents": "read"})
    assert refusal(write(world, "a.txt", reader)) == (403, "Resource not accessible by personal access token")
    assert write(world, "a.txt", hub.add_account("eve", role="read")).status_code == 403
    world.repository.change_settings(archived=True)
    assert refusal(write(world, "a.txt", hub.add_account("ada"))) == (403, "Repository was archived so is read-only.")
    assert read(world, "a.txt").status_code == 404


def test_a_protected_branch_accepts_commits_only_from_accounts_that_bypass_it(world: World, ada: Account) -> None:
    world.hub.protect(world.repository, "main", required_checks=["ci"], bypass=("eve",))
    reasons = 'Changes must be made through a pull request. Required status check "ci" is expected.'
    assert refusal(write(world, "a.txt", ada)) == (409, f"Could not create file: {reasons}")
    known = git(world.clone, "rev-parse", "HEAD:README.md")
    assert refusal(write(world, "README.md", ada, sha=known)) == (409, f"Could not update file: {reasons}")
    assert write(world, "a.txt", world.hub.add_account("eve")).status_code == 201
    assert write(world, "b.txt", world.hub.add_account("eve")).status_code == 201


def test_a_ruleset_refuses_with_a_different_message(world: World, ada: Account, bot: Account) -> None:
    world.hub.protect(world.repository, "main", ruleset="main")
    broken = "Repository rule violations found\n\nChanges must be made through a pull request.\n\n"
    assert refusal(write(world, "a.txt", ada)) == (409, broken)
    world.hub.protect(world.repository, "main", ruleset="main", block_pushes=False, require_signatures=True)
    unsigned = "Repository rule violations found\n\nCommits must have verified signatures.\n\n"
    assert refusal(write(world, "a.txt", ada)) == (409, unsigned)
    assert write(world, "a.txt", bot).status_code == 201


def test_a_branch_that_moves_during_the_request_is_a_conflict(world: World, ada: Account, monkeypatch) -> None:
    tip = world.repository.git.refs()["refs/heads/main"]
    monkeypatch.setattr(world.repository.git, "move", lambda *_: False)
    assert refusal(write(world, "a.txt", ada)) == (409, f"refs/heads/main is at {tip} but expected {tip}")


def test_a_write_to_its_branch_updates_an_open_pull_request(world: World, ada: Account) -> None:
    world.open("topic", ada)
    made = write(world, "more.txt", ada, branch="topic").json()["commit"]["sha"]
    (pull,) = world.hub.pulls(world.repository)
    assert pull.head_sha == made


def test_a_link_is_an_error_of_the_sandbox(seed, tmp_path) -> None:
    """Contract tests see it as an answer that GitHub does not give."""
    with Sandbox(tmp_path) as hub:
        world = World(hub, hub.create_repository("octo/students"), seed / "clone")
        entry = "commit refs/heads/main\ncommitter A <a@b> 1 +0000\ndata 0\nM 120000 inline link\ndata 1\nx\n"
        subprocess.run(["git", "fast-import", "--quiet"], cwd=world.repository.path, input=entry.encode(), check=True)
        assert read(world, "link").status_code == 501
