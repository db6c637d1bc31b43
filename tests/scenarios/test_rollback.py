"""Back to an earlier version: one pointer moves, whatever waits; and what was rolled back is not proposed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_action.git import registry
from sandbox import Exchange
from tests.scenarios.world import (
    PROPOSAL,
    PULLS,
    STATE,
    Forked,
    Run,
    World,
    after_a_push,
    as_classes,
    asked,
    at_a_push,
    before_a_push,
    drifted,
    steady,
)

METADATA = "model/model_metadata.json"
WHY = "the new exam was graded <wrong>, see @ada"


def roll_back(world: World, to: str = "v1", why: str = WHY, **given: Any) -> Run:
    return world.hour(mode="rollback", to=to, why=why, **given)


# --- the way back ------------------------------------------------------------------------------------------


def test_a_rollback_is_proposed_approved_and_merged_and_the_pointer_moves(second: World) -> None:
    before, paths = second.read(METADATA), second.on("main")
    run = roll_back(second)
    assert (run.code, run.decision, run.outputs["merge-state"]) == (0, "rollback", "merged"), run.log
    assert second.champion.version == "v1"
    changed = {path for path, blob in second.on("main").items() if paths.get(path) != blob}
    assert changed == {METADATA}
    assert second.read(METADATA) == before.replace(b'"current": "v2"', b'"current": "v1"')
    assert second.versions == ["v1", "v2"]
    pull = second.pull
    assert (pull.title, pull.labels) == ("Roll back model from v2 to v1", ["model-update"])
    assert second.approvals() == [("github-actions[bot]", pull.head_sha)]
    assert (second.last.verdict, second.last.state, second.last.version) == ("rollback", "merged", "v1")
    assert WHY in second.last.reason


def test_the_numbers_are_shown_and_the_reason_is_only_text(second: World) -> None:
    second.arrive(drifted(35, 21))
    run = roll_back(second, autonomy="propose")
    assert run.outputs["version"] == "v1"
    assert float(run.outputs["challenger-score"]) < float(run.outputs["champion-score"])
    assert "Scores of v1 and v2 on the same rows" in run.plain_summary
    body = second.pull.body or ""
    assert "35 datasets" in body
    assert "scored on the new datasets, which no version was trained on" in body.replace("\\", "")
    assert "its sha256 is the recorded" in body
    for text in (body, run.summary):
        assert "<wrong>" not in text
        assert "@ada" not in text


def test_the_count_continues_as_if_there_had_been_no_rollback(second: World) -> None:
    second.arrive(drifted(39, 21))
    data = second.state.data
    roll_back(second)
    assert second.state.data == data
    counter = json.loads(second.read("new_data_counter.json", "ml-auto-update/model/state"))
    assert (counter["count"], counter["last_decision"]) == (39, "promote")
    second.arrive(drifted(1, 22))
    run = second.hour()
    assert (run.decision, run.outputs["version"]) == ("promote", "v3"), run.log
    assert second.attempts[-1].champion == "v1"
    assert second.champion.version == "v3"


def test_a_rollback_waits_for_people_where_autonomy_says_so(second: World) -> None:
    run = roll_back(second, autonomy="propose")
    assert (run.decision, run.outputs["merge-state"], run.outputs["pr-number"]) == ("rollback", "", "1")
    assert second.pull.open
    assert (second.approvals(), second.champion.version) == ([], "v2")
    assert second.hour(mode="approve").decision == "rollback"
    assert second.approvals() == [("github-actions[bot]", second.pull.head_sha)]
    second.api(second.person(), "PUT", f"{PULLS}/1/merge", merge_method="squash")
    assert second.hour().outputs["merge-state"] == "merged"
    assert (second.champion.version, second.last.state) == ("v1", "merged")


def test_with_autonomy_report_it_is_verified_and_nothing_is_proposed(second: World) -> None:
    run = roll_back(second, autonomy="report")
    assert (run.code, run.decision) == (0, "rollback")
    assert "autonomy is report" in run.plain_summary
    assert second.pulls == []
    assert second.champion.version == "v2"


def test_two_rollbacks_in_a_row_go_back_and_forth(second: World) -> None:
    assert roll_back(second).outputs["merge-state"] == "merged"
    run = roll_back(second, "v2", "it was right after all")
    assert (run.outputs["merge-state"], run.outputs["pr-number"]) == ("merged", "2"), run.log
    assert second.champion.version == "v2"
    assert [attempt.state for attempt in second.attempts] == ["merged"] * 4
    assert second.hour().decision == "waiting"


# --- whatever happens on the way ---------------------------------------------------------------------------

MOMENTS = {
    "before the atomic push": before_a_push,
    "after the atomic push": after_a_push,
    "after the pull request was opened": lambda: asked("POST", PULLS),
    "after it was labelled": lambda: asked("POST", "/issues/1/labels"),
    "after it was approved": lambda: asked("POST", "/reviews"),
    "after it was merged": lambda: asked("PUT", "/merge"),
    "after the merge was noted": lambda: after_a_push(nth=2),
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_rollback_that_is_killed_is_completed_by_the_next_run(second: World, moment: Any) -> None:
    second.killed(moment(), mode="rollback", to="v1", why=WHY)
    if len(second.attempts) == 2:  # nothing was recorded: it is asked for again
        roll_back(second)
    else:
        second.hour()
    assert second.champion.version == "v1"
    assert second.pull.merged
    assert (second.pull.labels, len(second.approvals()), second.pull.comments) == (["model-update"], 1, [])
    assert [attempt.verdict for attempt in second.attempts] == ["promote", "promote", "rollback"]
    assert second.last.state == "merged"
    again = second.hour()
    assert (again.decision, second.calls) == ("waiting", [])


def test_the_same_job_run_again_completes_it_and_opens_no_other(second: World) -> None:
    second.killed(asked("POST", PULLS), mode="rollback", to="v1", why=WHY)
    run = roll_back(second)
    assert (run.decision, run.outputs["merge-state"], run.outputs["pr-number"]) == ("rollback", "merged", "1")
    assert len(second.attempts) == 3
    run = roll_back(second)
    assert (run.code, run.decision) == (2, "failed")
    assert "v1 is in production already" in run.reason


@pytest.fixture
def third_proposed(second: World) -> World:
    """v3 is proposed, approved and ordered to merge; a check that never reports keeps it waiting."""
    second.here.hub.protect(second.repository, "main", required_reviews=1, required_checks=("tests",))
    second.arrive(drifted(60, 31))
    second.hour(gate="higher", min_improvement="0")
    if not second.pulls:
        pytest.fail("no third version was proposed")
    assert second.pull.auto_merge
    return second


def test_a_promotion_that_waits_is_superseded_and_its_pull_request_closed_with_the_reason(
    third_proposed: World,
) -> None:
    world = third_proposed
    run = roll_back(world)
    assert run.decision == "rollback", run.log
    promotion, back = world.pulls
    assert (promotion.open, promotion.merged, promotion.auto_merge) == (False, False, None)
    (comment,) = promotion.comments
    assert "“Roll back model from v2 to v1” takes its branch" in comment.body
    assert back.open
    assert [attempt.state for attempt in world.attempts[-2:]] == ["superseded", "open"]
    world.here.hub.set_status(world.repository, back.head_sha, "tests", "success")
    assert world.pulls[1].merged
    assert world.hour().decision == "waiting"
    assert (world.champion.version, world.versions) == ("v1", ["v1", "v2"])


def test_a_promotion_that_was_merged_since_the_last_hour_is_noticed_and_rolled_back(third_proposed: World) -> None:
    world = third_proposed
    world.here.hub.set_status(world.repository, world.pull.head_sha, "tests", "success")
    assert world.champion.version == "v3"
    run = roll_back(world, "v2")
    assert run.decision == "rollback", run.log
    assert [attempt.state for attempt in world.attempts[-2:]] == ["merged", "open"]
    assert world.pulls[-1].title == "Roll back model from v3 to v2"


def test_a_promotion_merged_while_the_rollback_looks_at_it_is_reported(third_proposed: World) -> None:
    world = third_proposed
    done = [False]

    def merge(exchange: Exchange) -> None:
        if exchange.path.endswith("/git-upload-pack") and not done[0]:  # it has fetched the branches as they were
            done[0] = True
            world.here.hub.set_status(world.repository, world.pull.head_sha, "tests", "success")

    world.here.hub.observers.append(merge)
    run = roll_back(world)
    assert world.champion.version == "v3"
    assert (run.code, run.decision) == (0, "blocked"), run.log
    assert "v3 was merged while this run looked at it: ask again, from v3 this time" in run.reason
    assert [attempt.verdict for attempt in world.attempts] == ["promote"] * 3
    world.here.hub.observers.remove(merge)
    assert roll_back(world, "v2").decision == "rollback"


def test_with_autonomy_report_the_promotion_keeps_waiting(third_proposed: World) -> None:
    run = roll_back(third_proposed, autonomy="report")
    assert run.decision == "rollback"
    assert [attempt.state for attempt in third_proposed.attempts[-2:]] == ["open", ""]
    assert third_proposed.pull.open
    assert third_proposed.pull.auto_merge
    assert third_proposed.hour().outputs["merge-state"] == "enabled"


@pytest.mark.parametrize("moment", ["after the atomic push", "after the promotion was closed"])
def test_a_rollback_that_is_killed_while_it_takes_a_promotions_branch_is_completed(
    third_proposed: World, moment: str
) -> None:
    world = third_proposed
    moments = {"after the atomic push": after_a_push(), "after the promotion was closed": asked("PATCH", "/pulls/1")}
    world.killed(moments[moment], mode="rollback", to="v1", why=WHY)
    assert world.pulls[0].auto_merge is None  # what is on the branch now needs an approval of its own
    world.hour()
    promotion, back = world.pulls
    assert (promotion.open, len(promotion.comments), back.open) == (False, 1, True)
    assert back.title == "Roll back model from v2 to v1"
    assert world.last.state == "open"


def test_while_a_rollback_waits_nothing_is_trained(second: World) -> None:
    roll_back(second, autonomy="propose")
    second.arrive(drifted(45, 31))
    run = second.hour(autonomy="propose")
    assert (run.code, run.decision) == (0, "blocked")
    assert "the rollback to v1 waits (pull request 1)" in run.reason
    assert len(second.attempts) == 3
    second.api(second.person(), "PATCH", f"{PULLS}/1", state="closed")
    assert second.hour(autonomy="propose").decision in ("promote", "hold", "reject")


def test_a_rollback_that_a_person_closed_is_remembered_and_v2_stays(second: World) -> None:
    roll_back(second, autonomy="propose")
    second.api(second.person(), "PATCH", f"{PULLS}/1", state="closed")
    run = second.hour()
    assert (run.code, run.decision) == (0, "waiting")
    assert second.last.state == "closed"
    assert (second.hour().decision, second.calls) == ("waiting", [])
    assert (len(second.pulls), second.champion.version) == (1, "v2")


def test_a_closed_rollback_is_opened_again_when_a_person_asks_again(second: World) -> None:
    roll_back(second, autonomy="propose")
    second.api(second.person(), "PATCH", f"{PULLS}/1", state="closed")
    run = roll_back(second)
    assert (run.decision, run.outputs["pr-number"], run.outputs["merge-state"]) == ("rollback", "2", "merged")
    assert [attempt.state for attempt in second.attempts[-2:]] == ["closed", "merged"]


def test_a_persons_commit_on_the_branch_is_not_overwritten(third_proposed: World) -> None:
    world = third_proposed
    theirs = world.commit({"model/notes.md": "wait"}, PROPOSAL, by=world.person())
    run = roll_back(world)
    assert (run.code, run.decision) == (0, "blocked")
    assert theirs[:12] in run.reason
    assert world.tip(PROPOSAL) == theirs


def test_metadata_that_a_person_edited_meanwhile_keep_every_byte_but_the_pointer(second: World) -> None:
    roll_back(second, autonomy="propose")
    edited = json.dumps(json.loads(second.read(METADATA)) | {"note": "Ada was here"}, indent=1).encode()
    second.commit({METADATA: edited})
    run = second.hour()
    assert run.outputs["merge-state"] == "merged", run.log
    assert second.read(METADATA) == edited.replace(b'"current": "v2"', b'"current": "v1"')
    assert (second.last.state, len(second.pulls)) == ("merged", 1)


def test_a_champion_merged_meanwhile_ends_the_rollback(second: World) -> None:
    roll_back(second, autonomy="propose")
    metadata = json.loads(second.read(METADATA))
    entry = dict(metadata["versions"][0], version="v9", attempt="by-hand")
    metadata |= {"current": "v9", "versions": [*metadata["versions"], entry]}
    second.commit({METADATA: json.dumps(metadata)})
    second.hour()
    assert (second.last.state, second.pull.open) == ("superseded", False)
    (comment,) = second.pull.comments
    assert "v9 is in production now, and it was to put v1 back in place of v2" in comment.body
    assert second.champion.version == "v9"


def test_of_a_rollback_and_a_training_at_once_one_records_and_the_other_gives_way(second: World) -> None:
    """Both are held at their push until the other is there too."""
    second.arrive(drifted(45, 31))
    second.meet(at_a_push)
    jobs = [second.job(mode="rollback", to="v1", why=WHY), second.job(gate="higher", min_improvement="0")]
    endings = [run.wait() for run in [Forked(job) for job in jobs]]
    assert [run.code for run in endings] == [0, 0], [run.log for run in endings]
    assert sum(run.decision == "stood-down" for run in endings) == 1, [run.log for run in endings]
    assert len(second.attempts) == 3
    assert len(second.pulls) <= 1


def test_a_rollback_works_without_a_journal(second: World) -> None:
    second.git.run("update-ref", "-d", f"refs/heads/{STATE}")
    run = roll_back(second)
    assert (run.decision, run.outputs["merge-state"]) == ("rollback", "merged"), run.log
    assert second.champion.version == "v1"


@pytest.mark.parametrize("given", [{"unit": "rows", "threshold": "400"}, {"group": "attendance"}, {"test_size": "0"}])
def test_a_rollback_works_for_every_way_to_count_and_hold_out_data(second: World, given: dict[str, str]) -> None:
    run = roll_back(second, **given)
    assert (run.decision, run.outputs["merge-state"]) == ("rollback", "merged"), run.log
    assert run.outputs["challenger-score"]
    if "test_size" in given:
        assert "scored on rows that they may have been trained on" in run.plain_summary


def test_where_commits_have_to_be_signed_github_signs_the_rollback(
    make_world: Callable[..., World], with_v2: Path
) -> None:
    world = make_world(with_v2, require_signatures=True)
    world.here.hub.protect(
        world.repository, "ml-auto-update/*/*", require_signatures=True, block_pushes=False, allow_force_pushes=True
    )
    run = roll_back(world, commit_signing="api")
    assert (run.decision, run.outputs["merge-state"]) == ("rollback", "merged"), run.log
    assert world.champion.version == "v1"


def test_where_the_bot_may_open_no_pull_request_the_branch_is_kept_and_a_person_opens_it(
    make_world: Callable[..., World], with_v2: Path
) -> None:
    world = make_world(with_v2)
    world.repository.change_settings(actions_may_create_and_approve=False)
    tokens = {"token": world.here.reviewer.token, "approver_token": world.here.author.token}
    run = roll_back(world, **tokens)
    assert (run.code, run.decision) == (5, "blocked"), run.log
    assert run.outputs["compare-url"]
    assert "open it by hand" in run.plain_summary
    assert world.last.rolls_back
    assert world.tip(PROPOSAL) == world.last.commit


def test_a_classifier_can_be_rolled_back(empty: World) -> None:
    empty.arrive(as_classes(steady(45, 1)))
    empty.hour()
    empty.arrive(as_classes(drifted(80, 8)))
    run = empty.hour(gate="higher", min_improvement="0")
    assert empty.champion.version == "v2", run.log
    run = roll_back(empty)
    assert (run.decision, run.outputs["merge-state"]) == ("rollback", "merged"), run.log
    assert empty.champion.version == "v1"
    assert float(run.outputs["challenger-score"]) > 0.5


# --- not again from the same data --------------------------------------------------------------------------


def restart_count(world: World) -> None:
    """A person has everything since v1 counted again: they put the state's data back, and leave the journal."""
    history = registry.read(world.git, world.tip("main"), "model")
    assert history
    entries = world.git.run("ls-tree", "-z", f"refs/heads/{STATE}").split(b"\0")
    rows = [row if not row.endswith(b"\tdata") else _tree(history.versions[0].data_tree) for row in entries if row]
    tree = world.git.line("mktree", "-z", stdin=b"\0".join(rows) + b"\0")
    commit = world.git.line("commit-tree", tree, "-p", f"refs/heads/{STATE}", "-m", "restart the count")
    world.git.run("update-ref", f"refs/heads/{STATE}", commit)


def _tree(oid: str) -> bytes:
    return f"040000 tree {oid}\tdata".encode()


@pytest.fixture
def rolled_back(second: World) -> World:
    """v1 is in production again."""
    assert roll_back(second).outputs["merge-state"] == "merged"
    return second


def test_a_rolled_back_version_is_not_proposed_again_from_the_same_data(rolled_back: World) -> None:
    restart_count(rolled_back)
    run = rolled_back.hour(confidence="0.9")
    assert (run.code, run.decision) == (0, "hold"), run.log
    assert "and yet it is v2 again (the same model file), which was rolled back on " in run.reason
    assert f"back from v2 to v1: {WHY}" in run.reason
    assert len(rolled_back.pulls) == 1
    assert rolled_back.champion.version == "v1"


def test_the_same_training_is_not_repeated_after_a_rollback_and_the_rollback_is_named(rolled_back: World) -> None:
    restart_count(rolled_back)
    run = rolled_back.hour()
    assert run.decision == "hold"
    assert "the same work was done before" in run.reason
    assert "v2 was rolled back on " in run.reason


def test_new_data_propose_again_and_no_version_number_is_used_twice(rolled_back: World) -> None:
    assert "v2 was rolled back" in rolled_back.hour().plain_summary
    rolled_back.arrive(drifted(45, 21))
    run = rolled_back.hour()
    assert (run.decision, run.outputs["version"]) == ("promote", "v3"), run.log
    assert (rolled_back.champion.version, rolled_back.versions) == ("v3", ["v1", "v2", "v3"])
    assert "v2 was rolled back" not in rolled_back.hour().plain_summary


def test_a_person_can_force_a_rolled_back_promotion_and_merge_it(rolled_back: World) -> None:
    restart_count(rolled_back)
    run = rolled_back.hour(force="it was right after all")
    assert (run.decision, run.outputs["version"]) == ("promote", "v3"), run.log
    assert rolled_back.pulls[-1].open


def test_a_version_that_came_back_is_not_barred(rolled_back: World) -> None:
    roll_back(rolled_back, "v2", "it was right after all")
    assert "v2 was rolled back" not in rolled_back.hour().plain_summary


# --- what cannot be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code", "reason"),
    [
        ({"to": "v7"}, 2, "there is no version v7"),
        ({"to": ""}, 2, "`to` is empty"),
        ({"to": "v2"}, 2, "v2 is in production already"),
        ({"to": "one"}, 2, "versions are called v1, v2"),
        ({"why": " "}, 2, "`why` is empty"),
    ],
)
def test_an_invalid_rollback_request_is_explained(second: World, given: dict[str, str], code: int, reason: str) -> None:
    run = roll_back(second, **given)
    assert (run.code, run.decision) == (code, "failed")
    assert reason in run.log
    assert len(second.attempts) == 2
    assert second.calls == []


def test_where_there_is_no_earlier_version_nothing_is_rolled_back(production: World, empty: World) -> None:
    run = roll_back(production)
    assert (run.code, run.reason) == (6, "there is nothing to roll back")
    assert "v1 is the only version" in run.plain_summary


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model/v1.pkl": None}, "model/v1.pkl is not on the base branch"),
        ({"model/v1.pkl": b"cos\nsystem\n(S'touch canary'\ntR."}, "The model file's sha256 is"),
        ({"model/v1.pkl": "version https://git-lfs.github.com/spec/v1\n"}, "is a Git LFS pointer"),
    ],
)
def test_a_version_whose_file_is_not_the_recorded_one_cannot_take_over(
    second: World, change: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    second.commit(change)
    run = roll_back(second)
    assert (run.code, run.decision) == (6, "failed")
    assert "v1 cannot take over: " in run.reason
    assert reason in run.reason
    assert "nothing was changed" in run.plain_summary
    assert not (tmp_path / "canary").exists()
    assert (second.pulls, len(second.attempts), second.champion.version) == ([], 2, "v2")


def test_a_version_that_does_not_load_with_these_libraries_cannot_take_over(second: World) -> None:
    """Its digest is right, and its classes are of a library that is not here."""
    import hashlib

    data = b"cgone_library.models\nForest\n."
    metadata = json.loads(second.read(METADATA))
    metadata["versions"][0] |= {"sha256": hashlib.sha256(data).hexdigest()}
    second.commit({"model/v1.pkl": data, METADATA: json.dumps(metadata)})
    run = roll_back(second)
    assert (run.code, run.decision) == (6, "failed")
    assert "v1 cannot take over: The model file cannot be loaded: ModuleNotFoundError" in run.reason
    assert second.pulls == []


def test_a_version_that_has_no_answer_to_todays_data_cannot_take_over(second: World) -> None:
    metadata = json.loads(second.read(METADATA))
    metadata["versions"][0]["features"] = ["hours_studied", "a_column_that_is_gone"]
    second.commit({METADATA: json.dumps(metadata)})
    run = roll_back(second)
    assert run.code == 6
    assert "v1 needs columns that the datasets do not have: 'a_column_that_is_gone'" in run.reason


def test_a_champion_that_cannot_be_loaded_can_be_rolled_back(second: World) -> None:
    second.commit({"model/v2.pkl": "broken"})
    run = roll_back(second)
    assert (run.decision, run.outputs["merge-state"]) == ("rollback", "merged"), run.log
    assert "v2 is not scored: The model file's sha256 is" in run.plain_summary
    assert run.outputs["champion-score"] == ""
    assert second.champion.version == "v1"


def test_unreadable_data_do_not_block_a_rollback(second: World) -> None:
    second.commit({path: "\0" for path in second.on("main") if path.startswith("data/")})
    run = roll_back(second)
    assert (run.decision, run.outputs["merge-state"]) == ("rollback", "merged"), run.log
    assert "not scored, but asked for its answer to one request" in run.plain_summary
