"""The promotion's pull request: found, updated or opened, and closed when it is superseded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ml_action.core.records.promotion import MergeProgress, Proposal, Publication, PullRequest
from ml_action.forge.base import Forbidden, PullRequests, Refused
from ml_action.promotion.merge_rules import outdated
from ml_action.promotion.ownership import counts_as_no, turn_away
from ml_action.promotion.publication import PublicationContext, hand_over
from ml_action.promotion.pull_request_text import fingerprint_in, is_our_title, merge_body

MAX_STALE_READS = 3  # reads of a pull request that does not show our push yet

FOREIGN_COMMIT = (
    "ml-auto-update stops here: this branch holds a commit that it did not make. "
    "It overwrites no other author's commit.\n\n"
    "Merge or close this pull request as you see fit. For the bot to continue, close it and delete the branch."
)


def ensure_pull_request(context: PublicationContext) -> Publication:
    """Finds, updates or opens the pull request, unless a person has decided about it already."""
    listed = context.forge.pulls_of(context.proposal.branch)
    away = context.ownership.retargeted(listed)
    if away:
        text = f"pull request {away.number} is left to a person: {'; '.join(context.ownership.objections(away))}"
        return hand_over(context, Publication(away, blocked=text), away)
    found = _find(context, listed)
    if found is None or _is_of_another_promotion(found, context.proposal):
        return _open(context)
    return _follow_up(context, found)


def _find(context: PublicationContext, listed: Sequence[PullRequest]) -> PullRequest | None:
    """Returns our pull request of the branch. Untrusted ones are closed, and so is one that a rollback replaces."""
    proposal, forge = context.proposal, context.forge
    for other in context.ownership.untrusted(listed):
        context.report(turn_away(other, forge, proposal.branch))
    pull = context.ownership.newest(listed)
    if pull and pull.state == "open" and proposal.alone and not _belongs_to(pull, proposal):
        why = f"“{proposal.title}” takes its branch, and has a pull request of its own"
        return withdraw(pull, forge, context.known_commits | {proposal.commit}, why, context.report)
    return pull


def _open(context: PublicationContext) -> Publication:
    proposal, forge = context.proposal, context.forge
    try:
        pull = forge.open(replace(proposal, body=merge_body("", proposal.body, forge.limits.body)))
    except Forbidden as refusal:
        return _left_open(context, refusal)
    if pull is None:
        return Publication(notes=("no pull request was opened: nothing leaves this machine",))
    if not context.ownership.is_ours(pull):
        return _in_the_way(context, pull)
    context.report(f"pull request {pull.number} is open: {pull.url}")
    return _follow_up(context, pull, opened=True)


def _follow_up(context: PublicationContext, pull: PullRequest, *, opened: bool = False) -> Publication:
    """Updates the pull request if it is open; `opened`: by this run."""
    if pull.state == "merged":
        note = f"pull request {pull.number} is merged already"
        return Publication(pull, merge_progress=MergeProgress.MERGED, notes=(note,))
    if pull.state == "closed" and not counts_as_no(pull, context.forge):
        return _reopen(context, pull)
    if pull.state == "closed":
        text = f"pull request {pull.number} for the same work was closed by a person; it is not opened again"
        return Publication(pull, blocked=text)
    return replace(_update(context, pull), opened=opened)


def _reopen(context: PublicationContext, pull: PullRequest) -> Publication:
    """Opens the pull request again: the account that closed it may not write here, so this is no decision."""
    context.report(f"pull request {pull.number} was closed by an account that may not write here: it is opened again")
    try:
        return _update(context, context.forge.reopen(pull))
    except Forbidden as refusal:
        return _left_open(context, refusal)
    except Refused:
        return _open(context)  # its branch was written to while it was closed


def _in_the_way(context: PublicationContext, pull: PullRequest) -> Publication:
    """Ends without our pull request: there can be one from this branch, and an untrusted author was faster."""
    note = turn_away(pull, context.forge, context.proposal.branch)
    context.report(note)
    return Publication(merge_progress=MergeProgress.WAITING, notes=(f"{note}; the next run opens the bot's",))


def _left_open(context: PublicationContext, refusal: Forbidden) -> Publication:
    """Ends without a pull request. Nothing is lost: the branch is pushed, and a person can open it."""
    context.report(str(refusal))
    text = f"the proposal is pushed, and its pull request could not be opened: {refusal.what}; {refusal.why}"
    return Publication(blocked=text, fix=refusal.fix)


def _is_of_another_promotion(pull: PullRequest, proposal: Proposal) -> bool:
    """Whether this finished pull request was about other work: a branch is used again, a decision is not."""
    same = fingerprint_in(pull.body) == proposal.fingerprint or pull.head_sha == proposal.commit
    return pull.state != "open" and not (_belongs_to(pull, proposal) if proposal.alone else same)


def _belongs_to(pull: PullRequest, proposal: Proposal) -> bool:
    """Whether the pull request was opened for this proposal. The previous one may show its commit by now."""
    fingerprint = fingerprint_in(pull.body)
    return fingerprint == proposal.fingerprint if fingerprint else pull.head_sha == proposal.commit


# --- updating ---------------------------------------------------------------------------------------------


def _update(context: PublicationContext, pull: PullRequest) -> Publication:
    """Updates text and label of the open pull request, unless a person pushed to its branch."""
    pull = _wait_for_our_push(context, pull)
    if context.has_foreign_head(pull):
        context.forge.comment_once(pull, "commit-by-a-person", FOREIGN_COMMIT)
        text = f"commit {pull.head_sha[:12]} on {pull.head_branch} is not the bot's: nothing was overwritten"
        return hand_over(context, Publication(pull, blocked=text), pull)
    pull = _with_our_text(context, _without_our_draft(context, pull))
    commit = context.proposal.commit
    if pull.head_sha != commit:
        text = f"{context.forge.name} does not show commit {commit[:12]} in pull request {pull.number} yet"
        return Publication(pull, merge_progress=MergeProgress.WAITING, notes=(text,))
    stale = _outdated(context, pull) if context.proposal.moved else ""
    return Publication(pull, notes=_add_label(context, pull), stale=stale)


def _outdated(context: PublicationContext, pull: PullRequest) -> str:
    """Returns why the proposal has to be rebuilt, or "". Lists do not show it, so the pull request is read again."""
    fresh = context.forge.get(pull.number)
    return outdated(fresh.merge_state, fresh.commits, context.forge.name) if fresh.state == "open" else ""


def _wait_for_our_push(context: PublicationContext, pull: PullRequest) -> PullRequest:
    """Returns the pull request once it shows our commit: GitHub moves its head shortly after the branch."""
    for _ in range(MAX_STALE_READS):
        if pull.head_sha == context.proposal.commit or not context.is_known(pull.head_sha):
            break
        context.wait_for_forge()
        pull = context.forge.get(pull.number)
    return pull


def _without_our_draft(context: PublicationContext, pull: PullRequest) -> PullRequest:
    """Marks the pull request as ready for review if an earlier attempt made it a draft."""
    proposal = context.proposal
    ours = pull.draft and not proposal.draft and fingerprint_in(pull.body) in proposal.drafted
    return context.forge.mark_ready(pull) if ours else pull


def _with_our_text(context: PublicationContext, pull: PullRequest) -> PullRequest:
    """Updates our section of the body, and the title unless a person changed it.

    Of a pull request that a person opened in our place, title and body become ours when we first see it.
    """
    first = pull.number != context.proposal.number and not fingerprint_in(pull.body)
    body = merge_body("" if first else pull.body, context.proposal.body, context.forge.limits.body)
    title = context.proposal.title if first or is_our_title(pull.title, pull.body) else pull.title
    if (title, body) == (pull.title, pull.body.replace("\r\n", "\n")):
        return pull
    context.report(f"pull request {pull.number} is brought up to date: {pull.url}")
    return context.forge.edit(pull, title=title, body=body)


def _add_label(context: PublicationContext, pull: PullRequest) -> tuple[str, ...]:
    """Adds the label. Returns a note if it is refused: publication continues without it."""
    label = context.proposal.label
    if not label or label.casefold() in (name.casefold() for name in pull.labels):
        return ()
    try:
        context.forge.label(pull, label)
    except Refused as refusal:
        return (f"not labelled: {refusal.what}; {refusal.why}; {refusal.fix}",)
    return ()


def withdraw(
    pull: PullRequest | None,
    forge: PullRequests,
    known_commits: frozenset[str],
    why: str,
    report: Callable[[str], None],
) -> PullRequest | None:
    """Closes our pull request with a comment if it is open and its head is ours.

    Returns:
        The pull request as it is then.
    """
    if pull is None or pull.state != "open" or pull.head_sha not in known_commits:
        return pull
    try:
        pull = forge.close_with_comment(pull, "superseded", f"ml-auto-update closes this pull request: {why}.")
    except Refused as refusal:
        report(f"pull request {pull.number} could not be closed: {refusal.what}; {refusal.why}; {refusal.fix}")
        return pull
    report(f"pull request {pull.number} is closed: {why}")
    return pull
