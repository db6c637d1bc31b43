"""Closed sets that many modules name: how a run ends, and how far it may go."""

from __future__ import annotations

from enum import Enum


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
    BLOCKED = "blocked"  # a person or a setting prevents it: the reason names it, nothing was overwritten
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
