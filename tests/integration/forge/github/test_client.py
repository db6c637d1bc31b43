"""Pull requests through PyGithub, against the sandbox: what is asked, how often, and what is made of it."""

import contextlib
from dataclasses import replace

import pytest

from ml_action.core.records.promotion import MergeState
from ml_action.forge.base import Approval, MergeReply, Refused


def first(forge, branch):
    """The pull request of a branch that is listed first."""
    return next(iter(forge.pulls_of(branch)), None)


@pytest.fixture
def forge(stage):
    with contextlib.closing(stage.github()) as forge:
        yield forge


@pytest.fixture
def pull(stage, forge):
    opened = forge.open(stage.proposal(stage.push()))
    stage.calls.clear()
    return opened


def test_client_sends_nothing_before_its_first_call(stage):
    stage.github().close()
    assert stage.calls == []


def test_the_default_branch(forge):
    assert forge.default_branch() == "main"


def test_opened_pull_request_is_returned_completely(stage, pull):
    assert (pull.number, pull.state, pull.author, pull.draft) == (1, "open", "ml-bot[bot]", False)
    assert (pull.head_branch, pull.base_branch) == ("ml-auto-update/students/proposal", "main")
    assert pull.head_sha == stage.pull.head_sha
    assert pull.head_repository == "octo/students"
    assert pull.url.endswith("/octo/students/pull/1")
    assert pull.merge_state is MergeState.READY


def test_author_is_learned_from_the_opened_pull_request(stage, forge, pull):
    assert forge.author() == "ml-bot[bot]"
    assert stage.calls == []


def test_each_login_is_requested_once(stage, forge):
    assert [forge.author(), forge.author()] == ["ml-bot[bot]"] * 2
    assert [forge.approver(), forge.approver()] == ["github-actions[bot]"] * 2
    assert stage.calls == ["POST /graphql"] * 2


def test_without_a_second_token_approving_is_refused(staged):
    with contextlib.closing(staged(approver=None).github()) as forge:
        assert forge.approver() == ""
        with pytest.raises(Refused, match="was not approved"):
            forge.approve(None, "", "")


def test_new_branch_has_no_pull_request(forge):
    assert first(forge, "ml-auto-update/other/proposal") is None


def test_the_open_pull_request_is_found_before_newer_closed_ones(stage, forge, pull):
    stage.push("release", {"x": "y"})
    newer = forge.open(stage.proposal(stage.pull.head_sha, base="release"))
    stage.hub.pulls(stage.repository)[1].close()
    assert newer.number == 2
    stage.calls.clear()
    assert first(forge, pull.head_branch).number == 1
    assert stage.calls == ["GET /repos/octo/students/pulls"]


def test_newest_finished_pull_request_is_found(stage, forge, pull):
    forge.merge(pull, pull.head_sha, "merge")
    forge.open(stage.proposal(stage.push(files={"model/v3.pkl": "3"})))
    stage.hub.pulls(stage.repository)[1].close()
    assert (first(forge, pull.head_branch).number, first(forge, pull.head_branch).state) == (2, "closed")
    assert forge.get(1).state == "merged"


def test_opening_again_finds_the_open_pull_request(stage, forge, pull):
    assert forge.open(stage.proposal(pull.head_sha)).number == 1


def test_comment_once_comments_once_per_marker(stage, forge, pull):
    assert forge.comment_once(pull, "stopped", "I stop here.")
    assert not forge.comment_once(pull, "stopped", "I stop here, again.")
    assert forge.comment_once(pull, "other", "Something else.")
    assert [note.body for note in stage.pull.comments] == [
        "<!-- ml-auto-update stopped -->\nI stop here.",
        "<!-- ml-auto-update other -->\nSomething else.",
    ]


def test_comment_is_found_on_a_later_page(stage, forge, pull):
    forge.comment_once(pull, "stopped", "first")
    ours = stage.pull.comments[0]
    stage.pull.comments[:0] = [replace(ours, id=n + 1, body="chat") for n in range(150)]
    stage.calls.clear()
    assert not forge.comment_once(pull, "stopped", "again")
    assert len(stage.calls) == 2


def test_comment_is_edited_in_place(stage, forge, pull):
    assert forge.upsert_comment(1, "data", "bad")
    assert forge.upsert_comment(1, "data", "good")
    assert forge.upsert_comment(1, "data model-b", "another model's")
    assert [note.body for note in stage.pull.comments] == [
        "<!-- ml-auto-update data -->\ngood",
        "<!-- ml-auto-update data model-b -->\nanother model's",
    ]


def test_upsert_without_create_only_edits(stage, forge, pull):
    assert not forge.upsert_comment(1, "data", "nothing", create=False)
    assert stage.pull.comments == []
    forge.upsert_comment(1, "data", "bad")
    assert forge.upsert_comment(1, "data", "nothing", create=False)
    assert [note.body for note in stage.pull.comments] == ["<!-- ml-auto-update data -->\nnothing"]


def test_comment_of_another_author_is_never_edited(stage, forge, pull):
    forge.upsert_comment(1, "data", "ours")
    ours = stage.pull.comments[0]
    theirs = replace(ours, id=1, user=stage.hub.add_account("ada"))
    quoted = replace(ours, id=2, body=f"> {ours.body}")
    stage.pull.comments[:0] = [theirs, quoted]
    forge.upsert_comment(1, "data", "ours, edited")
    assert [note.body.rpartition("\n")[2] for note in stage.pull.comments] == ["ours", "ours", "ours, edited"]


def test_changed_paths_are_read_to_the_last_page(stage, forge):
    many = {f"model/part-{n:03}.bin": str(n) for n in range(120)}
    pull = forge.open(stage.proposal(stage.push(files=many)))
    assert sorted(forge.changed_paths(pull)) == sorted(many)


def test_the_former_path_of_a_renamed_file_is_a_changed_path(stage, forge):
    stage.git("mv", "data/a.csv", "model/a.csv")
    pull = forge.open(stage.proposal(stage.push(files={}, on="")))
    assert set(forge.changed_paths(pull)) == {"data/a.csv", "model/a.csv"}


def test_request_for_changes_revokes_an_approval(stage, forge, pull):
    ada, bob = (stage.hub.add_account(name) for name in ("ada", "bob"))
    for person, words in ((ada, ["APPROVE", "COMMENT"]), (bob, ["APPROVE", "REQUEST_CHANGES"])):
        with contextlib.closing(stage.github(token=person.token)) as theirs:
            for word in words:
                theirs._author.repo.get_pull(1).create_review(body="hm", event=word)
    assert forge.approvals(pull) == {Approval("ada", pull.head_sha)}


def test_an_approval_is_bound_to_the_commit(stage, forge, pull):
    forge.approve(pull, pull.head_sha, "fine")
    assert forge.approvals(pull) == {Approval("github-actions[bot]", pull.head_sha)}
    assert stage.calls == [
        "POST /repos/octo/students/pulls/1/reviews",
        "GET /repos/octo/students/pulls/1/reviews",
    ]


def test_a_merge_is_bound_to_the_commit(stage, forge, pull):
    answer = forge.merge(pull, "d" * 40, "squash")
    assert answer.reply is MergeReply.HEAD_MOVED
    assert "Head branch was modified" in answer.text
    assert stage.pull.open


def test_auto_merge_is_bound_to_the_commit(stage, forge, pull):
    stage.hub.protect(stage.repository, "main", required_checks=("ci",))
    assert forge.auto_merge.enable(forge.get(1), "d" * 40, "squash").reply is MergeReply.HEAD_MOVED
    assert stage.pull.auto_merge is None


def test_auto_merge_of_a_mergeable_pull_request_asks_for_a_direct_merge(forge, pull):
    assert forge.auto_merge.enable(pull, pull.head_sha, "squash").reply is MergeReply.MERGEABLE_NOW


def test_merge_without_permission_is_answered_with_the_reason(stage, pull):
    weaker = stage.hub.add_account("ml-bot", kind="app", permissions={"pull_requests": "write"})
    with contextlib.closing(stage.github(token=weaker.token)) as forge:
        answer = forge.merge(pull, pull.head_sha, "squash")
    assert answer.reply is MergeReply.REFUSED
    assert "lacks the permission contents: write" in answer.text


def test_disabling_auto_merge_that_is_off_sends_nothing(stage, forge, pull):
    forge.auto_merge.disable(pull)
    assert stage.calls == []


def test_archived_repository_is_reported(staged):
    stage = staged(archived=True)
    with contextlib.closing(stage.github()) as forge, pytest.raises(Refused) as caught:
        forge.open(stage.proposal(stage.push()))
    assert "archived" in caught.value.why
