"""The nouns that a count needs: what arrived, and how a run ends. The rest of the vocabulary is in `records`.

Apart from it for speed alone: the hourly `check` loads this module and not the other, which costs it ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.contract import Shift
    from ml_action.diagnosis import Diagnosis
    from ml_action.records import Attempt, Decision, Publication, Trial, Version


class Verdict(str, Enum):
    """How an attempt, or a run without one, ended."""

    WAITING = "waiting"  # not enough new datasets: nothing was trained
    READY = "ready"  # enough new datasets, and only the count was asked for
    HOLD = "hold"  # trained, not proven better: normal, no pull request
    REJECT = "reject"  # trained, proven worse, or better on average and worse where it must not be
    PROMOTE = "promote"  # trained, proven better: the promotion is proposed
    ROLLBACK = "rollback"  # nothing was trained: an earlier version is proposed to be in production again
    REVIEW = "review"  # the data look wrong: a person must look
    INCOMPARABLE = "incomparable"  # the champion cannot be scored on these datasets: a person must look
    BLOCKED = "blocked"  # a person or a setting stands in the way: said which, nothing was overwritten
    STOOD_DOWN = "stood-down"  # another run moved the state first: this one left it to that one
    FAILED = "failed"  # a Problem: see the message

    def __str__(self) -> str:
        return self.value


class Autonomy(str, Enum):
    """One ladder: each rung does what the one before does, and one thing more."""

    REPORT = "report"  # train, judge, record, explain
    PROPOSE = "propose"  # ... and open the pull request
    APPROVE = "approve"  # ... and approve it with the second identity
    MERGE = "merge"  # ... and merge it when its requirements are met

    def __str__(self) -> str:
        return self.value

    def reaches(self, other: Autonomy) -> bool:
        """Whether this rung is at or above the other."""
        ladder = list(Autonomy)
        return ladder.index(self) >= ladder.index(other)


@dataclass(frozen=True)
class Dataset:
    """One file that arrived. `blob` is its git blob id: its identity is its content."""

    path: str
    blob: str
    untracked: bool = False  # in the workspace, and git does not know it


@dataclass(frozen=True)
class SetAside:
    """A dataset that is neither counted nor trained on, and why."""

    path: str
    blob: str
    reason: str
    line: int = 0
    copy_of: str = ""  # blob id of the dataset that holds the same rows; empty: it is no copy but bad
    under: str = ""  # the settings that judged it (`settings.judged_by`): under others it is judged again


@dataclass(frozen=True)
class Inventory:
    """What is new in the data path since the last attempt, as git tells it (docs/accounting.md)."""

    tree: str  # the data path's tree id now
    since: str  # the tree id that the last attempt saw; the empty tree when there was none
    new: tuple[Dataset, ...]
    copies: int = 0  # renames and exact copies: not new
    removed: int = 0
    set_aside: int = 0  # new to git, but recorded as not to be counted
    bad: int = 0  # of these: those that are no copies
    rows: int = 0  # that arrived, where rows are counted
    before: tuple[Dataset, ...] = ()  # where rows are counted: old versions of what was edited or is gone
    untracked: tuple[Dataset, ...] = ()  # all that git does not track, as the next attempt is to remember them
    missing: tuple[str, ...] = ()  # data paths that the commit does not have
    passed_over: int = 0  # files of other kinds that arrived where only the rows of CSV files count


@dataclass(frozen=True)
class Trigger:
    """The answer of the cheap look: enough new datasets or not."""

    ready: bool
    count: int
    threshold: int
    reason: str
    unit: str = "datasets"  # what was counted
    asked: bool = False  # a person pulls it, however few are new
    early: int = 0  # the number at which drift may pull it; 0: it takes the threshold


@dataclass(frozen=True)
class Outcome:
    """The ending of a run: the source of outputs, summary and terminal text."""

    verdict: Verdict
    reason: str
    next_step: str
    inventory: Inventory | None = None
    trigger: Trigger | None = None
    champion: Version | None = None
    attempt: Attempt | None = None
    trial: Trial | None = None
    decision: Decision | None = None
    publication: Publication | None = None
    set_aside: tuple[SetAside, ...] = ()
    shifts: tuple[Shift, ...] = ()
    notes: tuple[str, ...] = ()
    model_path: str = ""
    report_path: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)  # outputs that no other field tells
    diagnosis: Diagnosis | None = None  # of the doctor
    exit_code: int = 0  # 3: the run did its work, and what it looked at is bad
