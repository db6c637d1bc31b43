"""The sentences that name a verdict, its reason or the next step. Pure."""

from __future__ import annotations

from ml_action.core.records.attempt import Attempt


def rolled_back(rollback: Attempt) -> str:
    """Returns what was done to a version, as the end of a sentence."""
    return f"was rolled back on {rollback.time[:10]} ({rollback.reason})"
