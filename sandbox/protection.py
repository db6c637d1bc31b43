"""The enforcement of branch protection: which updates of a branch are refused, and the git hook that refuses a push."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.git.command import NO_OBJECT
from sandbox.git.packet_lines import RefUpdate
from sandbox.repository import Repository
from sandbox.rules import Rule

PASSING = ("success", "neutral", "skipped")
UNSIGNED = "Commits must have verified signatures."
VARIABLE = "SANDBOX_PROTECTION"
ALWAYS, UNLESS_FAST_FORWARD = "always", "unless-fast-forward"
HOOK = """#!/bin/sh
# Refuses updates of protected branches. Each line of the variable: ref, condition, reason, separated by tabs.
# Only the hook can recognise a force push: until it succeeds, git keeps the new commits in quarantine.
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


@dataclass(frozen=True)
class Violation:
    """Why a rule refuses an update of a branch: always, or unless it is a fast-forward."""

    condition: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """A rule that refuses a commit, and its reasons in GitHub's sentences."""

    rule: Rule
    reason: str


def install_hook(repository: Path) -> None:
    """Writes the update hook into a bare repository."""
    hook = repository / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK, encoding="utf-8")
    hook.chmod(0o755)


def hook_input(repository: Repository, updates: Iterable[RefUpdate], pusher: str) -> str:
    """Returns the value of the hook's variable for the updates of one push."""
    lines = []
    for update in updates:
        rule = enforced_rule(repository, update.ref, pusher)
        if rule:
            code = "GH013: " if rule.ruleset else ""
            lines += [
                f"{update.ref}\t{found.condition}\t{code}{found.reason}"
                for found in _violations(repository, rule, update.old, update.new)
            ]
    return "\n".join(lines)


def refusal_of(repository: Repository, ref: str, commit: str, pusher: str) -> Refusal | None:
    """Returns the refusal of a new commit on top of a branch, or `None` if the branch accepts it."""
    rule = enforced_rule(repository, ref, pusher)
    if rule is None:
        return None
    reason = " ".join(found.reason for found in _violations(repository, rule, NO_OBJECT, commit))
    return Refusal(rule, reason) if reason else None


def enforced_rule(repository: Repository, ref: str, pusher: str) -> Rule | None:
    """Returns the rule of a branch, unless the account may bypass it."""
    rule = repository.rule(ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else None
    return rule if rule and pusher not in rule.bypass else None


def _violations(repository: Repository, rule: Rule, old: str, new: str) -> Iterator[Violation]:
    if rule.restrict:
        action = "create" if old == NO_OBJECT else "delete" if new == NO_OBJECT else "update"
        yield Violation(ALWAYS, f"Cannot {action} this protected ref.")
        return
    if new == NO_OBJECT:
        if not rule.allow_deletions:
            yield Violation(ALWAYS, "Cannot delete this branch")
        return
    if old != NO_OBJECT and not rule.allow_force_pushes:
        yield Violation(UNLESS_FAST_FORWARD, "Cannot force-push to this branch")
    if rule.require_signatures and new not in repository.signed:
        yield Violation(ALWAYS, UNSIGNED)
    if rule.block_pushes:
        unmet = unmet_checks(rule, repository.check_outcomes(new))
        yield Violation(ALWAYS, " ".join(["Changes must be made through a pull request.", *unmet]))


def unmet_checks(rule: Rule, outcomes: dict[str, str]) -> Iterator[str]:
    """Yields a sentence for each required check that has not passed."""
    for name in rule.required_checks:
        outcome = outcomes.get(name)
        if outcome is None:
            yield f'Required status check "{name}" is expected.'
        elif outcome not in PASSING:
            yield f'Required status check "{name}" is {"pending" if outcome == "pending" else "failing"}.'
