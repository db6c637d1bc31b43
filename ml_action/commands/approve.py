"""The story of `mode: approve`: a separate workflow approves what the journal vouches for, and nothing else.

The label that starts it proves nothing, since many people may set labels. The model is never loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ml_action.commands.base import Invocation, json_option
from ml_action.config.settings import Settings
from ml_action.core.errors import ForgeError
from ml_action.core.markdown import fenced
from ml_action.core.records.attempt import Attempt
from ml_action.core.records.choices import Autonomy, Verdict
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress, Publication, PullRequest
from ml_action.forge.base import Forge
from ml_action.git import journal
from ml_action.promotion import commit_contents, verification
from ml_action.promotion.approval import approve_once
from ml_action.runtime import wiring
from ml_action.runtime.actions import PullEvent
from ml_action.runtime.dependencies import Dependencies

add_options = json_option
PROPOSALS = re.compile(r"ml-auto-update/[^/]+/proposal")


@dataclass(frozen=True)
class ExpectedPullRequest:
    """What the pull request of our promotion has to be."""

    branch: str
    base: str
    model_dir: str
    label: str


CommitCheck = Callable[
    [Attempt, Sequence[str]], Sequence[str]
]  # what speaks against the commit's contents, given its paths


def run(call: Invocation) -> Outcome:
    """Approves, where the journal agrees."""
    place = wiring.find_place(call.inputs, call.context, call.log.info)
    return approve(*wiring.make_approval_tools(place, call.temporary_folder(), call.log), call.context.asking)


def approve(settings: Settings, tools: Dependencies, event: PullEvent | None = None) -> Outcome:
    """Approves the proposal that the journal's last attempt made, or says every reason why not.

    `event`: the pull request that the run is for; without one it is the one of the proposal's branch.
    """
    state = journal.read(tools.repository.store, tools.repository.tips.state)
    ours = ExpectedPullRequest(
        tools.branches.proposal, tools.branches.base, settings.publication.model_dir, settings.publication.label
    )
    examine = partial(
        commit_contents.find_objections, tools.repository, name=settings.name, model_dir=settings.publication.model_dir
    )
    attempt, forge = state.proposed or state.last, tools.forge()
    asks = event if settings.publication.autonomy is not Autonomy.REPORT else None  # a report knows no pull request
    pull = forge.get(asks.number) if asks else forge.find(ours.branch)
    done = verify_and_approve(attempt, pull, forge, ours, examine)
    agreed = Verdict.ROLLBACK if attempt and attempt.rolls_back else Verdict.PROMOTE
    verdict = Verdict.BLOCKED if done.blocked else agreed
    version, commit = (attempt.version, attempt.commit[:12]) if attempt else ("", "")
    reason = done.blocked or "; ".join(done.notes) or f"approved {version} at {commit}"
    return Outcome(verdict, reason, _after(done, attempt), attempt=attempt, publication=done)


def _after(done: Publication, attempt: Attempt | None) -> str:
    if attempt is None:
        return "run the loop first"
    return "a person decides" if done.blocked else "GitHub merges it when its requirements are met, or a person does"


def verify_and_approve(
    attempt: Attempt | None, pull: PullRequest | None, forge: Forge, ours: ExpectedPullRequest, examine: CommitCheck
) -> Publication:
    """Approve the promotion that this attempt made, bound to its commit; or refuse with every reason."""
    if pull is None:
        besides = "" if attempt else ", and the journal holds no attempt yet"
        return Publication(blocked=f"not approved: there is no pull request from {ours.branch}{besides}")
    if _is_of_another_model(pull, forge, ours):
        return Publication(pull, blocked=f"not approved: {pull.head_branch} proposes another model")
    if pull.state == "merged":
        return Publication(pull, merge_progress=MergeProgress.MERGED, notes=("nothing to approve: it is merged",))
    if attempt is None:
        return _refused(pull, ("the journal holds no attempt yet",), forge, ours)
    reasons = _reasons(attempt, pull, forge, ours, examine)
    if reasons:
        return _refused(pull, reasons, forge, ours)
    result = approve_once(pull, attempt.commit, forge)
    if result.approved:
        return Publication(pull, approved=True, notes=(result.note,))
    return Publication(pull, blocked=result.note)


def _is_of_another_model(pull: PullRequest, forge: Forge, ours: ExpectedPullRequest) -> bool:
    """Whether it is the proposal of another model of this repository, whose own workflow looks at it."""
    here = pull.head_repository.casefold() == forge.repository.casefold()
    return here and pull.head_branch != ours.branch and PROPOSALS.fullmatch(pull.head_branch) is not None


def _reasons(
    attempt: Attempt, pull: PullRequest, forge: Forge, ours: ExpectedPullRequest, examine: CommitCheck
) -> tuple[str, ...]:
    """What speaks against it; its contents are looked at when nothing else does."""
    paths = forge.changed_paths(pull)
    expected = verification.ExpectedPullRequest(
        repository=forge.repository,
        branch=ours.branch,
        base=ours.base,
        commit=attempt.commit,
        authors=frozenset({attempt.author}) if attempt.author else None,
        model_dir=ours.model_dir,
    )
    return (
        *_of_the_journal(pull, attempt, ours.label),
        *verification.find_objections(pull, expected, paths, forge.limits),
    ) or tuple(examine(attempt, paths))


def _of_the_journal(pull: PullRequest, attempt: Attempt, label: str) -> Iterator[str]:
    """What the journal and the label say against it."""
    if attempt.verdict not in (Verdict.PROMOTE, Verdict.ROLLBACK) or not attempt.digest:
        yield f"the journal's last attempt promotes nothing: its verdict is {attempt.verdict}"
    if attempt.forced:
        yield "a person forced it: a person approves it"
    if attempt.pull_request and attempt.pull_request != pull.number:
        yield f"the journal names pull request {attempt.pull_request}, not {pull.number}"
    if not _is_labelled(pull, label):
        yield f"the label {label} is not on it"


def _is_labelled(pull: PullRequest, label: str) -> bool:
    return label.casefold() in (name.casefold() for name in pull.labels)


def _refused(pull: PullRequest, reasons: tuple[str, ...], forge: Forge, ours: ExpectedPullRequest) -> Publication:
    """Not approved: said once in the pull request that asks for it by its label, every time in the run."""
    done = Publication(pull, blocked="not approved: " + "; ".join(reasons))
    if pull.state != "open" or not _is_labelled(pull, ours.label):
        return done
    text = "ml-auto-update does not approve this pull request:\n\n" + fenced(reasons)
    try:
        forge.comment_once(pull, "refused", text)
    except ForgeError as problem:  # a run for a fork's pull request may only read
        return replace(done, notes=(f"no comment: {problem.what}; {problem.why}",))
    return done
