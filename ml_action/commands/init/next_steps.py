"""What `init` says at its end: what the rehearsal means, and what is left to do, step by step."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from ml_action.commands.init.scaffold import WORKFLOW
from ml_action.core.errors import ExpectedError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.diagnosis import Diagnosis, Finding, Severity
from ml_action.core.records.outcome import Outcome
from ml_action.core.records.promotion import MergeProgress
from ml_action.git.command import Git
from ml_action.reports.doctor import sentence

ALLOW = "Settings → Actions → General → “Allow GitHub Actions to create and approve pull requests”"


def rehearsal_summary(first: Outcome, second: Outcome) -> str:
    """The two hours in a sentence, and what to do where no model came of them."""
    begun, renewed = (one.verdict is Verdict.PROMOTE for one in (first, second))
    way = _way(second if renewed else first)
    if begun and renewed:
        return f"so: the loop works with these data: v1 and then v2 were proven better, and each time {way}"
    if begun and second.verdict in (Verdict.HOLD, Verdict.REJECT):
        return (
            f"so: the loop works with these data: v1 was proven better than knowing nothing, and {way}; the second "
            "half taught nothing that was proven better, which is the usual answer to more of the same: v1 stays"
        )
    if begun:
        return f"so: v1 was proven better than knowing nothing, and {way}; in the second hour: {second.next_step}"
    if renewed:
        return f"so: the loop works with these data: all of them make a v1 that is proven better, and {way}"
    if Verdict.WAITING in (first.verdict, second.verdict) and not {Verdict.HOLD, Verdict.REJECT} & {second.verdict}:
        return (
            "so: there are too few data to rehearse with: the loop will train when as many as the threshold says have "
            "arrived; a lower --threshold lets it begin sooner"
        )
    return (
        "so: no first model would come of these data as they are: it has to be proven better than knowing nothing, and "
        "for more than a few rows. Try another --target, --metric or --estimator, or collect columns that tell more of "
        "the target"
    )


def _way(promoted: Outcome) -> str:
    """How far a promotion came."""
    publication = promoted.publication
    if publication and publication.approved and publication.merge_progress is MergeProgress.MERGED:
        return "its pull request was labelled, approved and merged in the rehearsal"
    return f"its pull request still waits in the rehearsal: {promoted.next_step}"


def branch(git: Git) -> tuple[str, str]:
    """The branch that is checked out, and the default one where the clone knows it."""
    default = git.maybe("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    return git.maybe("symbolic-ref", "--quiet", "--short", "HEAD"), default


def next_steps(
    unsaved: Sequence[str],
    target: str,
    branches: tuple[str, str],
    examined: Diagnosis | ExpectedError | None,
    others: Iterable[str],
    kept: Iterable[str] = (),
) -> tuple[str, ...]:
    """What a person has to do, in order. `unsaved`: which of our files no commit holds as they are; `kept`: which were
    there and say something else.
    """
    message = shlex.quote(f"Keep the model for {' '.join(target.split())} up to date")
    found = [
        f"{path} was not changed: take over what you want of the difference above, or delete it and run init again"
        for path in kept
    ]
    found += [f"git add {' '.join(unsaved)} && git commit -m {message} && git push"] if unsaved else []
    here, default = branches
    if not here:
        found.append("no branch is checked out (HEAD is detached): commit on a branch that you can push")
    elif default and here != default:
        found.append(f"merge {here} into {default}: GitHub starts scheduled workflows on the default branch only")
    found += _of_github(examined)
    found.append(
        "autonomy is propose: a person merges. To have the bot approve and merge: docs/github.md, “Two identities”"
    )
    found += [f"{path} names ml-auto-update as well: one workflow is enough" for path in others if path != WORKFLOW]
    return tuple(found)


def _matters(one: Finding, examined: Diagnosis) -> bool:
    return one.severity is not Severity.INFO and one.affects(examined.goal.autonomy)


def _of_github(examined: Diagnosis | ExpectedError | None) -> Iterator[str]:
    """The settings there: as the doctor found them, or all that may be needed."""
    told = isinstance(examined, Diagnosis) and examined.facts.actions_may_open
    if not told:
        yield f"once, on GitHub: {ALLOW}"
    if isinstance(examined, Diagnosis):
        found = [one for one in examined.findings if _matters(one, examined)]
        said = sentence(examined).partition(": ")[0] if found else sentence(examined)
        yield (
            f"the doctor looked at {examined.facts.repository} with the token at hand "
            f"(the workflow's own may be allowed less): {said}"
        )
        for one in found:
            yield f"{one.what}: {one.fix}"
        return
    if examined is not None:
        yield f"the doctor could not look: {examined.what}" + (f"; {examined.fix}" if examined.fix else "")
        return
    yield (
        "propose needs no token of yours: the workflow's own is enough. What your repository's rules allow tells "
        "ml-auto-update doctor: give it a token that may read the repository in the environment "
        "(export ML_AUTO_UPDATE_TOKEN=… GITHUB_REPOSITORY=owner/name)"
    )
