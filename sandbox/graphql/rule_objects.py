"""Nodes of the GraphQL schema for the rules of a branch: rulesets and classic protection."""

from __future__ import annotations

from typing import Any

from sandbox.accounts import Account
from sandbox.repository import Repository
from sandbox.rules import Rule
from sandbox.serializers.rules import items_of, ruleset_number


def rules_node(repository: Repository, branch: str, first: int) -> dict[str, Any]:
    """Returns the rules of a branch in rulesets."""
    nodes = [_rule_node(rule, item.type) for rule in repository.rulesets(branch) for item in items_of(rule)]
    return {"nodes": nodes[:first], "totalCount": len(nodes)}


def _rule_node(rule: Rule, kind: str) -> dict[str, Any]:
    number = ruleset_number(rule)
    ruleset = {"__typename": "RepositoryRuleset", "id": f"RRS_{number}", "databaseId": number, "name": rule.ruleset}
    return {
        "__typename": "RepositoryRule",
        "id": f"RR_{number}_{kind}",
        "type": kind.upper(),
        "repositoryRuleset": ruleset,
    }


def update_rule_node(repository: Repository, branch: str, viewer: Account) -> dict[str, Any] | None:
    """Returns the classic protection of a branch, as a viewer without administration sees it."""
    rule = repository.rule(branch)
    if rule is None or rule.ruleset:
        return None
    may_push = repository.can_push(viewer) and (not rule.block_pushes or viewer.login in rule.bypass)
    return {
        "allowsDeletions": rule.allow_deletions,
        "allowsForcePushes": rule.allow_force_pushes,
        "blocksCreations": False,
        "pattern": rule.pattern,
        "requiredApprovingReviewCount": rule.required_reviews or None,
        "requiredStatusCheckContexts": list(rule.required_checks),
        "requiresCodeOwnerReviews": rule.require_code_owners,
        "requiresConversationResolution": False,
        "requiresLinearHistory": rule.linear_history,
        "requiresSignatures": rule.require_signatures,
        "viewerAllowedToDismissReviews": False,
        "viewerCanPush": may_push,
    }
