"""Versions that were rolled back: the same model is not proposed again from the same data. Pure.

This follows from the journal, which records each rollback and its outcome. New data end it, and so does a rollback to
the version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ml_action.reports.verdicts import outcomes as sentences

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.model import History, Trial, Version


def active_rollbacks(attempts: Sequence[Attempt]) -> Mapping[str, Attempt]:
    """Returns the rollbacks in effect, by the version that each took out of production."""
    found: dict[str, Attempt] = {}
    for attempt in attempts:
        if attempt.rolls_back and attempt.state == "merged":
            found.pop(attempt.version, None)
            found[attempt.champion] = attempt
    return found


def repeats_rolled_back(trial: Trial, data_tree: str, history: History | None, attempts: Sequence[Attempt]) -> str:
    """Returns why this challenger equals a version that was rolled back, or "" if it does not."""
    rollbacks = active_rollbacks(attempts)
    for version in history.versions if history else ():
        same = _similarity(version, trial, data_tree)
        if same and version.version in rollbacks:
            return f"it is {version.version} again ({same}), which {sentences.rolled_back(rollbacks[version.version])}"
    return ""


def _similarity(version: Version, trial: Trial, data_tree: str) -> str:
    """Returns what the challenger and this version have in common, or "" if they differ."""
    if version.sha256 == trial.digest:
        return "the same model file"
    earlier = (version.target, version.features, version.task, version.estimator, dict(version.params), version.weight)
    recipe = trial.recipe
    challenger = (recipe.target, recipe.features, recipe.task, recipe.estimator, dict(recipe.params), recipe.weight)
    return "the same recipe on the same data" if version.data_tree == data_tree and earlier == challenger else ""


def notes(attempts: Sequence[Attempt], history: History | None) -> tuple[str, ...]:
    """Returns a sentence for each version after the champion that was rolled back."""
    current = _number(history.current) if history else 0
    rollbacks = active_rollbacks(attempts)
    return tuple(
        f"{version} {sentences.rolled_back(rollbacks[version])}" for version in rollbacks if _number(version) > current
    )


def _number(version: str) -> int:
    return int(version[1:]) if version[1:].isdecimal() else 0
