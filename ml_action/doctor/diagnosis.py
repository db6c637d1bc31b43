"""Applies a table of checks to the facts about a repository. Pure.

The table belongs to a forge: `checks` has GitHub's. A level of autonomy works if no check blocks it or a level below
it. What the forge does not show is reported as unknown and blocks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Diagnosis, Finding, Goal, Severity
from ml_action.core.records.repository_facts import RepositoryFacts


def _never(_: RepositoryFacts) -> bool:
    return False


@dataclass(frozen=True)
class Check:
    """One way to fail. The texts are templates; `CheckTable` has their values."""

    name: str
    level: Autonomy  # the lowest level that it affects
    severity: Severity
    applies: Callable[[RepositoryFacts, Goal], object]  # whether it is found; any truthy value means yes
    what: str
    consequence: str
    fix: str
    this_level_only: Callable[[RepositoryFacts], bool] = _never  # whether the levels above work all the same
    loses_training: bool = False  # whether the attempt is lost: state and proposal are pushed together or not at all


@dataclass(frozen=True)
class CheckTable:
    """A forge's checks, and the values of their templates."""

    checks: tuple[Check, ...]
    untrusted_values: Callable[[RepositoryFacts, Goal], Mapping[str, str]]  # written by other people
    values: Callable[[RepositoryFacts], Mapping[str, str]]  # written by us


def diagnose(table: CheckTable, facts: RepositoryFacts, goal: Goal) -> Diagnosis:
    """Returns a finding for each check that applies, by severity and then by level."""
    values = {**table.untrusted_values(facts, goal), **table.values(facts)}
    found = [_finding(check, facts, values) for check in table.checks if check.applies(facts, goal)]
    severities, levels = list(Severity), list(Autonomy)
    found.sort(key=lambda finding: (severities.index(finding.severity), levels.index(finding.level)))
    return Diagnosis(facts, goal, tuple(found))


def _finding(check: Check, facts: RepositoryFacts, values: Mapping[str, str]) -> Finding:
    return Finding(
        name=check.name,
        level=check.level,
        severity=check.severity,
        what=check.what.format_map(values),
        consequence=check.consequence.format_map(values),
        fix=check.fix.format_map(values),
        this_level_only=check.this_level_only(facts),
        loses_training=check.loses_training,
    )
