"""Nothing is waited for: neither before a retry, nor between two writes to GitHub."""

from __future__ import annotations

import time
from functools import partial
from types import SimpleNamespace

import pytest

from ml_action.core.retry import RetryBudget
from ml_action.forge.github import session
from ml_action.forge.github.session import Timing
from ml_action.runtime import wiring

NO_SLEEP = SimpleNamespace(**vars(time) | {"sleep": lambda _seconds: None})
REPLACED = (
    (session, "Timing", partial(Timing, between_writes=0.0, timeout=20)),
    (wiring, "RetryBudget", partial(RetryBudget, backoff=0.0)),
    (wiring, "time", NO_SLEEP),
)


def hurry() -> None:
    """Nothing is waited for: GitHub asks its clients for a pause between writes, the sandbox does not.

    Only our own module is without `sleep`: joblib, which sleeps while other threads train, would spin instead.
    """
    for module, name, hasty in REPLACED:
        setattr(module, name, hasty)


def in_no_time(patch: pytest.MonkeyPatch) -> None:
    """As `hurry`, until the patch is undone."""
    for module, name, hasty in REPLACED:
        patch.setattr(module, name, hasty)
