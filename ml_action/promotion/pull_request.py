"""The pull request stands, as the proposal wants it: found, kept up or opened, and closed when it is overtaken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ml_action.core.records.promotion import Proposal, Publication, PullRequest
from ml_action.forge.base import Forbidden, Forge, Refused
from ml_action.promotion.context import PAUSE, PublicationContext, hand_over, is_foreign
from ml_action.promotion.merge_rules import outdated
from ml_action.promotion.pull_request_text import fingerprint_in, is_our_title, merge_body

MAX_STALE_READS = 3  # looks at a pull request that does not show our push yet

FOREIGN_COMMIT = (
    "ml-auto-update stops here: this branch holds a commit that it did not make. It overwrites nobody.\n\n"
    "Merge or close this pull request as you see fit. To have the bot go on, close it and delete the branch."
)


def ensure_pull_request(context: PublicationContext) -> Publication:
    """Find, keep up or open the pull request; or see that a person has decided already."""
    proposal, forge = context.proposal, context.forge
    pull = forge.find(proposal.branch)
    if pull and pull.state == "open" and proposal.alone and not _is_ours_alone(pull, proposal):
        why = f"“{proposal.title}” takes its branch, and has a pull request of its own"
        pull = withdraw(proposal.branch, forge, context.known | {proposal.commit}, why, context.say)
    opened = pull is None or _is_of_another_promotion(pull, proposal)
    if pull is None or opened:
        try:
            pull = forge.open(replace(proposal, body=merge_body("", proposal.body)))
        except Forbidden as refusal:
            return _kept(context, refusal)
        if pull is None:
            return Publication(notes=("no pull request was opened: nothing leaves this machine",))
        context.say(f"pull request {pull.number} is open: {pull.url}")
    if pull.state == "merged":
        return Publication(pull, merge_state="merged", notes=(f"pull request {pull.number} is merged already",))
    if pull.state == "closed":
        text = f"pull request {pull.number} for the same work was closed by a person; it is not opened again"
        return Publication(pull, blocked=text)
    return replace(_update(context, pull), opened=opened)


def _kept(context: PublicationContext, refusal: Forbidden) -> Publication:
    """Nothing is lost that was trained: the branch is pushed, and a person may open what the bot may not."""
    context.say(str(refusal))
    text = f"the proposal is pushed, and its pull request could not be opened: {refusal.what}; {refusal.why}"
    return Publication(blocked=text, mend=refusal.fix)


def _is_of_another_promotion(pull: PullRequest, proposal: Proposal) -> bool:
    """Whether this finished pull request was about other work: branches are used again, decisions are not."""
    same = fingerprint_in(pull.body) == proposal.fingerprint or pull.head_sha == proposal.commit
    return pull.state != "open" and not (_is_ours_alone(pull, proposal) if proposal.alone else same)


def _is_ours_alone(pull: PullRequest, proposal: Proposal) -> bool:
    """Whether the pull request was opened for this proposal: the one before it may show its commit by now."""
    said = fingerprint_in(pull.body)
    return said == proposal.fingerprint if said else pull.head_sha == proposal.commit


def _update(context: PublicationContext, pull: PullRequest) -> Publication:
    """Bring text and label of the open pull request up to date, unless a person pushed to its branch."""
    pull = _with_our_push(context, pull)
    if is_foreign(context, pull):
        context.forge.comment_once(pull, "commit-by-a-person", FOREIGN_COMMIT)
        text = f"commit {pull.head_sha[:12]} on {pull.head_branch} is not the bot's: nothing was overwritten"
        return hand_over(context, Publication(pull, blocked=text), pull)
    pull = _with_our_text(context, _out_of_our_draft(context, pull))
    if pull.head_sha != context.proposal.commit:
        text = f"GitHub does not show commit {context.proposal.commit[:12]} in pull request {pull.number} yet"
        return Publication(pull, merge_state="waiting", notes=(text,))
    stale = _outdated(context, pull) if context.proposal.moved else ""
    return Publication(pull, notes=_labelled(context, pull), stale=stale)


def _outdated(context: PublicationContext, pull: PullRequest) -> str:
    """Why it has to be built anew: the base branch has moved, which a list of pull requests does not tell."""
    fresh = context.forge.get(pull.number)
    return outdated(fresh.mergeable_state, fresh.commits) if fresh.state == "open" else ""


def _with_our_push(context: PublicationContext, pull: PullRequest) -> PullRequest:
    """The pull request once it shows our commit: GitHub moves its head a moment after the branch."""
    for _ in range(MAX_STALE_READS):
        if pull.head_sha == context.proposal.commit or not context.is_known(pull.head_sha):
            break
        context.pause(PAUSE)
        pull = context.forge.get(pull.number)
    return pull


def _out_of_our_draft(context: PublicationContext, pull: PullRequest) -> PullRequest:
    """The pull request ready for review, if it is a draft because an earlier attempt of ours was one."""
    proposal = context.proposal
    ours = pull.draft and not proposal.draft and fingerprint_in(pull.body) in proposal.drafted
    return context.forge.ready(pull) if ours else pull


def _with_our_text(context: PublicationContext, pull: PullRequest) -> PullRequest:
    """The pull request with our section of the body, and our title unless a person gave it another."""
    wanted = merge_body(pull.body, context.proposal.body)
    title = context.proposal.title if is_our_title(pull.title, pull.body) else pull.title
    if (title, wanted) == (pull.title, pull.body.replace("\r\n", "\n")):
        return pull
    context.say(f"pull request {pull.number} is brought up to date: {pull.url}")
    return context.forge.edit(pull, title=title, body=wanted)


def _labelled(context: PublicationContext, pull: PullRequest) -> tuple[str, ...]:
    """Label it; a refusal is worth a note, not the end."""
    label = context.proposal.label
    if not label or label.casefold() in (name.casefold() for name in pull.labels):
        return ()
    try:
        context.forge.label(pull, label)
    except Refused as refusal:
        return (f"not labelled: {refusal.what}; {refusal.why}; {refusal.fix}",)
    return ()


def withdraw(
    branch: str, forge: Forge, known_commits: frozenset[str], why: str, say: Callable[[str], None]
) -> PullRequest | None:
    """Close the branch's pull request, if it is open and all ours, and say why; the pull request as it is then."""
    pull = forge.find(branch)
    if pull is None or pull.state != "open" or pull.head_sha not in known_commits:
        return pull
    try:
        pull = forge.retire(pull, "superseded", f"ml-auto-update closes this pull request: {why}.")
    except Refused as refusal:
        say(f"pull request {pull.number} could not be closed: {refusal.what}; {refusal.why}; {refusal.fix}")
        return pull
    say(f"pull request {pull.number} is closed: {why}")
    return pull
