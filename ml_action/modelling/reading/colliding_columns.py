"""Columns whose values were made to have equal hashes, whatever they are: text of several files, and numbers.

As in `collisions`, but for a table: factorising a column, or counting its distinct values, takes as long as parsing it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.reading import collisions
from ml_action.modelling.reading.collisions import Hashes, Owned

_SPACING, _LEAST = 500, 512  # a sample of each so many rows, and at least so many
_MURMUR, _SEED = np.uint32(0x5BD1E995), np.uint32((0xC70F6907 ^ 4) * 0x5BD1E995 % 2**32)


class _Kind(NamedTuple):
    """How values are hashed. Each function takes an array of values."""

    words: Callable[[Any], list[Any]]  # the values, equal where pandas takes them for equal
    hashes: Callable[[Any], Hashes]
    distinct: Callable[[Any], int]  # how many there are


_SHORTEST = 8  # bytes of a cell that does harm


def colliding_datasets(frame: pd.DataFrame, cluster: npt.NDArray[np.int64], named: Collection[str] = ()) -> list[int]:
    """Returns the datasets that hold most of the values with equal hashes in some column; nearly always none.

    Args:
        frame: The rows.
        cluster: Per row the position of its dataset.
        named: Columns whose numbers may be used as text, such as that of groups.
    """
    if len(frame) * _SHORTEST < collisions.HARMLESS:
        return []
    rows = np.random.default_rng().integers(0, len(frame), max(_LEAST, len(frame) // _SPACING))
    found: set[int] = set()
    for place in range(len(frame.columns)):
        column = frame.iloc[:, place]
        sample = _known(column.array[rows])
        for kind in _kinds(sample, as_text=str(frame.columns[place]) in named):
            if collisions.share_hashes(kind.distinct(sample), kind.hashes(sample)):
                found.update(_most_in(column, cluster, kind))
    return sorted(found)


def _known(values: Any) -> npt.NDArray[Any]:
    """Returns the known values: numbers as they are, all else as objects."""
    array = np.asarray(values) if values.dtype.kind in "iuf" else np.asarray(values, dtype=object)
    return array if array.dtype.kind in "iu" else array[~pd.isna(array)]


def _kinds(values: npt.NDArray[Any], *, as_text: bool) -> list[_Kind]:
    """Returns the hashes that pandas may use for these values."""
    if values.dtype == object:
        return [_TEXT]
    text = [_TEXT] if as_text else []
    return [_WHOLE, _FLOATS, *text] if values.dtype.kind in "iu" else [_FLOATS, *text]


def _most_in(column: pd.Series, cluster: npt.NDArray[np.int64], kind: _Kind) -> list[int]:
    values, owners = _known(column.array), cluster[column.notna().to_numpy()]
    words, hashes = kind.words(values), kind.hashes(values)
    numbers, counts = np.unique(hashes, return_counts=True)
    large = np.isin(hashes, numbers[counts > collisions.MOST])
    owned: list[Owned] = [{} for _ in range(int(cluster[-1]) + 1)]
    for place in np.flatnonzero(large).tolist():
        owned[owners[place]].setdefault(int(hashes[place]), set()).add(words[place])
    return collisions.leave_out(owned)


def _texts(values: npt.NDArray[Any]) -> list[bytes]:
    return [str(value).encode("utf-8", "surrogatepass") for value in values.tolist()]


def hashes_of_whole_numbers(values: npt.NDArray[Any]) -> Hashes:
    """Returns pandas' hash of each whole number: of 64 bits, shifted upon each other."""
    bits = values.astype(np.int64)
    found: Hashes = ((bits >> 33) ^ bits ^ (bits << 11)).astype(np.uint32)
    return found


def hashes_of_floats(values: npt.NDArray[Any]) -> Hashes:
    """Returns pandas' hash of each float: Murmur's second, of both halves."""
    halves = np.ascontiguousarray(values, np.float64).view("<u4").reshape(-1, 2)
    found: Hashes = ((_SEED ^ _mixed(halves[:, 0])) * _MURMUR) ^ _mixed(halves[:, 1])
    found = (found ^ (found >> np.uint32(13))) * _MURMUR
    return found ^ (found >> np.uint32(15))


def _mixed(half: Hashes) -> Hashes:
    once = half * _MURMUR
    return (once ^ (once >> np.uint32(24))) * _MURMUR


_WHOLE = _Kind(list, hashes_of_whole_numbers, lambda values: len(np.unique(values)))
_FLOATS = _Kind(list, hashes_of_floats, lambda values: len(np.unique(values)))
_TEXT = _Kind(_texts, lambda values: collisions.hashes_of(_texts(values)), lambda values: len(set(_texts(values))))
