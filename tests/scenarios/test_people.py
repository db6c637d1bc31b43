"""What people do to a promotion, and how far the bot goes by itself: a person's decision is final."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import Account
from tests.scenarios.world import PROPOSAL, PULLS, World, drifted, in_process, noise, steady


@pytest.fixture
def checked(make_world: Callable[..., World], with_v1: Path) -> World:
    """v1 in production; main requires a review and the check `tests`."""
    world = make_world(with_v1, required_checks=("tests",))
    world.batches = 1
    return world


# --- how far autonomy goes ---------------------------------------------------------------------------------


def test_report_trains_judges_and_records_and_proposes_nothing(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(autonomy="report")
    assert (run.code, run.decision) == (0, "promote")
    assert "autonomy is report" in run.plain_summary
    assert production.pulls == []
    assert production.writes == []
    assert (production.last.verdict.value, production.last.commit) == ("promote", "")
    assert production.versions == ["v1"]
    assert production.hour(autonomy="report").decision == "waiting"


def test_report_needs_no_permission_on_pull_requests(production: World) -> None:
    production.arrive(drifted(45, 8))
    token = production.here.hub.add_account("ml-bot", kind="app", permissions={"contents": "write"}).token
    run = production.hour(autonomy="report", token=token)
    assert (run.code, run.decision) == (0, "promote")


def test_propose_opens_and_labels_and_leaves_the_rest_to_people(proposed: World) -> None:
    assert proposed.pull.labels == ["model-update"]
    assert proposed.pull.reviews == []
    assert proposed.pull.auto_merge is None
    run = proposed.hour(autonomy="propose")
    assert (run.decision, run.outputs["pr-number"]) == ("waiting", str(proposed.pull.number))
    assert "a person reviews and merges it" in run.plain_summary
    assert len(proposed.pulls) == 1


def test_approve_approves_and_does_not_merge(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(autonomy="approve")
    assert run.code == 0
    assert production.pull.open
    assert production.approvals() == [("github-actions[bot]", production.pull.head_sha)]
    assert production.pull.auto_merge is None
    production.hour(autonomy="approve")
    assert len(production.pull.reviews) == 1


def test_an_approval_that_a_person_dismissed_is_not_given_again(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.hour(autonomy="approve")
    (review,) = production.pull.reviews
    review.state = "DISMISSED"
    for autonomy in ("approve", "merge"):
        run = production.hour(autonomy=autonomy)
        assert (run.code, run.decision) == (0, "waiting")
    assert "the approval of github-actions[bot] for this commit was dismissed" in run.plain_summary
    assert production.approvals() == []
    assert production.pull.open


def test_a_raised_autonomy_carries_on_with_the_open_promotion(proposed: World) -> None:
    run = proposed.hour(autonomy="merge")
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "merged")
    assert proposed.versions == ["v1", "v2"]
    assert proposed.last.state == "merged"


def test_merge_without_an_approver_token_waits_for_a_person_and_says_so(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(approver_token="")
    assert (run.code, run.outputs["merge-state"]) == (0, "enabled")
    assert "no approver-token was given" in run.plain_summary
    assert production.pull.reviews == []
    person = production.person()
    production.api(person, "POST", f"{PULLS}/1/reviews", event="APPROVE")
    assert production.pull.merged  # auto-merge was waiting for exactly that
    assert production.hour().outputs["merge-state"] == "merged"
    assert production.last.state == "merged"


def test_an_approver_who_is_the_author_approves_nothing_and_the_reason_is_reported(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(approver_token=production.here.author.token)
    assert run.code == 0
    assert "two identities" in run.plain_summary
    assert production.pull.reviews == []
    assert production.pull.open


def test_without_a_rule_on_the_base_branch_the_bot_merges_at_once(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    world = make_world(with_v1)
    world.repository.rules.clear()
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "merged"


def test_where_auto_merge_is_forbidden_the_reason_is_reported_and_the_pull_request_stays(checked: World) -> None:
    checked.repository.change_settings(allow_auto_merge=False)
    checked.arrive(drifted(45, 8))
    run = checked.hour()
    assert (run.code, run.outputs["merge-state"]) == (0, "blocked")
    assert "Allow auto-merge" in run.plain_summary
    assert checked.pull.open
    assert checked.approvals()


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_each_way_of_merging_puts_the_model_on_main(production: World, method: str) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(merge_method=method)
    assert run.outputs["merge-state"] == "merged"
    assert production.versions == ["v1", "v2"]
    assert production.hour().decision == "waiting"
    parents = production.git.line("rev-list", "--parents", "-1", "main").split(" ")[1:]
    assert len(parents) == (2 if method == "merge" else 1)


# --- waiting for requirements ------------------------------------------------------------------------------


def test_a_pending_check_is_waited_for_hour_by_hour_and_auto_merge_fires_when_it_passes(checked: World) -> None:
    checked.arrive(drifted(45, 8))
    run = checked.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "enabled")
    head = checked.pull.head_sha
    checked.here.hub.set_status(checked.repository, head, "tests", "pending")
    for _ in range(2):
        run = checked.hour()
        assert (run.decision, run.outputs["merge-state"]) == ("waiting", "enabled")
        assert "GitHub merges it when its requirements are met" in run.plain_summary
        assert not [call for call in checked.calls if not call.startswith("GET") and call != "POST /graphql"]
    assert len(checked.attempts) == 2
    assert checked.last.state == "open"

    checked.here.hub.set_status(checked.repository, head, "tests", "success")
    assert checked.pull.merged
    assert checked.versions == ["v1", "v2"]
    run = checked.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "merged")
    assert checked.calls == []  # the base branch alone shows it
    assert checked.last.state == "merged"
    before = checked.state.commit
    assert checked.hour().outputs["merge-state"] == ""
    assert checked.state.commit == before


def test_a_failing_check_leaves_the_pull_request_open(checked: World) -> None:
    checked.arrive(drifted(45, 8))
    checked.hour()
    checked.here.hub.set_status(checked.repository, checked.pull.head_sha, "tests", "failure")
    run = checked.hour()
    assert run.code == 0
    assert checked.pull.open
    assert checked.versions == ["v1"]


def test_a_waiting_promotion_is_replaced_in_the_same_pull_request_when_a_new_batch_is_better(checked: World) -> None:
    checked.arrive(drifted(45, 8))
    checked.hour()
    first = checked.pull.head_sha
    checked.arrive(drifted(45, 11))
    run = checked.hour()
    assert run.decision == "promote"
    pull = checked.pull
    assert pull.head_sha != first
    assert pull.open
    assert checked.tip(PROPOSAL) == pull.head_sha == checked.last.commit
    assert (checked.last.version, checked.last.champion) == ("v2", "v1")
    assert checked.last.fingerprint in (pull.body or "")
    assert ("github-actions[bot]", pull.head_sha) in checked.approvals()
    checked.here.hub.set_status(checked.repository, pull.head_sha, "tests", "success")
    assert checked.pull.merged
    checked.hour()
    assert checked.versions == ["v1", "v2"]


def test_a_person_who_merges_by_hand_is_noticed_from_the_base_branch(proposed: World) -> None:
    person = proposed.person()
    proposed.api(person, "POST", f"{PULLS}/1/reviews", event="APPROVE")
    proposed.api(person, "PUT", f"{PULLS}/1/merge", merge_method="squash")
    run = proposed.hour(autonomy="propose")
    assert run.outputs["merge-state"] == "merged"
    assert proposed.last.state == "merged"
    assert proposed.calls == []


# --- people who say no -------------------------------------------------------------------------------------


def test_a_closed_pull_request_is_remembered_and_not_opened_again(proposed: World) -> None:
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", state="closed")
    run = proposed.hour()
    assert (run.code, run.decision) == (0, "waiting")
    assert "closed by a person" in run.plain_summary
    assert proposed.last.state == "closed"
    run = proposed.hour()
    assert (run.decision, proposed.calls) == ("waiting", [])
    assert len(proposed.pulls) == 1
    assert not proposed.pull.merged
    assert proposed.versions == ["v1"]


@pytest.mark.parametrize("branch_deleted", [False, True])
def test_after_a_closed_pull_request_only_a_new_batch_proposes_again(proposed: World, branch_deleted: bool) -> None:
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", state="closed")
    proposed.hour()
    if branch_deleted:
        proposed.git.run("update-ref", "-d", f"refs/heads/{PROPOSAL}")
    proposed.arrive(drifted(45, 11))
    run = proposed.hour()
    assert (run.decision, run.outputs["merge-state"], run.outputs["pr-number"]) == ("promote", "merged", "2")
    assert [pull.merged for pull in proposed.pulls] == [False, True]
    assert proposed.versions == ["v1", "v2"]
    assert proposed.last.datasets > 90


def test_a_pull_request_closed_in_the_hour_of_a_new_batch_does_not_block_it(proposed: World) -> None:
    """Closing and arriving happen between the same two hours."""
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", state="closed")
    proposed.arrive(drifted(45, 11))
    run = proposed.hour()
    assert (run.decision, run.outputs["pr-number"]) == ("promote", "2")
    assert [attempt.state for attempt in proposed.attempts[1:]] == ["closed", "merged"]


def test_a_persons_commit_on_the_proposal_blocks_the_bot_which_comments_once(proposed: World) -> None:
    theirs = proposed.commit({"model/notes.md": "let me look at this first"}, PROPOSAL, by=proposed.person())
    for _ in range(2):
        run = proposed.hour()
        assert (run.code, run.decision) == (0, "blocked")
        assert theirs[:12] in run.reason
        assert "::warning" in run.log
    assert proposed.tip(PROPOSAL) == theirs
    (comment,) = proposed.pull.comments
    assert "It overwrites no other author's commit" in comment.body
    assert proposed.pull.reviews == []
    assert proposed.versions == ["v1"]


def test_a_persons_commit_is_not_overwritten_by_a_new_batch_either(proposed: World) -> None:
    theirs = proposed.commit({"model/notes.md": "let me look at this first"}, PROPOSAL, by=proposed.person())
    proposed.arrive(drifted(45, 11))
    run = proposed.hour()
    assert run.decision == "blocked"
    assert proposed.tip(PROPOSAL) == theirs
    assert len(proposed.attempts) == 2
    assert proposed.state.data != proposed.git.object_id("main:data/new_data")


def test_a_persons_commit_cancels_auto_merge(checked: World) -> None:
    checked.arrive(drifted(45, 8))
    checked.hour()
    assert checked.pull.auto_merge
    checked.commit({"model/v2.pkl": b"another model"}, PROPOSAL, by=checked.person())
    assert checked.hour().decision == "blocked"
    assert checked.pull.auto_merge is None


def update_branch(world: World, way: str, *, extra: str = "") -> str:
    """What GitHub's button “Update branch” makes, with a file of a person's in it, if `extra` names one."""
    git, head, main = world.git, world.tip(PROPOSAL), world.tip("main")
    tree = git.line("merge-tree", "--write-tree", head, main)
    if extra:
        blob = git.line("hash-object", "-w", "--stdin", stdin=b"mine")
        listed = git.run("ls-tree", tree) + f"100644 blob {blob}\t{extra}\n".encode()
        tree = git.line("mktree", stdin=listed)
    who = {f"GIT_{role}_{key}": "Ada" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    parents = ("-p", head, "-p", main) if way == "merge" else ("-p", main)
    made = git.line("commit-tree", tree, *parents, "-m", f"Merge branch 'main' into {PROPOSAL}", extra=who)
    git.run("update-ref", f"refs/heads/{PROPOSAL}", made)
    world.here.hub.synchronise(world.repository, world.person())
    return made


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_update_branch_makes_the_bot_build_its_proposal_again(
    make_world: Callable[..., World], with_v1: Path, way: str
) -> None:
    world = make_world(with_v1, required_checks=("tests",), strict=True)
    world.batches = 1
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "enabled"
    for number in range(2):  # each time a person clicks
        world.commit({"README.md": f"main moved on {number}\n"})
        theirs = update_branch(world, way)
        if number:
            world.commit({"README.md": "and once more, before the bot looked\n"})
        run = world.hour()
        assert (run.decision, world.last.state) == ("waiting", "open"), run.log
        assert "the branch was updated with main" in run.log
        assert world.tip(PROPOSAL) == world.last.commit == world.pull.head_sha != theirs
        assert world.git.line("rev-parse", f"{world.last.commit}^") == world.tip("main")
        assert world.approvals()[-1][1] == world.last.commit
        assert world.pull.comments == []
    world.here.hub.set_status(world.repository, world.last.commit, "tests", "success")
    assert world.hour().outputs["merge-state"] == "merged"
    assert world.versions == ["v1", "v2"]


def test_a_persons_file_in_an_updated_branch_is_not_overwritten(proposed: World) -> None:
    proposed.commit({"README.md": "main moved on\n"})
    theirs = update_branch(proposed, "merge", extra="notes.md")
    assert proposed.hour().decision == "blocked"
    assert proposed.tip(PROPOSAL) == theirs


def test_the_bot_continues_after_the_person_closed_and_deleted_the_branch(proposed: World) -> None:
    proposed.commit({"model/notes.md": "no"}, PROPOSAL, by=proposed.person())
    proposed.hour()
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", state="closed")
    proposed.git.run("update-ref", "-d", f"refs/heads/{PROPOSAL}")
    proposed.arrive(drifted(45, 11))
    run = proposed.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "merged")


def test_a_persons_commit_that_was_merged_with_the_proposal_blocks_nothing(proposed: World) -> None:
    """The branch is still there, as GitHub leaves it by default."""
    ada = proposed.person()
    proposed.commit({"model/notes.md": "good"}, PROPOSAL, by=ada)
    proposed.api(proposed.person("bob"), "POST", f"{PULLS}/1/reviews", event="APPROVE")
    proposed.api(ada, "PUT", f"{PULLS}/1/merge", merge_method="squash")
    run = proposed.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "merged")
    assert proposed.read("model/notes.md") == b"good"
    proposed.arrive(drifted(45, 24))
    run = proposed.hour()
    assert (run.decision, run.outputs["merge-state"], run.outputs["pr-number"]) == ("promote", "merged", "2")
    assert proposed.versions == ["v1", "v2", "v3"]
    assert proposed.read("model/notes.md") == b"good"


def test_a_draft_is_left_to_wait(proposed: World) -> None:
    proposed.pull.draft = True
    run = proposed.hour()
    assert run.decision == "blocked"
    assert "draft" in run.reason
    assert proposed.pull.reviews == []


def test_a_title_and_words_around_the_report_are_kept(proposed: World) -> None:
    body = f"Ada: I like it.\n\n{proposed.pull.body}\n\nBob: me too."
    proposed.api(proposed.person(), "PATCH", f"{PULLS}/1", title="The exam model", body=body)
    proposed.hour()
    assert proposed.pull.title == "The exam model"
    assert proposed.pull.body == body
    assert proposed.pull.merged


def test_another_champion_put_on_main_by_hand_ends_the_open_promotion(proposed: World) -> None:
    """A person rolls forward by hand while a promotion is open: the promotion was measured against another model."""
    import json

    metadata = json.loads(proposed.read("model/model_metadata.json"))
    entry = dict(metadata["versions"][0], version="v9", attempt="by-hand")
    metadata |= {"current": "v9", "versions": [*metadata["versions"], entry]}
    proposed.commit({"model/model_metadata.json": json.dumps(metadata)})
    run = proposed.hour()
    assert run.code == 0
    assert proposed.last.state == "superseded"
    assert (proposed.pull.state, proposed.pull.merged) == ("closed", False)
    (comment,) = proposed.pull.comments
    assert "v9 is in production now, and v2 was measured against v1" in comment.body
    assert proposed.hour().decision == "waiting"
    assert proposed.calls == []


# --- mode: approve -----------------------------------------------------------------------------------------


def approve(world: World, **given: Any) -> Any:
    """The label-triggered workflow of the README: its token is the approver's own."""
    return world.hour(mode="approve", **given)


def test_the_labelled_pull_request_is_verified_against_the_journal_and_approved(proposed: World) -> None:
    run = approve(proposed)
    assert (run.code, run.decision) == (0, "promote")
    assert proposed.approvals() == [("github-actions[bot]", proposed.pull.head_sha)]
    assert proposed.pull.open
    approve(proposed)
    assert len(proposed.pull.reviews) == 1


def test_without_the_label_nothing_is_approved(proposed: World) -> None:
    proposed.pull.labels.clear()
    run = approve(proposed)
    assert run.decision == "blocked"
    assert "the label model-update is not on it" in run.reason
    assert proposed.pull.reviews == []


def label_it(world: World, who: Account) -> None:
    world.api(who, "POST", "/repos/octo/students/labels", name="model-update", color="ffffff", description="x")
    world.api(who, "POST", "/repos/octo/students/issues/1/labels", labels=["model-update"])


def test_an_outsiders_pull_request_with_the_label_is_not_approved(production: World) -> None:
    """It has the label, and it even comes from the bot's branch: the journal does not know its commit."""
    outsider = production.person("mallory")
    production.git.run("update-ref", f"refs/heads/{PROPOSAL}", "main")
    production.commit({"model/v2.pkl": b"cos\nsystem\n(S'touch /tmp/pwned'\ntR."}, PROPOSAL, by=outsider)
    production.api(outsider, "POST", PULLS, title="Promote", head=PROPOSAL, base="main")
    label_it(production, outsider)
    run = approve(production)
    assert (run.code, run.decision) == (0, "blocked")
    assert "not the recorded" in run.reason
    assert production.pull.reviews == []
    assert len(production.pull.comments) == 1
    approve(production)
    assert len(production.pull.comments) == 1


def test_a_label_on_a_pull_request_from_another_branch_has_no_effect(production: World) -> None:
    outsider = production.person("mallory")
    production.git.run("update-ref", "refs/heads/mine", "main")
    production.commit({".github/workflows/x.yml": "on: push"}, "mine", by=outsider)
    production.api(outsider, "POST", PULLS, title="Promote", head="mine", base="main")
    label_it(production, outsider)
    production.git.run("update-ref", "-d", f"refs/heads/{PROPOSAL}")
    run = approve(production)
    assert run.decision == "blocked"
    assert production.pull.reviews == []


def test_a_commit_added_after_the_label_is_not_approved(proposed: World) -> None:
    proposed.commit({"model/v2.pkl": b"poison"}, PROPOSAL, by=proposed.person("mallory"))
    run = approve(proposed)
    assert run.decision == "blocked"
    assert "its head is" in run.reason
    assert proposed.pull.reviews == []


def test_approving_never_loads_pandas_or_the_model(proposed: World) -> None:
    import subprocess
    import sys

    job = proposed.job(mode="approve")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from ml_action import cli; code = cli.main([]); "
        "heavy = {'pandas', 'sklearn', 'numpy', 'joblib', 'pickle'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy - {'pickle'} else code)"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, root], env=job.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert proposed.approvals()


def test_before_any_attempt_there_is_nothing_to_approve(empty: World) -> None:
    empty.arrive(steady(1, 1))
    job = empty.job(mode="approve")
    run = job.result(*in_process(job.environ))
    assert (run.code, run.decision) == (0, "blocked")
    assert "no attempt yet" in run.reason


def test_a_held_batch_does_not_end_a_proposal_that_waits(checked: World) -> None:
    """The pull request of one batch waits for a check; another batch is judged and held; then the check turns green."""
    checked.arrive(drifted(45, 8))
    assert checked.hour().outputs["merge-state"] == "enabled"
    checked.arrive(noise(45, 5))
    assert checked.hour().decision in ("hold", "reject")
    waiting = checked.state.proposed
    assert waiting is not None
    assert waiting.pull_request == checked.pull.number
    assert waiting.version in checked.state.report  # the text that its pull request is made of is kept
    checked.here.hub.set_status(checked.repository, checked.pull.head_sha, "tests", "success")
    assert checked.hour().outputs["merge-state"] == "merged"
    ended = checked.state.proposed
    assert ended is not None
    assert (ended.id, ended.state) == (waiting.id, "merged")


def test_deleting_the_branch_before_it_has_a_pull_request_counts_as_a_rejection(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    """The bot may not open pull requests, and a person deletes its branch: the loop continues."""
    world = make_world(with_v1)
    world.batches = 1
    world.arrive(drifted(45, 8))
    world.repository.change_settings(actions_may_create_and_approve=False)
    token = world.here.reviewer.token  # the workflow's own, which that setting is about
    assert world.hour(token=token, approver_token="").code == 5
    world.git.run("update-ref", "-d", f"refs/heads/{PROPOSAL}")
    run = world.hour(token=token, approver_token="")
    assert (run.code, run.decision) == (0, "waiting")
    assert world.state.proposed is not None
    assert world.state.proposed.state == "closed"
