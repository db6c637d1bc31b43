"""Which attempt of the journal a user names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ml_action.core.errors import RepositoryError, SettingsError
from ml_action.core.markdown import one_line

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt

LISTED = 5  # ids in a message
NUMBER = 3  # digits of a number at most; more of them are the beginning of an id, which is a date


def find(attempts: Sequence[Attempt], wanted: str, state_branch: str) -> Attempt:
    """Returns the attempt by id, the beginning of one, version or number (1 is the last); the last by default.

    Raises:
        RepositoryError: the journal holds no attempt.
        SettingsError: no attempt has this name, or more than one has it.
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
    """Returns the attempt that made this version: merged before proposed, proposed before held, then the latest.

    A held challenger never used its number, so that the next one has it again. A rollback made no version.
    """
    named = [one for one in attempts if one.version.lower() == wanted]
    return sorted(named, key=lambda one: (not one.rolls_back, one.state == "merged", bool(one.commit)))[-1:]


def _name_one(attempts: Sequence[Attempt]) -> str:
    shown = "; ".join(f"{one.id} ({one.version}, {one.verdict})" for one in reversed(attempts[-LISTED:]))
    return f"name one of these, the last first: {one_line(shown, 500)}"
