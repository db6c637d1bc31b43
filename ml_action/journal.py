"""The state branch: what the loop remembers, as git objects (design section 2).

    data                    the data directory's own tree, as the last attempt saw it
    journal.jsonl           one line per attempt
    set_aside.jsonl         one line per dataset that was looked at and is not to be counted
    report.md               the last promotion's report: its pull request's text
    new_data_counter.json   the counter for people; a mirror, never read back

Every write is one commit on top of the one that was read; pushing it only if the branch has not moved is the
compare-and-swap that keeps two runs from counting the same datasets twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from ml_action.arrivals import SetAside
from ml_action.codec import decode, to_line
from ml_action.errors import RepositoryProblem
from ml_action.git import Git
from ml_action.repository import FILE, FOLDER, Repository

if TYPE_CHECKING:
    from ml_action.records import Attempt

JOURNAL, SET_ASIDE, COUNTER = "journal.jsonl", "set_aside.jsonl", "new_data_counter.json"
REPORT, DATA = "report.md", "data"
T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """What the state branch holds."""

    commit: str = ""  # its tip; empty: there is no state yet
    data: str = ""  # tree id of the data directory as the last attempt saw it
    attempts: tuple[Attempt, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    report: str = ""  # of the last promotion

    @property
    def commits(self) -> frozenset[str]:
        """Every commit that the bot ever put on the proposal's branch."""
        return frozenset(attempt.commit for attempt in self.attempts if attempt.commit)

    @property
    def last(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def proposed(self) -> Attempt | None:
        """The latest attempt that was proposed; attempts that were held since do not end it."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.commit), None)

    def told_anew(self, attempt: Attempt) -> State:
        """The state with this attempt told anew: what became of its promotion."""
        return replace(self, attempts=tuple(attempt if old.id == attempt.id else old for old in self.attempts))

    def by_fingerprint(self, fingerprint: str) -> Attempt | None:
        """The attempt that did this very work before."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.fingerprint == fingerprint), None)


def read(git: Git, commit: str) -> State:
    """The whole state.

    Raises:
        RepositoryProblem: a file of the branch is damaged.
    """
    from ml_action.records import Attempt  # late: counting reads no attempts

    if not commit:
        return State()
    report = (git.read(f"{commit}:{REPORT}") or b"").decode("utf-8", "replace")
    return replace(read_counted(git, commit), attempts=_lines(git, commit, JOURNAL, Attempt), report=report)


def read_counted(git: Git, commit: str) -> State:
    """The part of the state that counting needs: the attempts stay unread."""
    if not commit:
        return State()
    (tip, _), (data, _), (_, has_set_aside) = git.resolve(commit, f"{commit}:{DATA}", f"{commit}:{SET_ASIDE}")
    return State(tip, data, (), _lines(git, commit, SET_ASIDE, SetAside) if has_set_aside else ())


def _lines(git: Git, commit: str, name: str, kind: type[T]) -> tuple[T, ...]:
    content = git.read(f"{commit}:{name}")
    try:
        return tuple(decode(kind, json.loads(line)) for line in (content or b"").splitlines() if line.strip())
    except ValueError as error:
        raise RepositoryProblem(
            f"the state branch holds a damaged {name}: {error}",
            why="it was edited by hand, or written by a newer version of ml-auto-update",
            fix="restore the branch to an earlier commit (each attempt is one), or use the newer version",
        ) from error


@dataclass(frozen=True)
class Counter:
    """new_data_counter.json: the counter as a person reads it."""

    count: int
    threshold: int
    since: str
    last_decision: str


def write(repository: Repository, state: State, counter: Counter, message: str, *, time: str) -> str:
    """Writes the state as one commit on top of `state.commit`; the new commit's id. Nothing is pushed."""
    files = {
        JOURNAL: _to_lines(state.attempts),
        SET_ASIDE: _to_lines(state.set_aside),
        REPORT: state.report.encode("utf-8", "replace"),
        COUNTER: (json.dumps(vars(counter), indent=2) + "\n").encode(),
    }
    entries = {name: (FILE, repository.blob(content)) for name, content in files.items() if content}
    if state.data:
        entries[DATA] = (FOLDER, state.data)
    return repository.commit(repository.tree(entries), state.commit, message, time=time)


def _to_lines(records: Sequence[object]) -> bytes:
    return "".join(to_line(record) + "\n" for record in records).encode()
