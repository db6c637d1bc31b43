"""Cells that were made to have equal hashes: pandas' hash tables compare each of them with all others of its hash.

A megabyte of such words takes seconds, ten of them minutes, when a file is parsed and again whenever the distinct
values of a column are looked for. pandas' hashes have no key, so anybody can compute such words and numbers. Here the
hashes of a random sample are compared, which takes a fiftieth of the time of parsing, and of everything only where the
sample is suspicious. Sound data pass: words that a person or a program writes share a hash by twos and threes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]
Owned = dict[int, set[Any]]  # distinct values by their hash

MOST = 500  # distinct values with one hash: comparing them takes a microsecond for each
SHARED = 10  # distinct values of a sample whose hash another one has; 0 by chance
HARMLESS = 16_384  # bytes, or rows of a column: were all of them made so, it would be a hundredth of a second
REASON = "has thousands of different cells with one hash, which takes hours to read: they were made for that"

_SHORT = 6  # bytes; so few of the shorter words share a hash that they do no harm
_LAYERS = ((1 << 15, 1 << 15), (1 << 22, 1 << 24))  # a sample for each so many bytes; of cells up to so many
_LEAST = 16  # samples
_CELLS = 4  # per sample: an author may hide long cells behind short ones
_CELL = re.compile(rb'"([^"]*+(?:""[^"]*+)*+)"|([^",\r\n]*+)')
_REST = re.compile(rb'[^"]*+(?:""[^"]*+)*+"?')  # of a cell in quotes
_SEPARATOR = re.compile(rb"[,\r\n]++")
_TO_SEPARATOR = re.compile(rb'[^",\r\n]*+')
_ANY_CELL = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"?[^,\r\n]*+|[^,\r\n]++')  # as pandas' tokenizer sees it
_PIECE, _BLOCK = 100_000, 4_000_000  # cells and bytes that are hashed at once
_COMMA, _LINE, _RETURN, _QUOTE = b',\n\r"'
_SEPARATORS = b",\n\r"
_NONE, _ZERO = np.zeros(0, np.uint32), np.zeros(1, np.uint32)
_INVERSE = np.uint32(pow(31, -1, 2**32))


def colliding_files(files: Sequence[bytes]) -> list[int]:
    """Returns the positions of the files that hold most of the cells with equal hashes; nearly always none.

    Args:
        files: CSV text that begins with a row. No word of theirs may be in a hash table yet.
    """
    if sum(map(len, files)) < HARMLESS or not _is_suspicious(files):
        return []
    hashes = [np.concatenate([_NONE, *(piece.hashes for piece in pieces(file))]) for file in files]
    large = _too_many(np.concatenate(hashes))
    mine = zip(files, hashes, strict=True)
    return leave_out([_colliding(file, large) if np.isin(own, large).any() else {} for file, own in mine])


def leave_out(owned: Sequence[Owned]) -> list[int]:
    """Returns whom to leave out so that no hash has more than `MOST` values: those with most of them first.

    Args:
        owned: Per owner the values with suspicious hashes, by their hash.
    """
    kept: Owned = {}
    found = []
    for owner in sorted(range(len(owned)), key=lambda place: sum(map(len, owned[place].values()))):
        joined = {number: kept.get(number, set()) | values for number, values in owned[owner].items()}
        if any(len(values) > MOST for values in joined.values()):
            found.append(owner)
        else:
            kept |= joined
    return sorted(found)


def hashes_of(words: Sequence[bytes]) -> Hashes:
    """Returns pandas' hash of each word: a polynomial of its bytes, modulo 2 ** 32."""
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    if not lengths.sum():
        return np.zeros(len(words), np.uint32)
    text = np.frombuffer(b"".join(words), np.int8).astype(np.uint32)
    ends = np.cumsum(lengths)
    powers = _powers(int(lengths.max())) * _INVERSE
    text *= powers[np.repeat(ends, lengths) - np.arange(len(text)) - 1]
    sums = np.concatenate([_ZERO, np.cumsum(text, dtype=np.uint32)])
    found: Hashes = sums[ends] - sums[ends - lengths]
    return found


def share_hashes(distinct: int, hashes: Hashes) -> bool:
    """Whether so many distinct values of a sample share hashes that they must be made so.

    Args:
        distinct: The number of distinct values.
        hashes: The hashes of all values.
    """
    by_chance = distinct**2 / 2**33
    return distinct - len(np.unique(hashes)) > SHARED + 10 * by_chance


def _is_suspicious(files: Sequence[bytes]) -> bool:
    """Whether a random sample has many words of one hash, or the quotes hide where cells begin."""
    starts = np.concatenate([[0], np.cumsum(list(map(len, files)))])
    words: list[bytes] = []
    samples = failed = 0
    for spacing, window in _LAYERS:
        number = max(_LEAST, int(starts[-1]) // spacing)
        places = np.sort(np.random.default_rng().integers(0, starts[-1], number))
        owners = np.searchsorted(starts, places, side="right") - 1
        for owner in np.unique(owners).tolist():
            for cells in _sampled(files[owner], (places[owners == owner] - starts[owner]).tolist(), window):
                samples, failed = samples + 1, failed + (cells is None)
                words += cells or ()
    words = [word for word in words if len(word) >= _SHORT]
    return 10 * failed > samples or share_hashes(len(set(words)), hashes_of(words))


def _sampled(file: bytes, places: Sequence[int], window: int) -> Iterator[list[bytes] | None]:
    """Yields some cells that follow each place; None where a quote is not where one may be."""
    quoted, before, quotes = b'"' in file, 0, 0
    for place in places:
        quotes, before = quotes + file.count(b'"', before, place) if quoted else 0, place
        end = min(len(file), place + window)
        rest = (_REST if quotes % 2 else _TO_SEPARATOR).match(file, place, end)
        if not rest or not _ends_cell(file, rest.end(), end):
            yield None if b'"' in file[place:end] else []
            continue
        yield list(_cells(file, rest.end(), end))


def _ends_cell(file: bytes, place: int, end: int) -> bool:
    """Whether a separator follows, and the window holds it."""
    return place < end and file[place] in _SEPARATORS


def _cells(file: bytes, place: int, end: int) -> Iterator[bytes]:
    for _ in range(_CELLS):
        separator = _SEPARATOR.match(file, place, end)
        cell = _CELL.match(file, separator.end(), end) if separator else None
        if not cell or not _ends_cell(file, cell.end(), end):
            return
        yield cell[2] if cell[1] is None else cell[1].replace(b'""', b'"')
        place = cell.end()


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a file's cells."""

    hashes: Hashes
    word: Callable[[int], bytes]  # of a position


def pieces(file: bytes) -> Iterator[Piece]:
    """Yields all cells, many at a time; only those that are long enough to do harm."""
    if b'"' in file:
        for words in _all_cells(file):
            yield Piece(hashes_of(words), words.__getitem__)
        return
    place = 0
    while place < len(file):
        end = file.rfind(b"\n", place, place + _BLOCK) + 1 or file.find(b"\n", place) + 1 or len(file)
        yield _piece(file[place:end] + b"\n")
        place = end


def _piece(block: bytes) -> Piece:
    """Returns the cells of text without quotes: a hash is a difference of two sums over the whole of it."""
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero((text == _COMMA) | (text == _LINE) | (text == _RETURN))
    starts = np.concatenate([[0], ends[:-1] + 1])
    long = ends - starts >= _SHORT
    starts, ends = starts[long], ends[long]
    falling = np.cumprod(np.full(len(text), _INVERSE), dtype=np.uint32)
    sums = np.concatenate([_ZERO, np.cumsum(text.view(np.int8).astype(np.uint32) * falling, dtype=np.uint32)])
    hashes = (sums[ends] - sums[starts]) * _powers(len(text))[ends - 1]
    return Piece(hashes, lambda place: block[starts[place] : ends[place]])


def _powers(length: int) -> Hashes:
    return np.cumprod(np.full(length, 31, np.uint32), dtype=np.uint32)


def _all_cells(file: bytes) -> Iterator[list[bytes]]:
    cells = []
    for found in _ANY_CELL.finditer(file):
        cell = found[0]
        if len(cell) >= _SHORT:
            cells.append(cell if b'"' not in cell else _unquoted(cell))
        if len(cells) == _PIECE:
            yield cells
            cells = []
    if cells:
        yield cells


def _unquoted(cell: bytes) -> bytes:
    return cell if cell[0] != _QUOTE else cell.replace(b'""', b"\0").replace(b'"', b"").replace(b"\0", b'"')


def _too_many(hashes: Hashes) -> Hashes:
    """Returns the hashes that occur more than `MOST` times; often because a word does."""
    values, counts = np.unique(hashes, return_counts=True)
    return values[counts > MOST]


def _colliding(file: bytes, large: Hashes) -> Owned:
    """Returns the distinct words of a file with these hashes, no more than are needed to leave it out."""
    found: Owned = {}
    for piece in pieces(file):
        for place in np.flatnonzero(np.isin(piece.hashes, large)).tolist():
            own = found.setdefault(int(piece.hashes[place]), set())
            if len(own) <= MOST:
                own.add(piece.word(place))
    return found
