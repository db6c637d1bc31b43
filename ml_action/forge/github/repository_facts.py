"""The facts of a repository and its tokens, as GitHub tells them: reads only, and as few as will do.

What a token is not told is None or empty, and no error: knowing less is no reason to stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from ml_action.core.records.repository_facts import BranchProtection, RepositoryFacts, TokenInfo, TokenKind
from ml_action.forge.base import Refused
from ml_action.forge.github.errors import Operation
from ml_action.forge.github.session import GitHubSession

CALL = Operation("tell about the repository", "metadata: read")
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
# What a rule of a ruleset refuses on a branch that the bot pushes to directly, in words.
BLOCKS = {
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
FORCED = {FORCE: "it may not be force-pushed"}
CREATING = ("creation", "branch_name_pattern")  # what matters to a branch only as long as it is not there
MAY_BYPASS, MAY_NOT_BYPASS = ("always", "exempt"), ("never", "pull_requests_only")


@dataclass(frozen=True)
class BranchNames:
    """The branches and the label that are asked about."""

    base: str
    state: str
    proposal: str
    label: str
    signed: bool = False  # whether GitHub signs the bot's commits


@dataclass(frozen=True)
class _Place:
    """One of the bot's branches, and who pushes to it."""

    branch: str
    key: str  # its name in the query
    bot: bool  # whether the token is an App's


@dataclass(frozen=True)
class QueryResult:
    """What one query tells: who asks, which branches there are and what protects them, whether the label is there."""

    login: str = ""
    refs: Mapping[str, Any] | None = None  # None: not told
    label: bool = False


def fetch_facts(
    author: GitHubSession, approver: GitHubSession | None, names: BranchNames, *, thorough: bool
) -> tuple[RepositoryFacts, QueryResult]:
    """The facts. Thorough: also what only limits a promotion, with a call or two for each.

    Raises:
        ForgeError: GitHub cannot be reached, does not know the repository, or does not accept the token.
    """
    headers, shown = author.get("", CALL)
    seen = _ask(author, names)
    author.learn(seen.login)
    blocks = {kind: words for kind, words in BLOCKS.items() if not (names.signed and kind == "required_signatures")}
    bearer = _bearer(author, headers, shown, author.login())
    rulesets, bot = Rulesets(author), bearer.kind.is_bot
    facts = RepositoryFacts(
        repository=shown["full_name"],
        default_branch=shown["default_branch"],
        author=bearer,
        approver=_approver(approver, thorough=thorough) if approver else None,
        base=_rules_of_base(names.base, seen, rulesets if thorough or _rules_from_query(seen, "base") else None),
        state=_rules_of_ours(_Place(names.state, "state", bot), seen, rulesets, blocks, ask=True),
        proposal=_rules_of_ours(_Place(names.proposal, "proposal", bot), seen, rulesets, blocks | FORCED, ask=thorough),
        archived=bool(shown.get("archived")),
        fork=bool(shown.get("fork")),
        issues=bool(shown.get("has_issues", True)),
        methods=_methods(shown),
        auto_merge=shown.get("allow_auto_merge"),
    )
    return (_with_admin_facts(facts, author) if thorough else facts), seen


def _with_admin_facts(facts: RepositoryFacts, author: GitHubSession) -> RepositoryFacts:
    """What only some tokens are told: an administrator's setting, and which workflows are turned off."""
    allowed = author.maybe("/actions/permissions/workflow")
    listed = author.maybe("/actions/workflows?per_page=100") or {}
    workflows = [(str(one["path"]), str(one["state"])) for one in listed.get("workflows", ())]
    return replace(
        facts,
        actions_may_open=allowed.get("can_approve_pull_request_reviews") if allowed else None,
        disabled=tuple((path, state) for path, state in workflows if state.startswith("disabled")),
    )


# --- tokens --------------------------------------------------------------------------------------------------


def _bearer(identity: GitHubSession, headers: Mapping[str, str], shown: Mapping[str, Any], login: str) -> TokenInfo:
    kind = identity.kind(login)
    scopes = headers.get("x-oauth-scopes") if not kind.is_bot and kind is not TokenKind.FINE_GRAINED else None
    told = tuple(word.strip() for word in scopes.split(",") if word.strip()) if scopes is not None else None
    return TokenInfo(kind, login, told, _may_push(kind, shown))


def _may_push(kind: TokenKind, shown: Mapping[str, Any]) -> bool | None:
    """Whether the token may write contents: only those who may are shown the merge settings.

    The field `permissions` tells a person's role; of an App's token it is not always true.
    https://docs.github.com/en/rest/repos/repos#get-a-repository
    """
    if "allow_squash_merge" in shown:
        return True
    role = (shown.get("permissions") or {}).get("push")
    return False if role is False and not kind.is_bot else None


def _approver(identity: GitHubSession, *, thorough: bool) -> TokenInfo:
    """The second identity. Its role is asked for only when it is wanted: it is a call of its own."""
    if not thorough:
        return TokenInfo(identity.kind(""))
    headers, shown = identity.get("", CALL)
    return _bearer(identity, headers, shown, identity.login())


def _methods(shown: Mapping[str, Any]) -> tuple[str, ...] | None:
    names = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
    if not any(field in shown for field in names.values()):
        return None
    return tuple(method for method in METHODS if shown.get(names[method]))


# --- rules ---------------------------------------------------------------------------------------------------


def _ask(author: GitHubSession, names: BranchNames) -> QueryResult:
    """The one query. A server that does not know a field of it, or a token that may not ask, tells nothing."""
    owner, _, name = author.repository.partition("/")
    branches = {key: f"refs/heads/{getattr(names, key)}" for key in ("base", "state", "proposal")}
    variables = {"owner": owner, "name": name, "label": names.label, **branches}
    try:
        told = author.query(QUERY, variables, CALL)
    except Refused:
        return QueryResult()
    found = told.get("repository") or {}
    refs = {key: found.get(key) for key in branches}
    return QueryResult(str((told.get("viewer") or {}).get("login", "")), refs, bool(found.get("label")))


class Rulesets:
    """The rules of rulesets by branch; and, asked once for each, whether this token may bypass them."""

    def __init__(self, identity: GitHubSession) -> None:
        self._identity = identity
        self._told: dict[int, dict[str, Any]] = {}

    def of(self, branch: str) -> list[dict[str, Any]]:
        """The active rules of a branch, which need not be there."""
        return list(self._identity.maybe(f"/rules/branches/{quote(branch)}?per_page=100") or ())

    def about(self, number: int) -> dict[str, Any]:
        """A ruleset, as this token is told of it."""
        if number not in self._told:
            self._told[number] = dict(self._identity.maybe(f"/rulesets/{number}") or {})
        return self._told[number]


def may_bypass(told: Mapping[str, Any] | None) -> bool | None:
    """What an answer about a ruleset says of who asks; None: nothing."""
    word = (told or {}).get("current_user_can_bypass")
    return True if word in MAY_BYPASS else False if word in MAY_NOT_BYPASS else None


def _rules_of_base(branch: str, seen: QueryResult, rulesets: Rulesets | None) -> BranchProtection:
    """What the base branch asks of a pull request."""
    rules = BranchProtection(branch, there=_is_there(seen, "base"))
    classic = _classic(seen, "base")
    if classic:
        rules = replace(
            rules,
            reviews=classic["requiredApprovingReviewCount"] or 0,
            checks=tuple(classic["requiredStatusCheckContexts"] or ()),
            code_owners=classic["requiresCodeOwnerReviews"],
            signatures=classic["requiresSignatures"],
            linear=classic["requiresLinearHistory"],
        )
    for rule in rulesets.of(branch) if rulesets else ():
        rules = _with_rule(rules, str(rule.get("type")), rule.get("parameters") or {})
    return rules


def _with_rule(rules: BranchProtection, kind: str, asked: Mapping[str, Any]) -> BranchProtection:
    """The rules of the base branch, and one more."""
    if kind == "pull_request":
        return replace(
            rules,
            reviews=max(rules.reviews, int(asked.get("required_approving_review_count", 0))),
            code_owners=rules.code_owners or bool(asked.get("require_code_owner_review")),
            last_push=rules.last_push or bool(asked.get("require_last_push_approval")),
            methods=tuple(asked.get("allowed_merge_methods") or rules.methods),
        )
    if kind == "required_status_checks":
        more = (str(check["context"]) for check in asked.get("required_status_checks", ()))
        return replace(rules, checks=tuple(dict.fromkeys((*rules.checks, *more))))
    return replace(
        rules,
        signatures=rules.signatures or kind == "required_signatures",
        linear=rules.linear or kind == "required_linear_history",
        queue=rules.queue or kind == "merge_queue",
    )


def _rules_from_query(seen: QueryResult, key: str) -> list[tuple[str, int, str]]:
    """The rules of rulesets that the query told for a branch that is there: type, number and name of the ruleset."""
    ref = (seen.refs or {}).get(key) or {}
    nodes = (ref.get("rules") or {}).get("nodes") or ()
    rows = ((str(node["type"]).lower(), node.get("repositoryRuleset") or {}) for node in nodes)
    return [(kind, int(ruleset.get("databaseId") or 0), str(ruleset.get("name", ""))) for kind, ruleset in rows]


def _asked(rulesets: Rulesets, branch: str, *, ask: bool) -> list[tuple[str, int, str]]:
    """The same from REST, which knows the rules for a branch that is not there yet."""
    rows = ((str(rule.get("type")), int(rule.get("ruleset_id") or 0)) for rule in (rulesets.of(branch) if ask else ()))
    return [(kind, number, str(rulesets.about(number).get("name", number))) for kind, number in rows]


def _rules_of_ours(
    place: _Place, seen: QueryResult, rulesets: Rulesets, words: Mapping[str, str], *, ask: bool
) -> BranchProtection:
    """What stands against a push to one of the bot's own branches; `words` are for what is refused there.

    Of classic protection a person's token is told whether it may push; what an App's is told, nobody says.
    """
    there = _is_there(seen, place.key)
    found = [(said, None if place.bot else False) for said in _refused_by_protection(_classic(seen, place.key), words)]
    untold = not there or seen.refs is None
    for kind, number, name in _rules_from_query(seen, place.key) or _asked(rulesets, place.branch, ask=ask and untold):
        if kind in words and not (there and kind in CREATING):
            found.append((f"{words[kind]} (ruleset {name})", may_bypass(rulesets.about(number))))
    sure = tuple(said for said, bypassed in found if bypassed is False)
    doubt = tuple(said for said, bypassed in found if bypassed is None)
    return BranchProtection(place.branch, there, refused=sure, maybe_refused=doubt)


def _refused_by_protection(classic: Mapping[str, Any] | None, words: Mapping[str, str]) -> Iterable[str]:
    if classic is None:
        return
    if not classic["viewerCanPush"]:
        yield "not everybody may push to it (branch protection)"
    if FORCE in words and not classic["allowsForcePushes"]:
        yield f"{words[FORCE]} (branch protection)"


def _classic(seen: QueryResult, key: str) -> dict[str, Any] | None:
    """The classic protection of a branch that is there; None: it has none, or we are not told."""
    ref = (seen.refs or {}).get(key) or {}
    return ref.get("refUpdateRule")


def _is_there(seen: QueryResult, key: str) -> bool:
    """Whether the branch exists; where nothing is told, it is taken to."""
    return seen.refs is None or seen.refs.get(key) is not None
