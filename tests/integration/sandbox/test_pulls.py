"""Pull requests through PyGithub and plain HTTP."""

from __future__ import annotations

import pytest
from github import GithubException, UnknownObjectException

from sandbox import Account
from tests.support.sandbox_world import World, git


def test_a_pull_request_is_opened_found_and_read(world: World, bot: Account) -> None:
    opened = world.open("topic", bot, {"model/v2.md": "card\n", "README.md": "Students and models\n"})
    found = list(world.client(bot).get_pulls(state="open", head="octo:topic", base="main"))
    assert [pull.number for pull in found] == [opened.number] == [1]
    assert (opened.user.login, opened.mergeable, opened.mergeable_state) == ("ml-bot[bot]", True, "clean")
    assert {(one.filename, one.status) for one in opened.get_files()} == {
        ("model/v2.md", "added"),
        ("README.md", "modified"),
    }
    assert [one.sha for one in opened.get_commits()] == [opened.head.sha]
    assert opened.changed_files == 2


def test_lists_can_be_filtered_sorted_and_paged(world: World, bot: Account) -> None:
    for branch in ("one", "two", "three"):
        world.open(branch, bot)
    world.client(bot).get_pull(2).edit(state="closed")
    client = world.client(bot)
    assert [pull.number for pull in client.get_pulls()] == [3, 1]
    assert [pull.number for pull in client.get_pulls(state="all", sort="created", direction="asc")] == [
        1,
        2,
        3,
    ]
    assert [pull.number for pull in client.get_pulls(state="closed")] == [2]
    assert list(client.get_pulls(head="other:one")) == []
    page = world.call("GET", "/pulls?state=all&per_page=1&page=2", bot)
    assert [pull["number"] for pull in page.json()] == [2]
    assert set(page.links) == {"prev", "next", "first", "last"}
    assert page.links["next"]["url"].endswith("page=3")


def refusal(error: pytest.ExceptionInfo[GithubException]) -> tuple[int, dict]:
    return error.value.status, error.value.data["errors"][0]


def test_a_second_pull_request_for_a_branch_is_refused(world: World, bot: Account) -> None:
    world.open("topic", bot)
    with pytest.raises(GithubException) as error:
        world.client(bot).create_pull("main", "topic", title="Again")
    message = "A pull request already exists for octo:topic."
    assert refusal(error) == (422, {"resource": "PullRequest", "code": "custom", "message": message})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"head": "same"}, {"code": "custom", "message": "No commits between main and same"}),
        ({"head": "absent"}, {"code": "invalid", "field": "head"}),
        ({"head": "other:topic"}, {"code": "invalid", "field": "head"}),
        ({"head": "topic", "base": "absent"}, {"code": "invalid", "field": "base"}),
        ({"head": "topic", "title": ""}, {"code": "missing_field", "field": "title"}),
        (
            {"head": "orphan"},
            {"code": "custom", "message": "The orphan branch has no history in common with main"},
        ),
    ],
)
def test_an_impossible_pull_request_is_refused(world: World, bot: Account, fields, expected) -> None:
    world.propose("topic", {"a.txt": "a"}, bot)
    tree = git(world.clone, "rev-parse", "HEAD^{tree}")
    orphan = git(world.clone, "commit-tree", tree, "-m", "Start again")
    world.push(bot, "main:same", f"{orphan}:refs/heads/orphan")
    response = world.call("POST", "/pulls", bot, json={"base": "main", "title": "T", **fields})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"resource": "PullRequest", **expected}]


def test_a_missing_field_is_named(world: World, bot: Account) -> None:
    response = world.call("POST", "/pulls", bot, json={"head": "topic"})
    assert (response.status_code, '"base" wasn\'t supplied' in response.json()["message"]) == (422, True)


def test_the_head_follows_its_branch(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    sha = world.propose("topic", {"more.txt": "more"}, bot)
    pull.update()
    assert (pull.head.sha, pull.commits) == (sha, 2)
    assert world.repository.git.refs()["refs/pull/1/head"] == sha


def test_title_body_and_base_can_be_edited(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    world.push(bot, "main:release")
    pull.edit(title="Better", body="Because", base="release")
    pull.update()
    assert (pull.title, pull.body, pull.base.ref) == ("Better", "Because", "release")


def test_deleting_the_branch_closes_the_pull_request_permanently(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    world.client(bot).get_git_ref("heads/topic").delete()
    pull.update()
    assert (pull.state, pull.merged) == ("closed", False)
    with pytest.raises(GithubException, match="has been deleted"):
        pull.edit(state="open")


def test_a_closed_pull_request_can_be_reopened(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    pull.edit(state="closed")
    assert pull.mergeable is None
    pull.edit(state="open")
    assert (pull.state, pull.closed_at) == ("open", None)


def test_pushing_the_head_onto_the_base_merges(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    world.push(bot, "topic:main")
    pull.update()
    assert (pull.merged, pull.state, pull.merged_by.login) == (True, "closed", "ml-bot[bot]")


def test_a_force_push_that_leaves_no_commits_closes(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    world.push(bot, "+main:topic")
    pull.update()
    assert (pull.state, pull.merged) == ("closed", False)


def test_a_conflict_is_dirty(world: World, bot: Account) -> None:
    pull = world.open("topic", bot, {"README.md": "ours\n"})
    world.commit("main", {"README.md": "theirs\n"})
    world.push(bot, "main")
    pull.update()
    assert (pull.mergeable, pull.mergeable_state) == (False, "dirty")


def test_renames_are_reported(world: World, bot: Account) -> None:
    world.commit("topic", {"drop.txt": "x"})
    git(world.clone, "mv", "README.md", "READ ME.md")
    git(world.clone, "commit", "--quiet", "--message", "Rename")
    world.push(bot, "topic")
    pull = world.client(bot).create_pull("main", "topic", title="T")
    files = {one.filename: one for one in pull.get_files()}
    assert files["READ ME.md"].status == "renamed"
    assert files["READ ME.md"].previous_filename == "README.md"


def test_labels_are_created_added_and_removed(world: World, bot: Account) -> None:
    client, pull = world.client(bot), world.open("topic", bot)
    with pytest.raises(UnknownObjectException):
        client.get_label("model update")
    client.create_label("model update", "0e8a16", "The loop's")
    with pytest.raises(GithubException) as error:
        client.create_label("Model Update", "0e8a16")
    assert refusal(error)[1] == {"resource": "Label", "field": "name", "code": "already_exists"}
    pull.add_to_labels("model update", "new one")
    pull.add_to_labels("model update")
    assert [label.name for label in pull.get_labels()] == ["model update", "new one"]
    pull.remove_from_labels("new one")
    assert [label.name for label in client.get_pull(1).labels] == ["model update"]
    assert [label.name for label in client.get_labels()] == ["model update", "new one"]
    assert client.get_label("MODEL UPDATE").description == "The loop's"
    with pytest.raises(GithubException, match="Label does not exist"):
        pull.remove_from_labels("new one")


def test_comments_are_kept_in_order_and_can_be_edited(world: World, bot: Account, ada: Account) -> None:
    pull = world.open("topic", bot)
    pull.create_issue_comment("first").edit("first, better")
    world.client(ada).get_pull(1).create_issue_comment("second")
    assert [(one.user.login, one.body) for one in pull.get_issue_comments()] == [
        ("ml-bot[bot]", "first, better"),
        ("ada", "second"),
    ]
    assert world.call("PATCH", "/issues/comments/1", bot, json={"body": "x"}).status_code == 404


def test_the_hub_returns_the_same_state(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    world.push(bot, ":topic")
    (seen,) = world.hub.pulls(world.repository)
    assert (seen.number, seen.state, seen.head_sha) == (1, "closed", pull.head.sha)
