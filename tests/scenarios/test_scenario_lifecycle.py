"""What happens around a promotion while it waits: branches move, rules change, and the next run completes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scenario_world import PROPOSAL, STATE, World, drifted, steady

METADATA = "model/model_metadata.json"


@pytest.fixture
def strict(make_world: Callable[..., World], with_v1: Path) -> World:
    """v1 in production; main requires a review, the check `tests`, and that a branch is up to date."""
    world = make_world(with_v1, required_checks=("tests",), strict=True, dismiss_stale=True)
    world.batches = 1
    return world


def amend(world: World, branch: str = "main") -> str:
    """Somebody rewrites the last commit of a branch and pushes it by force."""
    tip = world.tip(branch)
    parents = world.git.line("rev-list", "--parents", "-1", tip).split(" ")[1:]
    arguments = [word for parent in parents for word in ("-p", parent)]
    anew = world.git.line("commit-tree", f"{tip}^{{tree}}", *arguments, "-m", "The same in better words")
    world.git.run("update-ref", f"refs/heads/{branch}", anew)
    world.repository.synchronise(None)
    return anew


# --- the base branch moves ---------------------------------------------------------------------------------


def test_a_base_that_moved_on_is_no_reason_to_build_anew_where_no_rule_asks_for_it(proposed: World) -> None:
    before = proposed.tip(PROPOSAL)
    proposed.arrive(steady(3, 5))
    run = proposed.hour(autonomy="propose")
    assert (run.decision, proposed.tip(PROPOSAL)) == ("waiting", before)


def test_where_a_branch_has_to_be_up_to_date_the_proposal_is_built_anew_and_approved_anew(strict: World) -> None:
    strict.arrive(drifted(45, 8))
    strict.hour()
    first = strict.pull.head_sha
    strict.arrive(steady(3, 5))
    strict.repository.set_status(first, "tests", "success")
    run = strict.hour()
    assert (run.code, run.outputs["merge-state"]) == (0, "enabled"), run.log
    assert "built anew on top of the base branch" in run.log
    pull = strict.pull
    assert pull.head_sha != first
    assert strict.tip(PROPOSAL) == pull.head_sha == strict.last.commit
    assert strict.git.line("rev-parse", f"{pull.head_sha}^") == strict.tip("main") == strict.last.base
    assert strict.last.former == (first,)
    assert ("github-actions[bot]", pull.head_sha) in strict.approvals()
    strict.repository.set_status(pull.head_sha, "tests", "success")
    assert strict.pull.merged
    assert strict.hour().outputs["merge-state"] == "merged"
    assert strict.versions == ["v1", "v2"]
    assert len(strict.attempts) == 2


@pytest.mark.parametrize("autonomy", ["propose", "merge"])
def test_a_base_branch_that_was_rewritten_under_the_proposal_takes_nothing_along(
    proposed: World, autonomy: str
) -> None:
    amend(proposed)
    run = proposed.hour(autonomy=autonomy)
    assert (run.code, run.decision) == (0, "waiting"), run.log
    pull = proposed.pull
    assert pull.merged == (autonomy == "merge")
    if pull.open:
        assert proposed.git.line("rev-list", "--count", f"main..{pull.head_sha}") == "1"
    proposed.hour()
    assert proposed.versions == ["v1", "v2"]


def test_a_history_that_somebody_edited_meanwhile_is_appended_to_and_not_overwritten(proposed: World) -> None:
    metadata = json.loads(proposed.read(METADATA))
    metadata["versions"][0]["reason"] = "in Ada's words"
    proposed.commit({METADATA: json.dumps(metadata, indent=1)})
    run = proposed.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "merged"), run.log
    assert "conflicts with the base branch" in run.log
    versions = json.loads(proposed.read(METADATA))["versions"]
    assert [version["version"] for version in versions] == ["v1", "v2"]
    assert versions[0]["reason"] == "in Ada's words"


def test_a_proposal_is_built_anew_at_most_once_a_run(strict: World) -> None:
    """Somebody pushes to main in the same second, again and again: the next run goes on."""
    strict.arrive(drifted(45, 8))
    strict.hour()
    strict.arrive(steady(3, 5))
    for context in (strict.pull.head_sha,):
        strict.repository.set_status(context, "tests", "success")

    def push_again(exchange) -> None:
        if exchange.path.endswith("/git-receive-pack"):
            strict.repository.set_status(strict.tip(PROPOSAL), "tests", "success")
            strict.arrive(steady(1, strict.batches + 50))

    strict.here.hub.observers.append(push_again)
    run = strict.hour()
    strict.here.hub.observers.remove(push_again)
    assert (run.code, run.outputs["merge-state"]) == (0, "waiting"), run.log
    assert run.log.count("built anew on top") == 1
    assert strict.hour().code == 0


# --- what was lost -----------------------------------------------------------------------------------------


def test_a_lost_state_branch_and_a_kept_proposal_do_not_stop_the_loop(proposed: World) -> None:
    """Counting begins anew; the proposal is known by its message as one that the bot made, also after a hold."""
    proposed.git.run("update-ref", "-d", f"refs/heads/{STATE}")
    assert proposed.hour(min_improvement="0.9").decision == "hold"
    proposed.arrive(drifted(200, 31))
    run = proposed.hour()
    assert (run.code, run.decision) == (0, "promote"), run.log
    assert len(proposed.pulls) == 1
    assert proposed.pull.merged
    assert proposed.versions == ["v1", "v2"]


def test_without_a_state_branch_a_persons_commit_on_the_proposal_is_still_a_persons(proposed: World) -> None:
    theirs = proposed.commit({"model/notes.md": "mine"}, PROPOSAL, by=proposed.person())
    proposed.git.run("update-ref", "-d", f"refs/heads/{STATE}")
    run = proposed.hour()
    assert run.decision == "blocked"
    assert proposed.tip(PROPOSAL) == theirs


# --- rules of the base branch ------------------------------------------------------------------------------


def test_a_merge_queue_is_stood_in_and_not_jumped(make_world: Callable[..., World], with_v1: Path) -> None:
    world = make_world(with_v1, merge_queue=True)
    world.batches = 1
    world.arrive(drifted(45, 8))
    run = world.hour()
    assert (run.code, run.outputs["merge-state"]) == (0, "queued"), run.log
    assert world.pull.queued_by
    again = world.hour()
    assert (again.decision, again.outputs["merge-state"]) == ("waiting", "queued")
    assert "the merge queue merges it when its turn comes" in again.told
    world.repository.advance_queue()
    assert world.pull.merged
    assert world.hour().outputs["merge-state"] == "merged"
    assert world.versions == ["v1", "v2"]


def test_what_waits_for_a_check_enters_the_merge_queue_when_it_has_passed(
    make_world: Callable[..., World], with_v1: Path
) -> None:
    """Where auto-merge is off, the bot looks again each hour and puts it into the queue itself."""
    world = make_world(with_v1, merge_queue=True, required_checks=("tests",))
    world.repository.change_settings(allow_auto_merge=False)
    world.batches = 1
    world.arrive(drifted(45, 8))
    assert world.hour().outputs["merge-state"] == "blocked"
    world.repository.set_status(world.pull.head_sha, "tests", "success")
    assert world.hour().outputs["merge-state"] == "queued"
    world.repository.advance_queue()
    assert world.pull.merged


def test_where_commits_have_to_be_signed_github_signs_them(make_world: Callable[..., World], with_v1: Path) -> None:
    """A rule of the organization covers every branch, the bot's own two among them."""
    world = make_world(with_v1, require_signatures=True)
    world.repository.protect("ml-auto-update/*/*", require_signatures=True, block_pushes=False, allow_force_pushes=True)
    world.batches = 1
    world.arrive(drifted(45, 8))
    run = world.hour()
    assert run.code == 4
    assert "takes only signed commits" in run.log
    assert "commit-signing: api" in run.log
    assert len(world.attempts) == 1
    run = world.hour(commit_signing="api")
    assert (run.code, run.outputs["merge-state"]) == (0, "merged"), run.log
    assert world.last.commit in world.repository.signed
    assert world.tip(STATE) in world.repository.signed
    assert world.versions == ["v1", "v2"]
    assert world.git.line("cat-file", "blob", f"{world.last.commit}:model/v2.pkl") is not None
    assert world.hour(commit_signing="api").decision == "waiting"


def test_a_signed_proposal_is_signed_again_when_it_is_built_anew(strict: World) -> None:
    strict.arrive(drifted(45, 8))
    strict.hour(commit_signing="api")
    first = strict.pull.head_sha
    strict.arrive(steady(3, 5))
    strict.repository.set_status(first, "tests", "success")
    assert strict.hour(commit_signing="api").code == 0
    assert strict.pull.head_sha not in ("", first)
    assert strict.pull.head_sha in strict.repository.signed


def test_a_personal_token_signs_nothing_and_is_told_so(production: World) -> None:
    production.arrive(drifted(45, 8))
    run = production.hour(commit_signing="api", token=production.person().token)
    assert run.code == 5
    assert "GitHub did not sign the commit (unsigned)" in run.log
    assert "App's token" in run.log
    assert len(production.attempts) == 1
    assert production.pulls == []
