"""Round numbers: 1, 2 or 5 times a power of ten, and their multiples."""

from __future__ import annotations

import math
from collections.abc import Callable

MAX_WHOLE = 2**53  # beyond it every float is whole


def step_within(size: float) -> float:
    """Returns the largest of 1, 2 or 5 times a power of ten that is not above `size`; 0 without one."""
    if not (0 < size < math.inf):
        return 0.0
    power = math.floor(math.log10(size))
    steps = (float(f"{digit}e{power + more}") for more in (1, 0, -1) for digit in (5, 2, 1))
    return next((step for step in steps if 0 < step <= size), 0.0)


def nearest(value: float, step: float) -> float:
    """Returns the multiple of the step that is closest to the value; the value itself without a step."""
    return _multiple(round, value, step)


def below(value: float, step: float) -> float:
    """Returns the largest multiple of the step that is not above the value."""
    return _multiple(math.floor, value, step)


def above(value: float, step: float) -> float:
    """Returns the smallest multiple of the step that is not below the value."""
    return _multiple(math.ceil, value, step)


def _multiple(to_whole: Callable[[float], int], value: float, step: float) -> float:
    if not step or not math.isfinite(value / step):
        return value
    return float(f"{to_whole(value / step) * step:.15g}")  # 0.3, and not 0.30000000000000004
