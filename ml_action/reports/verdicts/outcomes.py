"""What a run says at its end: why it did no more, and what happens next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ml_action.core.formatting import apart
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.contract import ColumnDrift
from ml_action.core.records.dataset import Trigger
from ml_action.core.records.promotion import MergeProgress, Publication
from ml_action.datasets.trigger import remaining

MORE_DATASETS = "nothing until more datasets arrive; the next run counts again"
MORE_DRIFT = "nothing until more datasets arrive; the next run counts and looks again"
CORRECT_FILES = "correct the files that were set aside, or wait for more datasets; a corrected file counts as new"
ON_ITS_BRANCH = "the proposal is on its branch"
LOST_RACE = "another run recorded its result first; this one changed nothing"
SET_CONCURRENCY = "nothing: the other run's result is kept; set a `concurrency` group so that runs wait for each other"


# --- reasons ----------------------------------------------------------------------------------------------------


def no_drift(counted: Trigger, shifts: Sequence[ColumnDrift]) -> str:
    """Returns why a run did not train although there are enough datasets to look for drift."""
    largest = "there is too little to compare"
    if shifts:
        size, sure = apart(shifts[0].effect, shifts[0].least, 0)
        largest = f"the largest is {size}, {sure} of it beyond chance"
    missing = remaining(counted.threshold - counted.count, counted.unit)
    return f"waiting {counted.count}/{counted.threshold}: no drift ({largest}), {missing} a training"


def already_judged(attempt: Attempt, rollback: Attempt | None) -> str:
    """Returns why a run did not train: data, settings and champion are those of an attempt."""
    reason = f"the same work was done before: attempt {attempt.id} ended with {attempt.verdict}"
    return f"{reason}, and {attempt.version} {rolled_back(rollback)}" if rollback else reason


def rolled_back(rollback: Attempt) -> str:
    """Returns what was done to a version, as the end of a sentence."""
    return f"was rolled back on {rollback.time[:10]} ({rollback.reason})"


# --- next steps -------------------------------------------------------------------------------------------------


def next_training(threshold: int, unit: str) -> str:
    """Returns what the next training waits for."""
    return f"the next training waits for {threshold} further {unit}"


def after_attempt(attempt: Attempt, publication: Publication | None, autonomy: Autonomy, waits: str) -> str:
    """Returns what happens next after an attempt; `waits` is the sentence of `next_training`."""
    if attempt.verdict in (Verdict.INCOMPARABLE, Verdict.REVIEW):
        return f"the champion stays. {_person_decides(attempt, publication)}"
    if attempt.verdict is not Verdict.PROMOTE:
        return f"the champion stays; {waits} and will use these as well"
    if autonomy is Autonomy.REPORT:
        return "nothing: autonomy is report; with propose, the next training that proves better opens a pull request"
    return after_publication(publication) if publication else ON_ITS_BRANCH


def _person_decides(attempt: Attempt, publication: Publication | None) -> str:
    draft = publication.pull_request if publication else None
    if draft:
        return f"pull request #{draft.number} is a draft for a person: merge it if the data are right, or close it"
    return f"A person decides: {attempt.decision.outlook if attempt.decision else 'a person looks'}"


def after_rollback(attempt: Attempt, publication: Publication | None) -> str:
    """Returns what happens next after a rollback."""
    if publication is None:
        return "nothing: autonomy is report; with propose a pull request is opened"
    if publication.merge_progress is MergeProgress.MERGED:
        return f"{attempt.version} is on the base branch again: the service picks it up"
    return after_publication(publication)


def after_watch(rollback: Attempt, publication: Publication) -> str:
    """Returns what happens next after an attempt that made the watch roll back."""
    return f"the watch goes back to {rollback.version}: {after_rollback(rollback, publication)}"


def after_publication(publication: Publication) -> str:
    """Returns what happens next to a promotion."""
    pull = publication.pull_request
    if pull and pull.state == "closed":
        return f"pull request #{pull.number} was closed by a person: this data will not propose it again"
    if publication.fix:
        return _open_by_hand(publication)
    if publication.blocked:
        return "a person decides; the next run looks again"
    if publication.merge_progress is MergeProgress.MERGED:
        return "the new model is on the base branch: the service picks it up"
    if pull is None:
        return f"{ON_ITS_BRANCH}; merge that branch to put the model into production"
    return f"pull request #{pull.number} is open: {_waits_for(publication.merge_progress)}"


def _waits_for(progress: MergeProgress) -> str:
    """Returns what merges an open pull request."""
    match progress:
        case MergeProgress.ENABLED:
            return "GitHub merges it when its requirements are met"
        case MergeProgress.QUEUED:
            return "the merge queue merges it when its turn comes"
        case MergeProgress.WAITING:
            return "the next run looks again"
        case MergeProgress.NONE | MergeProgress.BLOCKED | MergeProgress.MERGED:
            return "a person reviews and merges it"
        case _:
            assert_never(progress)


def _open_by_hand(publication: Publication) -> str:
    """Returns what to do about a pull request that the bot may not open."""
    where = f": {publication.compare_url}" if publication.compare_url else ""
    return f"open it by hand{where}; or let the bot, and the next run opens it: {publication.fix}"
