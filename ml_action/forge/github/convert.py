"""Converts GitHub's pull requests, merge states and reviews to our records."""

from __future__ import annotations

from collections.abc import Iterable

from github.PullRequest import PullRequest as RawPullRequest
from github.PullRequestReview import PullRequestReview

from ml_action.core.records.promotion import MergeState, PullRequest
from ml_action.forge.base import Approval

# https://docs.github.com/en/graphql/reference/enums#mergestatestatus, in lower case as in REST
MERGE_STATES = {
    "clean": MergeState.READY,
    "has_hooks": MergeState.READY,
    "blocked": MergeState.REQUIREMENTS_MISSING,
    "behind": MergeState.OUTDATED,
    "dirty": MergeState.CONFLICTING,
    "draft": MergeState.DRAFT,
    "unstable": MergeState.OPTIONAL_CHECK_OPEN,
}


def merge_state(mergeable_state: str | None) -> MergeState:
    """Returns our state for GitHub's, which is "unknown" or absent while GitHub computes it."""
    return MERGE_STATES.get(mergeable_state or "", MergeState.UNKNOWN)


def pull_request(raw: RawPullRequest, *, complete: bool) -> PullRequest:
    """Returns our record of a pull request.

    Args:
        raw: PyGithub's object.
        complete: whether the object comes from a single request. Objects from lists lack the merge state and the
            number of commits, and reading those would send another request.

    Raises:
        ValueError: the response is not a pull request.
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
        merge_state=merge_state(raw.mergeable_state) if complete else MergeState.UNKNOWN,
        commits=raw.commits if complete else 1,
    )


def approvals(reviews: Iterable[PullRequestReview]) -> frozenset[Approval]:
    """Returns the approvals in effect and the dismissed ones; `reviews` are in chronological order.

    A request for changes revokes the reviewer's earlier approvals. An approval of a newer commit revokes none.
    """
    found: frozenset[Approval] = frozenset()
    for review in reviews:
        login = review.user.login if review.user else ""
        if review.state in ("APPROVED", "DISMISSED"):
            found |= {Approval(login, review.commit_id, dismissed=review.state == "DISMISSED")}
        elif review.state == "CHANGES_REQUESTED":
            found = frozenset(approval for approval in found if approval.login != login)
    return found
