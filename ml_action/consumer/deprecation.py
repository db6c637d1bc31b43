"""Public names that have a new name: the old ones keep working for one version (docs/consumer.md)."""

from __future__ import annotations

import warnings
from typing import Any

REMOVED_IN = "0.2"


def warn(old: str, new: str, *, stacklevel: int = 2) -> None:
    """Warns the caller that `old` is called `new`. `stacklevel` 2 is the caller of the function that calls this."""
    message = f"{old} is deprecated and will be removed in version {REMOVED_IN}: use {new}"
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel + 1)


def renamed(old: str, new: str) -> property:
    """Returns a read-only attribute `old` with the value of the attribute `new`."""

    def get(instance: object) -> Any:
        warn(f"{type(instance).__name__}.{old}", new)
        return getattr(instance, new)

    return property(get, doc=f"Deprecated: use `{new}`.")
