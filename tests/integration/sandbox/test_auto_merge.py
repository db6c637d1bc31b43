"""Auto-merge: requested through GraphQL, carried out when the requirements are met."""

from __future__ import annotations

from typing import Any

import pytest
from github import GithubException

from sandbox import Account
from tests.support.sandbox_world import World

QUERY = """
query($number: Int!) {
  repository(owner: "octo", name: "students") {
    nameWithOwner autoMergeAllowed squashMergeAllowed viewerDefaultMergeMethod viewerPermission
    pullRequest(number: $number) {
      id state mergeable mergeStateStatus reviewDecision viewerCanEnableAutoMerge viewerCanDisableAutoMerge
      isMergeQueueEnabled isInMergeQueue headRefOid author { __typename login }
      autoMergeRequest { mergeMethod enabledBy { login } pullRequest { number } }
      repository { name } mergeCommit { oid }
    }
  }
}
"""


@pytest.fixture
def waiting(world: World, bot: Account) -> Any:
    """A pull request that waits for one review."""
    world.hub.protect(world.repository, "main", required_reviews=1)
    return world.open("topic", bot)


def review(world: World, reviewer: Account) -> None:
    body = {"event": "APPROVE"}
    assert world.call("POST", "/pulls/1/reviews", reviewer, json=body).status_code == 200


def refused(pull: Any, **options: Any) -> dict[str, Any]:
    with pytest.raises(GithubException) as error:
        pull.enable_automerge(**options)
    assert error.value.status == 400  # PyGithub's code for errors inside HTTP 200
    (graphql_error,) = error.value.data["errors"]
    assert graphql_error["path"] == ["enablePullRequestAutoMerge"]
    return {"type": graphql_error["type"], "message": graphql_error["message"]}


def unprocessable(message: str) -> dict[str, str]:
    return {"type": "UNPROCESSABLE", "message": message}


def test_a_review_triggers_it(world: World, waiting: Any, actions: Account) -> None:
    payload = waiting.enable_automerge("SQUASH", expected_head_oid=waiting.head.sha, client_mutation_id="7")
    assert (payload["actor"]["login"], payload["clientMutationId"]) == ("ml-bot", "7")
    waiting.update()
    assert waiting.raw_data["auto_merge"]["merge_method"] == "squash"
    review(world, actions)
    waiting.update()
    assert (waiting.merged, waiting.merged_by.login) == (True, "ml-bot[bot]")
    assert len(world.repository.git.commit(waiting.merge_commit_sha).parents) == 1


def test_a_status_a_check_run_and_a_push_trigger_it(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main", required_checks=["ci"])
    for number, branch in enumerate(("one", "two", "three"), start=1):
        world.open(branch, bot).enable_automerge()
        head = world.client(bot).get_pull(number).head.sha
        if branch == "one":
            world.client(bot).get_commit(head).create_status("success", context="ci")
        elif branch == "two":
            world.client(bot).create_check_run("ci", head, conclusion="success")
        else:
            sha = world.commit("three", {"more.txt": "more"})
            world.push(bot, "three:scratch")
            world.hub.set_status(world.repository, sha, "ci", "success")
            world.push(bot, "three")
        assert world.client(bot).get_pull(number).merged, branch


def test_the_request_requires_the_expected_head(world: World, waiting: Any) -> None:
    moved = "Head branch was modified. Review and try the merge again."
    assert refused(waiting, expected_head_oid="0" * 40) == unprocessable(moved)


def test_a_mergeable_pull_request_is_refused(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    assert refused(pull) == unprocessable("Pull request Pull request is in clean status")
    world.hub.set_status(world.repository, pull.head.sha, "extra", "pending")
    assert refused(pull) == unprocessable("Pull request Pull request is in unstable status")


def test_the_settings_must_allow_it(world: World, waiting: Any) -> None:
    world.repository.change_settings(allow_rebase_merge=False)
    assert "Rebase merges are not allowed" in refused(waiting, merge_method="REBASE")["message"]
    world.repository.change_settings(allow_auto_merge=False)
    assert refused(waiting) == unprocessable("Pull request Auto merge is not allowed for this repository")


def test_a_branch_without_a_rule_is_refused(world: World, bot: Account) -> None:
    pull = world.open("topic", bot, {"README.md": "ours\n"})
    world.commit("main", {"README.md": "theirs\n"})
    world.push(bot, "main")
    assert "Protected branch rules not configured" in refused(pull)["message"]


def test_a_draft_is_refused(world: World, waiting: Any) -> None:
    waiting.convert_to_draft()
    assert "Can't enable auto-merge" in refused(waiting)["message"]
    waiting.mark_ready_for_review()
    waiting.enable_automerge()


@pytest.mark.parametrize("missing", ["contents", "pull_requests"])
def test_both_permissions_are_required(world: World, waiting: Any, missing: str) -> None:
    permissions = {"contents": "write", "pull_requests": "write", missing: "read"}
    weak = world.hub.add_account("weak", kind="app", permissions=permissions)
    error = refused(world.client(weak).get_pull(1))
    assert error == {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}


def test_the_request_can_be_cancelled(world: World, waiting: Any, ada: Account) -> None:
    waiting.enable_automerge()
    waiting.disable_automerge()
    review(world, ada)
    waiting.update()
    assert not waiting.merged
    with pytest.raises(GithubException, match="Can't disable auto-merge"):
        waiting.disable_automerge()


def test_a_request_that_cannot_be_carried_out_is_cancelled(world: World, bot: Account, ada: Account) -> None:
    world.commit("topic", {"README.md": "one\n"})
    world.commit("topic", {"README.md": "Students\n"})
    pull = world.open("topic", bot, {"a.txt": "a"})
    world.commit("main", {"README.md": "two\n"})
    world.push(bot, "main")
    world.hub.protect(world.repository, "main", required_reviews=1)
    pull.enable_automerge("REBASE")
    review(world, ada)
    pull.update()
    assert (pull.merged, pull.raw_data["auto_merge"]) == (False, None)


def test_closing_cancels_the_request(world: World, waiting: Any) -> None:
    waiting.enable_automerge()
    waiting.edit(state="closed")
    waiting.edit(state="open")
    assert waiting.raw_data["auto_merge"] is None


def test_graphql_reports_the_state(world: World, waiting: Any, bot: Account, ada: Account) -> None:
    repository = world.graph(bot, QUERY, number=1)["data"]["repository"]
    assert (repository["autoMergeAllowed"], repository["viewerPermission"]) == (True, "WRITE")
    pull = repository["pullRequest"]
    assert pull["id"] == waiting.node_id
    assert pull["author"] == {"__typename": "Bot", "login": "ml-bot"}
    assert (pull["mergeStateStatus"], pull["reviewDecision"]) == ("BLOCKED", "REVIEW_REQUIRED")
    assert (pull["viewerCanEnableAutoMerge"], pull["viewerCanDisableAutoMerge"]) == (True, False)
    waiting.enable_automerge("REBASE")
    pull = world.graph(bot, QUERY, number=1)["data"]["repository"]["pullRequest"]
    assert pull["autoMergeRequest"] == {
        "mergeMethod": "REBASE",
        "enabledBy": {"login": "ml-bot"},
        "pullRequest": {"number": 1},
    }
    review(world, ada)
    pull = world.graph(bot, QUERY, number=1)["data"]["repository"]["pullRequest"]
    assert (pull["state"], pull["reviewDecision"]) == ("MERGED", "APPROVED")
    assert pull["mergeCommit"]["oid"] == world.repository.git.refs()["refs/heads/main"]


def test_a_node_is_found_by_its_id(world: World, waiting: Any, bot: Account) -> None:
    query = "query($id: ID!) { node(id: $id) { id ... on PullRequest { number } } }"
    assert world.graph(bot, query, id=waiting.node_id)["data"]["node"]["number"] == 1
    (error,) = world.graph(bot, query, id="PR_nothing")["errors"]
    assert error["type"] == "NOT_FOUND"


def test_a_repository_that_does_not_exist_is_not_found(world: World, bot: Account) -> None:
    query = 'query { repository(owner: "octo", name: "nothing") { id } }'
    response = world.graph(bot, query)
    assert response["data"] == {"repository": None}
    assert response["errors"][0]["type"] == "NOT_FOUND"


def test_graphql_requires_a_token(world: World) -> None:
    assert "requires you to be authenticated" in world.graph(None, "query { __typename }")["message"]
