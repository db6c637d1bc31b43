"""The story of `mode: approve`: a separate workflow approves what the journal vouches for, and nothing else.

The label that starts it proves nothing, since many people may set labels. The model is never loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_action.approving import approve_once
from ml_action.forge import Forge
from ml_action.proposal import fenced
from ml_action.records import Attempt, Publication, PullRequest, Verdict
from ml_action.verification import objections


def approve(
    attempt: Attempt, forge: Forge, *, repository: str, branch: str, base: str, model_dir: str, label: str
) -> Publication:
    """Approve the promotion that this attempt made, bound to its commit; or refuse with every reason."""
    pull = forge.find(branch)
    if pull is None:
        return Publication(blocked=f"not approved: there is no pull request from {branch}")
    if pull.state == "merged":
        return Publication(pull, merge_state="merged", notes=("nothing to approve: it is merged",))
    reasons = (
        *_of_the_journal(pull, attempt, label),
        *objections(
            pull,
            repository=repository,
            branch=branch,
            base=base,
            commit=attempt.commit,
            authors=None,
            paths=forge.changed_paths(pull),
            model_dir=model_dir,
        ),
    )
    if reasons:
        return _refused(pull, reasons, forge)
    approved, note = approve_once(pull, attempt.commit, forge)
    return Publication(pull, approved=approved, notes=(note,) if approved else (), blocked="" if approved else note)


def _of_the_journal(pull: PullRequest, attempt: Attempt, label: str) -> Iterator[str]:
    """What the journal and the label say against it."""
    if attempt.verdict is not Verdict.PROMOTE or not attempt.digest:
        yield f"the journal's last attempt promotes nothing: its verdict is {attempt.verdict}"
    if attempt.pull_request and attempt.pull_request != pull.number:
        yield f"the journal names pull request {attempt.pull_request}, not {pull.number}"
    if label.casefold() not in (name.casefold() for name in pull.labels):
        yield f"the label {label} is not on it"


def _refused(pull: PullRequest, reasons: tuple[str, ...], forge: Forge) -> Publication:
    """Not approved: said once in the pull request, every time in the run."""
    forge.comment_once(pull, "refused", "ml-auto-update does not approve this pull request:\n\n" + fenced(reasons))
    return Publication(pull, blocked="not approved: " + "; ".join(reasons))
