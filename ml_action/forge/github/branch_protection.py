"""What protects a branch: classic protection and rulesets, read from GraphQL and, where that shows nothing, from REST.

What GitHub does not show to a token is `None` or empty, and no error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote

from ml_action.core.records.repository_facts import BranchProtection
from ml_action.forge.base import Refused
from ml_action.forge.github.session import READ_REPOSITORY, GitHubSession

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
# Those that keep everybody off who may not bypass them.
GUARDS = ("update", "pull_request", "required_status_checks", "required_deployments", "merge_queue", "workflows")
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


def query(author: GitHubSession, names: BranchNames) -> QueryResult:
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
        self._rules: dict[str, list[dict[str, Any]] | None] = {}

    def rules_of(self, branch: str) -> list[dict[str, Any]]:
        """Returns the active rules of a branch, which need not exist."""
        return self.shown_rules_of(branch) or []

    def shown_rules_of(self, branch: str) -> list[dict[str, Any]] | None:
        """Returns the same, or `None` if GitHub does not show them to this token."""
        if branch not in self._rules:
            shown = self._session.get_or_none(f"/rules/branches/{quote(branch)}?per_page=100")
            self._rules[branch] = None if shown is None else list(shown)
        return self._rules[branch]

    def ruleset(self, number: int) -> dict[str, Any]:
        """Returns a ruleset as GitHub shows it to this token."""
        if number not in self._rulesets:
            self._rulesets[number] = dict(self._session.get_or_none(f"/rulesets/{number}") or {})
        return self._rulesets[number]


@dataclass(frozen=True)
class Guard:
    """What keeps other writers off a branch."""

    guarded: bool | None  # None: GitHub does not show it
    bypass: tuple[str, ...] | None  # who may push all the same, in GitHub's words; None: not shown


def guard_of(branch: str, classic: Mapping[str, Any] | None, rulesets: Rulesets) -> Guard:
    """Returns what keeps pushes off a branch, according to the rules that are in effect for it.

    A classic protection that shows nothing else keeps pushes off if the viewer may not push, or pull requests are
    required; what it does to others is not shown.
    """
    rules = rulesets.shown_rules_of(branch)
    guarding = [rule for rule in rules or () if rule.get("type") in GUARDS]
    if guarding:
        shown = [rulesets.ruleset(int(rule.get("ruleset_id") or 0)).get("bypass_actors") for rule in guarding]
        known = [actor for actors in shown if actors is not None for actor in actors]
        return Guard(True, None if None in shown else tuple(dict.fromkeys(map(_actor, known))))
    return Guard(None if rules is None or classic else False, None)


def _actor(actor: Mapping[str, Any]) -> str:
    """Returns an entry of a bypass list in a few words."""
    kind, number = str(actor.get("actor_type")), actor.get("actor_id")
    return f"{kind} {number}" if number else kind


def may_bypass(ruleset: Mapping[str, Any] | None) -> bool | None:
    """Whether the token may bypass the ruleset; `None` if GitHub does not show it."""
    word = (ruleset or {}).get("current_user_can_bypass")
    return True if word in MAY_BYPASS else False if word in MAY_NOT_BYPASS else None


def base_protection(branch: str, result: QueryResult, rulesets: Rulesets | None) -> BranchProtection:
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


def rules_from_query(result: QueryResult, key: str) -> list[Rule]:
    """Returns the rules of rulesets that the query shows for an existing branch."""
    nodes = (result.ref(key).get("rules") or {}).get("nodes") or ()
    rows = ((str(node["type"]).lower(), node.get("repositoryRuleset") or {}) for node in nodes)
    return [Rule(kind, int(ruleset.get("databaseId") or 0), str(ruleset.get("name", ""))) for kind, ruleset in rows]


def _rules_from_rest(rulesets: Rulesets, branch: str) -> list[Rule]:
    """Returns the rules from REST, which also knows those for a branch that does not exist yet."""
    rows = ((str(rule.get("type")), int(rule.get("ruleset_id") or 0)) for rule in rulesets.rules_of(branch))
    return [Rule(kind, number, str(rulesets.ruleset(number).get("name", number))) for kind, number in rows]


def push_protection(branch: BotBranch, result: QueryResult, rulesets: Rulesets, *, ask: bool) -> BranchProtection:
    """Returns what rejects a push to one of the bot's own branches; `ask`: REST may be asked as well.

    GitHub shows to a person's token whether classic protection allows its push. What it shows to an App's token is
    not documented.
    """
    exists = result.exists(branch.key)
    classic = _classic_rejections(result.protection(branch.key), branch.rules)
    found = [(text, None if branch.by_app else False) for text in classic]
    rules = rules_from_query(result, branch.key)
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
