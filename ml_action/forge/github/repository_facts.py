"""The facts about a repository and its tokens that the doctor needs, read from GitHub with as few requests as possible.

What GitHub does not show to a token is `None` or empty, and no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote

from ml_action.core.records.repository_facts import BranchProtection, RepositoryFacts, TokenInfo, TokenKind
from ml_action.forge.base import Refused
from ml_action.forge.github.session import READ_REPOSITORY, GitHubSession

METHODS = ("merge", "squash", "rebase")
PROTECTION = """
fragment protection on Ref {
  refUpdateRule {
    allowsForcePushes requiredApprovingReviewCount requiredStatusCheckContexts requiresCodeOwnerReviews
    requiresLinearHistory requiresSignatures viewerCanPush
  }
  rules(first: 100) { nodes { type repositoryRuleset { databaseId name } } }
}"""
QUERY = (
    """
query ($owner: String!, $name: String!, $base: String!, $state: String!, $proposal: String!, $label: String!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    base: ref(qualifiedName: $base) { ...protection }
    state: ref(qualifiedName: $state) { ...protection }
    proposal: ref(qualifiedName: $proposal) { ...protection }
    label(name: $label) { name }
  }
}"""
    + PROTECTION
)
# The rules of a ruleset that reject a direct push to a branch, as sentences.
PUSH_RULES = {
    "creation": "only some may create it",
    "update": "only some may update it",
    "pull_request": "changes need a pull request",
    "required_status_checks": "changes need checks that have passed",
    "required_signatures": "commits need a signature",
    "required_deployments": "changes need a deployment",
    "merge_queue": "changes come through a merge queue",
    "workflows": "changes need workflows that have passed",
    "branch_name_pattern": "its name does not fit a pattern",
}
FORCE = "non_fast_forward"
FORCE_RULES = {FORCE: "it may not be force-pushed"}
CREATION_RULES = ("creation", "branch_name_pattern")  # these do not affect a branch that exists
MAY_BYPASS, MAY_NOT_BYPASS = ("always", "exempt"), ("never", "pull_requests_only")


@dataclass(frozen=True)
class BranchNames:
    """The branches and the label to ask about."""

    base: str
    state: str
    proposal: str
    label: str
    signed: bool = False  # whether GitHub signs the bot's commits


@dataclass(frozen=True)
class QueryResult:
    """The response to the one query."""

    login: str = ""  # of the token
    refs: Mapping[str, Any] | None = None  # the branches that exist, by their name in the query; None: not shown
    label: bool = False  # whether the label exists

    def ref(self, key: str) -> Mapping[str, Any]:
        """Returns what the query says about a branch; empty if the branch is missing or not shown."""
        return (self.refs or {}).get(key) or {}

    def exists(self, key: str) -> bool:
        """Whether the branch exists; it is assumed to if GitHub does not show the branches."""
        return self.refs is None or self.refs.get(key) is not None

    def protection(self, key: str) -> dict[str, Any] | None:
        """Returns the classic protection of an existing branch; `None` if it has none or GitHub does not show it."""
        return self.ref(key).get("refUpdateRule")


class FetchedFacts(NamedTuple):
    """The facts, and the query's response that they are based on."""

    facts: RepositoryFacts
    result: QueryResult


class BotBranch(NamedTuple):
    """A branch that the bot pushes to directly."""

    name: str
    key: str  # its name in the query
    rules: Mapping[str, str]  # the types of rules that reject such a push, with a sentence for each
    by_app: bool  # whether an App's token pushes


class Rule(NamedTuple):
    """A rule of a ruleset."""

    kind: str
    ruleset: int
    ruleset_name: str


def fetch_facts(
    author: GitHubSession, approver: GitHubSession | None, names: BranchNames, *, thorough: bool
) -> FetchedFacts:
    """Returns the facts. If thorough, also those that only limit a promotion: each takes another request or two.

    Raises:
        ForgeError: GitHub cannot be reached, does not know the repository, or does not accept the token.
    """
    headers, shown = author.get("", READ_REPOSITORY)
    result = _query(author, names)
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
        base=_base_protection(names.base, result, rulesets if thorough or _rules_from_query(result, "base") else None),
        state=_push_protection(state, result, rulesets, ask=True),
        proposal=_push_protection(proposal, result, rulesets, ask=thorough),
        archived=bool(shown.get("archived")),
        fork=bool(shown.get("fork")),
        issues=bool(shown.get("has_issues", True)),
        methods=_merge_methods(shown),
        auto_merge=shown.get("allow_auto_merge"),
    )
    return FetchedFacts(_with_admin_facts(facts, author) if thorough else facts, result)


def _with_admin_facts(facts: RepositoryFacts, author: GitHubSession) -> RepositoryFacts:
    """Adds what GitHub shows to some tokens only: an administrator's setting, and the disabled workflows."""
    permissions = author.get_or_none("/actions/permissions/workflow")
    listed = author.get_or_none("/actions/workflows?per_page=100") or {}
    workflows = [(str(workflow["path"]), str(workflow["state"])) for workflow in listed.get("workflows", ())]
    return replace(
        facts,
        actions_may_open=permissions.get("can_approve_pull_request_reviews") if permissions else None,
        disabled=tuple((path, state) for path, state in workflows if state.startswith("disabled")),
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


# --- rules ---------------------------------------------------------------------------------------------------


def _query(author: GitHubSession, names: BranchNames) -> QueryResult:
    """Sends the one query. The result is empty if the server does not know a field, or the token may not ask."""
    owner, _, name = author.repository.partition("/")
    branches = {key: f"refs/heads/{getattr(names, key)}" for key in ("base", "state", "proposal")}
    variables = {"owner": owner, "name": name, "label": names.label, **branches}
    try:
        data = author.query(QUERY, variables, READ_REPOSITORY)
    except Refused:
        return QueryResult()
    found = data.get("repository") or {}
    refs = {key: found.get(key) for key in branches}
    return QueryResult(str((data.get("viewer") or {}).get("login", "")), refs, bool(found.get("label")))


class Rulesets:
    """The rules of a branch, and the rulesets that they belong to: each is requested once."""

    def __init__(self, session: GitHubSession) -> None:
        self._session = session
        self._rulesets: dict[int, dict[str, Any]] = {}

    def rules_of(self, branch: str) -> list[dict[str, Any]]:
        """Returns the active rules of a branch, which need not exist."""
        return list(self._session.get_or_none(f"/rules/branches/{quote(branch)}?per_page=100") or ())

    def ruleset(self, number: int) -> dict[str, Any]:
        """Returns a ruleset as GitHub shows it to this token."""
        if number not in self._rulesets:
            self._rulesets[number] = dict(self._session.get_or_none(f"/rulesets/{number}") or {})
        return self._rulesets[number]


def may_bypass(ruleset: Mapping[str, Any] | None) -> bool | None:
    """Whether the token may bypass the ruleset; `None` if GitHub does not show it."""
    word = (ruleset or {}).get("current_user_can_bypass")
    return True if word in MAY_BYPASS else False if word in MAY_NOT_BYPASS else None


def _base_protection(branch: str, result: QueryResult, rulesets: Rulesets | None) -> BranchProtection:
    """Returns what the base branch requires of a pull request."""
    found = BranchProtection(branch, there=result.exists("base"))
    classic = result.protection("base")
    if classic:
        found = replace(
            found,
            reviews=classic["requiredApprovingReviewCount"] or 0,
            checks=tuple(classic["requiredStatusCheckContexts"] or ()),
            code_owners=classic["requiresCodeOwnerReviews"],
            signatures=classic["requiresSignatures"],
            linear=classic["requiresLinearHistory"],
        )
    for rule in rulesets.rules_of(branch) if rulesets else ():
        found = _with_rule(found, str(rule.get("type")), rule.get("parameters") or {})
    return found


def _with_rule(found: BranchProtection, kind: str, parameters: Mapping[str, Any]) -> BranchProtection:
    """Adds a rule of a ruleset to the protection of the base branch."""
    if kind == "pull_request":
        return replace(
            found,
            reviews=max(found.reviews, int(parameters.get("required_approving_review_count", 0))),
            code_owners=found.code_owners or bool(parameters.get("require_code_owner_review")),
            last_push=found.last_push or bool(parameters.get("require_last_push_approval")),
            methods=tuple(parameters.get("allowed_merge_methods") or found.methods),
        )
    if kind == "required_status_checks":
        more = (str(check["context"]) for check in parameters.get("required_status_checks", ()))
        return replace(found, checks=tuple(dict.fromkeys((*found.checks, *more))))
    return replace(
        found,
        signatures=found.signatures or kind == "required_signatures",
        linear=found.linear or kind == "required_linear_history",
        queue=found.queue or kind == "merge_queue",
    )


def _rules_from_query(result: QueryResult, key: str) -> list[Rule]:
    """Returns the rules of rulesets that the query shows for an existing branch."""
    nodes = (result.ref(key).get("rules") or {}).get("nodes") or ()
    rows = ((str(node["type"]).lower(), node.get("repositoryRuleset") or {}) for node in nodes)
    return [Rule(kind, int(ruleset.get("databaseId") or 0), str(ruleset.get("name", ""))) for kind, ruleset in rows]


def _rules_from_rest(rulesets: Rulesets, branch: str) -> list[Rule]:
    """Returns the rules from REST, which also knows those for a branch that does not exist yet."""
    rows = ((str(rule.get("type")), int(rule.get("ruleset_id") or 0)) for rule in rulesets.rules_of(branch))
    return [Rule(kind, number, str(rulesets.ruleset(number).get("name", number))) for kind, number in rows]


def _push_protection(branch: BotBranch, result: QueryResult, rulesets: Rulesets, *, ask: bool) -> BranchProtection:
    """Returns what rejects a push to one of the bot's own branches; `ask`: REST may be asked as well.

    GitHub shows to a person's token whether classic protection allows its push. What it shows to an App's token is
    not documented.
    """
    exists = result.exists(branch.key)
    classic = _classic_rejections(result.protection(branch.key), branch.rules)
    found = [(text, None if branch.by_app else False) for text in classic]
    rules = _rules_from_query(result, branch.key)
    if not rules and ask and (not exists or result.refs is None):
        rules = _rules_from_rest(rulesets, branch.name)
    for rule in rules:
        if rule.kind in branch.rules and not (exists and rule.kind in CREATION_RULES):
            bypass = may_bypass(rulesets.ruleset(rule.ruleset))
            found.append((f"{branch.rules[rule.kind]} (ruleset {rule.ruleset_name})", bypass))
    refused = tuple(text for text, bypass in found if bypass is False)
    maybe_refused = tuple(text for text, bypass in found if bypass is None)
    return BranchProtection(branch.name, exists, refused=refused, maybe_refused=maybe_refused)


def _classic_rejections(classic: Mapping[str, Any] | None, rules: Mapping[str, str]) -> Iterable[str]:
    if classic is None:
        return
    if not classic["viewerCanPush"]:
        yield "not everybody may push to it (branch protection)"
    if FORCE in rules and not classic["allowsForcePushes"]:
        yield f"{rules[FORCE]} (branch protection)"
