"""What will work in a repository: the goal of the settings, findings, and their sum."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.repository_facts import RepositoryFacts


class Severity(str, Enum):
    """How much a finding matters."""

    BLOCKS = "stops"  # a run will certainly fail
    MAY_BLOCK = "may"  # a run may fail: GitHub does not show it beforehand
    INFO = "note"  # a run works, and this is good to know

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Goal:
    """What the settings ask for."""

    autonomy: Autonomy
    merge_method: str
    model_dir: str = "model"
    signed: bool = False  # whether GitHub signs the bot's commits
    in_fork: bool = False  # whether the loop also runs in a fork
    dashboard: bool = False


@dataclass(frozen=True)
class Finding:
    """One check that found a problem in this repository."""

    name: str
    level: Autonomy  # the lowest level of autonomy that it affects
    severity: Severity
    what: str
    consequence: str
    fix: str
    this_level_only: bool = False  # whether the levels above work without what is missing
    loses_training: bool = False  # whether the result of a training is lost

    def affects(self, level: Autonomy) -> bool:
        """Whether it affects this level of autonomy."""
        return level is self.level if self.this_level_only else level.reaches(self.level)


@dataclass(frozen=True)
class Diagnosis:
    """The facts, the goal, and all findings, the most severe first."""

    facts: RepositoryFacts
    goal: Goal
    findings: tuple[Finding, ...]

    @property
    def achievable(self) -> Autonomy | None:
        """The highest level that no finding blocks; `None` if not even a report can be recorded."""
        free = [level for level in Autonomy if not self._blocking(level)]
        return free[-1] if free else None

    @property
    def sufficient(self) -> bool:
        """Whether the goal can be reached, as far as is known."""
        return not self.obstacles

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """The findings that lose the result of a training, so that training would be pointless."""
        return tuple(found for found in self.obstacles if found.loses_training or found.level is Autonomy.REPORT)

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """The findings that block the goal."""
        return self._blocking(self.goal.autonomy)

    def _blocking(self, level: Autonomy) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.severity is Severity.BLOCKS and found.affects(level))
