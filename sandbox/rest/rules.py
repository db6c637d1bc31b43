"""The rules of rulesets, by branch and by ruleset."""

from __future__ import annotations

from typing import Any

from sandbox.errors import not_found
from sandbox.rest.routing import Call, route
from sandbox.serializers.rules import ruleset_number, serialize_rules, serialize_ruleset


@route("GET", "/rules/branches/<path:branch>", needs="metadata:read")
def rules_of_branch(call: Call, branch: str) -> Any:
    """Lists the active rules of a branch, even if the caller may bypass them; the branch need not exist."""
    rulesets = call.repository.rulesets(branch)
    return call.page([rule for ruleset in rulesets for rule in serialize_rules(call.repository, ruleset)])


@route("GET", "/rulesets/<int:ruleset_id>", needs="metadata:read")
def get_ruleset(call: Call, ruleset_id: int) -> Any:
    """Returns a ruleset and whether the caller may bypass it, but not which other accounts may."""
    for rule in call.repository.rules:
        if rule.ruleset and ruleset_number(rule) == ruleset_id:
            return serialize_ruleset(call.repository, rule, call.account)
    raise not_found()
