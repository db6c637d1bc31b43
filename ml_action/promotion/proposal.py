"""The promotion that a recorded attempt makes, as data."""

from __future__ import annotations

from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.promotion import Proposal
from ml_action.promotion.pull_request_text import title_of, wrap_body
from ml_action.promotion.recording import RecordedAttempt, Recorder


def proposal_of(recorded: RecordedAttempt, recorder: Recorder, limit: int) -> Proposal:
    """The promotion as data, from the journal alone. `limit`: characters that the forge allows in a title."""
    attempt, state, options = recorded.attempt, recorded.state, recorder.publication
    heading = title_of(recorder.name, attempt, limit)
    return Proposal(
        name=recorder.name,
        base=recorder.branches.base,
        branch=recorder.branches.proposal,
        commit=attempt.commit,
        title=heading,
        body=wrap_body(state.report, attempt.fingerprint, heading),
        label=options.label,
        fingerprint=attempt.fingerprint,
        model_dir=options.model_dir,
        merge_method=options.merge_method,
        autonomy=_autonomy(attempt, options.autonomy),
        draft=attempt.draft,
        number=attempt.pull_request,
        drafted=frozenset(one.fingerprint for one in state.attempts if one.draft),
        alone=attempt.rolls_back,
    )


def _autonomy(attempt: Attempt, wanted: Autonomy) -> Autonomy:
    """How far the bot goes: never beyond the proposal of a draft or of a forced attempt."""
    if attempt.draft or attempt.forced:
        return min(wanted, Autonomy.PROPOSE, key=list(Autonomy).index)
    return wanted
