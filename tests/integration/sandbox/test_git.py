"""Git over HTTP: real pushes and fetches through the server."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading

import pytest
import requests

from sandbox import Account, Sandbox
from tests.support.sandbox_world import World, git


def test_another_clone_fetches_a_push(world: World, bot: Account, tmp_path) -> None:
    sha = world.propose("topic", {"a.txt": "a"}, bot)
    git(tmp_path, "clone", "--quiet", "--branch=topic", world.url(bot), "other")
    assert git(tmp_path / "other", "rev-parse", "HEAD") == sha


def test_a_chunked_push_above_a_megabyte_arrives(world: World, bot: Account) -> None:
    (world.clone / "large.bin").write_bytes(os.urandom(3_000_000))
    sha = world.propose("large", {"a.txt": "a"}, bot)
    assert world.repository.git.refs()["refs/heads/large"] == sha
    assert any(one.headers.get("Transfer-Encoding") == "chunked" for one in world.exchanges)


def test_a_shallow_blobless_clone_works_without_the_suffix(world: World, bot: Account, tmp_path) -> None:
    address = world.url(bot).removesuffix(".git")
    git(tmp_path, "clone", "--quiet", "--depth=1", "--filter=blob:none", "--no-checkout", address, "lean")
    assert git(tmp_path / "lean", "rev-parse", "--is-shallow-repository") == "true"


def test_a_public_repository_can_be_fetched_but_not_pushed_without_a_token(world: World) -> None:
    plain = world.hub.git_url(world.repository)
    assert "refs/heads/main" in git(world.clone, "ls-remote", plain)
    assert "could not read Username" in git(world.clone, "push", plain, "main:other", fails=True)


def test_the_server_enforces_a_lease(world: World, bot: Account) -> None:
    old = world.propose("topic", {"a.txt": "1"}, bot)
    world.propose("topic", {"a.txt": "2"}, bot)
    world.commit("rival", {"a.txt": "3"})
    lease = f"--force-with-lease=refs/heads/topic:{old}"
    assert "stale info" in world.push(bot, lease, "rival:topic", fails=True)


def test_a_push_that_is_not_a_fast_forward_is_refused(world: World, bot: Account) -> None:
    world.propose("topic", {"a.txt": "1"}, bot)
    world.commit("rival", {"a.txt": "2"})
    assert "rejected" in world.push(bot, "rival:topic", fails=True)


@pytest.mark.parametrize(
    ("kind", "permissions", "role"),
    [("app", {"contents": "read"}, "write"), ("user", None, "read"), ("app", {}, "write")],
)
def test_a_push_without_write_permission_names_the_account(world: World, kind, permissions, role) -> None:
    weak = world.hub.add_account("weak", kind=kind, permissions=permissions, role=role)
    world.commit("topic", {"a.txt": "a"})
    output = world.push(weak, "topic", fails=True)
    assert f"Permission to octo/students.git denied to {weak.login}" in output
    assert "403" in output


def test_a_wrong_token_is_refused(world: World) -> None:
    wrong = world.hub.git_url(world.repository).replace("://", "://x-access-token:wrong@")
    assert "Authentication failed" in git(world.clone, "push", wrong, "main:other", fails=True)


def test_an_unknown_repository_is_not_found(world: World, bot: Account) -> None:
    address = world.url(bot).replace("students", "nothing")
    assert "not found" in git(world.clone, "ls-remote", address, fails=True)


def test_an_archived_repository_refuses_a_push(world: World, bot: Account) -> None:
    world.repository.change_settings(archived=True)
    world.commit("topic", {"a.txt": "a"})
    assert "archived" in world.push(bot, "topic", fails=True)


def test_a_protected_branch_refuses_a_direct_push_with_githubs_messages(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1, required_checks=["ci"])
    world.commit("main", {"a.txt": "a"})
    output = world.push(bot, "main", fails=True)
    assert "remote: error: GH006: Protected branch update failed for refs/heads/main." in output
    assert "Changes must be made through a pull request." in output
    assert 'Required status check "ci" is expected.' in output
    assert "! [remote rejected] main -> main (protected branch hook declined)" in output
    assert "declined to update" not in output


def test_a_refused_branch_does_not_affect_others_in_the_same_push(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main")
    sha = world.commit("main", {"a.txt": "a"})
    world.push(bot, "main", "main:other", fails=True)
    refs = world.repository.git.refs()
    assert refs["refs/heads/other"] == sha != refs["refs/heads/main"]


def test_a_pattern_protects_only_matching_branches(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "ml-auto-update/*")
    world.commit("topic", {"a.txt": "a"})
    assert "GH006" in world.push(bot, "topic:ml-auto-update/state", fails=True)
    world.push(bot, "topic:ml-auto-update/students/state")


def test_a_rule_without_a_push_block_still_refuses_force_and_deletion(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "topic", required_reviews=1, block_pushes=False)
    world.propose("topic", {"a.txt": "1"}, bot)
    world.propose("topic", {"a.txt": "2"}, bot)
    assert "Cannot force-push" in world.push(bot, "+main:topic", fails=True)
    assert "Cannot delete" in world.push(bot, ":topic", fails=True)


def test_only_one_of_two_racing_pushes_wins(world: World, bot: Account) -> None:
    for rival in ("one", "two"):
        world.commit(rival, {f"{rival}.txt": rival})
    results: list[int] = []

    def push(rival: str) -> None:
        command = ["git", "push", "--quiet", world.url(bot), f"{rival}:refs/heads/state"]
        results.append(subprocess.run(command, cwd=world.clone, capture_output=True).returncode)

    threads = [threading.Thread(target=push, args=(rival,)) for rival in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, results)) == [False, True]


def test_observers_see_no_token(world: World, bot: Account) -> None:
    world.client(bot)
    world.propose("topic", {"a.txt": "a"}, bot)
    assert any(exchange.git for exchange in world.exchanges)
    assert all(bot.token not in str(exchange) for exchange in world.exchanges)


def test_the_server_listens_on_loopback_only(world: World) -> None:
    assert world.hub.url.startswith("http://127.0.0.1:")


def test_a_compressed_request_is_decompressed(world: World) -> None:
    body = gzip.compress(b"0014command=ls-refs\n00010000")
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Content-Encoding": "gzip",
        "Git-Protocol": "version=2",
    }
    address = f"{world.hub.git_url(world.repository)}/git-upload-pack"
    assert b"refs/heads/main" in requests.post(address, data=body, headers=headers, timeout=5).content


def test_a_port_in_use_is_an_oserror(world: World, tmp_path) -> None:
    port = int(world.hub.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Sandbox(tmp_path, port=port).__enter__()
