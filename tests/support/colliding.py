"""Words and numbers to which pandas' hash tables give the same hash, as an attacker would compute them."""

from __future__ import annotations

import itertools

import numpy as np

_MURMUR, _SEED, _MODULUS = 0x5BD1E995, 0xC70F6907 ^ 4, 2**32
_INVERSE = pow(_MURMUR, -1, _MODULUS)


def colliding_words(count: int) -> list[str]:
    """Words of `Aa` and `BB`, which have one hash: 31 * 65 + 97 = 31 * 66 + 66."""
    length = max(3, (count - 1).bit_length())
    return ["".join(word) for word in itertools.islice(itertools.product(("Aa", "BB"), repeat=length), count)]


def colliding_whole_numbers(count: int) -> np.ndarray:
    """Whole numbers: for each upper half there is a lower one."""
    found = []
    for high in range(1, count + 1):
        wanted = 0x12345678 ^ (high >> 1)
        low = wanted
        for _ in range(3):
            low = wanted ^ (low << 11) % _MODULUS
        found.append(high << 32 | low)
    return np.array(found, dtype=np.int64)


def colliding_floats(count: int) -> np.ndarray:
    """Floats from 1 to 2: for each upper half there is a lower one."""
    found = []
    for number in range(count):
        high = 0x3FF00000 | number
        between = (0x12345678 ^ _mixed(high)) * _INVERSE % _MODULUS
        found.append(high << 32 | _unmixed(between ^ _SEED * _MURMUR % _MODULUS))
    return np.array(found, dtype=np.uint64).view(np.float64)


def _mixed(half: int) -> int:
    once = half * _MURMUR % _MODULUS
    return (once ^ once >> 24) * _MURMUR % _MODULUS


def _unmixed(half: int) -> int:
    once = half * _INVERSE % _MODULUS
    return (once ^ once >> 24) * _INVERSE % _MODULUS
