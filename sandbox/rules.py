"""Rules that protect branches, and which of them applies to a branch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Rule:
    """The protection of some branches: classic branch protection, or a ruleset if `ruleset` has its name.

    With `block_pushes=False` everyone with write access may push; `bypass` lists the accounts that the rule exempts.
    """

    pattern: str
    required_reviews: int = 0
    required_checks: tuple[str, ...] = ()
    strict: bool = False  # the head must contain the base's tip
    dismiss_stale: bool = False
    require_last_push_approval: bool = False
    code_owners: tuple[str, ...] = ()  # logins; one of them has to approve
    merge_queue: bool = False
    require_signatures: bool = False  # of every commit that reaches the branch
    block_pushes: bool = True
    allow_force_pushes: bool = False
    allow_deletions: bool = False
    require_code_owners: bool = False
    linear_history: bool = False
    merge_methods: tuple[str, ...] = ()  # that a ruleset allows; empty: all of them
    ruleset: str = ""  # its name; empty: classic branch protection
    bypass: tuple[str, ...] = ()  # logins


def rule_for(rules: Iterable[Rule], branch: str) -> Rule | None:
    """Returns the rule of a branch; the exact name of a branch takes precedence over a pattern."""
    candidates = [rule for rule in rules if matches(rule.pattern, branch)]
    return min(candidates, key=lambda rule: rule.pattern != branch, default=None)


def matches(pattern: str, branch: str) -> bool:
    """Matches a branch as GitHub does: `*` stops at a slash, `**` does not, and `~ALL` is every branch."""
    return pattern == "~ALL" or _match_parts(pattern.split("/"), branch.split("/"))


def _match_parts(patterns: list[str], parts: list[str]) -> bool:
    if not patterns or not parts:
        return not patterns and not parts
    if patterns[0] == "**":
        return len(patterns) == 1 or any(_match_parts(patterns[1:], parts[start:]) for start in range(len(parts) + 1))
    return fnmatchcase(parts[0], patterns[0]) and _match_parts(patterns[1:], parts[1:])
