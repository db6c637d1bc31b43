"""The doctor on repositories that are broken in different ways: what it says, and that what it says comes true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.docs import doctor as doctor_page
from tests.scenarios.world import STATE, Run, World, in_process

RETRAIN = ".github/workflows/retrain.yml"
WORKFLOW = (
    "on: {schedule: [{cron: '17 * * * *'}]}\npermissions: {contents: write%s}\njobs: {}\n# org/ml-auto-update@v1\n"
)


def doctor(world: World, **given: str) -> Run:
    return world.hour(mode="doctor", **given)


def as_json(world: World, **given: str) -> tuple[int, dict[str, Any]]:
    """`ml-auto-update doctor --json`, on a person's machine."""
    environ = world.job(**given).environ
    names = {"autonomy", "token", "approver-token", "base", "merge-method", "threshold"}
    flags = [
        word
        for name in names
        if f"INPUT_{name.upper()}" in environ
        for word in (f"--{name}", environ[f"INPUT_{name.upper()}"])
    ]
    here = {name: text for name, text in environ.items() if not name.startswith(("INPUT_", "GITHUB_ACTIONS"))}
    code, output = in_process(here, ["doctor", "--json", "--workspace", environ["GITHUB_WORKSPACE"], *flags])
    return code, json.loads(output)


def names_of(found: dict[str, Any]) -> set[str]:
    return {one["name"] for one in found["findings"]}


def test_a_healthy_repository_passes_and_nothing_is_written(production: World) -> None:
    before = production.git.line("for-each-ref")
    run = doctor(production)
    assert (run.code, run.decision, run.outputs["autonomy"]) == (0, "ready", "merge")
    assert run.summary.startswith("## ✅ ready: autonomy merge")
    assert production.git.line("for-each-ref") == before
    assert {call.split(" ")[0] for call in production.calls} <= {"GET", "POST"}
    assert {call for call in production.calls if call.startswith("POST")} <= {"POST /graphql"}


def test_it_costs_few_calls(production: World) -> None:
    doctor(production)
    assert len(production.calls) <= 11, production.calls  # the rules of three branches among them


def test_an_archived_repository(production: World) -> None:
    production.repository.change_settings(archived=True)
    run = doctor(production)
    assert (run.code, run.decision, run.outputs["autonomy"]) == (5, "blocked", "none")
    assert "Settings → General → Danger Zone → Unarchive this repository" in run.plain_summary


def test_a_token_that_may_only_read(production: World) -> None:
    weak = production.here.hub.add_account("weak", kind="app", permissions={"contents": "read"})
    run = doctor(production, token=weak.token)
    assert run.outputs["autonomy"] == "none"
    assert "an App's installation token may not write to this repository" in run.reason


def test_the_workflows_own_token_without_permission_to_open(production: World) -> None:
    production.commit({RETRAIN: WORKFLOW % ""})
    actions = production.here.hub.add_account("x", kind="actions", permissions={"contents": "write"})
    job = production.job(mode="doctor", token=actions.token, approver_token="")
    job.environ["GITHUB_WORKFLOW_REF"] = f"octo/students/{RETRAIN}@refs/heads/main"
    run = job.result(*in_process(job.environ))
    assert (run.code, run.outputs["autonomy"]) == (5, "report")
    assert "`pull-requests: write` under `permissions:`" in run.plain_summary


def test_the_setting_that_keeps_github_token_from_opening_is_known_to_administrators_only(production: World) -> None:
    production.repository.change_settings(actions_may_create_and_approve=False)
    run = doctor(production)
    assert run.code == 0
    assert "whether this repository lets GITHUB_TOKEN approve cannot be known with this token" in run.plain_summary
    all_rights = {"contents": "write", "pull_requests": "write", "administration": "read"}
    boss = production.here.hub.add_account("boss", kind="app", permissions=all_rights)
    run = doctor(production, token=boss.token)
    assert (run.code, run.outputs["autonomy"]) == (5, "propose")
    assert "Settings → Actions → General → Workflow permissions" in run.plain_summary


def test_a_ruleset_on_all_branches_keeps_the_bot_off_its_own(production: World) -> None:
    production.here.hub.protect(production.repository, "~ALL", ruleset="everything", required_reviews=1)
    code, found = as_json(production)
    assert code == 5
    assert "state-refused" in names_of(found)
    assert production.hour(force="a person wants it").code != 0


def test_a_ruleset_that_the_bot_may_bypass_is_no_finding(production: World) -> None:
    production.here.hub.protect(
        production.repository, "~ALL", ruleset="everything", bypass=(production.here.author.login,)
    )
    code, found = as_json(production)
    assert code == 0, found["reason"]
    assert not {"state-refused", "state-maybe"} & names_of(found)


def test_classic_protection_of_the_bots_branches(production: World) -> None:
    assert production.tip(STATE)
    production.here.hub.protect(production.repository, "ml-auto-update/**/*")
    code, found = as_json(production)
    assert (code, found["works"]) == (0, "merge")
    assert "state-maybe" in names_of(
        found
    )  # the rule may let only the bot push: GitHub does not show an App who may bypass it
    code, found = as_json(production, token=production.here.hub.add_account("ada").token)
    assert (code, found["works"]) == (5, "")
    assert "state-refused" in names_of(found)


def test_checks_that_never_report_on_what_github_token_opens(production: World) -> None:
    production.here.hub.protect(production.repository, "main", required_reviews=1, required_checks=("tests", "lint"))
    hub = production.here.hub
    run = doctor(
        production, token=hub.add_account("x", kind="actions").token, approver_token=hub.add_account("ada").token
    )
    assert (run.code, run.outputs["autonomy"]) == (5, "approve")
    assert "Approve workflows to run" in run.plain_summary


def test_the_same_identity_twice(production: World) -> None:
    run = doctor(production, approver_token=production.here.author.token)
    assert (run.code, run.outputs["autonomy"]) == (5, "propose")
    assert "are the same identity, ml-bot" in run.plain_summary


def test_the_scopes_of_a_classic_token_are_checked(production: World) -> None:
    hub = production.here.hub
    code, found = as_json(production, token=hub.add_account("ada", kind="classic").token)
    assert (code, found["facts"]["author"]["scopes"]) == (0, ["repo"])
    code, found = as_json(production, token=hub.add_account("ada", kind="classic", scopes=("gist",)).token)
    assert (code, found["works"]) == (5, "")


def test_a_schedule_that_github_turned_off(production: World) -> None:
    production.commit({RETRAIN: WORKFLOW % "", ".github/workflows/other.yml": "on: push\n"})
    production.repository.workflows.update(
        {RETRAIN: "disabled_inactivity", ".github/workflows/other.yml": "disabled_manually"}
    )
    run = doctor(production)
    assert run.code == 0
    assert "retrain.yml (after 60 days without activity in the repository)" in run.plain_summary
    assert "other.yml" not in run.plain_summary
    assert "Enable workflow" in run.plain_summary


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"required_reviews": 2}, "more-reviews"),
        ({"require_code_owners": True}, "code-owners"),
        ({"ruleset": "main", "required_reviews": 3}, "more-reviews"),
        ({"ruleset": "main", "require_code_owners": True}, "code-owners"),
        ({"ruleset": "main", "require_last_push_approval": True}, "last-push"),
        ({"ruleset": "main", "merge_methods": ("rebase",)}, "method-against-rule"),
    ],
)
def test_what_the_base_branch_asks_for(production: World, rule: dict[str, Any], name: str) -> None:
    production.here.hub.protect(production.repository, "main", **rule)
    _, found = as_json(production)
    assert name in names_of(found)


@pytest.mark.parametrize(("settings", "name"), [
    ({"allow_squash_merge": False}, "method-off"),
    ({"allow_auto_merge": False}, "auto-merge-off"),
])  # fmt: skip
def test_the_merge_settings(production: World, settings: dict[str, Any], name: str) -> None:
    production.repository.change_settings(**settings)
    production.here.hub.protect(production.repository, "main", required_reviews=1, required_checks=("tests",))
    code, found = as_json(production)
    assert (code, found["works"]) == (5, "approve")
    assert name in names_of(found)


def test_a_token_that_github_does_not_know(production: World) -> None:
    run = doctor(production, token="ghs_expired")
    assert run.code in (4, 5)
    assert "token" in run.reason


def test_without_a_token_github_is_not_asked(production: World) -> None:
    run = doctor(production, forge="none")
    assert (run.code, run.decision) == (2, "failed")
    assert "the doctor needs a token" in run.reason


def test_it_needs_no_checkout(production: World, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert doctor(production, workspace=tmp_path / "nothing").code == 0


def test_untrusted_text_is_escaped(production: World) -> None:
    production.here.hub.protect(production.repository, "main", required_checks=("**x** @octo <img>",))
    actions = production.here.hub.add_account("x", kind="actions")
    run = doctor(production, token=actions.token, approver_token=production.person().token)
    assert "**x**" not in run.summary
    assert "<img>" not in run.summary
    assert "@octo" not in run.summary


def test_the_page_shows_the_doctors_output() -> None:
    """docs/doctor.md: five broken repositories, and every way to fail; `make docs` writes it."""
    page = doctor_page.PAGE.read_text(encoding="utf-8")
    assert doctor_page.with_current_parts(page) == page
