"""What `init` says at its end: what the rehearsal means, and what is left to do, step by step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ml_action.commands.init.rehearsal import Rehearsal
from ml_action.commands.init.scaffold import WORKFLOW
from ml_action.core.errors import ExpectedError, NotReadyError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.diagnosis import Diagnosis, Finding, Severity
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress
from ml_action.git.command import Git
from ml_action.reports.doctor import sentence

NOT_READY = "not ready: no first model would come of these data as they are"
WHY = "a first model has to be proven better than knowing nothing, and for more than a few rows"
FIX = "try another --target, --metric or --estimator, or collect columns that have more to do with the target"
WRITE_ANYWAY = "write the files all the same with --no-rehearsal"
ALLOW = "Settings → Actions → General → “Allow GitHub Actions to create and approve pull requests”"


@dataclass(frozen=True)
class CloneBranches:
    """Two branches of a clone."""

    current: str  # empty: HEAD is detached
    default: str  # of the server; empty: the clone does not know it


@dataclass(frozen=True)
class RemainingWork:
    """What `init` found and wrote, and what the user has to do about it."""

    target: str
    uncommitted: tuple[str, ...] = ()  # files of the loop that are not committed as they are
    kept: tuple[str, ...] = ()  # files of the loop that existed with another text
    branches: CloneBranches = CloneBranches("main", "main")
    diagnosis: Diagnosis | ExpectedError | None = None
    workflows: tuple[str, ...] = ()  # that train


# --- the rehearsal ----------------------------------------------------------------------------------------


def rehearsal_summary(rehearsal: Rehearsal) -> str:
    """Returns what both runs mean, and what to do if they made no model."""
    first, second = rehearsal.first, rehearsal.second
    promoted, promoted_again = (outcome.verdict is Verdict.PROMOTE for outcome in (first, second))
    progress = _progress(second if promoted_again else first)
    if promoted and promoted_again:
        return f"so: the loop works with these data: v1 and then v2 were proven better, and each time {progress}"
    if promoted and second.verdict in (Verdict.HOLD, Verdict.REJECT):
        return (
            f"so: the loop works with these data: v1 was proven better than knowing nothing, and {progress}; the "
            "second half taught nothing that was proven better, which is the usual answer to more of the same: v1 stays"
        )
    if promoted:
        return f"so: v1 was proven better than knowing nothing, and {progress}; in the second hour: {second.next_step}"
    if promoted_again:
        return f"so: the loop works with these data: all of them make a v1 that is proven better, and {progress}"
    return f"so: the loop works, and waits for more data: {second.reason}"


def check_ready(rehearsal: Rehearsal, *, waits: bool) -> None:
    """Raises NotReadyError if no model came of the rehearsal.

    Args:
        rehearsal: What happened.
        waits: Whether the user chose the threshold, so that the loop may wait.
    """
    verdicts = {rehearsal.first.verdict, rehearsal.second.verdict}
    if Verdict.PROMOTE in verdicts:
        return
    if rehearsal.second.verdict is Verdict.REVIEW:
        raise NotReadyError(
            f"not ready: {rehearsal.second.reason}",
            why=f"nothing was written; {rehearsal.second.next_step}",
            fix=f"name the other columns with --features, choose another --target, or {WRITE_ANYWAY}",
        )
    if verdicts == {Verdict.WAITING}:
        if waits:
            return
        raise NotReadyError(
            f"not ready: there are too few data for a first model: {rehearsal.second.reason}",
            why=f"nothing was written; {rehearsal.second.next_step}",
            fix=f"run init again when there are more, choose a lower --threshold, or {WRITE_ANYWAY}",
        )
    raise NotReadyError(f"{NOT_READY}, and nothing was written", why=WHY, fix=f"{FIX}; or {WRITE_ANYWAY}")


def _progress(promoted: Outcome) -> str:
    """Returns how far a promotion came."""
    publication = promoted.publication
    if publication and publication.approved and publication.merge_progress is MergeProgress.MERGED:
        return "its pull request was labelled, approved and merged in the rehearsal"
    return f"its pull request still waits in the rehearsal: {promoted.next_step}"


# --- the steps --------------------------------------------------------------------------------------------


def branches_of(git: Git) -> CloneBranches:
    """Returns the branch that is checked out, and the default one if the clone knows it."""
    current = git.line_or_empty("symbolic-ref", "--quiet", "--short", "HEAD")
    default = git.line_or_empty("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    return CloneBranches(current, default.removeprefix("origin/"))


def next_steps(work: RemainingWork) -> tuple[str, ...]:
    """Returns what the user has to do, in order."""
    return (
        *_commit(work),
        *_merge(work.branches),
        *_on_github(work.diagnosis),
        "autonomy is propose: a person merges. To have the bot approve and merge: docs/github.md, “Two identities”",
        *(
            f"{path} names ml-auto-update as well: one workflow is enough"
            for path in work.workflows
            if path != WORKFLOW
        ),
    )


def _commit(work: RemainingWork) -> Iterator[str]:
    take_over = "take over what you want of the difference above, or delete it and run init again"
    yield from (f"{path} was not changed: {take_over}" for path in work.kept)
    if work.uncommitted:
        message = shlex.quote(f"Keep the model for {' '.join(work.target.split())} up to date")
        yield f"git add {' '.join(work.uncommitted)} && git commit -m {message} && git push"


def _merge(branches: CloneBranches) -> Iterator[str]:
    current, default = branches.current, branches.default
    if not current:
        yield "no branch is checked out (HEAD is detached): commit on a branch that you can push"
    elif default and current != default:
        yield f"merge {current} into {default}: GitHub starts scheduled workflows on the default branch only"


def _on_github(diagnosis: Diagnosis | ExpectedError | None) -> Iterator[str]:
    """Yields what has to be set on GitHub: what the doctor found, or all that may be needed."""
    known = isinstance(diagnosis, Diagnosis) and diagnosis.facts.actions_may_open
    if not known:
        yield f"once, on GitHub: {ALLOW}"
    if isinstance(diagnosis, Diagnosis):
        yield from _found_by_doctor(diagnosis)
    elif diagnosis is not None:
        yield f"the doctor could not look: {diagnosis.what}" + (f"; {diagnosis.fix}" if diagnosis.fix else "")
    else:
        yield (
            "propose needs no token of yours: the workflow's own is enough. ml-auto-update doctor shows what your "
            "repository's rules allow: give it a token that may read the repository in the environment (export "
            "ML_AUTO_UPDATE_TOKEN=… GITHUB_REPOSITORY=owner/name)"
        )


def _found_by_doctor(diagnosis: Diagnosis) -> Iterator[str]:
    found = [finding for finding in diagnosis.findings if _matters(finding, diagnosis)]
    summary = sentence(diagnosis).partition(": ")[0] if found else sentence(diagnosis)
    yield (
        f"the doctor looked at {diagnosis.facts.repository} with the given token "
        f"(the workflow's own may be allowed less): {summary}"
    )
    for finding in found:
        yield f"{finding.what}: {finding.fix}"


def _matters(finding: Finding, diagnosis: Diagnosis) -> bool:
    return finding.severity is not Severity.INFO and finding.affects(diagnosis.goal.autonomy)
