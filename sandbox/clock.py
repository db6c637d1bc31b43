"""The current time in GitHub's format."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """Returns the current time in UTC, to the second, with a Z."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
