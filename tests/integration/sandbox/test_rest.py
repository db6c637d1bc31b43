"""Branches, refs, commits, statuses, check runs and dispatches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from github import GithubException, UnknownObjectException

from sandbox import Account
from tests.support.sandbox_world import World


def test_a_branch_has_its_tip_and_protection(world: World, bot: Account) -> None:
    sha = world.propose("ml/topic", {"a.txt": "a"}, bot)
    world.hub.protect(world.repository, "main", required_checks=["ci"])
    client = world.client(bot)
    assert (client.get_branch("ml/topic").commit.sha, client.get_branch("ml/topic").protected) == (sha, False)
    main = client.get_branch("main")
    assert main.protected
    assert main.raw_data["protection"]["required_status_checks"]["contexts"] == ["ci"]
    with pytest.raises(GithubException, match="Branch not found"):
        client.get_branch("absent")


def test_refs_are_read_matched_and_deleted(world: World, bot: Account) -> None:
    sha = world.propose("ml/one", {"a.txt": "a"}, bot)
    world.push(bot, "ml/one:ml/two")
    client = world.client(bot)
    assert client.get_git_ref("heads/ml/one").object.sha == sha
    found = [ref.ref for ref in client.get_git_matching_refs("heads/ml/")]
    assert found == ["refs/heads/ml/one", "refs/heads/ml/two"]
    client.get_git_ref("heads/ml/one").delete()
    with pytest.raises(UnknownObjectException):
        client.get_git_ref("heads/ml/one")
    response = world.call("DELETE", "/git/refs/heads/ml/one", bot)
    assert (response.status_code, response.json()["message"]) == (422, "Reference does not exist")


def test_a_protected_branch_cannot_be_deleted_through_the_api(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main")
    assert world.call("DELETE", "/git/refs/heads/main", bot).status_code == 422


def test_a_commit_is_found_by_branch_and_id(world: World, bot: Account) -> None:
    sha = world.propose("ml/topic", {"a.txt": "1\n2\n"}, bot)
    client = world.client(bot)
    for name in (sha, sha[:10], "ml/topic"):
        commit = client.get_commit(name)
        assert (commit.sha, commit.stats.additions, commit.commit.author.name) == (sha, 2, "Ada")
        assert [one.filename for one in commit.files] == ["a.txt"]
    with pytest.raises(GithubException, match="No commit found for SHA"):
        client.get_commit("absent")
    assert world.call("GET", "/commits/-x", bot).status_code == 422


def test_statuses_are_combined_by_context(world: World, bot: Account) -> None:
    commit = world.client(bot).get_commit("main")
    assert commit.get_combined_status().state == "pending"
    commit.create_status("failure", context="ci")
    commit.create_status("success", context="lint", description="fine", target_url="https://example.org")
    assert commit.get_combined_status().state == "failure"
    commit.create_status("success", context="ci")
    combined = commit.get_combined_status()
    assert (combined.state, combined.total_count) == ("success", 2)
    assert world.call("POST", f"/statuses/{commit.sha}", bot, json={"state": "great"}).status_code == 422


def test_only_apps_create_check_runs(world: World, bot: Account, ada: Account) -> None:
    client = world.client(bot)
    sha = client.get_branch("main").commit.sha
    client.create_check_run("ci", sha, conclusion="failure", output={"title": "No", "summary": "It broke"})
    client.create_check_run("ci", sha, conclusion="success")
    client.create_check_run("lint", sha)
    runs = {run.name: run for run in client.get_commit(sha).get_check_runs()}
    assert (runs["ci"].conclusion, runs["lint"].status) == ("success", "queued")
    assert [run.name for run in client.get_commit(sha).get_check_runs(check_name="lint")] == ["lint"]
    with pytest.raises(GithubException, match="You must authenticate via a GitHub App"):
        world.client(ada).create_check_run("ci", sha)


def test_dispatches_are_recorded(world: World, bot: Account) -> None:
    world.client(bot).create_repository_dispatch("retrain", {"why": "drift"})
    body = {"ref": "main", "inputs": {"threshold": "1"}}
    path = "/actions/workflows/retrain.yml/dispatches"
    assert world.call("POST", path, bot, json=body).status_code == 204
    event, workflow = world.repository.dispatches
    assert (event.kind, event.name, event.payload) == ("repository_dispatch", "retrain", {"why": "drift"})
    assert (workflow.name, workflow.ref, workflow.actor.login) == ("retrain.yml", "main", "ml-bot[bot]")
    assert world.call("POST", path, bot, json={"ref": "absent"}).status_code == 422
    assert world.call("POST", "/dispatches", bot, json={"event_type": "x" * 101}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/pulls", {"head": 7, "base": "main", "title": "T"}),
        ("POST", "/pulls", {"head": "topic", "base": "main", "title": ["T"]}),
        ("POST", "/pulls", []),
        ("PATCH", "/pulls/1", {"state": "gone"}),
        ("PUT", "/pulls/1/merge", {"merge_method": []}),
        ("PUT", "/pulls/1/merge", {"merge_method": "octopus"}),
        ("POST", "/pulls/1/reviews", {"event": {}}),
        ("POST", "/pulls/1/reviews", {"event": "PRAISE"}),
        ("POST", "/issues/1/labels", {"labels": "x"}),
        ("POST", "/issues/1/labels", [7]),
        ("POST", "/labels", {"name": "x", "color": 7}),
        ("POST", "/check-runs", {"name": "ci", "head_sha": "main", "conclusion": "great"}),
        ("POST", "/dispatches", {"event_type": "x", "client_payload": "y"}),
    ],
)
def test_a_field_of_the_wrong_type_is_a_validation_error(world: World, bot: Account, method, path, body) -> None:
    world.open("topic", bot)
    assert world.call(method, path, bot, json=body).status_code == 422


def test_concurrent_callers_lose_nothing(world: World, bot: Account) -> None:
    world.open("topic", bot)
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(world.call, "POST", "/issues/1/comments", bot, json={"body": str(n)}) for n in range(24)]
    assert {one.result().status_code for one in made} == {201}
    (pull,) = world.hub.pulls(world.repository)
    assert sorted(int(comment.body) for comment in pull.comments) == list(range(24))
    assert len({comment.id for comment in pull.comments}) == 24
