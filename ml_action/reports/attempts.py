"""Which attempt a person means, and what the journal tells of it in a few facts. Pure.

The facts are plain text, and may hold text of strangers: who shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.core.formatting import count_of, percent
from ml_action.core.markdown import one_line
from ml_action.core.records.choices import Verdict

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.model import History
    from ml_action.core.records.policy import Policy

LISTED = 5  # ids in a message
NUMBER = 3  # digits of a number at most; more of them are the beginning of an id, which is a date


# --- which one --------------------------------------------------------------------------------------------


def find(attempts: Sequence[Attempt], wanted: str, state_branch: str) -> Attempt:
    """The attempt by id, the beginning of one, version or number (1 is the last); the last where nothing is wanted.

    Raises:
        RepositoryError: there is no attempt at all.
        SettingsError: there is none of this name, or more than one.
    """
    if not attempts:
        raise RepositoryError(
            "the journal holds no attempt yet",
            why="nothing was ever trained here, or this clone does not have the branch that remembers it",
            fix=f"git fetch origin {state_branch}:refs/remotes/origin/{state_branch}, or look at `status` to see what "
            "the first training waits for",
        )
    wanted = wanted.strip().lower() or "1"
    if wanted.isascii() and wanted.isdigit() and (len(wanted) <= NUMBER or int(wanted) <= len(attempts)):
        return _by_number(attempts, int(wanted))
    named = _of_version(attempts, wanted) or [one for one in attempts if one.id.lower() == wanted]
    named = named or [one for one in attempts if one.id.lower().startswith(wanted)]
    if len(named) == 1:
        return named[0]
    shown = one_line(wanted, 60)
    what = f"{len(named)} attempts begin with {shown!r}" if named else f"there is no attempt {shown!r}"
    raise SettingsError(what, why=_WHY, fix=_name_one(named or attempts))


_WHY = "an attempt is named by its id or a unique beginning of it, by its version, or by a number: 1 is the last"


def _by_number(attempts: Sequence[Attempt], number: int) -> Attempt:
    if not 1 <= number <= len(attempts):
        count = "is only one attempt" if len(attempts) == 1 else f"are only {len(attempts)} attempts"
        raise SettingsError(f"there is no attempt number {number}", why=f"there {count}", fix=_name_one(attempts))
    return attempts[-number]


def _of_version(attempts: Sequence[Attempt], wanted: str) -> list[Attempt]:
    """The attempt that made this version: merged rather than proposed, proposed rather than held, the latest of these.

    A held challenger never used its number, so the next one bears it again; a rollback made nothing.
    """
    named = [one for one in attempts if one.version.lower() == wanted]
    return sorted(named, key=lambda one: (not one.rolls_back, one.state == "merged", bool(one.commit)))[-1:]


def _name_one(attempts: Sequence[Attempt]) -> str:
    shown = "; ".join(f"{one.id} ({one.version}, {one.verdict})" for one in reversed(attempts[-LISTED:]))
    return f"name one of these, the last first: {one_line(shown, 500)}"


# --- what is told of it -----------------------------------------------------------------------------------


def facts(attempt: Attempt, history: History | None) -> dict[str, str]:
    """When it was, what was counted, what was asked, and what became of it."""
    told = {
        "attempt": attempt.id,
        "time": attempt.time.replace("T", " ").replace("Z", " UTC"),
        "run": attempt.run_url or "on somebody's machine",
        **(_of_rollback(attempt) if attempt.rolls_back else _of_training(attempt)),
        "promotion": outcome_of_promotion(attempt, history),
        "data tree": attempt.data_tree,
    }
    return {name: text for name, text in told.items() if text}


def _of_training(attempt: Attempt) -> dict[str, str]:
    against = f", against {attempt.champion}" if attempt.champion else ", the first model"
    return {
        "challenger": f"{attempt.version}{against}",
        "new datasets": f"{attempt.new:,} sound, {attempt.set_aside:,} set aside",
        "trained on": _trained_on(attempt),
        "asked for": _asked(attempt.policy) if attempt.policy else "",
    }


def _of_rollback(attempt: Attempt) -> dict[str, str]:
    judged = attempt.comparison
    on = f"on {judged.datasets:,} {judged.unit}" if judged else "on no dataset"
    return {"rollback": f"from {attempt.champion} to {attempt.version}", "scored": on}


def _trained_on(attempt: Attempt) -> str:
    if not attempt.datasets:
        return "nothing"
    found = attempt.comparison
    judged = f", judged on {count_of(found.datasets, found.unit)}" if found else ""
    return f"{count_of(attempt.datasets, 'datasets')}, {count_of(attempt.rows, 'rows')}{judged}"


def _asked(policy: Policy) -> str:
    """The policy in a few words."""
    gate = {
        "better": f"better by {percent(policy.min_improvement)} at least",
        "not-worse": f"not worse by {percent(policy.margin)}",
        "higher": "a higher score",
    }
    kept = [f"{rail.metric} within {percent(rail.margin)}" for rail in policy.guardrails]
    kept += [f"no {column} worse" for column in policy.slices]
    sure = f"{percent(policy.confidence, 0)} confidence"
    return ", ".join((gate.get(policy.gate, policy.gate), sure, *kept))


def outcome_of_promotion(attempt: Attempt, history: History | None) -> str:
    """What became of its promotion."""
    if history and any(version.attempt == attempt.id for version in history.versions):
        now = (
            "in production" if history.current == attempt.version else f"it was in production, {history.current} is now"
        )
        return f"merged: {now}"
    if not attempt.commit:
        wanted = attempt.verdict in (Verdict.PROMOTE, Verdict.ROLLBACK)
        return "none: autonomy was report" if wanted else "none: nothing was proposed"
    pull = f"pull request #{attempt.pull_request}" if attempt.pull_request else "its branch"
    endings = {
        "merged": f"{pull} was merged",
        "closed": f"{pull} was closed by a person: the same data will not propose it again",
        "superseded": "superseded: another champion came before it was merged",
        "open": f"{pull} {'is a draft that waits for a person' if attempt.draft else 'is open'}",
    }
    told = endings.get(attempt.state, f"{pull} is pushed")
    return f"{told} ({attempt.pull_request_url})" if attempt.pull_request_url else told
