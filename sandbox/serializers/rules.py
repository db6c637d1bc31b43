"""Rulesets as JSON."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.accounts import Account
from sandbox.repository import Repository
from sandbox.rules import Rule

ALL_METHODS = ("merge", "squash", "rebase")
MERGE_QUEUE = {  # GitHub's defaults
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "SQUASH",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}


@dataclass(frozen=True)
class RulesetItem:
    """One rule of a ruleset."""

    type: str
    parameters: dict[str, Any] | None = None

    def serialize(self) -> dict[str, Any]:
        """Returns GitHub's `repository-rule`."""
        return {"type": self.type} | ({"parameters": self.parameters} if self.parameters else {})


def ruleset_number(rule: Rule) -> int:
    """Returns a number for a ruleset that is the same in every run; GraphQL's integers have 31 bits."""
    return zlib.crc32(rule.ruleset.encode()) >> 1


def updates_of(rule: Rule) -> Iterator[RulesetItem]:
    """Yields the rules of a ruleset about creations, updates and deletions."""
    if rule.restrict:
        yield RulesetItem("creation")
        yield RulesetItem("update", {"update_allows_fetch_and_merge": False})
    if not rule.allow_deletions:
        yield RulesetItem("deletion")
    if not rule.allow_force_pushes:
        yield RulesetItem("non_fast_forward")


def items_of(rule: Rule) -> Iterator[RulesetItem]:
    """Yields the rules of a ruleset."""
    yield from updates_of(rule)
    if rule.linear_history:
        yield RulesetItem("required_linear_history")
    if rule.require_signatures:
        yield RulesetItem("required_signatures")
    if rule.merge_queue:
        yield RulesetItem("merge_queue", MERGE_QUEUE)
    if rule.block_pushes:
        yield RulesetItem("pull_request", pull_request(rule))
    if rule.required_checks:
        yield RulesetItem("required_status_checks", required_checks(rule))


def pull_request(rule: Rule) -> dict[str, Any]:
    """Returns the requirements of a pull request."""
    return {
        "allowed_merge_methods": list(rule.merge_methods or ALL_METHODS),
        "dismiss_stale_reviews_on_push": rule.dismiss_stale,
        "require_code_owner_review": rule.require_code_owners,
        "require_last_push_approval": rule.require_last_push_approval,
        "required_approving_review_count": rule.required_reviews,
        "required_review_thread_resolution": False,
    }


def required_checks(rule: Rule) -> dict[str, Any]:
    """Returns the checks that have to pass."""
    return {
        "required_status_checks": [{"context": name} for name in rule.required_checks],
        "strict_required_status_checks_policy": rule.strict,
    }


def serialize_rules(repository: Repository, rule: Rule) -> Iterator[dict[str, Any]]:
    """Yields GitHub's `repository-rule-detailed` for each rule of a ruleset."""
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": repository.full_name,
        "ruleset_id": ruleset_number(rule),
    }
    for item in items_of(rule):
        yield item.serialize() | source


def serialize_ruleset(repository: Repository, rule: Rule, viewer: Account | None) -> dict[str, Any]:
    """Returns GitHub's `repository-ruleset`."""
    include = rule.pattern if rule.pattern == "~ALL" else f"refs/heads/{rule.pattern}"
    return {
        "id": ruleset_number(rule),
        "name": rule.ruleset,
        "target": "branch",
        "source_type": "Repository",
        "source": repository.full_name,
        "enforcement": "active",
        "current_user_can_bypass": "always" if viewer and viewer.login in rule.bypass else "never",
        "conditions": {"ref_name": {"include": [include], "exclude": []}},
        "rules": [item.serialize() for item in items_of(rule)],
    }
