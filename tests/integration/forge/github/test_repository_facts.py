"""The facts about a repository: few requests, and no error where GitHub shows nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from ml_action.core.records.repository_facts import RepositoryFacts, TokenKind
from ml_action.forge.github.branch_protection import BranchNames, may_bypass
from ml_action.forge.github.client import GitHub
from tests.support.promotion_stage import BRANCH, Stage

STATE = "ml-auto-update/students/state"
NAMES = BranchNames("main", STATE, BRANCH, "model-update")


@pytest.fixture
def look(stage: Stage) -> Iterator[Callable[..., RepositoryFacts]]:
    with contextlib.ExitStack() as stack:

        def ask(*, thorough: bool = True, **tokens: str) -> RepositoryFacts:
            stage.calls.clear()
            return stack.enter_context(contextlib.closing(stage.github(**tokens))).facts(NAMES, thorough=thorough)

        yield ask


def test_facts_of_a_first_run_take_four_requests_and_no_write(stage, look):
    facts = look(thorough=False)
    assert stage.calls == [
        "GET /repos/octo/students",
        "POST /graphql",
        f"GET /repos/octo/students/rules/branches/{STATE}",
        "GET /repos/octo/students/git/matching-refs/heads/ml-auto-update",
    ]
    assert (facts.author.login, facts.author.kind, facts.author.push) == ("ml-bot[bot]", TokenKind.APP, True)
    assert facts.state.there is False


def test_thorough_facts_include_the_second_identity(look):
    facts = look()
    assert (facts.approver.login, facts.approver.kind) == ("github-actions[bot]", TokenKind.ACTIONS)
    assert facts.methods == ("merge", "squash", "rebase")
    assert facts.actions_may_open is None


def test_login_is_learned_from_the_query(stage):
    with contextlib.closing(stage.github()) as forge:
        forge.facts(NAMES, thorough=False)
        stage.calls.clear()
        assert forge.author() == "ml-bot[bot]"
        assert stage.calls == []


def test_existing_label_is_not_created_again(stage):
    with contextlib.closing(stage.github()) as forge:
        pull = forge.open(stage.proposal(stage.push()))
        forge.label(pull, "model-update")
        forge.facts(NAMES, thorough=False)
        stage.calls.clear()
        forge.label(pull, "Model-Update")
        assert stage.calls == ["POST /repos/octo/students/issues/1/labels"]


def test_rules_for_a_missing_branch_are_found(stage, look):
    stage.hub.protect(stage.repository, "ml-auto-update/**/*", ruleset="bots")
    facts = look()
    assert facts.state.refused == ("changes need a pull request (ruleset bots)",)
    assert facts.proposal.refused[-1] == "changes need a pull request (ruleset bots)"
    assert any("force-pushed" in text for text in facts.proposal.refused)


def test_each_ruleset_is_requested_once(stage, look):
    stage.hub.protect(stage.repository, "~ALL", ruleset="all", bypass=("ml-bot[bot]",))
    facts = look()
    assert facts.state.refused == facts.state.maybe_refused == ()
    assert sum("/rulesets/" in call for call in stage.calls) == 1


def test_classic_protection_of_existing_branches_is_found(stage, look):
    stage.push(STATE)
    stage.push(BRANCH)
    stage.hub.protect(stage.repository, "ml-auto-update/**/*")
    facts = look(thorough=False, token=stage.hub.add_account("ada").token)
    assert facts.state.refused == ("not everybody may push to it (branch protection)",)
    assert facts.proposal.refused[1] == "it may not be force-pushed (branch protection)"


def test_classic_protection_may_not_apply_to_an_app(stage, look):
    """It may be there so that only the bot may push."""
    stage.push(STATE)
    stage.hub.protect(stage.repository, "ml-auto-update/**/*")
    facts = look(thorough=False)
    assert facts.state.refused == ()
    assert facts.state.maybe_refused == ("not everybody may push to it (branch protection)",)


def test_requirements_of_the_base_branch_are_combined(stage, look):
    stage.hub.protect(stage.repository, "main", required_reviews=1, required_checks=("tests",), linear_history=True)
    assert look().base.checks == ("tests",)
    rule = {"required_reviews": 2, "required_checks": ("lint",), "require_code_owners": True, "linear_history": True}
    stage.hub.protect(stage.repository, "main", ruleset="main", merge_methods=("squash",), **rule)
    base = look().base
    assert (base.reviews, base.checks, base.code_owners, base.linear) == (2, ("lint",), True, True)
    assert base.methods == ("squash",)


def test_rules_of_the_base_branch_are_requested_if_a_ruleset_has_any(stage, look):
    stage.hub.protect(stage.repository, "main", ruleset="main", required_reviews=1, required_checks=("lint",))
    base = look(thorough=False).base
    assert (base.reviews, base.checks) == (1, ("lint",))
    assert "GET /repos/octo/students/rules/branches/main" in stage.calls


def test_administrators_token_sees_the_setting(stage, look):
    boss = stage.hub.add_account("boss", kind="app", permissions={"contents": "write", "administration": "read"})
    assert look(token=boss.token).actions_may_open is True


@pytest.mark.parametrize(("role", "push"), [("write", True), ("read", False)])
def test_role_of_a_user_decides_whether_the_token_may_push(stage, look, role, push):
    ada = stage.hub.add_account("ada", role=role)
    assert look(token=ada.token).author.push is push


def test_app_without_merge_settings_may_or_may_not_write(stage, look):
    weak = stage.hub.add_account("weak", kind="app", permissions={"pull_requests": "write"})
    facts = look(token=weak.token)
    assert (facts.author.push, facts.methods, facts.auto_merge) == (None, None, None)


@pytest.mark.parametrize(
    ("answer", "bypassed"),
    [
        ({"current_user_can_bypass": "always"}, True),
        ({"current_user_can_bypass": "exempt"}, True),
        ({"current_user_can_bypass": "pull_requests_only"}, False),
        ({"current_user_can_bypass": "never"}, False),
        ({}, None),
        (None, None),
    ],
)
def test_bypass_of_a_ruleset(answer, bypassed):
    assert may_bypass(answer) is bypassed


def test_facts_name_the_repository(stage, look):
    assert look().repository == "octo/students"
    assert isinstance(stage.github(), GitHub)
