"""`mode: approve`: what a label-triggered workflow calls. Reads the journal, verifies, approves; see `approve`."""

from __future__ import annotations

from ml_action import journal
from ml_action.approve import approve as verify_and_approve
from ml_action.records import Outcome, Publication, Verdict
from ml_action.settings import Settings
from ml_action.tools import Tools


def approve(settings: Settings, tools: Tools) -> Outcome:
    """Approves the proposal that the journal's last attempt made, or says every reason why not."""
    attempt = journal.read(tools.repository.store, tools.tips.state).last
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
