"""The state branch: what the loop remembers, as git objects (design section 2).

    data                    the data directory's own tree, as the last attempt saw it
    datasets.tsv            the datasets that git did not track, as the last attempt saw them
    selection.json          which files were datasets then, if the tree does not show it
    looked.jsonl            the last data that were read without an attempt, and how many were sound
    journal.jsonl           one line per attempt
    set_aside.jsonl         one line per dataset that was looked at and is not to be counted
    report.md               the last promotion's report: its pull request's text
    new_data_counter.json   the counter for people; a mirror, never read back

Every write is one commit on top of the one that was read; pushing it only if the branch has not moved is the
compare-and-swap that keeps two runs from counting the same datasets twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from ml_action.config.data_path import DataPath
from ml_action.core.dataclass import dataclass, replace
from ml_action.core.errors import RepositoryError
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.git.command import Git
from ml_action.git.repository import FILE, FOLDER, Repository, TreeEntry

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt

JOURNAL, SET_ASIDE, COUNTER = "journal.jsonl", "set_aside.jsonl", "new_data_counter.json"
REPORT, DATA = "report.md", "data"
UNTRACKED, SELECTION, LOOKED = "datasets.tsv", "selection.json", "looked.jsonl"
T = TypeVar("T")


@dataclass(frozen=True)
class LastRead:
    """What a run found that read the data and trained nothing."""

    sight: str  # of the data, what judged them, and the champion (`survey.sight`)
    count: int  # sound new datasets, or new rows
    bad: int | None = None  # bad ones; None: not recorded, as in earlier journals


@dataclass(frozen=True)
class State:
    """What the state branch holds."""

    commit: str = ""  # its tip; empty: there is no state yet
    data: str = ""  # tree id of the data directory as the last attempt saw it
    attempts: tuple[Attempt, ...] = ()
    set_aside: tuple[RejectedDataset, ...] = ()
    report: str = ""  # of the last promotion
    untracked: tuple[Dataset, ...] = ()  # what the last attempt saw that git does not track
    looked: LastRead | None = None  # the last data that were read without an attempt
    selection: DataPath | None = None  # what it took for a dataset; None: everything in the tree that is named as one

    @property
    def commits(self) -> frozenset[str]:
        """Every commit that the bot ever put on the proposal's branch."""
        ours = (commit for attempt in self.attempts for commit in (attempt.commit, *attempt.former))
        return frozenset(filter(None, ours))

    @property
    def last(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def proposed(self) -> Attempt | None:
        """The latest attempt that was proposed; attempts that were held since do not end it."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.commit), None)

    def with_attempt(self, attempt: Attempt) -> State:
        """The state with this attempt in place of its earlier record."""
        return replace(self, attempts=tuple(attempt if old.id == attempt.id else old for old in self.attempts))

    def by_fingerprint(self, fingerprint: str) -> Attempt | None:
        """The attempt that did this very work before."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.fingerprint == fingerprint), None)


def read(git: Git, commit: str) -> State:
    """The whole state.

    Raises:
        RepositoryError: a file of the branch is damaged.
    """
    from ml_action.core.records.attempt import Attempt

    if not commit:
        return State()
    report = (git.read(f"{commit}:{REPORT}") or b"").decode("utf-8", "replace")
    return replace(read_for_counting(git, commit), attempts=_lines(git, commit, JOURNAL, Attempt), report=report)


def read_for_counting(git: Git, commit: str) -> State:
    """The part of the state that counting needs: the attempts stay unread."""
    if not commit:
        return State()
    files = (SET_ASIDE, UNTRACKED, SELECTION, LOOKED)
    (tip, _), (data, _), *found = git.resolve(commit, *(f"{commit}:{name}" for name in (DATA, *files)))
    has = {name for name, (oid, _) in zip(files, found, strict=True) if oid}
    return State(
        tip,
        data,
        set_aside=_lines(git, commit, SET_ASIDE, RejectedDataset) if SET_ASIDE in has else (),
        untracked=_untracked(git, commit) if UNTRACKED in has else (),
        selection=_selection(git, commit) if SELECTION in has else None,
        looked=next(iter(_lines(git, commit, LOOKED, LastRead)), None) if LOOKED in has else None,
    )


def _lines(git: Git, commit: str, name: str, kind: type[T]) -> tuple[T, ...]:
    from ml_action.core.codec import decode  # late: most states have nothing to decode for a count

    content = git.read(f"{commit}:{name}")
    try:
        return tuple(decode(kind, json.loads(line)) for line in (content or b"").splitlines() if line.strip())
    except (ValueError, RecursionError) as error:  # nested a thousand times over: no machine wrote that
        raise _damaged(name, error) from error


def _selection(git: Git, commit: str) -> DataPath:
    try:
        return DataPath.from_record(git.read(f"{commit}:{SELECTION}") or b"")
    except ValueError as error:
        raise _damaged(SELECTION, error) from error


def _untracked(git: Git, commit: str) -> tuple[Dataset, ...]:
    try:
        return parse_untracked(git.read(f"{commit}:{UNTRACKED}") or b"")
    except ValueError as error:
        raise _damaged(UNTRACKED, error) from error


def _damaged(name: str, error: Exception) -> RepositoryError:
    return RepositoryError(
        f"the state branch holds a damaged {name}: {error}",
        why="it was edited by hand, or written by a newer version of ml-auto-update",
        fix="restore the branch to an earlier commit (each attempt is one), or use the newer version",
    )


# --- datasets.tsv -----------------------------------------------------------------------------------------

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def untracked_lines(datasets: Sequence[Dataset]) -> bytes:
    """One line per dataset: blob id, tab, path. What would end a field or a line in a path is escaped as in C."""
    escapes = str.maketrans(_ESCAPES)
    text = "".join(f"{item.blob}\t{item.path.translate(escapes)}\n" for item in datasets)
    return text.encode("utf-8", "surrogateescape")


def parse_untracked(content: bytes) -> tuple[Dataset, ...]:
    """The datasets of such lines. Raises ValueError for a line that is none."""
    plain = {escaped: character for character, escaped in _ESCAPES.items()}
    found = []
    for line in filter(None, content.decode("utf-8", "surrogateescape").split("\n")):
        blob, tab, path = line.partition("\t")
        if not (tab and path and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", blob)):
            raise ValueError(f"{line[:80]!r} is no blob id and path")
        found.append(Dataset(re.sub(r"\\.", lambda match: plain.get(match[0], match[0]), path), blob, untracked=True))
    return tuple(found)


# --- writing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counter:
    """new_data_counter.json: the counter as a person reads it."""

    count: int
    threshold: int
    since: str
    last_decision: str
    reason: str = ""  # for it


def write(repository: Repository, state: State, counter: Counter | None, message: str, *, time: str) -> str:
    """Writes the state as one commit on top of `state.commit`; the new commit's id. Nothing is pushed.

    Without a counter the one that is there stays.
    """
    from ml_action.git import journal_history

    files = {
        JOURNAL: _to_lines(state.attempts),
        SET_ASIDE: _to_lines(state.set_aside),
        REPORT: state.report.encode("utf-8", "replace"),
        UNTRACKED: untracked_lines(state.untracked),
        SELECTION: state.selection.to_record() if state.selection else b"",
        LOOKED: _to_lines([state.looked] if state.looked else []),
        COUNTER: (json.dumps(vars(counter), indent=2) + "\n").encode() if counter else _as_it_is(repository, state),
    }
    entries = {name: TreeEntry(FILE, repository.blob(content)) for name, content in files.items() if content}
    repository.tree({})  # the data's tree when nothing was ever committed: git knows its id, and pushes what is written
    if state.data:
        entries[DATA] = TreeEntry(FOLDER, state.data)
    message = f"{message}\n\n{journal_history.summary(state.attempts)}"
    return repository.commit(repository.tree(entries), state.commit, message, time=time)


def _as_it_is(repository: Repository, state: State) -> bytes:
    return (repository.store.read(f"{state.commit}:{COUNTER}") if state.commit else None) or b""


def _to_lines(records: Sequence[object]) -> bytes:
    from ml_action.core.codec import to_line  # late, for the same reason

    return "".join(to_line(record) + "\n" for record in records).encode()
