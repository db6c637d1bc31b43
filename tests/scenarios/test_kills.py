"""A run that is killed with all its children, at any moment, is completed by the next one; two runs at once are one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox import Exchange
from tests.scenarios.world import PULLS, Forked, Started, World, after_a_push, asked, at_a_push, before_a_push, drifted

Moment = Callable[[], Callable[[Exchange], bool]]

# Every request of a promotion that writes something, and the one before the first of them.
MOMENTS: dict[str, Moment] = {
    "before the atomic push": before_a_push,
    "after the atomic push": after_a_push,
    "after the pull request was opened": lambda: asked("POST", PULLS),
    "after the label was created": lambda: asked("POST", "/students/labels"),
    "after it was labelled": lambda: asked("POST", "/issues/1/labels"),
    "after it was approved": lambda: asked("POST", "/reviews"),
    "after it was merged": lambda: asked("PUT", "/merge"),
    "after the merge was noted": lambda: after_a_push(nth=2),
}


def assert_promoted_once(world: World) -> None:
    """One pull request, one version, one label, one approval, one line in the journal."""
    pull = world.pull
    assert pull.merged
    assert pull.labels == ["model-update"]
    assert world.approvals() == [("github-actions[bot]", pull.head_sha)]
    assert pull.comments == []
    assert world.versions == ["v1", "v2"]
    assert [attempt.version for attempt in world.attempts] == ["v1", "v2"]
    assert (world.last.state, world.last.pull_request) == ("merged", pull.number)
    assert world.last.commit == pull.head_sha
    assert world.git.line("rev-list", "--count", "main", "--", "model/v2.pkl") == "1"


def assert_the_next_run_completes_it(production: World) -> None:
    run = production.hour()
    assert run.code == 0
    assert run.decision in ("promote", "waiting")
    assert_promoted_once(production)
    again = production.hour()
    assert (again.decision, production.calls) == ("waiting", [])
    assert_promoted_once(production)


# The moments between these two: the next test, and tests/faults, which kills a run after each request that writes.
@pytest.mark.parametrize("moment", ["before the atomic push", "after the merge was noted"])
def test_a_killed_run_is_completed_by_the_next(production: World, moment: str) -> None:
    production.arrive(drifted(45, 8))
    production.killed(MOMENTS[moment]())
    assert_the_next_run_completes_it(production)


@pytest.mark.parametrize("moment", ["before the atomic push", "after the pull request was opened"])
def test_a_killed_process_as_a_runner_starts_it_is_completed_by_the_next(production: World, moment: str) -> None:
    production.arrive(drifted(45, 8))
    production.killed(MOMENTS[moment](), Started)
    assert production.hour().code == 0
    assert_promoted_once(production)


def test_a_run_killed_again_and_again_gets_one_step_further_each_time(production: World) -> None:
    production.arrive(drifted(45, 8))
    for name in list(MOMENTS)[:-1]:
        production.killed(MOMENTS[name]())
    assert_the_next_run_completes_it(production)


def test_a_run_killed_after_auto_merge_was_ordered_is_followed_up_without_another_order(
    make_world: Callable[..., World], with_v1
) -> None:
    world = make_world(with_v1, required_checks=("tests",))
    world.arrive(drifted(45, 8))
    world.killed(lambda exchange: b"enablePullRequestAutoMerge" in exchange.body)
    assert world.pull.auto_merge
    run = world.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("waiting", "enabled")
    assert not any(b"enablePullRequestAutoMerge" in exchange.body for exchange in world.exchanges)
    world.here.hub.set_status(world.repository, world.pull.head_sha, "tests", "success")
    world.hour()
    assert_promoted_once(world)


def test_a_held_attempt_that_is_killed_before_it_is_recorded_is_made_again(production: World) -> None:
    production.arrive(drifted(45, 13))
    production.killed(before_a_push(), min_improvement="0.9")
    assert len(production.attempts) == 1
    run = production.hour(min_improvement="0.9")
    assert run.decision == "hold"
    assert len(production.attempts) == 2


# --- two runs at once --------------------------------------------------------------------------------------


def test_of_two_runs_at_once_one_records_and_the_other_gives_way(production: World) -> None:
    """Both read the same state, both train, both push: they are held at the push until the other is there too."""
    production.arrive(drifted(45, 8))
    production.meet(at_a_push)
    runs = [Forked(production.job()) for _ in range(2)]
    endings = [run.wait() for run in runs]
    assert sorted(run.decision for run in endings) == ["promote", "stood-down"], [run.log for run in endings]
    assert [run.code for run in endings] == [0, 0]
    loser = next(run for run in endings if run.decision == "stood-down")
    assert "another run recorded its result first" in loser.summary
    assert_promoted_once(production)


def test_a_run_gives_way_when_the_state_branch_moved_while_it_trained(production: World) -> None:
    """The other run does all of its work between this one's fetch and its push."""
    production.arrive(drifted(45, 8))
    others: list[str] = []

    def intrude(exchange: Exchange) -> None:
        if exchange.path.endswith("/git-upload-pack") and b"command=fetch" in exchange.body and not others:
            others.append("")
            others[0] = Forked(production.job()).wait().decision

    production.here.hub.observers.append(intrude)
    run = production.hour()
    assert others == ["promote"]
    assert run.decision == "stood-down"
    assert "concurrency" in run.summary
    assert_promoted_once(production)


def test_of_two_first_runs_at_once_one_makes_v1(empty: World) -> None:
    """There is no state branch yet that could have moved."""
    empty.arrive(drifted(45, 8))
    empty.meet(at_a_push)
    runs = [Forked(empty.job()) for _ in range(2)]
    endings = [run.wait() for run in runs]
    assert sorted(run.decision for run in endings) == ["promote", "stood-down"], [run.log for run in endings]
    assert empty.versions == ["v1"]
    assert len(empty.attempts) == 1
    assert empty.pull.merged


def test_two_runs_that_follow_up_the_same_promotion_open_one_pull_request(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.killed(after_a_push())
    production.meet(lambda exchange: exchange.method == "GET" and exchange.path.endswith("/pulls"))
    runs = [Forked(production.job()) for _ in range(2)]
    endings = [run.wait() for run in runs]
    assert [run.code for run in endings] == [0, 0], [run.log for run in endings]
    production.hour()
    assert len(production.pulls) == 1
    assert production.versions == ["v1", "v2"]
    assert len(production.attempts) == 2
    assert production.last.state == "merged"
