"""The mergeability of a pull request: the requirements of its base branch that are not met, and GitHub's state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.accounts import Account
from sandbox.protection import PASSING, UNSIGNED, unmet_checks
from sandbox.records import PullRequest, Review
from sandbox.repository import Repository
from sandbox.rules import Rule

VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
BEHIND = "The head branch is not up to date with the base branch."
MISSING_PUSH_APPROVAL = "New changes require approval from someone other than the last pusher."
CHANGES_REQUESTED = "Changes were requested by reviewers with write access."


@dataclass(frozen=True)
class Mergeability:
    """`state` is GitHub's `mergeable_state`; `unmet` has the missing requirements in GitHub's sentences."""

    state: str  # clean unstable blocked behind dirty draft unknown
    mergeable: bool | None
    unmet: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether the pull request can be merged now."""
        return self.state in ("clean", "unstable")


def mergeability_of(repository: Repository, pull: PullRequest) -> Mergeability:
    """Returns the mergeability of a pull request with its current head and base."""
    if not pull.open:
        return Mergeability("unknown", None)
    if repository.git.merged_tree(pull.base_sha, pull.head_sha) is None:
        return Mergeability("dirty", False)
    if pull.draft:
        return Mergeability("draft", True)
    unmet = tuple(unmet_requirements(repository, pull))
    if unmet:
        return Mergeability("behind" if unmet == (BEHIND,) else "blocked", True, unmet)
    passing = all(outcome in PASSING for outcome in repository.check_outcomes(pull.head_sha).values())
    return Mergeability("clean" if passing else "unstable", True)


def unmet_requirements(repository: Repository, pull: PullRequest) -> Iterator[str]:
    """Yields a sentence for each requirement of the base branch that the pull request does not meet."""
    rule = repository.rule(pull.base)
    if rule is None:
        return
    yield from unmet_reviews(repository, pull, rule)
    yield from unmet_checks(rule, repository.check_outcomes(pull.head_sha))
    if rule.require_signatures and _has_unsigned_commits(repository, pull):
        yield UNSIGNED
    if rule.strict and not repository.git.is_ancestor(pull.base_sha, pull.head_sha):
        yield BEHIND


def _has_unsigned_commits(repository: Repository, pull: PullRequest) -> bool:
    commits = repository.git.between(pull.base_sha, pull.head_sha)
    return any(commit.sha not in repository.signed for commit in commits)


def unmet_reviews(repository: Repository, pull: PullRequest, rule: Rule) -> Iterator[str]:
    """Yields a sentence for each requirement on reviews that is not met."""
    verdicts = [review for review in latest_verdicts(pull) if repository.has_write_access(review.user)]
    approvals = [review for review in verdicts if _is_valid_approval(review, pull, rule)]
    if rule.required_reviews and any(review.state == "CHANGES_REQUESTED" for review in verdicts):
        yield CHANGES_REQUESTED
    if len(approvals) < rule.required_reviews:
        yield _missing_reviews(rule.required_reviews)
    if rule.code_owners and not any(review.user.login in rule.code_owners for review in approvals):
        yield "Waiting on code owner review."
    if rule.require_last_push_approval and not any(_approves_last_push(review, pull) for review in approvals):
        yield MISSING_PUSH_APPROVAL


def _missing_reviews(required: int) -> str:
    reviews = "1 approving review is" if required == 1 else f"{required} approving reviews are"
    return f"At least {reviews} required by reviewers with write access."


def latest_verdicts(pull: PullRequest) -> list[Review]:
    """Returns the last verdict of each reviewer; a plain comment does not replace it."""
    return list({review.user.login: review for review in pull.reviews if review.state in VERDICTS}.values())


def _is_valid_approval(review: Review, pull: PullRequest, rule: Rule) -> bool:
    current = review.commit_id == pull.head_sha or not rule.dismiss_stale
    return review.state == "APPROVED" and current


def _approves_last_push(review: Review, pull: PullRequest) -> bool:
    """Whether the approval is of the last push and does not come from the account that pushed it."""
    return review.commit_id == pull.head_sha and review.user.login != pull.last_pusher


def can_enable_auto_merge(repository: Repository, pull: PullRequest, viewer: Account) -> bool:
    """Whether GitHub offers auto-merge to the viewer: only for what cannot be merged immediately."""
    allowed = repository.settings.allow_auto_merge and repository.can_push(viewer)
    return allowed and pull.open and mergeability_of(repository, pull).state in ("blocked", "behind")
