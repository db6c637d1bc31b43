"""Approval by the second identity: only what was verified, only the commit that was verified, only once."""

from __future__ import annotations

from ml_action.core.records.promotion import PullRequest
from ml_action.forge.base import Approval, Forge, Refused

REVIEW_BODY = (
    "Verified by ml-auto-update: repository, branch, commit and changed paths are those of its own attempt. "
    "This approval is for commit {commit} only."
)


def approve_once(pull: PullRequest, commit: str, forge: Forge) -> tuple[bool, str]:
    """Approve a verified commit of a pull request: whether it is approved now, and what there is to say.

    What forbids it ends in a sentence and not in an error: a person can still approve.
    """
    approver = forge.approver()
    if not approver:
        return False, "not approved: no approver-token was given; a person can approve it"
    if approver == pull.author:
        return False, (
            f"not approved: {approver} opened it, and GitHub lets nobody approve their own pull request; "
            "give token and approver-token two identities"
        )
    given = forge.approvals(pull)
    if Approval(approver, commit) in given:
        return True, f"approved already by {approver}"
    if Approval(approver, commit, dismissed=True) in given:
        return (
            False,
            f"not approved: somebody dismissed the approval of {approver} for this commit; a person can approve it",
        )
    try:
        forge.approve(pull, commit, REVIEW_BODY.format(commit=commit))
    except Refused as refusal:
        return False, f"not approved: {refusal.what}; {refusal.why}; {refusal.fix}"
    return True, f"approved by {approver}"
