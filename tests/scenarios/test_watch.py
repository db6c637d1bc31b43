"""The watch: a champion that fell behind the version before it is reported, or rolled back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import FULL_NAME, PULLS, Run, World, after_a_push, asked, drifted, noise, opened, steady
from tests.support.shared import make_once

KNOWS_NOTHING = "sklearn.dummy.DummyRegressor"  # a challenger that is no better than any champion


@pytest.fixture(scope="session")
def with_a_bad_v2(tmp_path_factory: pytest.TempPathFactory, with_v1: Path) -> Path:
    """v2 was forced by a person on scores that belong to others, and merged; for copies only."""

    def make(root: Path) -> None:
        with opened(root, with_v1, batches=1) as world:
            world.arrive(noise(60, 8))
            run = world.hour(force="the registrar says that they are right")
            assert run.decision == "promote", run.log
            world.api(world.person(), "POST", f"{PULLS}/1/reviews", event="APPROVE")
            world.api(world.person(), "PUT", f"{PULLS}/1/merge", merge_method="squash")
            world.hour()
            assert world.champion.version == "v2"

    return make_once(tmp_path_factory, "with-a-bad-v2", make) / f"{FULL_NAME}.git"


@pytest.fixture
def fallen(make_world: Callable[..., World], with_a_bad_v2: Path) -> World:
    """The bad v2 is in production, and a batch of the world as it is arrives."""
    world = make_world(with_a_bad_v2)
    world.batches = 2
    world.arrive(steady(60, 21))
    return world


def watch(world: World, what: str = "rollback", **given: Any) -> Run:
    return world.hour(watch=what, **{"estimator": KNOWS_NOTHING} | given)


def test_a_champion_that_is_proven_worse_is_reported(fallen: World) -> None:
    run = watch(fallen, "report")
    assert (run.code, run.outputs["watch"]) == (0, "worse"), run.log
    assert run.decision in ("hold", "reject")
    assert "::warning" in run.log
    assert "v2 is worse than v1, the version before it, by " in run.log
    assert "### Watch" in run.summary
    assert "| metric | v2, in production | v1 | dummy |" in run.summary
    assert fallen.pulls == []
    watched = fallen.last.watched
    assert watched
    assert (watched.champion, watched.before, watched.worse) == ("v2", "v1", True)
    assert watched.comparison
    assert watched.comparison.datasets == 60
    assert watched.comparison.gain_interval.low > 0


def test_with_the_setting_a_worse_champion_is_rolled_back(fallen: World) -> None:
    run = watch(fallen)
    assert run.decision in ("hold", "reject"), run.log
    assert (run.outputs["watch"], run.outputs["merge-state"], run.outputs["version"]) == ("worse", "merged", "v3")
    assert "the watch goes back to v1: v1 is on the base branch again" in run.plain_summary
    pull = fallen.pull
    assert pull.title == "Roll back model from v2 to v1"
    assert "Back from v2 to v1: v2 is worse than v1, the version before it, by " in (pull.body or "").replace("\\", "")
    assert "No score decides" not in (pull.body or "")
    assert fallen.champion.version == "v1"
    training, back = fallen.attempts[-2:]
    assert (training.commit, back.verdict, back.state) == ("", "rollback", "merged")
    assert fallen.state.data == training.data_tree
    assert fallen.hour(watch="rollback").decision == "waiting"


def test_the_rollback_of_the_watch_obeys_autonomy(fallen: World) -> None:
    run = watch(fallen, autonomy="propose")
    assert "next: the watch goes back to v1: pull request #1 is open" in run.log
    assert (fallen.pull.open, fallen.approvals(), fallen.pull.auto_merge) == (True, [], None)
    assert fallen.champion.version == "v2"


def test_with_autonomy_report_the_worse_champion_is_only_reported(fallen: World) -> None:
    run = watch(fallen, autonomy="report")
    assert run.outputs["watch"] == "worse"
    assert [attempt.verdict for attempt in fallen.attempts[-2:]] != ["rollback", "rollback"]
    assert not fallen.last.rolls_back


@pytest.mark.parametrize("moment", ["after the atomic push", "after the pull request was opened"])
def test_a_run_that_is_killed_is_completed_by_the_next(fallen: World, moment: str) -> None:
    moments = {"after the atomic push": after_a_push(), "after the pull request was opened": asked("POST", PULLS)}
    fallen.killed(moments[moment], watch="rollback", estimator=KNOWS_NOTHING)
    run = fallen.hour(watch="rollback")
    assert run.outputs["merge-state"] == "merged", run.log
    assert fallen.champion.version == "v1"
    assert len(fallen.attempts) == 4
    assert fallen.pull.merged


def test_a_watch_that_is_off_does_nothing(fallen: World) -> None:
    run = watch(fallen, "off")
    assert (run.outputs["watch"], fallen.pulls, fallen.last.watched) == ("", [], None)
    assert "Watch" not in run.summary
    assert "worse than v1" not in run.log


def test_a_promotion_has_priority_over_the_watch(fallen: World) -> None:
    run = fallen.hour(watch="rollback")
    assert (run.decision, run.outputs["watch"], run.outputs["version"]) == ("promote", "worse", "v3"), run.log
    assert fallen.pull.title.startswith("Promote model v3")
    assert fallen.champion.version == "v3"


def test_a_champion_that_is_not_worse_is_left_alone(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.hour()
    assert production.champion.version == "v2"
    production.arrive(drifted(45, 21))
    run = watch(production)
    assert run.outputs["watch"] == "not-worse", run.log
    assert "v2 is not proven worse than v1, the version before it" in run.log
    assert production.champion.version == "v2"


def test_the_first_version_is_not_compared_with_an_earlier_one(production: World) -> None:
    production.arrive(drifted(45, 8))
    assert production.hour(watch="rollback").outputs["watch"] == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model/v1.pkl": None}, "model/v1.pkl is not on the base branch"),
        ({"model/v1.pkl": b"cos\nsystem\n(S'touch canary'\ntR."}, "The model file's sha256 is"),
    ],
)
def test_an_earlier_version_that_differs_from_its_record_is_not_loaded_and_the_run_continues(
    fallen: World, change: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fallen.commit(change)
    run = watch(fallen)
    assert (run.code, run.outputs["watch"]) == (0, "unknown"), run.log
    assert "v2 was not compared with v1: " in run.plain_summary
    assert reason in run.plain_summary
    assert not (tmp_path / "canary").exists()
    assert fallen.pulls == []


def test_suspicious_data_leave_the_verdict_on_the_champion_open(fallen: World) -> None:
    from tests.scenarios.test_review import turned

    fallen.arrive(turned(steady(60, 31), 40))
    run = watch(fallen)
    assert run.decision == "review", run.log
    assert run.outputs["watch"] == "unknown"
    assert "a person has to look at the new datasets first" in run.plain_summary
    assert fallen.pulls == []


def test_a_rollback_that_a_person_closed_is_proposed_again_only_by_a_new_batch(fallen: World) -> None:
    watch(fallen, autonomy="propose")
    fallen.api(fallen.person(), "PATCH", f"{PULLS}/1", state="closed")
    assert watch(fallen).decision == "waiting"
    assert len(fallen.pulls) == 1
    fallen.arrive(steady(45, 41))
    watch(fallen)
    assert [pull.merged for pull in fallen.pulls] == [False, True]
    assert fallen.champion.version == "v1"


def test_the_watch_does_not_compare_with_a_version_that_was_rolled_back(fallen: World) -> None:
    """v1 came back; v2, which was barred, is not what the watch holds it against."""
    watch(fallen)
    fallen.arrive(noise(60, 51))
    run = watch(fallen)
    assert run.outputs["watch"] == ""
    assert fallen.champion.version == "v1"
