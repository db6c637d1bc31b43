"""Forks: pull requests whose head is in another repository."""

from __future__ import annotations

import pytest
from github import GithubException

from sandbox import Account, Repository
from tests.support.sandbox_world import World, git


@pytest.fixture
def eve(world: World) -> Account:
    """A user who may only read."""
    return world.hub.add_account("eve", role="read")


@pytest.fixture
def fork(world: World, eve: Account) -> Repository:
    return world.hub.fork(world.repository, "eve")


def offer(world: World, fork: Repository, eve: Account, branch: str = "topic", text: str = "x") -> str:
    """Pushes a commit to a branch of the fork, and returns its id."""
    sha = world.commit(branch, {"model/v2.pkl": text})
    git(world.clone, "push", "--quiet", "--force", world.hub.git_url(fork, eve), branch)
    return sha


def opened(world: World, eve: Account, branch: str = "topic"):
    return world.client(eve).create_pull("main", f"eve:{branch}", title="Take mine", body="")


def test_a_reader_opens_a_pull_request_from_a_fork(world: World, fork: Repository, eve: Account) -> None:
    sha = offer(world, fork, eve)
    pull = opened(world, eve)
    assert (pull.head.repo.full_name, pull.head.ref, pull.head.sha) == ("eve/students", "topic", sha)
    assert (pull.head.repo.fork, pull.base.repo.fork) == (True, False)
    assert (pull.head.label, pull.raw_data["author_association"]) == ("eve:topic", "NONE")
    assert [file.filename for file in pull.get_files()] == ["model/v2.pkl"]
    assert [one.number for one in world.client(eve).get_pulls(head="eve:topic")] == [pull.number]
    assert list(world.client(eve).get_pulls(head="octo:topic")) == []
    assert "refs/heads/topic" not in world.repository.git.refs()


def test_a_push_to_the_fork_moves_the_pull_request(world: World, fork: Repository, eve: Account) -> None:
    offer(world, fork, eve)
    pull = opened(world, eve)
    later = offer(world, fork, eve, text="y")
    (known,) = world.hub.pulls(world.repository)
    assert (known.head_sha, known.last_pusher) == (later, "eve")
    assert world.client(eve).get_pull(pull.number).head.sha == later
    assert world.repository.git.refs()[f"refs/pull/{pull.number}/head"] == later


def test_a_reader_may_push_only_to_the_fork(world: World, fork: Repository, eve: Account) -> None:
    offer(world, fork, eve)
    assert "denied to eve" in world.push(eve, "main:refs/heads/mine", fails=True)
    opened(world, eve)
    assert world.call("PUT", "/pulls/1/merge", eve, json={}).status_code == 403


def test_a_branch_of_another_accounts_fork_is_refused(world: World, fork: Repository, eve: Account) -> None:
    offer(world, fork, eve)
    with pytest.raises(GithubException) as error:
        opened(world, world.hub.add_account("mallory", role="read"))
    assert error.value.data["errors"] == [{"resource": "PullRequest", "field": "head", "code": "invalid"}]


def test_the_same_branch_name_in_repository_and_fork_makes_two_pull_requests(
    world: World, fork: Repository, eve: Account, bot: Account
) -> None:
    offer(world, fork, eve)
    world.push(bot, "topic")
    own = world.client(bot).create_pull("main", "topic", title="Ours")
    theirs = opened(world, eve)
    assert {one.number for one in world.client(bot).get_pulls()} == {own.number, theirs.number}
    with pytest.raises(GithubException, match="A pull request already exists for eve:topic"):
        opened(world, eve)


def test_a_maintainer_merges_from_a_fork(world: World, fork: Repository, eve: Account, ada: Account) -> None:
    offer(world, fork, eve)
    opened(world, eve)
    assert world.client(ada).get_pull(1).merge().merged
    assert world.repository.git.run("log", "-1", "--format=%s", "main").strip() == (
        "Merge pull request #1 from eve/topic"
    )
    assert "refs/heads/topic" in fork.git.refs()


def test_a_pull_request_outlives_its_fork(world: World, fork: Repository, eve: Account) -> None:
    offer(world, fork, eve)
    opened(world, eve)
    world.hub.delete(fork)
    pull = world.client(eve).get_pull(1)
    assert (pull.state, pull.head.repo, pull.mergeable_state) == ("open", None, "clean")


def test_graphql_reports_the_fork(world: World, fork: Repository, eve: Account) -> None:
    offer(world, fork, eve)
    opened(world, eve)
    query = """query { repository(owner: "octo", name: "students") {
        isFork pullRequest(number: 1) { isCrossRepository headRepository { nameWithOwner isFork } } } }"""
    assert world.graph(eve, query)["data"]["repository"] == {
        "isFork": False,
        "pullRequest": {
            "isCrossRepository": True,
            "headRepository": {"nameWithOwner": "eve/students", "isFork": True},
        },
    }
    assert world.hub.repository("eve/students").parent is world.repository
    assert world.client(eve).get_pull(1).head.repo.full_name == "eve/students"


def test_a_closed_pull_request_is_reopened_from_its_fork(world: World, fork: Repository, eve: Account) -> None:
    offer(world, fork, eve)
    pull = opened(world, eve)
    pull.edit(state="closed")
    pull.edit(state="open")
    assert world.hub.pulls(world.repository)[0].open
    pull.edit(state="closed")
    fork.git.delete("refs/heads/topic")
    with pytest.raises(GithubException, match="branch has been deleted"):
        pull.edit(state="open")
