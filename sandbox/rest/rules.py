"""The rules of rulesets, by branch and by ruleset."""

from __future__ import annotations

from typing import Any

from sandbox.errors import not_found
from sandbox.rest.routing import Call, route
from sandbox.rules import matches
from sandbox.serializers import rules as views


@route("GET", "/rules/branches/<path:branch>", needs="metadata:read")
def rules_of_branch(call: Call, branch: str) -> Any:
    """The active rules of a branch, whoever may bypass them; the branch need not be there."""
    fitting = [rule for rule in call.repository.rules if rule.ruleset and matches(rule.pattern, branch)]
    found = [view for rule in fitting for view in views.rules_of(call.repository, rule)]
    return call.page(found)


@route("GET", "/rulesets/<int:ruleset_id>", needs="metadata:read")
def get_ruleset(call: Call, ruleset_id: int) -> Any:
    """A ruleset, and whether the caller may bypass it; who else may, is for administrators."""
    for rule in call.repository.rules:
        if rule.ruleset and views.ruleset_id(rule) == ruleset_id:
            return views.serialize_ruleset(call.repository, rule, call.account)
    raise not_found()
