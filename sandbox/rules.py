"""Rules that protect branches, and which of them applies to a branch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

# The parts of a pattern: stars, one character, a set, an escaped character, a character. No branch has a "[" in its
# name, so that no set needs one.
TOKENS = re.compile(r"\*+|\?|\[[!^]?(?:\\.|[^\]\[\\])+\]|\\.|.", re.DOTALL)


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
    restrict: bool = False  # only who may bypass the rule creates, updates and deletes the branch
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
    """Matches a branch as GitHub does: by Ruby's `File.fnmatch` with `FNM_PATHNAME`; `~ALL` is every branch.

    `*` stops at a slash. `**/` matches any number of folders, and a `**` at the end is a `*`: so `qa/**` does not
    match `qa/foo/bar`, and `qa/**/*` does. No wildcard matches a dot at the beginning of a part.
    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax
    https://docs.ruby-lang.org/en/master/File.html#method-c-fnmatch
    """
    return pattern == "~ALL" or _match_parts(pattern.split("/"), branch.split("/"))


def _match_parts(patterns: list[str], parts: list[str]) -> bool:
    if not patterns or not parts:
        return not patterns and not parts
    if patterns[0] == "**" and len(patterns) > 1:
        deeper = not parts[0].startswith(".") and _match_parts(patterns, parts[1:])
        return deeper or _match_parts(patterns[1:], parts)
    return _expression(patterns[0]).fullmatch(parts[0]) is not None and _match_parts(patterns[1:], parts[1:])


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """Returns the expression for one part of a pattern. A set that is not closed matches nothing."""
    visible = "" if pattern.removeprefix("\\").startswith(".") else r"(?!\.)"
    return re.compile(visible + "".join(map(_translated, TOKENS.findall(pattern))), re.DOTALL)


def _translated(part: str) -> str:
    if part.startswith("*"):
        return ".*"
    if part == "?":
        return "."
    if part == "[":
        return r"(?!)"
    if part.startswith("["):
        negated = part[1] in "!^"
        inner = re.sub(
            r"\\?(.)",
            lambda found: found[0] if found[0] == "-" else re.escape(found[1]),
            part[2 if negated else 1 : -1],
        )
        return f"[{'^' if negated else ''}{inner}]"
    return re.escape(part[1:] if len(part) > 1 else part)
