"""The nouns that a count needs: what arrived, and how a run ends. The rest of the vocabulary is in `records`.

Apart from it for speed alone: the hourly `check` loads this module and not the other, which costs it ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.records import Attempt, Decision, Publication, Trial, Version


class Verdict(str, Enum):
    """How an attempt, or a run without one, ended."""

    WAITING = "waiting"  # not enough new datasets: nothing was trained
    READY = "ready"  # enough new datasets, and only the count was asked for
    HOLD = "hold"  # trained, not proven better: normal, no pull request
    REJECT = "reject"  # trained, proven worse or failed a guard
    PROMOTE = "promote"  # trained, proven better: the promotion is proposed
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
    """One CSV file that arrived. `blob` is its git blob id: its identity is its content."""

    path: str
    blob: str


@dataclass(frozen=True)
class SetAside:
    """A dataset that is neither counted nor trained on, and why."""

    path: str
    blob: str
    reason: str
    line: int = 0


@dataclass(frozen=True)
class Inventory:
    """What is new in the data path since the last attempt, as git tells it (docs/accounting.md)."""

    tree: str  # the data path's tree id now
    since: str  # the tree id that the last attempt saw; the empty tree when there was none
    new: tuple[Dataset, ...]
    copies: int = 0  # renames and exact copies: not new
    removed: int = 0
    set_aside: int = 0  # new to git, but recorded as not to be counted


@dataclass(frozen=True)
class Trigger:
    """The answer of the cheap look: enough new datasets or not."""

    ready: bool
    count: int
    threshold: int
    reason: str


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
    notes: tuple[str, ...] = ()
    model_path: str = ""
    report_path: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
