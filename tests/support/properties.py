"""How many examples the property tests take."""

from __future__ import annotations

import os

FEW = 15  # of each property, in `make test-fast`


def examples(count: int) -> int:
    """Returns `count`, or at most `FEW` in `make test-fast`; for `hypothesis.settings(max_examples=...)`."""
    return min(count, FEW) if os.environ.get("HYPOTHESIS") == "few" else count
