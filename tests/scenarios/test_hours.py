"""Hours as they usually go: the first model, waiting, promotion, holding, doing nothing twice."""

from __future__ import annotations

import hashlib
import json

import pytest

from ml_action.commands import sandbox_session
from ml_action.modelling.training import model_file
from tests.scenarios.world import PROPOSAL, STORE, World, drifted, noise, steady


def test_the_first_run_with_enough_datasets_trains_v1_which_beats_the_dummy(empty: World) -> None:
    empty.arrive(steady(45, 1))
    run = empty.hour()
    assert (run.code, run.decision, run.outputs["merge-state"]) == (0, "promote", "merged")
    assert "of the dummy baseline's error" in run.reason
    assert empty.champion.version == "v1"
    assert empty.champion.champion_scores == {}
    assert empty.last.champion == ""
    assert empty.last.champion_score is None
    assert empty.pull.title.startswith("Promote model v1: ")
    assert "dummy" in (empty.pull.body or "")


def test_a_first_model_that_knows_no_more_than_the_dummy_is_held(empty: World) -> None:
    empty.arrive(noise(45, 1))
    run = empty.hour()
    assert run.code == 0
    assert run.decision in ("hold", "reject")
    assert "of the dummy baseline's error" in run.reason
    assert empty.pulls == []
    assert not empty.tip(PROPOSAL)
    assert empty.versions == []
    assert empty.last.commit == ""
    assert empty.hour().decision == "waiting"


@pytest.mark.parametrize("count", [1, 39])
def test_too_few_datasets_train_nothing_and_write_nothing(empty: World, count: int) -> None:
    empty.arrive(steady(count, 1))
    before = empty.git.line("for-each-ref")
    run = empty.hour()
    assert (run.code, run.decision, run.outputs["count"]) == (0, "waiting", str(count))
    assert f"waiting {count}/40" in run.reason
    assert empty.git.line("for-each-ref") == before
    assert empty.calls == []
    assert empty.round_trips == 1


def test_an_hour_without_news_leaves_the_branches_as_they_are(production: World) -> None:
    before = production.git.line("for-each-ref")
    run = production.hour()
    assert (run.decision, run.outputs["count"], run.outputs["version"]) == ("waiting", "0", "v1")
    assert production.git.line("for-each-ref") == before
    assert production.calls == []


def test_a_drifted_world_is_promoted_through_a_labelled_approved_and_merged_pull_request(production: World) -> None:
    before = production.on("main")
    arrived = production.arrive(drifted(45, 8))
    run = production.hour()
    assert (run.code, run.decision, run.outputs["merge-state"]) == (0, "promote", "merged")

    pull, world = production.pull, production
    assert (pull.author.login, pull.labels, pull.merged) == ("ml-bot[bot]", ["model-update"], True)
    assert pull.merged_by == world.here.author
    assert world.approvals() == [("github-actions[bot]", pull.head_sha)]
    for text in ("`r2` (decides)", "`mse`", "champion v1", "challenger v2", "sign-flip test", "sha256"):
        assert text in (pull.body or ""), text
    assert run.outputs["challenger-score"] in map(repr, [world.last.challenger_score])
    assert f"{world.last.challenger_score:.4f}" in (pull.body or "")

    champion = world.champion
    assert champion.version == "v2"
    assert world.versions == ["v1", "v2"]
    model = world.read("model/v2.pkl")
    assert hashlib.sha256(model).hexdigest() == champion.sha256 == world.last.digest
    assert len(model) == champion.size
    assert run.outputs["model-path"] == "model/v2.pkl"
    model_file.load(model, champion.sha256)

    after = world.on("main")
    added = {path for path in after if path not in before and not path.startswith(STORE)}
    assert added == {"model/v2.pkl", "model/v2.md"}
    assert {path for path in before if after.get(path) != before[path]} == {"model/model_metadata.json"}
    assert set(world.git.line("diff", "--name-only", f"{pull.head_sha}~", pull.head_sha).splitlines()) == {
        "model/model_metadata.json", "model/v2.md", "model/v2.pkl",
    }  # fmt: skip
    assert world.git.line("rev-parse", f"{pull.head_sha}~") == arrived
    assert (world.last.state, world.last.pull_request, world.last.new) == ("merged", pull.number, 45)


def test_an_unchanged_world_is_held_with_a_reason_and_not_tried_again(production: World) -> None:
    production.arrive(steady(45, 12))
    run = production.hour()
    assert (run.code, run.decision) == (0, "hold")
    assert run.reason.startswith("not proven better")
    assert "the next training waits for 40 further datasets" in run.summary
    assert production.pulls == []
    assert production.writes == []
    assert len(production.attempts) == 2

    state = production.state.commit
    again = production.hour()
    assert (again.decision, again.outputs["count"]) == ("waiting", "0")
    assert production.state.commit == state


def test_held_datasets_are_trained_on_next_time_and_not_counted_again(production: World) -> None:
    production.arrive(steady(45, 7))
    production.hour()
    production.arrive(drifted(45, 8))
    run = production.hour()
    assert run.outputs["count"] == "45"
    assert production.last.new == 45
    held_out = production.last.datasets
    first, held, _ = (attempt.datasets for attempt in production.attempts)
    assert first < held < held_out
    assert held_out > 90  # of 135, a fifth is held out


def test_thirty_nine_datasets_wait_and_one_more_starts_the_training(production: World) -> None:
    texts = drifted(40, 8)
    production.arrive(texts[:39])
    assert production.hour().decision == "waiting"
    production.arrive(texts[39:])
    run = production.hour()
    assert run.outputs["count"] == "40"
    assert run.outputs["ready"] == "true"


def test_the_same_hour_twice_does_nothing_twice(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.hour()
    before = production.git.line("for-each-ref")
    run = production.hour()
    assert (run.decision, production.calls) == ("waiting", [])
    assert production.git.line("for-each-ref") == before
    assert production.pull.merged


def test_the_promoting_job_run_again_on_its_old_commit_does_nothing_twice(production: World) -> None:
    commit = production.arrive(drifted(45, 8))
    production.hour()
    before = production.git.line("for-each-ref")
    run = production.hour(commit=commit)
    assert (run.code, run.decision, run.outputs["count"]) == (0, "waiting", "0")
    assert production.git.line("for-each-ref") == before
    assert len(production.pulls) == 1
    assert len(production.attempts) == 2
    assert production.versions == ["v1", "v2"]


def test_an_older_job_run_again_after_newer_datasets_were_judged_reverts_nothing(production: World) -> None:
    old = production.arrive(steady(3, 20))
    production.arrive(drifted(45, 8))
    production.hour()
    before = production.git.line("for-each-ref")
    run = production.hour(commit=old)
    assert (run.decision, run.outputs["count"]) == ("waiting", "0")
    assert production.git.line("for-each-ref") == before


def test_an_older_job_run_again_after_datasets_were_removed_counts_nothing_twice(production: World) -> None:
    """Datasets are rotated: the old ones go, new ones come and are judged; then an old job is run again."""
    old = production.arrive(steady(45, 7))
    production.hour()
    gone = {path: None for path in production.on("main") if path.startswith(STORE)}
    production.commit(gone)
    production.arrive(steady(45, 13))
    production.hour()
    before = production.state.data
    run = production.hour(commit=old)
    assert run.outputs["count"] == "0"
    assert production.state.data == before
    assert production.hour().outputs["count"] == "0"


def test_a_batch_that_was_judged_before_is_not_judged_again_when_it_comes_back(production: World) -> None:
    """It goes, another batch comes and is judged, that one goes, and the first comes back: the very same work."""
    first = {f"{STORE}/first-{n}.csv": text for n, text in enumerate(steady(45, 7))}
    second = {f"{STORE}/second-{n}.csv": text for n, text in enumerate(steady(45, 13))}
    for files in (first, dict.fromkeys(first) | second):
        production.commit(files)
        assert production.hour(autonomy="report").outputs["count"] == "45"
    attempts = len(production.attempts)
    production.commit(dict.fromkeys(second) | first)
    run = production.hour(autonomy="report")
    assert (run.decision, len(production.attempts)) == ("hold", attempts)
    assert "the same work was done before" in run.reason
    assert production.hour().outputs["count"] == "0"  # and the trigger is used up


def test_two_rounds_of_drift_make_v2_and_v3(production: World) -> None:
    production.arrive(drifted(45, 8))
    assert production.hour().outputs["version"] == "v2"
    production.arrive(drifted(45, 24))
    run = production.hour()
    assert (run.decision, run.outputs["version"]) == ("promote", "v3")
    assert production.versions == ["v1", "v2", "v3"]
    assert [pull.merged for pull in production.pulls] == [True, True]
    salts = {attempt.salt for attempt in production.attempts}
    assert len(salts) == 1


def test_a_worse_challenger_is_never_proposed(production: World) -> None:
    """Training may not help: a model that may only use the sleep column loses against the champion."""
    production.arrive(steady(45, 7))
    run = production.hour(features="sleep_hours")
    assert run.decision == "reject"
    assert run.reason.startswith("worse by ")
    assert production.pulls == []
    assert (production.last.gain or 0) < 0


def test_the_bot_names_itself_in_every_commit_that_it_makes(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.hour(autonomy="propose")
    for branch in (PROPOSAL, "ml-auto-update/model/state"):
        assert production.git.line("log", "-1", "--format=%an", branch) == sandbox_session.AUTHOR[0]


def test_two_models_in_one_repository_do_not_interfere(production: World) -> None:
    production.arrive(drifted(45, 8))
    production.hour()
    production.commit({f"other/{n}.csv": text for n, text in enumerate(steady(45, 3))})
    run = production.hour(name="other", data_path="other", model_dir="models/other")
    assert (run.decision, run.outputs["merge-state"]) == ("promote", "merged")
    assert "models/other/v1.pkl" in production.on("main")
    assert production.versions == ["v1", "v2"]
    assert production.tip("ml-auto-update/other/state")
    assert production.hour().decision == "waiting"


def test_a_lost_state_branch_costs_one_training_and_loses_nothing(production: World) -> None:
    """After the state branch is deleted, all datasets since the champion count as new."""
    production.arrive(drifted(45, 8))
    production.hour()
    production.git.run("update-ref", "-d", "refs/heads/ml-auto-update/model/state")
    production.git.run("update-ref", "-d", f"refs/heads/{PROPOSAL}")
    run = production.hour()
    assert run.code == 0
    assert run.decision in ("waiting", "hold")
    assert production.versions == ["v1", "v2"]
    assert len(production.pulls) == 1


def test_a_repository_copied_with_its_model_counts_from_what_the_model_was_trained_on(production: World) -> None:
    """A template has no state branch, and its first job a depth-1 clone that lacks the data of then."""
    production.git.run("update-ref", "-d", "refs/heads/ml-auto-update/model/state")
    production.arrive(drifted(7, 8))
    production.commit({"README.md": "ours\n"})
    assert production.hour().reason.startswith("waiting 7/40")
    production.arrive(drifted(38, 9))
    run = production.hour()
    assert (run.decision, run.outputs["count"]) == ("promote", "45")


def test_a_model_that_running_services_would_refuse_is_reported(production: World) -> None:
    """Trained on a laptop, with another Python than the Action's."""
    metadata = json.loads(production.read("model/model_metadata.json", "main"))
    metadata["versions"][0]["libraries"]["python"] = "3.99.1"
    production.commit({"model/model_metadata.json": json.dumps(metadata)})
    production.arrive(drifted(45, 8))
    run = production.hour(autonomy="propose")
    assert run.decision == "promote"
    assert "the champion with 3.99.1: a service that runs the champion refuses this version" in run.plain_summary
