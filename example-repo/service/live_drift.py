"""Live drift: how far the rows that clients send differ from the training data, column by column."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ml_action.consumer import ColumnProfile, DataContract
from ml_action.modelling.contract import effect_size as distances

MAX_ROWS = 2000  # that are kept
MIN_ROWS = 30  # fewer differ by chance alone
MAX_COLUMNS = 200  # that are reported: each is a series of its own
MAX_TEXT = 100  # characters of a text that are kept


class RecentInputs:
    """The last rows that were predicted. A request only pays for appending them, and for cutting long texts."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._rows: deque[Mapping[str, Any]] = deque(maxlen=max_rows)

    def __len__(self) -> int:
        return len(self._rows)

    def extend(self, rows: Sequence[Mapping[str, Any]], size: int) -> None:
        """Adds rows of a request that had `size` bytes."""
        if size > MAX_TEXT * len(rows):
            rows = [_cut(row) for row in rows[-MAX_ROWS:]]
        self._rows.extend(rows[-MAX_ROWS:])

    def clear(self) -> None:
        """Drops all rows: another model has other columns."""
        self._rows.clear()

    def drift(self, contract: DataContract | None, features: Iterable[str]) -> dict[str, float]:
        """Returns an effect size for each feature, from 0 (as in training) to 1; empty if there are too few rows."""
        rows = list(self._rows)
        if contract is None or len(rows) < MIN_ROWS:
            return {}
        profiles = [contract.profile(name) for name in list(features)[:MAX_COLUMNS]]
        effects = {
            profile.name: _effect([row.get(profile.name) for row in rows], profile) for profile in profiles if profile
        }
        return {name: effect for name, effect in effects.items() if effect is not None}


def _cut(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the row without the ends of long texts: two thousand rows of them would fill the memory."""
    if not any(isinstance(value, str) and len(value) > MAX_TEXT for value in row.values()):
        return row
    return {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in row.items()}


def _effect(values: list[Any], profile: ColumnProfile) -> float | None:
    """Returns the effect size of one column, or `None` for a column whose values are not comparable."""
    known = [value for value in values if value is not None]
    missing = abs(1 - len(known) / len(values) - profile.missing)
    if not known:
        return missing
    if profile.sketch and all(isinstance(value, int | float) for value in known):
        return max(missing, distances.of_numbers(np.array(known, dtype=np.float64), profile))
    if profile.shares:
        shares = {str(name): count / len(known) for name, count in Counter(map(str, known)).items()}
        return max(missing, distances.of_categories(shares, profile))
    return None
