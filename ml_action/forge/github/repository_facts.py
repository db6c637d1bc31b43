"""The facts about a repository and its tokens that the doctor needs, read from GitHub with as few requests as possible.

What GitHub does not show to a token is `None` or empty, and no error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote

from ml_action.core.records.repository_facts import DisabledWorkflow, RepositoryFacts, TokenInfo, TokenKind
from ml_action.forge.github.branch_protection import (
    FORCE_RULES,
    PUSH_RULES,
    BotBranch,
    BranchNames,
    QueryResult,
    Rulesets,
    base_protection,
    guard_of,
    push_protection,
    query,
    rules_from_query,
)
from ml_action.forge.github.session import READ_REPOSITORY, GitHubSession

METHODS = ("merge", "squash", "rebase")


class FetchedFacts(NamedTuple):
    """The facts, and the query's response that they are based on."""

    facts: RepositoryFacts
    result: QueryResult


def fetch_facts(
    author: GitHubSession, approver: GitHubSession | None, names: BranchNames, *, thorough: bool
) -> FetchedFacts:
    """Returns the facts. If thorough, also those that only limit a promotion: each takes another request or two.

    Raises:
        ForgeError: GitHub cannot be reached, does not know the repository, or does not accept the token.
    """
    headers, shown = author.get("", READ_REPOSITORY)
    result = query(author, names)
    author.remember_login(result.login)
    token = _token_info(author, headers, shown, author.login())
    rulesets, is_app = Rulesets(author), token.kind.is_bot
    rules = {kind: text for kind, text in PUSH_RULES.items() if not (names.signed and kind == "required_signatures")}
    state = BotBranch(names.state, "state", rules, is_app)
    proposal = BotBranch(names.proposal, "proposal", rules | FORCE_RULES, is_app)
    facts = RepositoryFacts(
        repository=shown["full_name"],
        default_branch=shown["default_branch"],
        author=token,
        approver=_approver_info(approver, thorough=thorough) if approver else None,
        base=base_protection(names.base, result, rulesets if thorough or rules_from_query(result, "base") else None),
        state=push_protection(state, result, rulesets, ask=True),
        proposal=push_protection(proposal, result, rulesets, ask=thorough),
        archived=bool(shown.get("archived")),
        fork=bool(shown.get("fork")),
        issues=bool(shown.get("has_issues", True)),
        methods=_merge_methods(shown),
        auto_merge=shown.get("allow_auto_merge"),
    )
    if thorough:
        facts = _with_admin_facts(_with_guards(facts, result, rulesets), author)
    if thorough or not facts.state.there:
        facts = replace(facts, conflicts=_conflicts(author, names))
    return FetchedFacts(facts, result)


def _with_guards(facts: RepositoryFacts, result: QueryResult, rulesets: Rulesets) -> RepositoryFacts:
    """Adds what keeps other writers off the bot's branches."""
    state = guard_of(facts.state.branch, result.protection("state"), rulesets)
    proposal = guard_of(facts.proposal.branch, result.protection("proposal"), rulesets)
    return replace(
        facts,
        state=replace(facts.state, guarded=state.guarded, bypass=state.bypass),
        proposal=replace(facts.proposal, guarded=proposal.guarded, bypass=proposal.bypass),
    )


def _conflicts(author: GitHubSession, names: BranchNames) -> tuple[str, ...]:
    """Returns the branches that take the names of the bot's: git has no branch below another, nor above one."""
    first = names.state.partition("/")[0]
    listed = author.get_or_none(f"/git/matching-refs/heads/{quote(first)}") or ()
    branches = (str(ref["ref"]).removeprefix("refs/heads/") for ref in listed)
    return tuple(
        branch for branch in branches if any(_conflict(branch, ours) for ours in (names.state, names.proposal))
    )


def _conflict(branch: str, ours: str) -> bool:
    return ours.startswith(f"{branch}/") or branch.startswith(f"{ours}/")


def _with_admin_facts(facts: RepositoryFacts, author: GitHubSession) -> RepositoryFacts:
    """Adds what GitHub shows to some tokens only: an administrator's setting, and the disabled workflows."""
    permissions = author.get_or_none("/actions/permissions/workflow")
    listed = author.get_or_none("/actions/workflows?per_page=100") or {}
    people = author.get_or_none("/collaborators?permission=push&per_page=100")
    workflows = [DisabledWorkflow(str(one["path"]), str(one["state"])) for one in listed.get("workflows", ())]
    return replace(
        facts,
        actions_may_open=permissions.get("can_approve_pull_request_reviews") if permissions else None,
        disabled=tuple(one for one in workflows if one.state.startswith("disabled")),
        writers=None if people is None else tuple(str(person["login"]) for person in people),
    )


# --- tokens --------------------------------------------------------------------------------------------------


def _token_info(session: GitHubSession, headers: Mapping[str, str], shown: Mapping[str, Any], login: str) -> TokenInfo:
    kind = session.kind(login)
    header = headers.get("x-oauth-scopes") if not kind.is_bot and kind is not TokenKind.FINE_GRAINED else None
    scopes = tuple(scope.strip() for scope in header.split(",") if scope.strip()) if header is not None else None
    return TokenInfo(kind, login, scopes, _may_push(kind, shown))


def _may_push(kind: TokenKind, shown: Mapping[str, Any]) -> bool | None:
    """Whether the token may write contents: GitHub shows the merge settings only to tokens that may.

    The field `permissions` shows a person's role; for an App's token it is not always correct.
    https://docs.github.com/en/rest/repos/repos#get-a-repository
    """
    if "allow_squash_merge" in shown:
        return True
    role = (shown.get("permissions") or {}).get("push")
    return False if role is False and not kind.is_bot else None


def _approver_info(session: GitHubSession, *, thorough: bool) -> TokenInfo:
    """Returns what is known about the second identity. Its role takes a request of its own: only if thorough."""
    if not thorough:
        return TokenInfo(session.kind(""))
    headers, shown = session.get("", READ_REPOSITORY)
    return _token_info(session, headers, shown, session.login())


def _merge_methods(shown: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
    if not any(field in shown for field in names.values()):
        return None
    return tuple(method for method in METHODS if shown.get(names[method]))
