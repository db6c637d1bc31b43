"""The time as GitHub writes it."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """The present in UTC, to the second, with a Z."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
