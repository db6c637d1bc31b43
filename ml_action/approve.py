"""The story of `mode: approve`: a separate workflow approves what the journal vouches for, and nothing else.

The label that starts it proves nothing, since many people may set labels. The model is never loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_action import journal
from ml_action.approving import approve_once
from ml_action.forge import Forge
from ml_action.proposal import fenced
from ml_action.records import Attempt, Outcome, Publication, PullRequest, Verdict
from ml_action.settings import Settings
from ml_action.tools import Tools
from ml_action.verification import objections


def approve(settings: Settings, tools: Tools) -> Outcome:
    """Approves the proposal that the journal's last attempt made, or says every reason why not."""
    state = journal.read(tools.repository.store, tools.tips.state)
    attempt = state.proposed or state.last
    if attempt is None:
        nothing = Publication(blocked="not approved: the journal holds no attempt yet")
        return Outcome(Verdict.BLOCKED, nothing.blocked, "run the loop first", publication=nothing)
    forge = tools.forge()
    done = verify_and_approve(
        attempt,
        forge,
        repository=forge.repository,
        branch=tools.branches.proposal,
        base=tools.branches.base,
        model_dir=settings.model_dir,
        label=settings.label,
    )
    verdict = Verdict.BLOCKED if done.blocked else Verdict.PROMOTE
    reason = done.blocked or "; ".join(done.notes) or f"approved {attempt.version} at {attempt.commit[:12]}"
    after = "a person decides" if done.blocked else "GitHub merges it when its requirements are met, or a person does"
    return Outcome(verdict, reason, after, attempt=attempt, publication=done)


def verify_and_approve(
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
    if attempt.verdict not in (Verdict.PROMOTE, Verdict.ROLLBACK) or not attempt.digest:
        yield f"the journal's last attempt promotes nothing: its verdict is {attempt.verdict}"
    if attempt.forced:
        yield "a person forced it: a person approves it"
    if attempt.pull_request and attempt.pull_request != pull.number:
        yield f"the journal names pull request {attempt.pull_request}, not {pull.number}"
    if label.casefold() not in (name.casefold() for name in pull.labels):
        yield f"the label {label} is not on it"


def _refused(pull: PullRequest, reasons: tuple[str, ...], forge: Forge) -> Publication:
    """Not approved: said once in the pull request, every time in the run."""
    forge.comment_once(pull, "refused", "ml-auto-update does not approve this pull request:\n\n" + fenced(reasons))
    return Publication(pull, blocked="not approved: " + "; ".join(reasons))
