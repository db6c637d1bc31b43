"""What branch protection says to a push, and the hook that says it inside git."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.git import NO_OBJECT
from sandbox.records import Rule
from sandbox.standing import UNSIGNED, check_outcomes, unmet_checks

if TYPE_CHECKING:
    from sandbox.repository import Repository

VARIABLE = "SANDBOX_PROTECTION"
ALWAYS, UNLESS_FAST_FORWARD = "always", "unless-fast-forward"
HOOK = """#!/bin/sh
# Refuses updates of protected branches. Each line of the variable: ref, condition, reason, separated by tabs.
# A force push can only be told from here: git has the new commits in quarantine until the hook agrees.
tab=$(printf '\\t')
printf '%s\\n' "$SANDBOX_PROTECTION" | while IFS="$tab" read -r ref condition reason; do
    [ "$ref" = "$1" ] || continue
    if [ "$condition" = always ] || ! git merge-base --is-ancestor "$2" "$3" 2>/dev/null; then
        case "$reason" in
            GH013*) echo "error: GH013: Repository rule violations found for $1."; reason="${reason#GH013: }" ;;
            *) echo "error: GH006: Protected branch update failed for $1." ;;
        esac
        echo "error: $reason"
        exit 1
    fi
done
"""
GIT_REASON, GITHUB_REASON = b" hook declined\n", b" protected branch hook declined\n"


def install(repository: Path) -> None:
    """Write the hook into a bare repository."""
    hook = repository / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK, encoding="utf-8")
    hook.chmod(0o755)


def verdicts(repository: Repository, commands: Iterable[tuple[str, str, str]], pusher: str) -> str:
    """The value of the hook's variable for these commands (old, new, ref)."""
    lines = []
    for old, new, ref in commands:
        rule = guarding(repository, ref, pusher)
        if rule:
            code = "GH013: " if rule.ruleset else ""
            lines += [
                f"{ref}\t{condition}\t{code}{reason}" for condition, reason in _reasons(repository, rule, old, new)
            ]
    return "\n".join(lines)


def guarding(repository: Repository, ref: str, pusher: str) -> Rule | None:
    """The rule that stands between this account and a branch."""
    rule = repository.rule(ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else None
    return rule if rule and pusher not in rule.bypass else None


def against(repository: Repository, ref: str, new: str, pusher: str) -> tuple[Rule, str] | None:
    """The rule that refuses a commit on top of a branch, and its reasons."""
    rule = guarding(repository, ref, pusher)
    reasons = _reasons(repository, rule, NO_OBJECT, new) if rule else ()
    said = " ".join(reason for _, reason in reasons)
    return (rule, said) if rule and said else None


def _reasons(repository: Repository, rule: Rule, old: str, new: str) -> Iterable[tuple[str, str]]:
    if new == NO_OBJECT:
        if not rule.allow_deletions:
            yield ALWAYS, "Cannot delete this branch"
        return
    if old != NO_OBJECT and not rule.allow_force_pushes:
        yield UNLESS_FAST_FORWARD, "Cannot force-push to this branch"
    if rule.require_signatures and new not in repository.signed:
        yield ALWAYS, UNSIGNED
    if rule.block_pushes:
        unmet = list(unmet_checks(rule, check_outcomes(repository, new)))
        yield ALWAYS, " ".join(["Changes must be made through a pull request.", *unmet])
