"""The contract of data that are not in the repository: it is committed with the model, so it may show no cell of them.

Numbers are rounded: the ends of a range outward, to a tenth of it; what lies between to a tenth of the usual range. A
category is a keyed digest. The key is next to it: a reader who guesses a category can confirm the guess, but cannot
read one. Checks and drift round and digest what they compare with, so that they find what they found before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from ml_action.core import rounding
from ml_action.core.category_digest import digest
from ml_action.core.records.contract import ColumnProfile, DataContract, Dispersion

PARTS = 10  # of a range
OF_WIDTH = 4  # of a robust standard deviation: an eighth of one is the most by which a middle is off


def coarsened(contract: DataContract, blobs: Iterable[str]) -> DataContract:
    """Returns the contract without a cell's value. The key of its digests is made of the datasets' blob ids."""
    key = hashlib.sha256("\n".join(sorted(blobs)).encode()).hexdigest()[:32]
    return replace(contract, columns=tuple(_coarse(profile, key) for profile in contract.columns))


def _coarse(profile: ColumnProfile, key: str) -> ColumnProfile:
    if profile.kind == "text" and profile.categories:
        shares = {digest(key, name): share for name, share in profile.categories.items()}
        return replace(profile, categories={}, digests=dict(sorted(shares.items())), key=key)
    if not profile.sketch:
        return profile
    rounded = replace(profile, centre=_dispersion(profile.centre), size=_dispersion(profile.size))
    return _with_sketch(rounded, profile.sketch)


def _with_sketch(profile: ColumnProfile, sketch: tuple[float, ...]) -> ColumnProfile:
    """Returns the profile with rounded quantiles, in order, and the step that they are multiples of."""
    low, high = sketch[0], sketch[-1]
    widest = _part(low, high) or rounding.step_within(abs(low) / PARTS)  # of a constant: of its size
    step = _part(sketch[1], sketch[-2]) or widest
    low, high = rounding.below(low, widest), rounding.above(high, widest)
    between = (min(max(rounding.nearest(value, step), low), high) for value in sketch[1:-1])
    return replace(profile, sketch=(low, *between, high), step=step)


def _part(low: float, high: float) -> float:
    return rounding.step_within(high / PARTS - low / PARTS)


def _dispersion(found: Dispersion | None) -> Dispersion | None:
    """Returns it with a middle that is rounded by less than its width, and with two digits of the others."""
    if found is None:
        return None
    return Dispersion(
        rounding.nearest(found.middle, rounding.step_within(found.width / OF_WIDTH)),
        rounding.above(found.width, rounding.step_within(found.width / PARTS)),
        rounding.above(found.reach, rounding.step_within(found.reach / PARTS)),
    )
