"""`mode: approve`: what the journal vouches for is approved, what merely carries the label is not."""

import contextlib
from dataclasses import replace

import pytest

from ml_action.commands.approve import ProposalSettings, verify_and_approve
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Verdict
from ml_action.promotion.ownership import ownership_of

BRANCH = "ml-auto-update/students/proposal"


def ours(forge, recorded=None):
    """What a proposal has to be, with the journal's attempt."""
    return ProposalSettings(
        ownership_of([recorded] if recorded else [], forge, BRANCH, "main"), "model", "model-update"
    )


BLANK = Attempt(
    id="20261123T140000Z-f1", time="2026-11-23T14:00:00Z", run_url="", fingerprint="f1", data_tree="",
    salt="", new=220, datasets=220, rows=220, set_aside=0, champion="v1", version="v2",
    verdict=Verdict.PROMOTE, reason="", metric="r2", champion_score=0.6, challenger_score=0.7,
    improvement=0.1, interval=None, gain=0.1, p_value=0.01, base="", commit="", digest="d" * 64,
    pull_request=1,
)  # fmt: skip


def attempt(recorded, **changes):
    return replace(BLANK, **{"commit": recorded} | changes)


@pytest.fixture
def opened(stage):
    """A promotion as the loop leaves it for another workflow to approve."""
    commit = stage.push()
    stage.settle(commit, "propose")
    return commit


def run(stage, recorded, number=0):
    stage.calls.clear()
    with contextlib.closing(stage.github()) as forge:
        expected = ours(forge, recorded)
        pull = forge.get(number) if number else expected.ownership.find()
        return verify_and_approve(recorded, pull, forge, expected, lambda attempt, paths: stage.doubts)


def test_the_promotion_of_the_journal_is_approved_for_its_commit(stage, opened):
    done = run(stage, attempt(opened))
    assert (done.approved, done.blocked) == (True, "")
    assert [(review.user.login, review.commit_id) for review in stage.pull.reviews] == [("github-actions[bot]", opened)]


def test_a_rollback_is_approved_like_a_promotion(stage, opened):
    assert run(stage, attempt(opened, verdict=Verdict.ROLLBACK)).approved


def test_a_promotion_is_approved_once(stage, opened):
    run(stage, attempt(opened))
    assert run(stage, attempt(opened)).approved
    assert len(stage.pull.reviews) == 1


def test_another_commit_is_refused_with_one_comment(stage, opened):
    stage.push(files={"model/v2.pkl": "evil"}, by=stage.hub.add_account("mallory"))
    for _ in range(2):
        done = run(stage, attempt(opened))
        assert "not the recorded" in done.blocked
    assert stage.pull.reviews == []
    (comment,) = stage.pull.comments
    assert "does not approve" in comment.body
    assert "```text\nits head is" in comment.body


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": Verdict.HOLD}, "promotes nothing: its verdict is hold"),
        ({"digest": ""}, "promotes nothing"),
        ({"commit": ""}, "no commit is recorded"),
        ({"pull_request": 9}, "names pull request 9, not 1"),
    ],
)
def test_an_attempt_that_promotes_nothing_is_refused(stage, opened, changes, words):
    done = run(stage, attempt(opened, **changes))
    assert words in done.blocked
    assert stage.pull.reviews == []


def test_without_the_label_the_promotion_is_refused(stage, opened):
    stage.pull.labels.clear()
    assert "the label model-update is not on it" in run(stage, attempt(opened)).blocked


def test_a_journal_without_the_number_of_the_pull_request_is_no_objection(stage, opened):
    assert run(stage, attempt(opened, pull_request=0)).approved


def test_hostile_paths_are_shown_as_text(stage):
    commit = stage.push(files={"model/v2.pkl": "2", "@everyone <img src=x>": "x"})
    stage.settle(commit, "propose")
    assert not run(stage, attempt(commit)).approved
    assert "```text\n" in stage.pull.comments[0].body


def test_without_a_pull_request_there_is_nothing_to_approve(stage):
    stage.push()
    assert "no pull request from" in run(stage, attempt("c" * 40)).blocked
    assert stage.writes == []


def test_a_merged_promotion_needs_no_approval(stage):
    commit = stage.push()
    stage.settle(commit)
    done = run(stage, attempt(commit))
    assert (done.merge_progress, done.approved, done.blocked) == ("merged", False, "")


def test_the_author_cannot_approve(stage, opened):
    stage.approver = stage.bot
    assert "ml-bot[bot] opened it" in run(stage, attempt(opened)).blocked


def test_the_contents_of_the_commit_are_checked_last(stage, opened):
    stage.doubts = ("model/v2.pkl is a symbolic link, not a plain file",)
    assert "is a symbolic link" in run(stage, attempt(opened)).blocked
    assert stage.pull.reviews == []


def test_another_author_than_the_recorded_one_is_refused(stage, opened):
    assert run(stage, attempt(opened, author="ml-bot[bot]")).approved
    assert "it was opened by ml-bot[bot], who is" in run(stage, attempt(opened, author="eve"), 1).blocked


def from_a_branch(stage, branch):
    """Another pull request than ours, with the label; its number."""
    stage.push(branch, {"model/v2.pkl": "theirs"}, by=stage.hub.add_account("mallory"))
    stage.repository.labels.clear()
    with contextlib.closing(stage.github()) as forge:
        theirs = forge.open(replace(stage.proposal("c" * 40), branch=branch))
        forge.label(theirs, "model-update")
    return theirs.number


def test_the_pull_request_of_the_event_is_judged(stage, opened):
    number = from_a_branch(stage, "theirs")
    done = run(stage, attempt(opened), number)
    assert "it comes from the branch theirs, not from" in done.blocked
    assert [len(pull.comments) for pull in stage.hub.pulls(stage.repository)] == [0, 1]
    assert not any(pull.reviews for pull in stage.hub.pulls(stage.repository))
    run(stage, attempt(opened), number)
    assert len(stage.hub.pulls(stage.repository)[1].comments) == 1


def test_without_any_attempt_a_labelled_pull_request_is_refused_too(stage):
    number = from_a_branch(stage, "theirs")
    assert "holds no attempt yet" in run(stage, None, number).blocked
    assert len(stage.pull.comments) == 1
    assert "there is no pull request from" in run(stage, None).blocked


def test_the_proposal_of_another_model_is_not_judged(stage, opened):
    done = run(stage, attempt(opened), from_a_branch(stage, "ml-auto-update/other/proposal"))
    assert "ml-auto-update/other/proposal proposes another model" in done.blocked
    assert stage.writes == []


def test_a_pull_request_without_the_label_gets_no_comment(stage, opened):
    number = from_a_branch(stage, "theirs")
    stage.hub.pulls(stage.repository)[1].labels.clear()
    assert run(stage, attempt(opened), number).blocked
    stage.hub.pulls(stage.repository)[1].labels.append("model-update")
    stage.hub.pulls(stage.repository)[1].close()
    assert run(stage, attempt(opened), number).blocked
    assert stage.hub.pulls(stage.repository)[1].comments == []


def test_a_read_only_token_refuses_without_a_comment(stage, opened):
    number = from_a_branch(stage, "theirs")
    token = stage.hub.add_account("github-actions", kind="actions", permissions={"pull_requests": "read"}).token
    with contextlib.closing(stage.github(token=token, approver_token=token)) as forge:
        recorded = attempt(opened)
        done = verify_and_approve(recorded, forge.get(number), forge, ours(forge, recorded), lambda attempt, paths: ())
    assert done.blocked
    assert "Resource not accessible by integration" in done.notes[0]
