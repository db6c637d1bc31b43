"""What will work in a repository: findings, and what the settings ask for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.repository_facts import RepositoryFacts


class Severity(str, Enum):
    """How much a finding weighs."""

    STOPS = "stops"  # it is certain to fail
    MAY = "may"  # it may fail: GitHub does not tell beforehand
    NOTE = "note"  # it works, and is good to know

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Goal:
    """What the settings ask for."""

    autonomy: Autonomy
    merge_method: str
    model_dir: str = "model"
    signed: bool = False  # whether GitHub is to sign the bot's commits
    in_fork: bool = False  # whether it is to run in a fork, too
    dashboard: bool = False


@dataclass(frozen=True)
class Finding:
    """A dead end of this repository."""

    name: str
    rung: Autonomy
    weight: Severity
    what: str
    happens: str
    fix: str
    alone: bool = False
    loses: bool = False

    def concerns(self, rung: Autonomy) -> bool:
        """Whether it is in the way of this rung."""
        return rung is self.rung if self.alone else rung.reaches(self.rung)


@dataclass(frozen=True)
class Diagnosis:
    """All that was found, the gravest first."""

    facts: RepositoryFacts
    aim: Goal
    findings: tuple[Finding, ...]

    @property
    def works(self) -> Autonomy | None:
        """The highest rung that nothing known stops; None: not even reports can be recorded."""
        free = [rung for rung in Autonomy if not any(self._stops(one, rung) for one in self.findings)]
        return free[-1] if free else None

    @property
    def enough(self) -> bool:
        """Whether what the settings ask for will work, as far as is known."""
        return not self.limits

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """What loses all that is trained: there is no use in training."""
        return tuple(one for one in self.limits if one.loses or one.rung is Autonomy.REPORT)

    @property
    def limits(self) -> tuple[Finding, ...]:
        """What stops a run short of what the settings ask for."""
        return tuple(one for one in self.findings if self._stops(one, self.aim.autonomy))

    def _stops(self, finding: Finding, rung: Autonomy) -> bool:
        return finding.weight is Severity.STOPS and finding.concerns(rung)
