"""Rows that a file has from another file, as in exports that overlap: last month and this, or all rows so far.

Equal rows alone prove nothing: where rows have few distinct values, they repeat each other. Two files overlap if one
can be laid over the other so that all rows agree where both have some, and these are more than agree by chance, in such
data, once in ten thousand times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]

CHANCE = 1e-4  # how often as many rows in a row agree by chance
MOST = 100_000  # places at which a file may begin in another
_FACTOR = 0x9E3779B97F4A7C15  # 2**64 / golden ratio


def overlapping_rows(hashes: Hashes, cluster: Integers, added: Flags, others: Flags) -> Flags:
    """Per row: whether its file, one of the `added`, overlaps with one of the `others` in it.

    Args:
        hashes: One per row: equal rows have equal ones.
        cluster: The file of each row, ascending; the rows of a file are in its order.
        added: Marks all rows of some files.
        others: Marks all rows of some other files.
    """
    found = np.zeros(len(hashes), dtype=bool)
    least = _least_rows(hashes, cluster, others) if added.any() and others.any() else 0
    if not least or least > len(hashes):
        return found
    starts = np.flatnonzero(np.diff(cluster, prepend=-1))
    ends = np.append(starts[1:], len(hashes))
    blocks = _blocks(hashes, least)
    long = starts[ends - starts >= least]
    for here, there in ((added, others), (others, added)):
        for first, place in _places(blocks, long[here[long]], _within(cluster, least) & there[: len(blocks)]):
            file, other = (int(np.searchsorted(starts, row, "right")) - 1 for row in (first, place))
            length = int(min(ends[file] - first, ends[other] - place))
            if np.array_equal(hashes[first : first + length], hashes[place : place + length]):
                row = first if here is added else place
                found[row : row + length] = True
    return found


def _least_rows(hashes: Hashes, cluster: Integers, others: Flags) -> int:
    """Returns how many rows in a row have to agree; 0: none prove anything, since each row is as the one before it."""
    rows = hashes[others]
    alone = _agreement(rows, cluster[others])
    one = max(1 / len(rows), alone, _agreement(rows, np.zeros(len(rows), dtype=np.int64)))
    same = cluster[others][1:] == cluster[others][:-1]
    two = _agreement((rows[1:] * np.uint64(_FACTOR) + rows[:-1])[same], cluster[others][1:][same])
    next_one = max(one, two / alone if alone else 0.0)  # the chance that the next row agrees, where one does
    if next_one >= 1:
        return 0
    return max(2, 1 + math.ceil(math.log(CHANCE / (len(rows) * one)) / math.log(next_one)))


def _agreement(values: Hashes, group: Integers) -> float:
    """Returns the chance that two values of a group agree; 0 if there are no two of them."""
    pairs = _pairs(np.unique(group, return_counts=True)[1])
    mixed = values ^ (group.astype(np.uint64) * np.uint64(_FACTOR))
    return _pairs(np.unique(mixed, return_counts=True)[1]) / pairs if pairs else 0.0


def _pairs(counts: Integers) -> float:
    numbers = counts.astype(np.float64)
    return float((numbers * (numbers - 1)).sum() / 2)


def _blocks(hashes: Hashes, length: int) -> Hashes:
    """Per row but the last ones: one hash of it and of the rows after it, `length` rows in all."""
    found = np.zeros(len(hashes) - length + 1, dtype=np.uint64)
    for offset in range(length):
        found = found * np.uint64(_FACTOR) + hashes[offset : offset + len(found)]
    return found


def _within(cluster: Integers, length: int) -> Flags:
    """Per row but the last ones: whether so many rows from it on are of its own file."""
    return np.asarray(cluster[: len(cluster) - length + 1] == cluster[length - 1 :], dtype=bool)


def _places(blocks: Hashes, firsts: Integers, places: Flags) -> Iterator[tuple[int, int]]:
    """Yields each row of `firsts` with a row that `places` marks where the same block begins."""
    wanted = np.unique(blocks[firsts])
    rows = np.flatnonzero(places)
    rows = rows[np.isin(blocks[rows], wanted)]
    rows = rows[np.argsort(blocks[rows], kind="stable")]
    known = blocks[rows]
    left = MOST
    for first in firsts.tolist():
        begin, end = np.searchsorted(known, blocks[first], "left"), np.searchsorted(known, blocks[first], "right")
        for place in rows[begin : min(end, begin + left)].tolist():
            yield first, place
        left -= int(end - begin)
        if left <= 0:
            return
