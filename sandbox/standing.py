"""Where a pull request stands: what its base branch still asks for, and the one word GitHub has for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sandbox.identities import Identity
from sandbox.records import PullRequest, Review, Rule

if TYPE_CHECKING:
    from sandbox.repository import Repository

PASSING = ("success", "neutral", "skipped")
VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")


@dataclass(frozen=True)
class Standing:
    """`state` is GitHub's mergeable_state; `unmet` are the requirements in GitHub's sentences."""

    state: str  # clean unstable blocked behind dirty draft unknown
    mergeable: bool | None
    unmet: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing stands against the merge."""
        return self.state in ("clean", "unstable")


def rule_for(rules: Iterable[Rule], branch: str) -> Rule | None:
    """The rule of a branch: one that spells its name goes before a pattern."""
    fitting = [rule for rule in rules if matches(rule.pattern, branch)]
    return min(fitting, key=lambda rule: rule.pattern != branch, default=None)


def matches(pattern: str, branch: str) -> bool:
    """GitHub's patterns: a star does not cross a slash, two stars do; ~ALL is every branch."""
    return pattern == "~ALL" or _fit(pattern.split("/"), branch.split("/"))


def _fit(patterns: list[str], parts: list[str]) -> bool:
    if not patterns or not parts:
        return not patterns and not parts
    if patterns[0] == "**":
        return any(_fit(patterns[1:], parts[start:]) for start in range(len(parts) + 1)) or len(patterns) == 1
    return fnmatchcase(parts[0], patterns[0]) and _fit(patterns[1:], parts[1:])


def standing(repository: Repository, pull: PullRequest) -> Standing:
    """The pull request against the present head and base."""
    if not pull.open:
        return Standing("unknown", None)
    if repository.git.merged_tree(pull.base_sha, pull.head_sha) is None:
        return Standing("dirty", False)
    if pull.draft:
        return Standing("draft", True)
    unmet = tuple(unmet_requirements(repository, pull))
    if unmet:
        return Standing("behind" if unmet == (BEHIND,) else "blocked", True, unmet)
    outcomes = check_outcomes(repository, pull.head_sha).values()
    return Standing("clean" if all(outcome in PASSING for outcome in outcomes) else "unstable", True)


BEHIND = "The head branch is not up to date with the base branch."
UNSIGNED = "Commits must have verified signatures."
MISSING_PUSH_APPROVAL = "New changes require approval from someone other than the last pusher."
CHANGES_REQUESTED = "Changes were requested by reviewers with write access."


def unmet_requirements(repository: Repository, pull: PullRequest) -> Iterable[str]:
    """What the protection of the base asks for and the pull request does not have."""
    rule = repository.rule(pull.base)
    if rule is None:
        return
    yield from unmet_reviews(repository, pull, rule)
    yield from unmet_checks(rule, check_outcomes(repository, pull.head_sha))
    if rule.require_signatures and unsigned(repository, pull.base_sha, pull.head_sha):
        yield UNSIGNED
    if rule.strict and not repository.git.is_ancestor(pull.base_sha, pull.head_sha):
        yield BEHIND


def unsigned(repository: Repository, base: str, head: str) -> list[str]:
    """The commits of head that base lacks and that nobody has signed."""
    return [commit.sha for commit in repository.git.between(base, head) if commit.sha not in repository.signed]


def unmet_reviews(repository: Repository, pull: PullRequest, rule: Rule) -> Iterable[str]:
    """What the reviewers have not said yet."""
    verdicts = [review for review in latest_verdicts(pull) if repository.has_write_access(review.user)]
    if rule.required_reviews and any(review.state == "CHANGES_REQUESTED" for review in verdicts):
        yield CHANGES_REQUESTED
    approvals = [review for review in verdicts if counts(review, pull, rule)]
    if len(approvals) < rule.required_reviews:
        reviews = (
            "1 approving review is" if rule.required_reviews == 1 else f"{rule.required_reviews} approving reviews are"
        )
        yield f"At least {reviews} required by reviewers with write access."
    if rule.code_owners and not any(review.user.login in rule.code_owners for review in approvals):
        yield "Waiting on code owner review."
    if rule.require_last_push_approval and not any(fresh(review, pull) for review in approvals):
        yield MISSING_PUSH_APPROVAL


def latest_verdicts(pull: PullRequest) -> list[Review]:
    """The last review of each reviewer that says yes or no; a plain comment changes nothing."""
    last: dict[str, Review] = {}
    for review in pull.reviews:
        if review.state in VERDICTS:
            last[review.user.login] = review
    return list(last.values())


def counts(review: Review, pull: PullRequest, rule: Rule) -> bool:
    """Whether a review is an approval in the eyes of the rule."""
    current = review.commit_id == pull.head_sha or not rule.dismiss_stale
    return review.state == "APPROVED" and current


def fresh(review: Review, pull: PullRequest) -> bool:
    """Whether the approval is of the last push, by someone other than who pushed it."""
    return review.commit_id == pull.head_sha and review.user.login != pull.last_pusher


def unmet_checks(rule: Rule, outcomes: dict[str, str]) -> Iterable[str]:
    """The required checks that have not passed."""
    for name in rule.required_checks:
        outcome = outcomes.get(name)
        if outcome is None:
            yield f'Required status check "{name}" is expected.'
        elif outcome not in PASSING:
            yield f'Required status check "{name}" is {"pending" if outcome == "pending" else "failing"}.'


def check_outcomes(repository: Repository, sha: str) -> dict[str, str]:
    """The newest outcome of every status context and check run of a commit."""
    outcomes = {status.context: status.state for status in repository.statuses if status.sha == sha}
    for run in repository.check_runs:
        if run.head_sha == sha:
            outcomes[run.name] = run.conclusion or "pending"
    return outcomes


def may_order_auto_merge(repository: Repository, pull: PullRequest, viewer: Identity) -> bool:
    """GitHub offers auto-merge only on what cannot be merged at once."""
    allowed = repository.settings.allow_auto_merge and repository.can_push(viewer)
    return allowed and pull.open and repository.standing(pull).state in ("blocked", "behind")
