"""What GitHub tells, in our own nouns."""

from __future__ import annotations

from collections.abc import Iterable

from github.PullRequest import PullRequest as Raw
from github.PullRequestReview import PullRequestReview

from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import Approval


def pull_request(raw: Raw, *, complete: bool) -> PullRequest:
    """The pull request. Lists do not tell its mergeable state nor count its commits, and asking is a call.

    Raises:
        ValueError: this is none.
    """
    if not isinstance(raw.number, int):
        raise ValueError("the answer is not a pull request")
    return PullRequest(
        number=raw.number,
        url=raw.html_url,
        state="merged" if raw.merged_at else raw.state,
        head_branch=raw.head.ref,
        head_sha=raw.head.sha,
        head_repository=raw.head.repo.full_name if raw.head.repo else "",
        base_branch=raw.base.ref,
        author=raw.user.login if raw.user else "",
        title=raw.title,
        body=raw.body or "",
        draft=bool(raw.draft),
        labels=tuple(label.name for label in raw.labels),
        mergeable_state=(raw.mergeable_state or "") if complete else "",
        commits=raw.commits if complete else 1,
    )


def approvals(reviews: Iterable[PullRequestReview]) -> frozenset[Approval]:
    """The approvals that stand, and those that were dismissed; `reviews` come in the order of time.

    Who asks for changes takes back what they approved before. Who approves a newer commit takes nothing back.
    """
    standing: frozenset[Approval] = frozenset()
    for review in reviews:
        login = review.user.login if review.user else ""
        if review.state in ("APPROVED", "DISMISSED"):
            standing |= {Approval(login, review.commit_id, dismissed=review.state == "DISMISSED")}
        elif review.state == "CHANGES_REQUESTED":
            standing = frozenset(one for one in standing if one.login != login)
    return standing
