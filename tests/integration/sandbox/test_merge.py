"""Reviews, requirements and merges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from github import GithubException

from sandbox import Account
from tests.support.sandbox_world import World, git


def approve(world: World, reviewer: Account, event: str = "APPROVE", body: str = "Well done.") -> None:
    client = world.client(reviewer)
    pull = client.get_pull(1)
    pull.create_review(commit=client.get_commit(pull.head.sha), body=body, event=event)


def state(world: World, account: Account) -> str:
    return world.client(account).get_pull(1).mergeable_state


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(GithubException) as error:
        call()
    return error.value.status, error.value.data["message"]


def test_a_review_is_bound_to_its_commit(world: World, bot: Account, actions: Account) -> None:
    pull = world.open("topic", bot)
    approve(world, actions)
    (review,) = pull.get_reviews()
    assert (review.state, review.user.login) == ("APPROVED", "github-actions[bot]")
    assert review.commit_id == pull.head.sha


def test_approving_ones_own_pull_request_is_refused(world: World, bot: Account) -> None:
    world.open("topic", bot)
    response = world.call("POST", "/pulls/1/reviews", bot, json={"event": "APPROVE"})
    assert response.status_code == 422
    assert response.json()["message"] == "Unprocessable Entity"
    assert response.json()["errors"] == ["Can not approve your own pull request"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"event": "REQUEST_CHANGES"}, "Body can't be blank"),
        ({"event": "APPROVE", "commit_id": "0" * 40}, "The commit is not part of the pull request"),
    ],
)
def test_an_impossible_review_is_refused(world: World, bot: Account, ada: Account, body, message) -> None:
    world.open("topic", bot)
    response = world.call("POST", "/pulls/1/reviews", ada, json=body)
    assert (response.status_code, response.json()["errors"]) == (422, [message])


def test_a_review_without_an_event_is_pending(world: World, bot: Account, ada: Account) -> None:
    world.open("topic", bot)
    assert world.call("POST", "/pulls/1/reviews", ada, json={}).json()["state"] == "PENDING"


def test_the_actions_token_needs_the_setting(make_world: Callable[..., World]) -> None:
    world = make_world()
    actions, ada = world.hub.add_account("", kind="actions"), world.hub.add_account("ada")
    forbidden = (403, "GitHub Actions is not permitted to create or approve pull requests.")
    assert refused(lambda: world.open("mine", actions)) == forbidden
    world.open("topic", ada)
    assert refused(lambda: approve(world, actions)) == forbidden


def test_the_latest_verdict_of_each_reviewer_counts(world: World, bot: Account, ada: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1)
    world.open("topic", bot)
    assert state(world, bot) == "blocked"
    approve(world, ada)
    assert state(world, bot) == "clean"
    approve(world, ada, "REQUEST_CHANGES", "On second thought")
    assert state(world, bot) == "blocked"
    approve(world, ada, "COMMENT", "Hm")
    assert state(world, bot) == "blocked"
    approve(world, ada)
    assert state(world, bot) == "clean"


def test_an_approval_without_write_access_does_not_count(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1)
    world.open("topic", bot)
    approve(world, world.hub.add_account("guest", role="read"))
    assert state(world, bot) == "blocked"


def test_an_approval_counts_by_the_role_and_not_by_the_token(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1)
    world.open("topic", bot)
    narrow = {"contents": "read", "pull_requests": "write"}
    approve(world, world.hub.add_account("github-actions", kind="actions", permissions=narrow))
    assert state(world, bot) == "clean"


def test_a_push_dismisses_stale_approvals_if_the_rule_requires_it(world: World, bot: Account, ada: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1, dismiss_stale=True)
    pull = world.open("topic", bot)
    approve(world, ada)
    world.propose("topic", {"more.txt": "more"}, bot)
    assert [review.state for review in pull.get_reviews()] == ["DISMISSED"]
    assert state(world, bot) == "blocked"
    body = {"event": "APPROVE", "commit_id": pull.head.sha}
    world.call("POST", "/pulls/1/reviews", ada, json=body)  # of the commit before the push
    assert state(world, bot) == "blocked"


def test_without_that_rule_a_push_keeps_an_approval(world: World, bot: Account, ada: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1)
    world.open("topic", bot)
    approve(world, ada)
    world.propose("topic", {"more.txt": "more"}, bot)
    assert state(world, bot) == "clean"


def test_the_last_push_requires_an_approval_by_another_account(world: World, bot: Account, ada: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1, require_last_push_approval=True)
    world.open("topic", bot)
    world.propose("topic", {"more.txt": "more"}, ada)
    approve(world, ada)
    assert state(world, bot) == "blocked"
    approve(world, world.hub.add_account("eve"))
    assert state(world, bot) == "clean"


def test_the_last_pusher_need_not_be_the_author(world: World, bot: Account, ada: Account) -> None:
    world.hub.protect(world.repository, "main", required_reviews=1, require_last_push_approval=True)
    world.propose("topic", {"a.txt": "a"}, ada)
    world.client(bot).create_pull("main", "topic", title="T")
    approve(world, ada)
    assert state(world, bot) == "blocked"


def test_required_checks_are_statuses_or_check_runs(world: World, bot: Account) -> None:
    world.hub.protect(world.repository, "main", required_checks=["ci", "lint"])
    pull, client = world.open("topic", bot), world.client(bot)
    sha = pull.head.sha
    assert refused(pull.merge) == (
        405,
        'Required status check "ci" is expected.\nRequired status check "lint" is expected.',
    )
    client.get_commit(sha).create_status("pending", context="ci")
    client.create_check_run("lint", sha, status="in_progress")
    assert 'Required status check "ci" is pending.' in refused(pull.merge)[1]
    client.get_commit(sha).create_status("failure", context="ci")
    assert 'Required status check "ci" is failing.' in refused(pull.merge)[1]
    world.hub.set_status(world.repository, sha, "ci", "success")
    client.create_check_run("lint", sha, conclusion="skipped")
    assert state(world, bot) == "clean"


def test_a_failing_check_that_is_not_required_is_unstable_and_can_be_merged(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    world.hub.set_status(world.repository, pull.head.sha, "extra", "failure")
    assert state(world, bot) == "unstable"
    assert pull.merge().merged


def test_a_strict_rule_requires_an_up_to_date_branch(world: World, bot: Account) -> None:
    world.open("topic", bot)
    world.commit("main", {"b.txt": "b"})
    world.push(bot, "main")
    world.hub.protect(world.repository, "main", strict=True)
    assert state(world, bot) == "behind"


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1), ("rebase", 1)])
def test_each_merge_method_writes_the_expected_commit(world: World, bot: Account, method, parents) -> None:
    world.commit("topic", {"a.txt": "1"}, message="First")
    pull = world.open("topic", bot, {"b.txt": "2"})
    world.commit("main", {"c.txt": "3"})
    world.push(bot, "main")
    done = pull.merge(merge_method=method, sha=pull.head.sha)
    assert done.merged
    assert world.repository.git.refs()["refs/heads/main"] == done.sha
    commit = world.repository.git.commit(done.sha)
    assert len(commit.parents) == parents
    git(world.clone, "fetch", "--quiet", world.url(bot), "main")
    assert git(world.clone, "ls-tree", "--name-only", "FETCH_HEAD").split() == [
        "README.md",
        "a.txt",
        "b.txt",
        "c.txt",
    ]
    titles = {
        "merge": "Merge pull request #1 from octo/topic",
        "squash": "Take topic (#1)",
        "rebase": "Change b.txt",
    }
    assert commit.message.splitlines()[0] == titles[method]
    assert commit.author.name == ("Ada" if method == "rebase" else "ml-bot[bot]")
    pull.update()
    assert (pull.merged, pull.merge_commit_sha, pull.merged_by.login) == (True, done.sha, "ml-bot[bot]")
    assert world.call("GET", "/pulls/1/merge", bot).status_code == 204


def test_the_title_and_message_of_a_merge_can_be_chosen(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    done = pull.merge(commit_title="Model v2", commit_message="R2 0.91", merge_method="squash")
    assert world.repository.git.commit(done.sha).message == "Model v2\n\nR2 0.91"


def test_a_rebase_that_conflicts_is_refused(world: World, bot: Account) -> None:
    world.commit("topic", {"README.md": "one\n"})
    world.commit("topic", {"README.md": "Students\n"})  # back to where it was: a merge sees no conflict
    pull = world.open("topic", bot, {"a.txt": "a"})
    world.commit("main", {"README.md": "two\n"})
    world.push(bot, "main")
    assert refused(lambda: pull.merge(merge_method="rebase"))[0] == 405
    assert pull.merge(merge_method="merge").merged


def test_the_branch_is_deleted_after_the_merge_if_the_setting_is_on(world: World, bot: Account) -> None:
    world.repository.change_settings(delete_branch_on_merge=True)
    pull = world.open("topic", bot)
    pull.merge()
    pull.update()
    assert pull.merged
    assert "refs/heads/topic" not in world.repository.git.refs()


def test_merging_is_refused_with_githubs_messages(world: World, bot: Account, ada: Account) -> None:
    pull = world.open("topic", bot)
    assert world.call("GET", "/pulls/1/merge", bot).status_code == 404
    moved = (409, "Head branch was modified. Review and try the merge again.")
    assert refused(lambda: pull.merge(sha="0" * 40)) == moved
    world.repository.change_settings(allow_merge_commit=False)
    assert refused(pull.merge) == (405, "Merge commits are not allowed on this repository.")
    world.hub.protect(world.repository, "main", required_reviews=2)
    reviews = (405, "At least 2 approving reviews are required by reviewers with write access.")
    assert refused(lambda: pull.merge(merge_method="squash")) == reviews
    pull.convert_to_draft()
    assert refused(pull.merge) == (405, "Pull Request is still a draft")
    pull.mark_ready_for_review()
    pull.edit(state="closed")
    assert refused(pull.merge) == (405, "Pull Request is closed")


def test_a_conflict_cannot_be_merged(world: World, bot: Account) -> None:
    pull = world.open("topic", bot, {"README.md": "ours\n"})
    world.commit("main", {"README.md": "theirs\n"})
    world.push(bot, "main")
    assert refused(pull.merge) == (405, "Pull Request is not mergeable")


def test_a_merged_pull_request_is_not_merged_again(world: World, bot: Account) -> None:
    pull = world.open("topic", bot)
    pull.merge()
    assert refused(pull.merge) == (405, "Pull Request is not mergeable")
    assert refused(lambda: pull.edit(state="open"))[0] == 422
