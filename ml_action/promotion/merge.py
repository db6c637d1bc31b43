"""From a pull request that stands to a merge: verified, approved, and merged as GitHub's state allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ml_action.core.records.promotion import Publication, PullRequest
from ml_action.forge.base import Answer, Reply
from ml_action.promotion.approval import approve_once
from ml_action.promotion.context import PAUSE, Context, is_foreign, leave
from ml_action.promotion.merge_rules import LOOKS, Step, next_step, reason
from ml_action.promotion.verification import objections


def verify(context: Context, publication: Publication, pull: PullRequest) -> Publication:
    """Nothing is approved or merged that is not exactly ours."""
    proposal, forge = context.proposal, context.forge
    paths = forge.changed_paths(pull)
    found = objections(
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
    return leave(context, replace(publication, blocked=text), pull)


def approve(context: Context, publication: Publication, pull: PullRequest) -> Publication:
    """By the second identity, once for each commit."""
    approved, note = approve_once(pull, context.proposal.commit, context.forge)
    context.say(note)
    return replace(publication, approved=approved, notes=(*publication.notes, note))


def merge(context: Context, publication: Publication, pull: PullRequest) -> Publication:
    """By the table in `merging`: now, by auto-merge, or through the queue."""
    ending = _walk(context, pull)
    context.say(ending.note)
    notes = (*publication.notes, ending.note)
    return replace(publication, pull_request=ending.pull, merge_state=ending.state, notes=notes, stale=ending.stale)


@dataclass(frozen=True)
class _Ending:
    """Where the attempt to merge ended, and why."""

    pull: PullRequest
    state: str
    note: str
    stale: str = ""


def _walk(context: Context, pull: PullRequest) -> _Ending:
    """Look, act, and look again while GitHub is still computing."""
    for looks in range(LOOKS):
        if looks:
            context.pause(PAUSE)
        pull = context.forge.get(pull.number)
        ending = _overtaken(context, pull)
        if ending is None and pull.head_sha == context.proposal.commit:
            ending = _advance(context, pull, looks)
        if ending:
            return ending
    return _Ending(pull, "waiting", f"not merged yet: {reason(pull.mergeable_state)}")


def _overtaken(context: Context, pull: PullRequest) -> _Ending | None:
    """Somebody was faster: merged it, closed it, or pushed to it."""
    if pull.state == "merged":
        return _Ending(pull, "merged", f"pull request {pull.number} is merged")
    if pull.state != "open":
        return _Ending(pull, "blocked", f"not merged: pull request {pull.number} was closed meanwhile")
    if is_foreign(context, pull):
        return _Ending(pull, "blocked", f"not merged: its head moved to {pull.head_sha[:12]} meanwhile")
    return None


def _advance(context: Context, pull: PullRequest, looks: int) -> _Ending | None:
    """One step of the table in `merging`; None: look again."""
    step = next_step(pull.mergeable_state, looks)
    if step is Step.REBUILD:
        why = reason(pull.mergeable_state)
        return _Ending(pull, "waiting", f"not merged yet: {why}", stale=why)
    if step in (Step.LATER, Step.LEAVE):
        state = "waiting" if step is Step.LATER else "blocked"
        return _Ending(pull, state, f"not merged: {reason(pull.mergeable_state)}")
    if step is Step.ENABLE:
        answer = _act(context, context.forge.enable_auto_merge, pull)
        if answer.reply is not Reply.CLEAN:
            return _concluded(context, pull, answer, _armed)
        step = Step.MERGE  # its requirements were met between our look and our request
    if step is Step.MERGE:
        answer = _act(context, context.forge.merge, pull)
        if answer.reply is Reply.QUEUE:
            return _concluded(context, pull, context.forge.enqueue(pull, context.proposal.commit), _queued)
        return _concluded(context, pull, answer, _merged)
    return None


def _act(context: Context, ask: Callable[[PullRequest, str, str], Answer], pull: PullRequest) -> Answer:
    return ask(pull, context.proposal.commit, context.proposal.merge_method)


def _concluded(
    context: Context, pull: PullRequest, answer: Answer, done: Callable[[Context, PullRequest], _Ending]
) -> _Ending | None:
    """What the forge's answer means for the walk; None: look again."""
    if answer.reply is Reply.DONE:
        return done(context, pull)
    if answer.reply is Reply.QUEUED:
        return _queued(context, pull)
    if answer.reply is Reply.REFUSED:
        return _Ending(pull, "blocked", f"not merged: {answer.text}")
    return None


def _merged(context: Context, pull: PullRequest) -> _Ending:  # noqa: ARG001
    return _Ending(replace(pull, state="merged"), "merged", f"pull request {pull.number} is merged")


def _queued(context: Context, pull: PullRequest) -> _Ending:  # noqa: ARG001
    return _Ending(pull, "queued", "it stands in the merge queue of the base branch")


def _armed(context: Context, pull: PullRequest) -> _Ending:
    """Auto-merge is on; it may have fired at once."""
    fresh = context.forge.get(pull.number)
    if fresh.state == "merged":
        return _merged(context, fresh)
    return _Ending(
        fresh, "enabled", "auto-merge is on: it waits for the reviews and checks that the base branch requires"
    )
