"""What is for a person to decide: data that look wrong, a champion that has no answer, and what a person forces."""

from __future__ import annotations

import json

import pytest

from ml_action.commands.demo import corruption
from tests.scenarios.world import PROPOSAL, STORE, World, drifted, noise, steady

WHY = "I asked the school: the labels are right"


def turned(texts: list[str], count: int) -> list[str]:
    """The first few with their labels turned around."""
    return [corruption.with_reversed_labels(text, "score") for text in texts[:count]] + texts[count:]


@pytest.fixture
def reviewed(production: World) -> World:
    """A batch of which a fifth has its labels turned around."""
    production.arrive(turned(drifted(100, 8), 20))
    run = production.hour()
    assert (run.code, run.decision) == (0, "review"), run.log
    return production


def test_reversed_labels_are_sent_to_review_and_not_tried_again(production: World) -> None:
    production.arrive(turned(drifted(100, 8), 20))
    run = production.hour()
    assert (run.code, run.decision) == (0, "review")
    assert "labels reversed or shuffled?" in run.reason
    assert int(run.outputs["suspicious"]) >= 15
    assert "runs against the champion" in run.plain_summary
    assert "run once with `force` and a reason" in run.plain_summary
    assert production.pulls == []
    assert production.last.screening
    assert production.last.screening.suspicious == int(run.outputs["suspicious"])
    assert "::warning::the data look wrong" in run.log
    assert production.hour().decision == "waiting"


def test_a_few_reversed_labels_are_left_out_and_the_others_promote(production: World) -> None:
    production.arrive(turned(drifted(150, 8), 6))
    run = production.hour()
    assert run.decision == "promote"
    assert 1 <= int(run.outputs["suspicious"]) <= 7
    assert production.champion.version == "v2"
    aside = {item.path for item in production.state.set_aside}
    assert len(aside & {f"{STORE}/batch-{production.batches}-{n:03}.csv" for n in range(6)}) >= 4


def test_suspicious_datasets_are_screened_again_and_not_trained_on_by_a_later_version(reviewed: World) -> None:
    aside = {item.blob for item in reviewed.state.set_aside}
    reviewed.arrive(drifted(60, 9))
    run = reviewed.hour()
    assert run.decision == "promote", run.log
    assert reviewed.champion.datasets < 45 + 160 - len(aside)


def test_a_person_forces_what_was_reviewed_and_a_person_merges_it(reviewed: World) -> None:
    run = reviewed.hour(force=WHY)
    assert (run.code, run.decision) == (0, "promote"), run.log
    assert run.reason.startswith(f"forced by a person ({WHY}); the gate's verdict was ")
    pull = reviewed.pull
    assert pull.title.startswith("Promote (forced) model v2")
    assert WHY in pull.body.replace("\\", "")
    assert pull.open
    assert pull.auto_merge is None
    assert reviewed.approvals() == []
    assert reviewed.last.forced == WHY
    assert reviewed.champion.version == "v1"


def test_a_forced_promotion_is_followed_up_and_never_merged_by_the_bot(reviewed: World) -> None:
    reviewed.hour(force=WHY)
    for given in ({}, {"autonomy": "approve"}, {"mode": "approve"}):
        reviewed.hour(**given)
        assert reviewed.approvals() == []
        assert reviewed.pull.open
    run = reviewed.hour(mode="approve")
    assert "a person forced it: a person approves it" in run.reason


def test_the_same_force_twice_is_done_once(reviewed: World) -> None:
    reviewed.hour(force=WHY)
    run = reviewed.hour(force=WHY)
    assert (run.code, run.decision) == (0, "blocked")
    assert "merge or close it before you force another" in run.reason
    assert len(reviewed.pulls) == 1
    assert sum(attempt.forced != "" for attempt in reviewed.attempts) == 1


def test_nothing_is_forced_on_top_of_a_promotion_that_waits(proposed: World) -> None:
    head = proposed.pull.head_sha
    run = proposed.hour(force=WHY, autonomy="propose")
    assert run.decision == "blocked"
    assert "the promotion of v2 waits" in run.reason
    assert proposed.pull.head_sha == head


def test_a_draft_shows_a_person_what_was_reviewed(production: World) -> None:
    production.arrive(turned(drifted(100, 8), 20))
    run = production.hour(on_review="draft")
    assert (run.code, run.decision) == (0, "review"), run.log
    pull = production.pull
    assert pull.draft
    assert pull.title.startswith("Review model v2")
    assert (pull.auto_merge, production.approvals()) == (None, [])
    assert "is a draft for a person" in run.plain_summary
    production.hour()
    assert production.pull.draft
    assert production.approvals() == []
    refused = production.hour(mode="approve")
    assert "promotes nothing: its verdict is review" in refused.reason


def test_a_promotion_on_top_of_a_draft_of_the_bots_own_takes_it_out_of_draft(production: World) -> None:
    production.arrive(turned(drifted(100, 8), 20))
    assert production.hour(on_review="draft").decision == "review"
    assert production.pull.draft
    production.arrive(drifted(150, 9))
    run = production.hour()
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "merged"), run.log
    assert len(production.pulls) == 1
    assert production.versions == ["v1", "v2"]


def test_no_draft_on_top_of_a_promotion_that_waits(proposed: World) -> None:
    head = proposed.tip(PROPOSAL)
    proposed.arrive(turned(drifted(100, 9), 20))
    run = proposed.hour(on_review="draft", autonomy="propose")
    assert run.decision == "review"
    assert proposed.tip(PROPOSAL) == head
    assert len(proposed.pulls) == 1


def test_an_incomparable_champion_is_replaced_by_force_alone(production: World) -> None:
    metadata = json.loads(production.read("model/model_metadata.json"))
    metadata["versions"][-1]["features"] = ["hours_studied", "a_column_that_is_gone"]
    production.commit({"model/model_metadata.json": json.dumps(metadata)})
    production.arrive(drifted(60, 8))
    given = {"features": "hours_studied,sleep_hours,attendance"}
    run = production.hour(**given)
    assert run.decision == "incomparable", run.log
    assert production.pulls == []
    run = production.hour(force="the new export has other columns", **given)
    assert run.decision == "promote", run.log
    assert "the gate's verdict was incomparable" in run.reason
    assert production.pull.title.startswith("Promote (forced) model v2")


def test_a_forced_promotion_is_a_persons_even_if_the_gate_agrees(production: World) -> None:
    production.arrive(drifted(60, 8))
    run = production.hour(force="now")
    assert run.decision == "promote"
    assert run.reason.startswith("better by")
    assert production.pull.open
    assert production.approvals() == []


def test_a_forced_training_on_noise_reports_the_verdict_of_the_gate(production: World) -> None:
    production.arrive(noise(60, 8))
    run = production.hour(force="I want to see it fail", max_quarantine="1", max_suspicious="1")
    assert run.decision == "promote"
    assert "the gate's verdict was reject" in run.reason or "the gate's verdict was hold" in run.reason


# --- groups, slices, guardrails ----------------------------------------------------------------------------


def by_users(texts: list[str], users: int, name: str) -> list[str]:
    """The datasets with a column of users, each of several files."""
    found = []
    for place, text in enumerate(texts):
        head, *rows = text.strip().split("\n")
        lines = (f"{name}{place % users},{row}" for row in rows)
        found.append("\n".join([f"user,{head}", *lines]) + "\n")
    return found


def test_files_of_one_user_are_judged_as_one(empty: World) -> None:
    empty.arrive(by_users(steady(90, 1), 45, "a"))
    run = empty.hour(group="user")
    assert run.decision == "promote", run.log
    assert "45 new datasets" in run.reason
    assert "user" not in empty.champion.features
    empty.arrive(by_users(drifted(80, 2), 20, "b"))
    run = empty.hour(group="user")
    assert run.decision == "hold"
    assert "20 datasets were judged, 30 are needed" in run.reason


def test_slices_and_guardrails_are_judged_and_reported(production: World) -> None:
    production.arrive(drifted(120, 8))
    run = production.hour(slices="school", guardrails='{"neg_mean_absolute_error": 0.01}')
    assert run.decision == "promote"
    for text in ("| `school` | `town` |", "| `school` | `online` |", "| `mean_absolute_error` |"):
        assert text in run.plain_summary


def test_a_guardrail_that_is_broken_rejects(production: World) -> None:
    production.arrive(drifted(120, 8))
    run = production.hour(estimator="sklearn.linear_model.QuantileRegressor", metric="neg_mean_absolute_error",
                          params='{"quantile": 0.5, "alpha": 0}', guardrails='{"neg_max_error": 0.0}')  # fmt: skip
    assert run.decision in ("promote", "reject")
    rail = production.last.comparison.guardrails[0]
    assert (run.decision == "reject") == (rail.p_value > 0.05)


def test_a_slice_column_that_no_dataset_has_is_reported(production: World) -> None:
    production.arrive(drifted(60, 8))
    run = production.hour(slices="scool")
    assert run.code == 3
    assert "Did you mean 'school'?" in run.plain_summary


def test_one_fit_and_the_holdout_alone(production: World) -> None:
    production.arrive(drifted(200, 8))
    run = production.hour(fit_budget="1")
    assert run.decision in ("promote", "hold"), run.log
    assert 30 <= production.last.comparison.datasets <= 55
    assert "fit-budget allows no cross-fitting" in run.plain_summary


def test_a_column_that_repeats_the_target_is_reviewed_until_the_user_says_that_it_is_known_before(empty: World) -> None:
    def leaking(text: str) -> str:
        head, *lines = text.splitlines()
        return "\n".join([f"{head},score", *(f"{line},{line.rpartition(',')[2]}" for line in lines)]) + "\n"

    texts = [leaking(text) for text in steady(45, 1)]
    empty.commit({f"{STORE}/{n:03}.csv": text for n, text in enumerate(texts)})
    run = empty.hour(target="score")
    assert run.decision == "review", run.reason
    assert "'score.1' alone determines the target" in run.reason
    assert "two columns are called 'score'" in run.plain_summary
    assert empty.pulls == []
    empty.commit({f"{STORE}/more-{n:03}.csv": leaking(text) for n, text in enumerate(steady(45, 7))})
    run = empty.hour(target="score", known_before="score.1")
    assert run.decision == "promote", run.reason
