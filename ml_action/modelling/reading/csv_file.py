"""One CSV file: split into header and body, parsed by pandas' C engine, or rejected with a reason and a line."""

from __future__ import annotations

import codecs
import io
import re
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.cells import Cell, Sentence
from ml_action.core.formatting import sanitised
from ml_action.modelling.reading.limits import LINE, ReadLimits, UnreadableFile
from ml_action.modelling.reading.row_widths import FIELD, INK, refuse_gaps

_BOM = codecs.BOM_UTF8
SMALL = 8_000_000  # bytes; a larger file gains nothing from being parsed with others
_LARGE = 64_000_000  # bytes; from this size on pandas reads in chunks, which takes half of the memory
_PIECE = 1 << 20
# What pandas takes for a missing value, and marks that no number is written as. Missing in a column of numbers only.
_MORE_MARKS = ["-", "--", "?", "."]
MISSING_MARKS = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null", *_MORE_MARKS]
)  # fmt: skip
_SPACE = 32  # bytes up to this value are blank, or no text
_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_OPEN_QUOTE = re.compile(r"EOF inside string starting at row (\d+)")
# A superset of what pandas' C engine takes for a number or a boolean. A cell may have megabytes: the time is linear.
_NO_TEXT = re.compile(
    r"\s*+(?:[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]*+)(?:e[+-]?+[0-9]*+)?+|[+-]?+inf(?:inity)?+|true|false|)\s*+",
    re.IGNORECASE,
)


class SplitFile(NamedTuple):
    """A file's header, and where its body begins."""

    header: bytes  # without its line end, except for a carriage return
    body: int  # offset in bytes
    joinable: bool  # it may be parsed together with others of the same header
    ordinary: bool  # joinable, without a byte order mark or carriage returns


def split(content: bytes, limits: ReadLimits) -> SplitFile:
    """Splits a file into header and body.

    Raises:
        UnreadableFile: The file is empty, not text, too wide, or has a line that is too long.
    """
    start = _start(content)
    ink = INK.search(content, start)
    if not ink:
        raise UnreadableFile("is empty")
    if b"\0" in content:
        raise UnreadableFile("is not text: it contains NUL bytes", _line_of(content, content.index(b"\0")))
    _refuse_long_lines(content)
    end = content.find(b"\n", start)
    header, body = (content[start:end], end + 1) if end >= 0 else (content[start:], len(content))
    if b'"' in header or header.count(b",") >= limits.columns or ink.start() >= body:
        _refuse_wide(content, ink.start(), limits)
    joinable = _is_joinable(content, header, body)
    return SplitFile(header, body, joinable, ordinary=joinable and not start and b"\r" not in content)


def ordinary_body(content: bytes, start: int) -> bytes | None:
    """Returns the body of a file whose first line is an ordinary file's header and ends before `start`.

    Returns None if the file needs a closer look. The header needs none: it passed with another file.
    """
    if len(content) <= start or len(content) > SMALL or content[start] <= _SPACE:
        return None
    return None if b"\0" in content or b"\r" in content else content[start:]


def _start(content: bytes) -> int:
    """Returns where the text begins: after a byte order mark."""
    return len(_BOM) if content.startswith(_BOM) else 0


def _refuse_long_lines(content: bytes) -> None:
    """Searches from line end to line end, each as far ahead as a line may reach: few searches even in a long file."""
    place = 0
    while len(content) - place > LINE:
        found = content.rfind(b"\n", place, place + LINE)
        if found < 0:
            found = content.rfind(b"\r", place, place + LINE)
        if found < 0:
            raise UnreadableFile(f"has a line of more than {LINE // 1_000_000} MB", _line_of(content, place))
        place = found + 1


def _refuse_wide(content: bytes, start: int, limits: ReadLimits) -> None:
    """Counts the names of the header, up to the limit."""
    fields = islice(FIELD.finditer(content, start), limits.columns)
    if all(field[1] for field in fields):  # a comma follows each field but the last
        raise limits.too_wide()


def _is_joinable(content: bytes, header: bytes, body: int) -> bool:
    """Whether the header is the first line and pandas sees the same line ends as we do: a lone CR would be one too."""
    if len(content) > SMALL or header.count(b'"') % 2 or not header.strip() or not INK.search(content, body):
        return False
    if content.find(b"\r") < 0:
        return True
    return b"\r" not in header[:-1] and content.count(b"\r", body) == content.count(b"\r\n", body)


def parse(content: bytes, words: Collection[str] = ()) -> pd.DataFrame:
    """Parses one file. Columns named in `words` are text, each cell as it is written.

    Raises:
        UnreadableFile: The file is malformed, has no rows, or is not UTF-8.
    """
    refuse_gaps(content, _start(content))
    try:
        frame = _read(content, words, _start(content))
    except UnicodeDecodeError:
        raise _not_utf8(content) from None
    except pd.errors.EmptyDataError:
        raise UnreadableFile("is empty") from None
    except pd.errors.ParserWarning:
        raise UnreadableFile("has more fields in its rows than names in its header", 2) from None
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise _malformed(str(error)) from None
    if frame.empty:
        raise UnreadableFile("has a header but no rows")
    return frame


def count_lines(body: bytes) -> int:
    """Returns the number of lines, which is that of the rows if no row has more than one line."""
    return body.count(b"\n") + (not body.endswith(b"\n"))


def parse_joined(header: bytes, bodies: Sequence[bytes], words: Collection[str] = ()) -> pd.DataFrame | None:
    """Parses files with the same header at once. Returns None if pandas rejects them as a whole."""
    pieces = [header, b"\n"]
    for body in bodies:
        pieces.append(body)
        if not body.endswith(b"\n"):
            pieces.append(b"\n")
    try:
        return _read(b"".join(pieces), words)
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError, OverflowError):
        return None


def is_text(value: object) -> bool:
    """Whether a cell that pandas read as text could not have been read as anything else."""
    return isinstance(value, str) and not _NO_TEXT.fullmatch(value)


def rounded_or_negative_zero(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Per float: whether its digits, read as a whole number, could have given another one than read as a float."""
    found: npt.NDArray[np.bool_] = (np.abs(values) >= 2.0**53) | ((values == 0) & np.signbit(values))
    return found


def _read(content: bytes, words: Collection[str], start: int = 0) -> pd.DataFrame:
    """Returns the frame of a CSV file's bytes, or raises what pandas raises; a ParserWarning for surplus fields.

    A column's dtype is decided over the whole column. In columns of text only the empty cell is missing: those in which
    pandas found a missing value are read again, cell by cell, and so are those in which it found nothing else.
    """
    source = CsvSource(content, start)
    frame = _typed(source, words)
    gaps = [place for place, (_, column) in enumerate(frame.items()) if _may_hide_words(column)]
    if not gaps:
        return frame
    cells = source.read(usecols=gaps, dtype="str", keep_default_na=False, na_values=[""])
    known = [name for name in cells.columns if isinstance(frame[name].dtype, pd.StringDtype) or cells[name].any()]
    return frame.assign(**{name: cells[name] for name in known})


def _may_hide_words(column: pd.Series) -> bool:
    """Whether pandas may have taken a word for a missing value: in a column of text, or without any value."""
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) != "boolean"
    if isinstance(column.dtype, pd.StringDtype):
        return bool(column.isna().any())
    return column.dtype == np.float64 and bool(np.isnan(column.to_numpy()).all())


def _typed(source: CsvSource, words: Collection[str]) -> pd.DataFrame:
    """Returns the frame with pandas' dtypes, but those in `words`.

    A large file is read in chunks, and again as a whole if chunks disagree in a way that shows.
    """
    kinds = dict.fromkeys(words, "str")
    if len(source.content) > _LARGE:
        try:
            frame = source.read(dtype=kinds, na_values=_MORE_MARKS, low_memory=True)
        except pd.errors.DtypeWarning:
            pass
        else:
            if not any(rounded_or_negative_zero(column).any() for column in _floats(frame)):
                return frame
            del frame
    return source.read(dtype=kinds, na_values=_MORE_MARKS)


def _floats(frame: pd.DataFrame) -> list[npt.NDArray[np.float64]]:
    return [column.to_numpy() for _, column in frame.items() if column.dtype == np.float64]


class _Pieces(io.BytesIO):
    """Bytes that pandas takes through a method in Python: between two pieces a signal is heard."""

    def __init__(self, content: bytes, start: int) -> None:
        super().__init__(content)
        self.seek(start)

    def read(self, size: int | None = -1) -> bytes:
        """Returns the next bytes."""
        return super().read(size)


@dataclass(frozen=True)
class CsvSource:
    """The bytes of a CSV file, and where its text begins."""

    content: bytes
    start: int = 0

    def read(self, *, low_memory: bool = False, **options: Any) -> pd.DataFrame:
        """Calls pandas with index_col=False.

        Otherwise pandas takes surplus fields for an index, and a comma at the end of each row silently moves every
        column by one (a number column in front even makes it look like the usual index).
        """
        file = _Pieces(self.content, self.start)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            warnings.simplefilter("error", pd.errors.DtypeWarning)
            found: pd.DataFrame = pd.read_csv(file, engine="c", low_memory=low_memory, index_col=False, **options)
        return found


def _line_of(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


def _not_utf8(content: bytes) -> UnreadableFile:
    """Finds the first byte that is not UTF-8, piece by piece because a file may be large."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for place in range(0, len(content), _PIECE):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(content[place : place + _PIECE], place + _PIECE >= len(content))
        except UnicodeDecodeError as error:
            offset = place - held + error.start
            reason = f"is not UTF-8 (byte 0x{content[offset]:02x}); save it as UTF-8"
            return UnreadableFile(reason, _line_of(content, offset))
    return UnreadableFile("is not UTF-8; save it as UTF-8")


def _malformed(message: str) -> UnreadableFile:
    """Rewords a message of pandas' parser, and finds the line in it."""
    if fields := _FIELDS.search(message):
        expected, line, saw = fields.groups()
        return UnreadableFile(f"is malformed: {saw} fields where {expected} are expected", int(line))
    if quote := _OPEN_QUOTE.search(message):
        return UnreadableFile("is malformed: a quote is opened and never closed", int(quote.group(1)) + 1)
    return UnreadableFile(Sentence("is malformed: ", Cell(sanitised(message, 120))))
