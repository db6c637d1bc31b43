"""`approve`: a separate workflow approves the proposal that the journal recorded, and no other pull request.

The label that starts it proves nothing, because many users may set labels. The model is never loaded.
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
from ml_action.git import journal, journal_history
from ml_action.loop import outcomes
from ml_action.promotion import commit_contents, verification
from ml_action.promotion.approval import approve_once
from ml_action.promotion.ownership import Ownership, ownership_of
from ml_action.runtime import authority, wiring
from ml_action.runtime.dependencies import Dependencies
from ml_action.runtime.event import PullEvent

add_options = json_option
PROPOSALS = re.compile(r"ml-auto-update/[^/]+/proposal")


@dataclass(frozen=True)
class ProposalSettings:
    """What our proposals have in common."""

    ownership: Ownership
    model_dir: str
    label: str

    @property
    def branch(self) -> str:
        """The branch that they come from."""
        return self.ownership.branch


# Returns objections to the contents of a commit, given its changed paths.
CommitCheck = Callable[[Attempt, Sequence[str]], Sequence[str]]


def run(call: Invocation) -> Outcome:
    """Approves the pull request that the run is for."""
    target = wiring.find_place(call.inputs, call.context, call.log.info)
    settings, tools = wiring.make_approval_tools(target, call.temporary_folder(), call.log)
    reason = authority.reason_to_approve_nothing(call.context, tools.branches.base)
    if reason:
        return Outcome(Verdict.BLOCKED, reason, "a person decides", publication=Publication(blocked=reason))
    return outcomes.unless_raced(lambda: approve(settings, tools, call.context.asking))


def approve(settings: Settings, tools: Dependencies, event: PullEvent | None = None) -> Outcome:
    """Approves the proposal of the journal's last attempt, or lists every reason against it.

    `event` is the pull request that the run is for; without it, the one of the proposal's branch.
    """
    state = journal.read(tools.repository.store, tools.repository.tips.state)
    edit = journal_history.edited(tools.repository, tools.branches.state, state.attempts)
    if edit:
        return Outcome(
            Verdict.BLOCKED, f"not approved: {edit}", "a person decides", publication=Publication(blocked=edit)
        )
    forge, branches, options = tools.forge(), tools.branches, settings.publication
    ownership = ownership_of(state.attempts, forge, branches.proposal, branches.base)
    ours = ProposalSettings(ownership, options.model_dir, options.label)
    check = partial(
        commit_contents.find_objections,
        tools.repository,
        name=settings.name,
        model_dir=options.model_dir,
        policy=tools.signing.policy,
    )
    attempt = state.proposed or state.last
    asked = event if options.autonomy is not Autonomy.REPORT else None  # a report knows no pull request
    pull = forge.get(asked.number) if asked else _pull_of_branch(ownership)
    done = verify_and_approve(attempt, pull, forge, ours, check)
    approved = Verdict.ROLLBACK if attempt and attempt.rolls_back else Verdict.PROMOTE
    verdict = Verdict.BLOCKED if done.blocked else approved
    version, commit = (attempt.version, attempt.commit[:12]) if attempt else ("", "")
    reason = done.blocked or "; ".join(done.notes) or f"approved {version} at {commit}"
    return Outcome(verdict, reason, _after(done, attempt), attempt=attempt, publication=done)


def _pull_of_branch(ownership: Ownership) -> PullRequest | None:
    """Returns our pull request; or else the first one from the branch, to be refused with the reasons."""
    pulls = ownership.forge.pulls_of(ownership.branch)
    return ownership.newest(pulls) or next(iter(pulls), None)


def _after(done: Publication, attempt: Attempt | None) -> str:
    if attempt is None:
        return "run the loop first"
    return "a person decides" if done.blocked else "GitHub merges it when its requirements are met, or a person does"


def verify_and_approve(
    attempt: Attempt | None, pull: PullRequest | None, forge: Forge, ours: ProposalSettings, check: CommitCheck
) -> Publication:
    """Approves the pull request of this attempt, for its commit only, or refuses it with every reason."""
    if pull is None:
        suffix = "" if attempt else ", and the journal holds no attempt yet"
        return Publication(blocked=f"not approved: there is no pull request from {ours.branch}{suffix}")
    if _is_of_another_model(pull, forge, ours):
        return Publication(pull, blocked=f"not approved: {pull.head_branch} proposes another model")
    if pull.state == "merged":
        return Publication(pull, merge_progress=MergeProgress.MERGED, notes=("nothing to approve: it is merged",))
    if attempt is None:
        return _refused(pull, ("the journal holds no attempt yet",), forge, ours)
    reasons = _reasons(attempt, pull, forge, ours, check)
    if reasons:
        return _refused(pull, reasons, forge, ours)
    result = approve_once(pull, attempt.commit, forge)
    if result.approved:
        return Publication(pull, approved=True, notes=(result.note,))
    return Publication(pull, blocked=result.note)


def _is_of_another_model(pull: PullRequest, forge: Forge, ours: ProposalSettings) -> bool:
    """Whether it is the proposal of another model of this repository, which has a workflow of its own."""
    same_repository = pull.head_repository.casefold() == forge.repository.casefold()
    return same_repository and pull.head_branch != ours.branch and PROPOSALS.fullmatch(pull.head_branch) is not None


def _reasons(
    attempt: Attempt, pull: PullRequest, forge: Forge, ours: ProposalSettings, check: CommitCheck
) -> tuple[str, ...]:
    """Returns every reason against the approval; the contents are checked only if there is no other."""
    paths = forge.changed_paths(pull)
    expected = verification.ExpectedPullRequest(ours.ownership, attempt.pull_request, attempt.commit, ours.model_dir)
    return (
        *_journal_reasons(pull, attempt, ours.label),
        *verification.find_objections(pull, expected, paths, forge.limits),
    ) or tuple(check(attempt, paths))


def _journal_reasons(pull: PullRequest, attempt: Attempt, label: str) -> Iterator[str]:
    """Yields the reasons against the approval from the journal and the label."""
    if attempt.verdict not in (Verdict.PROMOTE, Verdict.ROLLBACK) or not attempt.digest:
        yield f"the journal's last attempt promotes nothing: its verdict is {attempt.verdict}"
    if attempt.forced:
        yield "a person forced it: a person approves it"
    if not _is_labelled(pull, label):
        yield f"the label {label} is not on it"


def _is_labelled(pull: PullRequest, label: str) -> bool:
    return label.casefold() in (name.casefold() for name in pull.labels)


def _refused(pull: PullRequest, reasons: tuple[str, ...], forge: Forge, ours: ProposalSettings) -> Publication:
    """Refuses the approval: in every run's outcome, and in one comment if the pull request has the label."""
    done = Publication(pull, blocked="not approved: " + "; ".join(reasons))
    if pull.state != "open" or not _is_labelled(pull, ours.label):
        return done
    text = "ml-auto-update does not approve this pull request:\n\n" + fenced(reasons)
    try:
        forge.comment_once(pull, "refused", text)
    except ForgeError as error:  # a run for a fork's pull request may only read
        return replace(done, notes=(f"no comment: {error.what}; {error.why}",))
    return done
