"""Errors: a message with cause and remedy, the exit code of the class, and outputs and summary as usual."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ml_action import __version__
from tests.scenarios.world import PROPOSAL, PULLS, STATE, Run, World, drifted, steady


def failed(run: Run, code: int, *texts: str) -> None:
    """The ending of every failure."""
    assert (run.code, run.decision) == (code, "failed"), run.log
    assert run.outputs["ready"] in ("true", "false")
    assert run.outputs["reason"]
    assert run.plain_summary.startswith("## ❌ failed: ")
    assert "::error" in run.log
    output = run.log.replace("%0A", "\n")
    for text in texts:
        assert text in output, output
    assert "Traceback" not in run.log


def untouched(world: World) -> None:
    """Nothing was recorded, proposed or opened."""
    assert not world.tip(PROPOSAL)
    assert not world.tip(STATE)
    assert world.pulls == []


@pytest.fixture
def ready(empty: World) -> World:
    """Enough datasets for a first model."""
    empty.arrive(steady(45, 1))
    return empty


SETTINGS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "an unknown input": ({"treshold": "5"}, ("'treshold'", "'threshold'")),
    "a threshold in words": ({"threshold": "many"}, ("threshold = 'many'", "whole number")),
    "a threshold of nothing": ({"threshold": "0"}, ("threshold = '0'", "1 or more")),
    "an unknown autonomy": ({"autonomy": "aprove"}, ("autonomy = 'aprove'", "'approve'")),
    "an unknown mode": ({"mode": "chek"}, ("mode = 'chek'", "'check'")),
    "a data path outside": ({"data_path": "../elsewhere"}, ("data-path", "inside the repository")),
    "an unknown metric": ({"metric": "r3"}, ("r3", "r2")),
    "an unknown estimator": ({"estimator": "sklearn.linear_model.Rigde"}, ("Rigde", "sklearn.linear_model.Ridge")),
    "an unknown parameter": ({"params": '{"fit_intercep": true}'}, ("fit_intercep", "fit_intercept")),
    "parameters that are no JSON": ({"params": "{alpha: 1}"}, ("params", "JSON object")),
    "a metric of the other task": ({"metric": "accuracy", "task": "regression"}, ("accuracy", "r2")),
    "a target among the features": ({"target": "score", "features": "score"}, ("features", "score")),
}


@pytest.mark.parametrize("case", SETTINGS.values(), ids=SETTINGS)
def test_a_wrong_setting_is_named_with_the_nearest_right_one(
    ready: World, case: tuple[dict[str, str], tuple[str, ...]]
) -> None:
    given, texts = case
    failed(ready.hour(**given), 2, *texts)
    untouched(ready)


def test_all_wrong_settings_are_reported_together(ready: World) -> None:
    run = ready.hour(threshold="x", confidence="2", label="a\nb", thresold="1")
    failed(run, 2, "4 settings are wrong", "threshold", "confidence", "label", "thresold")


DATA: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a missing target": ({"target": "scores"}, ("scores", "'score'")),
    "a missing feature": ({"features": "hours"}, ("hours", "hours_studied")),
    "a metric for classes and a target of fractions": ({"metric": "accuracy"}, ("'score' holds fractions",)),
    "a missing data path": ({"data_path": "data/news"}, ("'data/news'", "data-path")),
    "a data path that is a file": ({"data_path": "README.md"}, ("'README.md'", "no folder")),
}


@pytest.mark.parametrize("case", DATA.values(), ids=DATA)
def test_wrong_data_is_named_with_what_is_there(ready: World, case: tuple[dict[str, str], tuple[str, ...]]) -> None:
    given, texts = case
    ready.commit({"README.md": "Students\n"})
    failed(ready.hour(**given), 3, *texts)
    untouched(ready)


def test_a_token_that_may_not_push_ends_before_anything_is_trained(ready: World) -> None:
    token = ready.here.hub.add_account("ml-bot", kind="app", permissions={"pull_requests": "write"}).token
    run = ready.hour(token=token)
    failed(run, 5, "nothing was trained", "may not write to this repository", "Contents: Read and write")
    untouched(ready)


def test_an_archived_repository_ends_before_anything_is_trained(ready: World) -> None:
    ready.repository.change_settings(archived=True)
    failed(ready.hour(), 5, "nothing was trained: the repository is archived", "Unarchive this repository")
    untouched(ready)


def test_a_rule_on_the_state_branch_ends_before_anything_is_trained(ready: World) -> None:
    ready.here.hub.protect(ready.repository, "~ALL", ruleset="everything")
    failed(ready.hour(), 5, "nothing was trained: a rule keeps the bot off its own branch", "Bypass list")
    untouched(ready)


def test_a_rule_against_force_pushes_ends_before_a_second_proposal_is_trained(production: World) -> None:
    """The branch of the first is still there. State and proposal are pushed together: the attempt would be lost."""
    production.git.run("update-ref", f"refs/heads/{PROPOSAL}", production.last.commit)  # a rule kept it
    rule = {"ruleset": "no force", "block_pushes": False}
    production.here.hub.protect(production.repository, "~ALL", **rule)
    production.here.hub.protect(production.repository, "main", required_reviews=1)
    production.arrive(drifted(45, 8))
    failed(production.hour(), 5, "nothing was trained", "it may not be force-pushed (ruleset no force)")
    assert len(production.attempts) == 1
    assert production.hour(autonomy="report").decision == "promote"


def kept(run: Run, *texts: str) -> None:
    """The result is there, and a person may open what the bot may not."""
    assert (run.code, run.decision, run.outputs["version"]) == (5, "blocked", "v1"), run.log
    assert run.outputs["compare-url"].endswith(f"/octo/students/compare/main...{PROPOSAL}?expand=1")
    assert f"[open it by hand]({run.outputs['compare-url']})" in run.summary
    assert "Scores on the same unseen rows" in run.summary
    for text in texts:
        assert text in run.log.replace("%0A", "\n")
        assert text in run.plain_summary
    assert "Traceback" not in run.log


def test_a_token_that_may_not_open_pull_requests_leaves_a_promotion_for_a_better_token(ready: World) -> None:
    token = ready.here.hub.add_account("ml-bot", kind="app", permissions={"contents": "write"}).token
    kept(ready.hour(token=token), "pull-requests: write", "Resource not accessible by integration")
    assert len(ready.attempts) == 1
    again = ready.hour(token=token)
    assert (again.code, again.decision) == (5, "blocked")
    assert again.outputs["compare-url"]
    run = ready.hour()
    assert (run.code, run.outputs["merge-state"], run.outputs["compare-url"]) == (0, "merged", "")
    assert len(ready.attempts) == len(ready.pulls) == 1


def test_a_repository_that_lets_no_workflow_open_pull_requests_keeps_the_result(ready: World) -> None:
    ready.repository.change_settings(actions_may_create_and_approve=False)
    given = {"token": ready.here.reviewer.token, "approver_token": "", "autonomy": "propose"}
    kept(ready.hour(**given), "Allow GitHub Actions to create and approve pull requests")
    assert ready.tip(PROPOSAL) == ready.last.commit
    ready.repository.change_settings(actions_may_create_and_approve=True)
    run = ready.hour(**given)
    assert (run.code, run.outputs["pr-number"]) == (0, "1")
    assert len(ready.attempts) == 1


def test_what_a_person_opened_by_hand_is_taken_up(ready: World) -> None:
    ready.repository.change_settings(actions_may_create_and_approve=False)
    given = {"token": ready.here.reviewer.token, "approver_token": "", "autonomy": "propose"}
    ready.hour(**given)
    ready.api(ready.person(), "POST", PULLS, title="The model", head=PROPOSAL, base="main")
    run = ready.hour(**given)
    assert (run.code, run.outputs["pr-number"]) == (0, "1"), run.log
    assert len(ready.pulls) == 1
    assert ready.pull.title.startswith("Promote model v1")


def test_limits_of_a_promotion_are_reported_before_the_training(ready: World) -> None:
    run = ready.hour(approver_token="", autonomy="merge")
    warning = run.log.index("::warning::there is no second identity")
    assert warning < run.log.index("promote: ")
    assert "there is no second identity" in run.plain_summary
    assert run.code == 0
    assert ready.pull.open


def test_with_autonomy_report_the_permissions_are_checked_too(ready: World) -> None:
    ready.repository.change_settings(archived=True)
    failed(ready.hour(autonomy="report"), 5, "nothing was trained: the repository is archived")


def test_a_wrong_token(ready: World) -> None:
    failed(ready.hour(token="ghs_" + "x" * 36), 4, "does not accept the token")
    untouched(ready)


def test_a_wrong_approver_token_leaves_the_pull_request_to_people(ready: World) -> None:
    run = ready.hour(approver_token="ghs_" + "x" * 36)
    assert ready.pull.open
    assert ready.pull.reviews == []
    assert "approver-token" in run.log
    assert run.code in (0, 5)
    assert ready.hour().outputs["merge-state"] == "merged"
    assert len(ready.attempts) == 1


def test_a_token_with_a_line_break(ready: World) -> None:
    failed(ready.hour(token="ghs_abc\ndef"), 2, "token = ***", "one line")


def test_forge_github_without_a_token(ready: World) -> None:
    failed(ready.hour(token="", forge="github"), 2, "token is empty")


def test_a_protected_state_branch(ready: World) -> None:
    ready.here.hub.protect(ready.repository, "ml-auto-update/*/*")
    failed(ready.hour(), 4, "branch rules refuse the bot's push", "ml-auto-update/**/*")
    untouched(ready)


def test_a_repository_that_is_not_there(ready: World) -> None:
    job = ready.job()
    job.environ["GITHUB_REPOSITORY"] = "octo/studnets"
    failed(finish(job), 4, "was not found on the server")


def test_a_network_that_is_down(ready: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    job = ready.job()
    job.environ.update(GITHUB_SERVER_URL=closed, GITHUB_API_URL=closed)
    failed(finish(job), 4, "could not be reached", "the next run does the same again")


def test_the_next_run_completes_a_push_after_which_the_api_was_down(ready: World) -> None:
    job = ready.job()
    job.environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    failed(finish(job), 5, "could not")
    assert len(ready.attempts) == 1
    assert ready.hour().outputs["merge-state"] == "merged"
    assert len(ready.attempts) == 1


def test_a_workspace_without_a_repository(ready: World, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    failed(ready.hour(tmp_path / "nothing"), 4, "not a git repository", "actions/checkout")


def test_a_workspace_without_a_commit(ready: World, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "new")], check=True)
    failed(ready.hour(tmp_path / "new"), 4, "no commit yet")


def test_an_empty_repository_on_the_server(ready: World, make_world: Any) -> None:
    other = make_world(name="other")
    job = ready.job()
    job.environ.update(GITHUB_SERVER_URL=other.here.hub.url, GITHUB_API_URL=other.here.hub.url)
    job.environ["INPUT_TOKEN"] = other.here.author.token
    failed(finish(job), 4, "push a first commit")


def test_a_base_branch_that_is_not_there(ready: World) -> None:
    failed(ready.hour(base="mian"), 4, "base branch does not exist")


def test_a_settings_file_that_is_no_toml(ready: World) -> None:
    ready.commit({"ml-auto-update.toml": "threshold = \n"})
    failed(ready.hour(), 2, "ml-auto-update.toml is not TOML", "file=ml-auto-update.toml")


def test_a_secret_in_the_settings_file_is_refused(ready: World) -> None:
    ready.commit({"ml-auto-update.toml": 'token = "ghs_secret"\n'})
    run = ready.hour()
    failed(run, 2, "'token' may not stand in ml-auto-update.toml")
    assert "ghs_secret" not in run.log + run.summary


def test_a_damaged_journal_is_not_overwritten(production: World) -> None:
    production.commit({"journal.jsonl": '{"id": 1}\n'}, STATE)
    before = production.tip(STATE)
    production.arrive(drifted(45, 8))
    failed(production.hour(), 4, "damaged journal.jsonl", "restore the branch")
    assert production.tip(STATE) == before


def test_a_model_directory_that_is_a_file(ready: World) -> None:
    ready.commit({"model": "a file"})
    failed(ready.hour(), 4, "'model' of the model directory is no folder")
    untouched(ready)


def test_an_estimator_that_cannot_be_fitted(ready: World) -> None:
    run = ready.hour(estimator="sklearn.isotonic.IsotonicRegression")
    failed(run, 6, "IsotonicRegression could not be fitted")
    untouched(ready)


def test_a_bug_is_reported_as_one_with_text_to_paste_into_an_issue(
    ready: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError(f"with {ready.here.author.token} in it")

    monkeypatch.setattr("ml_action.datasets.inventory.count", broken)
    run = ready.hour()
    assert (run.code, run.decision) == (70, "failed")
    assert "Please paste this" in run.log
    assert f"ml-auto-update {__version__}" in run.log


def finish(job: Any) -> Run:
    from tests.scenarios.world import in_process

    return job.result(*in_process(job.environ))
