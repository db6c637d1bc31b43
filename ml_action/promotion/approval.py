"""Approval by the second identity: only what was verified, only the verified commit, and only once."""

from __future__ import annotations

from dataclasses import dataclass

from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import Approval, Forge, Refused

REVIEW_BODY = (
    "Verified by ml-auto-update: repository, branch, commit and changed paths are those of its own attempt. "
    "This approval is for commit {commit} only."
)


@dataclass(frozen=True)
class ApprovalResult:
    """Whether a commit is approved now, and a sentence about it."""

    approved: bool
    note: str


def approve_once(pull: PullRequest, commit: str, forge: Forge) -> ApprovalResult:
    """Approves a verified commit of a pull request.

    If the approval is impossible, the result says why and no error is raised: a person can still approve.
    """
    approver = forge.approver()
    obstacle = _obstacle(pull, approver, forge)
    if obstacle:
        return ApprovalResult(approved=False, note=f"not approved: {obstacle}")
    given = forge.approvals(pull)
    if Approval(approver, commit) in given:
        return ApprovalResult(approved=True, note=f"approved already by {approver}")
    if Approval(approver, commit, dismissed=True) in given:
        note = f"not approved: the approval of {approver} for this commit was dismissed; a person can approve it"
        return ApprovalResult(approved=False, note=note)
    try:
        forge.approve(pull, commit, REVIEW_BODY.format(commit=commit))
    except Refused as refusal:
        return ApprovalResult(approved=False, note=f"not approved: {refusal.what}; {refusal.why}; {refusal.fix}")
    return ApprovalResult(approved=True, note=f"approved by {approver}")


def _obstacle(pull: PullRequest, approver: str, forge: Forge) -> str:
    """Returns why this identity cannot approve the pull request, or "" if it can."""
    if not approver:
        return "no approver-token was given; a person can approve it"
    if approver == pull.author:
        return (
            f"{approver} opened it, and {forge.name} lets no author approve their own pull request; "
            "give token and approver-token two identities"
        )
    return ""
