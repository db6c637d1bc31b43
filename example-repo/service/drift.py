"""Live drift: how far what clients send lies from what the model was trained on, column by column."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ml_action.contract import Contract, Profile
from ml_action.modelling import distances

KEPT = 2000  # rows
LEAST = 30  # fewer say nothing
MOST_COLUMNS = 200  # that are told: each is a series of its own


class Recent:
    """The last rows that were answered. Appending is all that a request pays for."""

    def __init__(self, kept: int = KEPT) -> None:
        self._rows: deque[Mapping[str, Any]] = deque(maxlen=kept)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Mapping[str, Any]) -> None:
        """One row."""
        self._rows.append(row)

    def extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Many rows."""
        self._rows.extend(rows[-KEPT:])

    def clear(self) -> None:
        """Forgets them: another model has other columns."""
        self._rows.clear()

    def effects(self, contract: Contract | None, features: Iterable[str]) -> dict[str, float]:
        """Per feature the effect size, 0 (as in training) to 1; none for too few rows."""
        rows = list(self._rows)
        if contract is None or len(rows) < LEAST:
            return {}
        profiles = [contract.profile(name) for name in list(features)[:MOST_COLUMNS]]
        found = {
            profile.name: _effect([row.get(profile.name) for row in rows], profile) for profile in profiles if profile
        }
        return {name: effect for name, effect in found.items() if effect is not None}


def _effect(values: list[Any], profile: Profile) -> float | None:
    known = [value for value in values if value is not None]
    gone = abs(1 - len(known) / len(values) - profile.missing)
    if not known:
        return gone
    if profile.sketch and all(isinstance(value, int | float) for value in known):
        return max(gone, distances.from_sketch(np.array(known, dtype=np.float64), np.array(profile.sketch)))
    if profile.categories:
        shares = {str(name): count / len(known) for name, count in Counter(map(str, known)).items()}
        return max(gone, distances.from_shares(shares, profile.categories))
    return None
