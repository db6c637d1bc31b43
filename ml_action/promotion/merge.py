"""From a pull request that stands to a merge: verified, approved, and merged as GitHub's state allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ml_action.core.records.promotion import Publication, PullRequest
from ml_action.forge.base import MergeAnswer, MergeReply
from ml_action.promotion.approval import approve_once
from ml_action.promotion.context import PAUSE, PublicationContext, hand_over, is_foreign
from ml_action.promotion.merge_rules import MAX_POLLS, Step, next_step, reason
from ml_action.promotion.verification import find_objections


def verify(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """Nothing is approved or merged that is not exactly ours."""
    proposal, forge = context.proposal, context.forge
    paths = forge.changed_paths(pull)
    found = find_objections(
        pull,
        repository=forge.repository,
        branch=proposal.branch,
        base=proposal.base,
        commit=proposal.commit,
        authors=frozenset({forge.author()}),
        paths=paths,
        model_dir=proposal.model_dir,
    ) or tuple(context.examine(paths))
    if not found:
        return publication
    text = f"pull request {pull.number} is left to a person: {'; '.join(found)}"
    return hand_over(context, replace(publication, blocked=text), pull)


def approve(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """By the second identity, once for each commit."""
    approved, note = approve_once(pull, context.proposal.commit, context.forge)
    context.say(note)
    return replace(publication, approved=approved, notes=(*publication.notes, note))


def merge(context: PublicationContext, publication: Publication, pull: PullRequest) -> Publication:
    """By the table in `merging`: now, by auto-merge, or through the queue."""
    ending = _merge_loop(context, pull)
    context.say(ending.note)
    notes = (*publication.notes, ending.note)
    return replace(publication, pull_request=ending.pull, merge_state=ending.state, notes=notes, stale=ending.stale)


@dataclass(frozen=True)
class _MergeResult:
    """Where the attempt to merge ended, and why."""

    pull: PullRequest
    state: str
    note: str
    stale: str = ""


def _merge_loop(context: PublicationContext, pull: PullRequest) -> _MergeResult:
    """Look, act, and look again while GitHub is still computing."""
    for looks in range(MAX_POLLS):
        if looks:
            context.pause(PAUSE)
        pull = context.forge.get(pull.number)
        ending = _changed_meanwhile(context, pull)
        if ending is None and pull.head_sha == context.proposal.commit:
            ending = _step(context, pull, looks)
        if ending:
            return ending
    return _MergeResult(pull, "waiting", f"not merged yet: {reason(pull.mergeable_state)}")


def _changed_meanwhile(context: PublicationContext, pull: PullRequest) -> _MergeResult | None:
    """Somebody was faster: merged it, closed it, or pushed to it."""
    if pull.state == "merged":
        return _MergeResult(pull, "merged", f"pull request {pull.number} is merged")
    if pull.state != "open":
        return _MergeResult(pull, "blocked", f"not merged: pull request {pull.number} was closed meanwhile")
    if is_foreign(context, pull):
        return _MergeResult(pull, "blocked", f"not merged: its head moved to {pull.head_sha[:12]} meanwhile")
    return None


def _step(context: PublicationContext, pull: PullRequest, looks: int) -> _MergeResult | None:
    """One step of the table in `merging`; None: look again."""
    step = next_step(pull.mergeable_state, looks)
    if step is Step.REBUILD:
        why = reason(pull.mergeable_state)
        return _MergeResult(pull, "waiting", f"not merged yet: {why}", stale=why)
    if step in (Step.LATER, Step.LEAVE):
        state = "waiting" if step is Step.LATER else "blocked"
        return _MergeResult(pull, state, f"not merged: {reason(pull.mergeable_state)}")
    if step is Step.ENABLE:
        answer = _act(context, context.forge.enable_auto_merge, pull)
        if answer.reply is not MergeReply.CLEAN:
            return _concluded(context, pull, answer, _armed)
        step = Step.MERGE  # its requirements were met between our look and our request
    if step is Step.MERGE:
        answer = _act(context, context.forge.merge, pull)
        if answer.reply is MergeReply.QUEUE:
            return _concluded(context, pull, context.forge.enqueue(pull, context.proposal.commit), _queued)
        return _concluded(context, pull, answer, _merged)
    return None


def _act(
    context: PublicationContext, ask: Callable[[PullRequest, str, str], MergeAnswer], pull: PullRequest
) -> MergeAnswer:
    return ask(pull, context.proposal.commit, context.proposal.merge_method)


def _concluded(
    context: PublicationContext,
    pull: PullRequest,
    answer: MergeAnswer,
    done: Callable[[PublicationContext, PullRequest], _MergeResult],
) -> _MergeResult | None:
    """What the forge's answer means for the walk; None: look again."""
    if answer.reply is MergeReply.DONE:
        return done(context, pull)
    if answer.reply is MergeReply.QUEUED:
        return _queued(context, pull)
    if answer.reply is MergeReply.REFUSED:
        return _MergeResult(pull, "blocked", f"not merged: {answer.text}")
    return None


def _merged(context: PublicationContext, pull: PullRequest) -> _MergeResult:  # noqa: ARG001
    return _MergeResult(replace(pull, state="merged"), "merged", f"pull request {pull.number} is merged")


def _queued(context: PublicationContext, pull: PullRequest) -> _MergeResult:  # noqa: ARG001
    return _MergeResult(pull, "queued", "it stands in the merge queue of the base branch")


def _armed(context: PublicationContext, pull: PullRequest) -> _MergeResult:
    """Auto-merge is on; it may have fired at once."""
    fresh = context.forge.get(pull.number)
    if fresh.state == "merged":
        return _merged(context, fresh)
    return _MergeResult(
        fresh, "enabled", "auto-merge is on: it waits for the reviews and checks that the base branch requires"
    )
