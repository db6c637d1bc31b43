"""How many fields a row has, before it is parsed: pandas fills all rows up to the header's, or those of the first row.

50 kB of a header with 2,000 names and rows of one digit are a table of 300 MB, and a first row of 300,000 fields makes
gigabytes of the rows of all files that are parsed with it.
"""

from __future__ import annotations

import re
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from ml_action.modelling.reading.limits import UnreadableFile

INK, _INKED_LINE = re.compile(rb"\S"), re.compile(rb"\S[^\r\n]*+")
# A field and what ends it, as pandas' tokenizer sees it: a quote opens only at the beginning.
FIELD = re.compile(rb'(?:"[^"]*+(?:""[^"]*+)*+"?[^,\r\n]*+|[^,\r\n]*+)(,?)')
_CELLS_PER_BYTE, _FEW_CELLS = 4, 1000  # an empty cell takes one byte, and any other more
_SPACE = 32  # bytes up to this value are blank


def are_gappy(rows: npt.NDArray[np.int64], columns: int, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Per file: whether its rows have so few of the columns that its table takes far more memory than it."""
    found: npt.NDArray[np.bool_] = rows * columns > _CELLS_PER_BYTE * sizes + _FEW_CELLS
    return found


def is_wider(body: bytes, columns: int) -> bool:
    """Whether the first row has more fields than the header, a comma at its end aside."""
    start = 0
    if body[0] <= _SPACE:
        ink = INK.search(body)
        start = ink.start() if ink else 0
    end = body.find(b"\n", start)
    end = end if end >= 0 else len(body)
    if body.find(b'"', start, end) >= 0:
        return _fields(body, start)[0] > columns + 1
    return body.count(b",", start, end) > columns


def refuse_gaps(content: bytes, start: int) -> None:
    """Refuses a file whose table would take far more memory than it.

    Raises:
        UnreadableFile: Its rows have too few fields for its header, or for its first row.
    """
    columns, end = _fields(content, _ink(content, start))
    first, _ = _fields(content, _ink(content, end))
    widest, size = max(columns, first), np.array([len(content)])
    if not are_gappy(np.array([max(content.count(b"\n"), content.count(b"\r"))]), widest, size)[0]:
        return
    rows = sum(1 for _ in _INKED_LINE.finditer(content))  # pandas skips blank ones
    if are_gappy(np.array([rows]), widest, size)[0]:
        if first > columns:
            raise UnreadableFile("has more fields in its rows than names in its header", 2)
        raise UnreadableFile(f"has {columns:,} columns, and rows with far fewer fields")


def _ink(content: bytes, start: int) -> int:
    found = INK.search(content, start)
    return found.start() if found else len(content)


def _fields(content: bytes, start: int) -> tuple[int, int]:
    """Returns the number of fields of the row that starts there, and where the row ends."""
    fields = FIELD.finditer(content, start)
    count, end = 1, start
    for field in takewhile(lambda field: field[1], fields):
        count, end = count + 1, field.end()
    last = FIELD.match(content, end)
    return count, last.end() if last else len(content)
