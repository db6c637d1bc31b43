"""Verifies, approves and merges an open pull request, as far as its merge state allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from ml_action.core.records.promotion import MergeProgress, Publication, PullRequest
from ml_action.forge.base import MergeAnswer, MergeReply
from ml_action.promotion.approval import approve_once
from ml_action.promotion.merge_rules import MAX_POLLS, Step, next_step, reason
from ml_action.promotion.publication import PublicationContext, hand_over
from ml_action.promotion.verification import ExpectedPullRequest, find_objections


def verify(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """Hands the pull request over to a person if anything about it is not exactly ours."""
    proposal, forge = context.proposal, context.forge
    number = 0 if publication.opened else proposal.number
    expected = ExpectedPullRequest(context.ownership, number, proposal.commit, proposal.model_dir)
    paths = forge.changed_paths(pull)
    objections = find_objections(pull, expected, paths, forge.limits) or tuple(context.check_contents(paths))
    if not objections:
        return publication
    text = f"pull request {pull.number} is left to a person: {'; '.join(objections)}"
    return hand_over(context, replace(publication, blocked=text), pull)


def approve(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """Approves as the second identity, once for each commit."""
    result = approve_once(pull, context.proposal.commit, context.forge)
    context.report(result.note)
    return replace(publication, approved=result.approved, notes=(*publication.notes, result.note))


def merge(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """Merges according to `merge_rules`: now, by auto-merge, or through the queue."""
    result = _merge_loop(context, pull)
    context.report(result.note)
    return replace(
        publication,
        pull_request=result.pull,
        merge_progress=result.progress,
        notes=(*publication.notes, result.note),
        stale=result.stale,
    )


@dataclass(frozen=True)
class _MergeResult:
    """Where the attempt to merge ended, and why."""

    pull: PullRequest
    progress: MergeProgress
    note: str
    stale: str = ""  # why the proposal has to be rebuilt


def _merge_loop(context: PublicationContext, pull: PullRequest) -> _MergeResult:
    """Reads the state and acts on it, again while the forge is still computing it."""
    for polls in range(MAX_POLLS):
        if polls:
            context.wait_for_forge()
        pull = context.forge.get(pull.number)
        result = _changed_meanwhile(context, pull)
        if result is None and pull.head_sha == context.proposal.commit:
            result = _step(context, pull, polls)
        if result:
            return result
    return _not_yet(context, pull)


def _changed_meanwhile(context: PublicationContext, pull: PullRequest) -> _MergeResult | None:
    """Returns the end if another user merged it, closed it, or pushed to it."""
    if pull.state == "merged":
        return _merged(pull)
    if pull.state != "open":
        return _blocked(pull, f"pull request {pull.number} was closed meanwhile")
    if context.has_foreign_head(pull):
        return _blocked(pull, f"its head moved to {pull.head_sha[:12]} meanwhile")
    return None


def _step(context: PublicationContext, pull: PullRequest, polls: int) -> _MergeResult | None:
    """Takes one step of `merge_rules`. Returns its end, or `None` if the state has to be read again."""
    step = next_step(pull.merge_state, polls)
    why = reason(pull.merge_state, context.forge.name)
    match step:
        case Step.MERGE:
            return _merge_now(context, pull)
        case Step.ENABLE:
            return _merge_later(context, pull)
        case Step.REBUILD:
            return replace(_not_yet(context, pull), stale=why)
        case Step.WAIT:
            return None
        case Step.LATER:
            return _MergeResult(pull, MergeProgress.WAITING, f"not merged: {why}")
        case Step.LEAVE:
            return _blocked(pull, why)
        case _:
            assert_never(step)


def _merge_now(context: PublicationContext, pull: PullRequest) -> _MergeResult | None:
    proposal, queue = context.proposal, context.forge.merge_queue
    answer = context.forge.merge(pull, proposal.commit, proposal.merge_method)
    if answer.reply is MergeReply.QUEUE_REQUIRED:
        if queue is None:
            return _blocked(pull, answer.text)
        answer = queue.add(pull, proposal.commit)
        return _queued(pull) if answer.reply is MergeReply.DONE else _end(answer, pull)
    return _merged(pull) if answer.reply is MergeReply.DONE else _end(answer, pull)


def _merge_later(context: PublicationContext, pull: PullRequest) -> _MergeResult | None:
    """Enables auto-merge. A forge that lacks it leaves the merge to the next run."""
    proposal, auto_merge = context.proposal, context.forge.auto_merge
    if auto_merge is None:
        note = f"not merged yet: a requirement is missing, and {context.forge.name} has no auto-merge"
        return _MergeResult(pull, MergeProgress.WAITING, note)
    answer = auto_merge.enable(pull, proposal.commit, proposal.merge_method)
    if answer.reply is MergeReply.MERGEABLE_NOW:  # its requirements were met between our read and our request
        return _merge_now(context, pull)
    return _enabled(context, pull) if answer.reply is MergeReply.DONE else _end(answer, pull)


# --- ends -------------------------------------------------------------------------------------------------


def _end(answer: MergeAnswer, pull: PullRequest) -> _MergeResult | None:
    """Returns the end that an unsuccessful answer amounts to, or `None` if the state has to be read again."""
    match answer.reply:
        case MergeReply.QUEUED:
            return _queued(pull)
        case MergeReply.REFUSED:
            return _blocked(pull, answer.text)
        case MergeReply.TRY_AGAIN | MergeReply.HEAD_MOVED | MergeReply.MERGEABLE_NOW | MergeReply.QUEUE_REQUIRED:
            return None
        case MergeReply.DONE:
            raise AssertionError("the caller handles success")
        case _:
            assert_never(answer.reply)


def _merged(pull: PullRequest) -> _MergeResult:
    merged = replace(pull, state="merged")
    return _MergeResult(merged, MergeProgress.MERGED, f"pull request {pull.number} is merged")


def _queued(pull: PullRequest) -> _MergeResult:
    return _MergeResult(pull, MergeProgress.QUEUED, "it is in the merge queue of the base branch")


def _blocked(pull: PullRequest, why: str) -> _MergeResult:
    return _MergeResult(pull, MergeProgress.BLOCKED, f"not merged: {why}")


def _not_yet(context: PublicationContext, pull: PullRequest) -> _MergeResult:
    why = reason(pull.merge_state, context.forge.name)
    return _MergeResult(pull, MergeProgress.WAITING, f"not merged yet: {why}")


def _enabled(context: PublicationContext, pull: PullRequest) -> _MergeResult:
    """Returns that auto-merge is on; or that the pull request is merged, if that happened at once."""
    fresh = context.forge.get(pull.number)
    if fresh.state == "merged":
        return _merged(fresh)
    note = "auto-merge is on: it waits for the reviews and checks that the base branch requires"
    return _MergeResult(fresh, MergeProgress.ENABLED, note)
