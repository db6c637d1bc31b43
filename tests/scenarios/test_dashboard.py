"""The dashboard: one issue, kept up in place, with a box that pulls the trigger and moves no gate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ml_action.reports.dashboard import BOX, is_ticked, marker
from sandbox import Account
from tests.scenarios.world import STATE, Run, World, drifted, in_process, noise, steady

ISSUES = "/repos/octo/students/issues"


def hour(world: World, **given: str) -> Run:
    return world.hour(dashboard="true", **given)


def board(world: World) -> Any:
    """The only issue."""
    (issue,) = world.repository.issues.values()
    return issue


def tick(world: World, who: Account | None = None) -> Any:
    body = board(world).body.replace("- [ ] <!-- train-now -->", "- [x] <!-- train-now -->")
    return world.api(who or world.person(), "PATCH", f"{ISSUES}/{board(world).number}", body=body)


@pytest.fixture
def shown(production: World) -> World:
    """Some new datasets, and a dashboard that says so."""
    production.arrive(drifted(30, 8))
    hour(production)
    return production


def test_it_shows_counter_champion_attempts_and_what_is_next(shown: World) -> None:
    issue = board(shown)
    assert issue.title == "ml-auto-update: model"
    assert issue.labels == ["ml-auto-update"]
    assert issue.author.login == shown.here.author.login
    assert issue.body.startswith(marker("model"))
    for text in (
        "30 of 40 new datasets",
        "| champion | `v1` of",
        "none is open",
        "| `v1` | promote (merged) |",
        f"- [ ] <!-- train-now --> {BOX}",
    ):
        assert text in issue.body, issue.body


def test_without_the_setting_no_dashboard_is_created(production: World) -> None:
    production.arrive(drifted(3, 8))
    production.hour()
    assert production.repository.issues == {}
    assert production.calls == []


def test_an_hour_in_which_nothing_changed_edits_nothing(shown: World) -> None:
    before = board(shown).updated_at, board(shown).body
    hour(shown)
    assert (board(shown).updated_at, board(shown).body) == before
    assert shown.calls == ["POST /graphql", f"GET {ISSUES}"]


def test_it_is_edited_in_place_when_something_did(shown: World) -> None:
    shown.arrive(drifted(5, 9))
    hour(shown)
    assert "35 of 40 new datasets" in board(shown).body
    assert [call for call in shown.calls if call.startswith(("POST /repos", "PATCH"))] == [f"PATCH {ISSUES}/1"]


def test_an_open_promotion_is_linked_and_a_merged_one_is_the_champion(shown: World) -> None:
    shown.arrive(drifted(20, 9))
    hour(shown, autonomy="propose")
    assert f"[#{shown.pull.number}](" in board(shown).body
    hour(shown)
    assert shown.pull.merged
    hour(shown)
    assert "| champion | `v2` of" in board(shown).body
    assert "none is open" in board(shown).body
    assert "0 of 40 new datasets" in board(shown).body


def test_a_ticked_box_trains_early_and_is_cleared(shown: World) -> None:
    tick(shown)
    run = hour(shown)
    assert run.decision in ("promote", "hold")
    assert "asked for on the dashboard" in run.log
    assert shown.last.new == 30
    assert not shown.last.forced
    assert not is_ticked(board(shown).body)
    assert len(shown.attempts) == 2
    assert hour(shown).decision == "waiting"


def test_the_box_does_not_change_the_gate(production: World) -> None:
    production.arrive(noise(30, 5))
    hour(production)
    tick(production)
    run = hour(production)
    assert run.decision in ("hold", "reject", "review")
    assert production.pulls == []
    assert production.versions == ["v1"]


def test_with_nothing_new_the_box_trains_nothing(production: World) -> None:
    hour(production)
    tick(production)
    run = hour(production)
    assert (run.code, run.decision) == (0, "waiting")
    assert not is_ticked(board(production).body)
    assert len(production.attempts) == 1


def test_only_people_who_may_write_can_tick_it(shown: World) -> None:
    response = tick(shown, shown.here.hub.add_account("mallory", role="read"))
    assert response["message"] == "Must have admin rights to Repository."
    assert hour(shown).decision == "waiting"


def test_a_look_alike_issue_of_an_outsider_requests_nothing(shown: World) -> None:
    body = board(shown).body.replace("- [ ]", "- [x]")
    mallory = shown.here.hub.add_account("mallory", role="read")
    shown.api(mallory, "POST", ISSUES, title="ml-auto-update: model", body=body, labels=["ml-auto-update"])
    assert hour(shown).decision == "waiting"
    assert len(shown.repository.issues) == 2


def test_a_copy_by_a_person_with_write_access_is_not_a_dashboard(shown: World) -> None:
    body = board(shown).body.replace("- [ ]", "- [x]")
    shown.api(shown.person(), "POST", ISSUES, title="ml-auto-update: model", body=body, labels=["ml-auto-update"])
    assert hour(shown).decision == "waiting"


def test_a_closed_dashboard_is_left_alone_until_a_person_reopens_it(shown: World) -> None:
    shown.api(shown.person(), "PATCH", f"{ISSUES}/1", state="closed")
    before = board(shown).body
    shown.arrive(drifted(5, 9))
    hour(shown)
    assert (board(shown).state, board(shown).body) == ("closed", before)
    shown.api(shown.person(), "PATCH", f"{ISSUES}/1", state="open")
    hour(shown)
    assert "35 of 40 new datasets" in board(shown).body


def test_a_box_that_is_ticked_while_a_run_works_is_for_the_next_one(shown: World) -> None:
    shown.arrive(drifted(20, 9))
    ticked = []

    def watch(exchange: Any) -> None:
        if not ticked and exchange.path.endswith("/pulls") and exchange.method == "POST":
            ticked.append(True)
            board(shown).body = board(shown).body.replace("- [ ]", "- [x]")

    shown.here.hub.observers.append(watch)
    hour(shown, autonomy="propose")
    assert ticked
    assert is_ticked(board(shown).body)


@pytest.mark.parametrize("missing", [{"issues": "none"}, {"issues": "read"}])
def test_a_token_that_may_not_write_issues_does_not_stop_the_run(production: World, missing: dict[str, str]) -> None:
    rights = {"contents": "write", "pull_requests": "write"} | missing
    token = production.here.hub.add_account("ml-bot", kind="app", permissions=rights).token
    production.arrive(drifted(45, 8))
    run = hour(production, token=token)
    assert run.outputs["merge-state"] == "merged"
    assert "::warning::no dashboard: " in run.log
    assert "issues: write" in run.log


def test_a_repository_without_issues_does_not_stop_the_run(production: World) -> None:
    production.repository.change_settings(has_issues=False)
    production.arrive(drifted(3, 8))
    run = hour(production)
    assert (run.code, run.decision) == (0, "waiting")
    assert "Settings → General → Features → Issues" in run.log


def test_two_models_have_a_dashboard_each(production: World) -> None:
    production.arrive(steady(5, 3))
    hour(production)
    hour(production, name="other", model_dir="other", data_path="data/new_data")
    assert sorted(issue.title for issue in production.repository.issues.values()) == [
        "ml-auto-update: model",
        "ml-auto-update: other",
    ]


def test_the_box_that_a_killed_run_left_ticked_is_cleared_by_the_next(
    shown: World, make_world: Callable[..., World]
) -> None:
    """The attempt uses up its trigger: nothing new is left, and the box trains nothing twice."""
    tick(shown)
    ticked = board(shown).body
    hour(shown)
    board(shown).body = ticked
    before = len(shown.attempts)
    assert hour(shown).decision in ("waiting", "promote", "blocked")
    assert len(shown.attempts) == before
    assert not is_ticked(board(shown).body)


def test_a_run_that_gives_way_leaves_the_dashboard_to_the_other(shown: World) -> None:
    before = board(shown).body
    shown.arrive(drifted(20, 9))
    job = shown.job(dashboard="true")
    moved = []

    def move(exchange: Any) -> None:
        if not moved and exchange.path == "/graphql":
            moved.append(shown.commit({"journal.jsonl": ""}, STATE))

    shown.here.hub.observers.append(move)
    run = job.result(*in_process(job.environ))
    assert run.decision == "stood-down", run.log
    assert board(shown).body == before


def test_a_dashboard_is_found_without_its_label(shown: World) -> None:
    board(shown).labels.clear()
    shown.arrive(drifted(5, 9))
    hour(shown)
    assert "35 of 40 new datasets" in board(shown).body
