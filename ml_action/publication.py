"""The story of a promotion after its commit is pushed: opened, approved, merged, as far as autonomy goes.

Every step looks before it acts, so a run that was killed is completed by the next one, and nothing is done
twice. A person's word stands: a closed pull request, a commit, a title, a draft are never overruled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ml_action.approving import approve_once
from ml_action.forge import Answer, Forbidden, Forge, Refusal, Reply
from ml_action.merging import LOOKS, Step, next_step, outdated, reason
from ml_action.proposal import fingerprint_in, is_our_title, merge_body
from ml_action.records import Autonomy, Proposal, Publication, PullRequest
from ml_action.repository import LostTheRace
from ml_action.verification import objections

PAUSE = 3.0  # seconds between two looks at what GitHub is still computing
LAGS = 3  # looks at a pull request that does not show our push yet

FOREIGN = (
    "ml-auto-update stops here: this branch holds a commit that it did not make. It overwrites nobody.\n\n"
    "Merge or close this pull request as you see fit. To have the bot go on, close it and delete the branch."
)


@dataclass(frozen=True)
class _Context:
    """What every step of one promotion is given."""

    proposal: Proposal
    forge: Forge
    known: frozenset[str]
    recorded: Callable[[], frozenset[str]]
    pause: Callable[[float], None]
    say: Callable[[str], None]
    examine: Callable[[Sequence[str]], Sequence[str]]


def settle(
    proposal: Proposal,
    forge: Forge,
    *,
    known_commits: frozenset[str],
    recorded: Callable[[], frozenset[str]],
    pause: Callable[[float], None],
    say: Callable[[str], None],
    examine: Callable[[Sequence[str]], Sequence[str]],
) -> Publication:
    """Bring the promotion, whose commit is on its branch already, to where its autonomy allows.

    `proposal.body` is our section (`proposal.wrap_body`); `known_commits` are the commits that the bot ever
    pushed to the branch, as far as this run knows, and `recorded` tells which they are by now; `pause` waits that
    many seconds; `say` tells a person what happens; `examine` says what speaks against the commit's contents, given
    the paths that it changes.

    Raises:
        ForgeProblem: the pull request could not be opened or edited, or GitHub is in trouble: run it again.
        LostTheRace: another run pushed to the branch meanwhile.
    """
    context = _Context(proposal, forge, known_commits | {proposal.commit}, recorded, pause, say, examine)
    publication = _present(context)
    for reached, step in (
        (Autonomy.APPROVE, _verify),
        (Autonomy.APPROVE, _approve),
        (Autonomy.MERGE, _merge),
    ):
        pull = publication.pull_request
        ended = publication.blocked or publication.merge_state or publication.stale
        if ended or pull is None or not proposal.autonomy.reaches(reached):
            break
        publication = step(context, publication, pull)
    return publication


# --- the pull request stands, as the proposal wants it ----------------------------------------------------


def _present(context: _Context) -> Publication:
    """Find, keep up or open the pull request; or see that a person has decided already."""
    proposal, forge = context.proposal, context.forge
    pull = forge.find(proposal.branch)
    if pull and pull.state == "open" and proposal.alone and not _is_ours_alone(pull, proposal):
        why = f"“{proposal.title}” takes its branch, and has a pull request of its own"
        pull = withdraw(proposal.branch, forge, context.known, why, context.say)
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
    return replace(_keep_up(context, pull), opened=opened)


def _kept(context: _Context, refusal: Forbidden) -> Publication:
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


def _keep_up(context: _Context, pull: PullRequest) -> Publication:
    """Bring text and label of the open pull request up to date, unless a person pushed to its branch."""
    pull = _with_our_push(context, pull)
    if _is_foreign(context, pull):
        context.forge.comment_once(pull, "commit-by-a-person", FOREIGN)
        text = f"commit {pull.head_sha[:12]} on {pull.head_branch} is not the bot's: nothing was overwritten"
        return _left(context, Publication(pull, blocked=text), pull)
    pull = _with_our_text(context, _out_of_our_draft(context, pull))
    if pull.head_sha != context.proposal.commit:
        text = f"GitHub does not show commit {context.proposal.commit[:12]} in pull request {pull.number} yet"
        return Publication(pull, merge_state="waiting", notes=(text,))
    stale = _outdated(context, pull) if context.proposal.moved else ""
    return Publication(pull, notes=_labelled(context, pull), stale=stale)


def _is_foreign(context: _Context, pull: PullRequest) -> bool:
    """Whether somebody else pushed to it. Another run is no stranger: it is looked for where runs record themselves.

    Raises:
        LostTheRace: it was another run.
    """
    if pull.head_sha in context.known:
        return False
    if pull.head_sha in context.recorded():
        raise LostTheRace
    return True


def _outdated(context: _Context, pull: PullRequest) -> str:
    """Why it has to be built anew: the base branch has moved, which a list of pull requests does not tell."""
    fresh = context.forge.get(pull.number)
    return outdated(fresh.mergeable_state, fresh.commits) if fresh.state == "open" else ""


def _left(context: _Context, publication: Publication, pull: PullRequest) -> Publication:
    """Stop, and take back an order to merge: GitHub keeps it when a person with write access pushes.

    https://docs.github.com/en/pull-requests/how-tos/merge-and-close-pull-requests/automatically-merging-a-pull-request
    """
    context.say(publication.blocked)
    try:
        context.forge.disable_auto_merge(pull)
    except Refusal as refusal:
        return replace(publication, notes=(*publication.notes, f"auto-merge may still be on: {refusal.what}"))
    return publication


def _with_our_push(context: _Context, pull: PullRequest) -> PullRequest:
    """The pull request once it shows our commit: GitHub moves its head a moment after the branch."""
    for _ in range(LAGS):
        if pull.head_sha == context.proposal.commit or pull.head_sha not in context.known:
            break
        context.pause(PAUSE)
        pull = context.forge.get(pull.number)
    return pull


def _out_of_our_draft(context: _Context, pull: PullRequest) -> PullRequest:
    """The pull request ready for review, if it is a draft because an earlier attempt of ours was one."""
    proposal = context.proposal
    ours = pull.draft and not proposal.draft and fingerprint_in(pull.body) in proposal.drafted
    return context.forge.ready(pull) if ours else pull


def _with_our_text(context: _Context, pull: PullRequest) -> PullRequest:
    """The pull request with our section of the body, and our title unless a person gave it another."""
    wanted = merge_body(pull.body, context.proposal.body)
    title = context.proposal.title if is_our_title(pull.title, pull.body) else pull.title
    if (title, wanted) == (pull.title, pull.body.replace("\r\n", "\n")):
        return pull
    context.say(f"pull request {pull.number} is brought up to date: {pull.url}")
    return context.forge.edit(pull, title=title, body=wanted)


def _labelled(context: _Context, pull: PullRequest) -> tuple[str, ...]:
    """Label it; a refusal is worth a note, not the end."""
    label = context.proposal.label
    if not label or label.casefold() in (name.casefold() for name in pull.labels):
        return ()
    try:
        context.forge.label(pull, label)
    except Refusal as refusal:
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
    except Refusal as refusal:
        say(f"pull request {pull.number} could not be closed: {refusal.what}; {refusal.why}; {refusal.fix}")
        return pull
    say(f"pull request {pull.number} is closed: {why}")
    return pull


# --- verified, approved, merged ---------------------------------------------------------------------------


def _verify(context: _Context, publication: Publication, pull: PullRequest) -> Publication:
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
    return _left(context, replace(publication, blocked=text), pull)


def _approve(context: _Context, publication: Publication, pull: PullRequest) -> Publication:
    approved, note = approve_once(pull, context.proposal.commit, context.forge)
    context.say(note)
    return replace(publication, approved=approved, notes=(*publication.notes, note))


def _merge(context: _Context, publication: Publication, pull: PullRequest) -> Publication:
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


def _walk(context: _Context, pull: PullRequest) -> _Ending:
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


def _overtaken(context: _Context, pull: PullRequest) -> _Ending | None:
    """Somebody was faster: merged it, closed it, or pushed to it."""
    if pull.state == "merged":
        return _Ending(pull, "merged", f"pull request {pull.number} is merged")
    if pull.state != "open":
        return _Ending(pull, "blocked", f"not merged: pull request {pull.number} was closed meanwhile")
    if _is_foreign(context, pull):
        return _Ending(pull, "blocked", f"not merged: its head moved to {pull.head_sha[:12]} meanwhile")
    return None


def _advance(context: _Context, pull: PullRequest, looks: int) -> _Ending | None:
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


def _act(context: _Context, ask: Callable[[PullRequest, str, str], Answer], pull: PullRequest) -> Answer:
    return ask(pull, context.proposal.commit, context.proposal.merge_method)


def _concluded(
    context: _Context, pull: PullRequest, answer: Answer, done: Callable[[_Context, PullRequest], _Ending]
) -> _Ending | None:
    """What the forge's answer means for the walk; None: look again."""
    if answer.reply is Reply.DONE:
        return done(context, pull)
    if answer.reply is Reply.QUEUED:
        return _queued(context, pull)
    if answer.reply is Reply.REFUSED:
        return _Ending(pull, "blocked", f"not merged: {answer.text}")
    return None


def _merged(context: _Context, pull: PullRequest) -> _Ending:  # noqa: ARG001
    return _Ending(replace(pull, state="merged"), "merged", f"pull request {pull.number} is merged")


def _queued(context: _Context, pull: PullRequest) -> _Ending:  # noqa: ARG001
    return _Ending(pull, "queued", "it stands in the merge queue of the base branch")


def _armed(context: _Context, pull: PullRequest) -> _Ending:
    """Auto-merge is on; it may have fired at once."""
    fresh = context.forge.get(pull.number)
    if fresh.state == "merged":
        return _merged(context, fresh)
    return _Ending(
        fresh, "enabled", "auto-merge is on: it waits for the reviews and checks that the base branch requires"
    )
