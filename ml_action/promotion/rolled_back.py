"""Versions that were rolled back: the very same model is not proposed again from the very same data. Pure.

Derived from the journal, where the rollback and what became of it stand; new data lift it, and so does going back to
the version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.model import History, Trial, Version


def active_rollbacks(attempts: Sequence[Attempt]) -> Mapping[str, Attempt]:
    """The rollbacks that stand, by the version that each took out of production."""
    found: dict[str, Attempt] = {}
    for attempt in attempts:
        if attempt.rolls_back and attempt.state == "merged":
            found.pop(attempt.version, None)
            found[attempt.champion] = attempt
    return found


def repeats_rolled_back(trial: Trial, data_tree: str, history: History | None, attempts: Sequence[Attempt]) -> str:
    """Why this challenger is a version that was rolled back; empty: it is another one."""
    barred = active_rollbacks(attempts)
    for version in history.versions if history else ():
        same = _same(version, trial, data_tree)
        if same and version.version in barred:
            return f"it is {version.version} again ({same}), which {describe(barred[version.version])}"
    return ""


def _same(version: Version, trial: Trial, data_tree: str) -> str:
    """In what the challenger is this version; empty: it is not."""
    if version.sha256 == trial.digest:
        return "the same model file"
    made = (version.target, version.features, version.task, version.estimator, dict(version.params), version.weight)
    recipe = trial.recipe
    asked = (recipe.target, recipe.features, recipe.task, recipe.estimator, dict(recipe.params), recipe.weight)
    return "the same recipe on the same data" if version.data_tree == data_tree and made == asked else ""


def describe(rollback: Attempt) -> str:
    """What was done to a version, as the end of a sentence."""
    return f"was rolled back on {rollback.time[:10]} ({rollback.reason})"


def notes(attempts: Sequence[Attempt], history: History | None) -> tuple[str, ...]:
    """The versions after the champion that were rolled back; those before it are history."""
    current = _number(history.current) if history else 0
    barred = active_rollbacks(attempts)
    return tuple(f"{version} {describe(barred[version])}" for version in barred if _number(version) > current)


def _number(version: str) -> int:
    return int(version[1:]) if version[1:].isdecimal() else 0
