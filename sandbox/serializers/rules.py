"""Rulesets and classic protection, as REST and GraphQL tell them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from sandbox.accounts import Account
from sandbox.repository import Repository
from sandbox.rules import Rule, matches

ALL_METHODS = ("merge", "squash", "rebase")


def ruleset_id(rule: Rule) -> int:
    """A number for a ruleset, the same in every run; GraphQL's integers have 31 bits."""
    return zlib.crc32(rule.ruleset.encode()) >> 1


def kinds_of(rule: Rule) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The rules of a ruleset: type and parameters."""
    if not rule.allow_deletions:
        yield "deletion", None
    if not rule.allow_force_pushes:
        yield "non_fast_forward", None
    if rule.linear_history:
        yield "required_linear_history", None
    if rule.require_signatures:
        yield "required_signatures", None
    if rule.merge_queue:
        yield "merge_queue", merge_queue()
    if rule.block_pushes:
        yield "pull_request", pull_request(rule)
    if rule.required_checks:
        yield "required_status_checks", required_checks(rule)


def pull_request(rule: Rule) -> dict[str, Any]:
    """What a pull request needs."""
    return {
        "allowed_merge_methods": list(rule.merge_methods or ALL_METHODS),
        "dismiss_stale_reviews_on_push": rule.dismiss_stale,
        "require_code_owner_review": rule.require_code_owners,
        "require_last_push_approval": rule.require_last_push_approval,
        "required_approving_review_count": rule.required_reviews,
        "required_review_thread_resolution": False,
    }


def merge_queue() -> dict[str, Any]:
    """GitHub's defaults of a merge queue."""
    return {
        "check_response_timeout_minutes": 60,
        "grouping_strategy": "ALLGREEN",
        "max_entries_to_build": 5,
        "max_entries_to_merge": 5,
        "merge_method": "SQUASH",
        "min_entries_to_merge": 1,
        "min_entries_to_merge_wait_minutes": 5,
    }


def required_checks(rule: Rule) -> dict[str, Any]:
    """The checks that have to pass."""
    return {
        "required_status_checks": [{"context": name} for name in rule.required_checks],
        "strict_required_status_checks_policy": rule.strict,
    }


def rules_of(repository: Repository, rule: Rule) -> Iterator[dict[str, Any]]:
    """GitHub's repository-rule-detailed, one for each rule of the ruleset."""
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": repository.full_name,
        "ruleset_id": ruleset_id(rule),
    }
    for kind, parameters in kinds_of(rule):
        yield {"type": kind, **({"parameters": parameters} if parameters else {}), **source}


def serialize_ruleset(repository: Repository, rule: Rule, viewer: Account | None) -> dict[str, Any]:
    """GitHub's repository-ruleset."""
    plain = ({"type": kind, **({"parameters": told} if told else {})} for kind, told in kinds_of(rule))
    include = rule.pattern if rule.pattern == "~ALL" else f"refs/heads/{rule.pattern}"
    return {
        "id": ruleset_id(rule),
        "name": rule.ruleset,
        "target": "branch",
        "source_type": "Repository",
        "source": repository.full_name,
        "enforcement": "active",
        "current_user_can_bypass": "always" if viewer and viewer.login in rule.bypass else "never",
        "conditions": {"ref_name": {"include": [include], "exclude": []}},
        "rules": list(plain),
    }


def rules_node(repository: Repository, branch: str, first: int) -> dict[str, Any]:
    """GraphQL's rules of a branch: those of rulesets."""
    fitting = [rule for rule in repository.rules if rule.ruleset and matches(rule.pattern, branch)]
    nodes = [_rule_node(rule, kind) for rule in fitting for kind, _ in kinds_of(rule)]
    return {"nodes": nodes[:first], "totalCount": len(nodes)}


def _rule_node(rule: Rule, kind: str) -> dict[str, Any]:
    number = ruleset_id(rule)
    ruleset = {"__typename": "RepositoryRuleset", "id": f"RRS_{number}", "databaseId": number, "name": rule.ruleset}
    return {
        "__typename": "RepositoryRule",
        "id": f"RR_{number}_{kind}",
        "type": kind.upper(),
        "repositoryRuleset": ruleset,
    }


def update_rule(repository: Repository, branch: str, viewer: Account) -> dict[str, Any] | None:
    """GraphQL's RefUpdateRule: classic protection as those see it who do not administrate."""
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
