"""One CSV file: cut, parsed by pandas' C engine, or refused with a reason in words and a line."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ml_action.modelling.wording import plain
from ml_action.records import Dataset

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_BOM = b"\xef\xbb\xbf"
_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_OPEN_QUOTE = re.compile(r"EOF inside string starting at row (\d+)")
# A superset of what pandas' C engine takes for a number or a boolean.
_NO_TEXT = re.compile(
    r"\s*(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]*)(?:e[+-]?[0-9]*)?|[+-]?inf(?:inity)?|true|false|)\s*",
    re.IGNORECASE,
)


class Unreadable(Exception):
    """The file is no CSV that can be read. `line` counts from 1; 0 when no line is to blame."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Source:
    """A file cut in two. `lines` are the line ends of the body: its rows, if each ends one."""

    position: int
    dataset: Dataset
    header: bytes
    body: bytes  # ends with a line end
    lines: int
    joinable: bool


def cut(position: int, dataset: Dataset, content: bytes) -> Source:
    """The file as header and body. Raises Unreadable when it is empty, not text, or only a header."""
    content = content.removeprefix(_BOM)
    if not content or content.isspace():
        raise Unreadable("is empty")
    if b"\0" in content:
        raise Unreadable("is not text: it contains NUL bytes", _line_of(content, content.index(b"\0")))
    header, _, body = content.partition(b"\n")
    body = body if body.endswith(b"\n") else body + b"\n"
    return Source(position, dataset, header, body, body.count(b"\n"), _is_joinable(header, body))


def _is_joinable(header: bytes, body: bytes) -> bool:
    """Whether the header is the first line and each line end is one: a lone CR would be a line end too."""
    whole = header.count(b'"') % 2 == 0 and bool(header.strip())
    plain_ends = b"\r" not in header[:-1] and body.count(b"\r") == body.count(b"\r\n")
    return whole and plain_ends and bool(body.strip())


def parse(source: Source) -> pd.DataFrame:
    """The file by itself. Raises Unreadable."""
    content = source.header + b"\n" + source.body
    try:
        frame = _read(content)
    except UnicodeDecodeError:
        raise _not_utf8(content) from None
    except pd.errors.EmptyDataError:
        raise Unreadable("is empty") from None
    except pd.errors.ParserWarning:
        raise Unreadable("has more fields in its rows than names in its header", 2) from None
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        raise _malformed(str(error)) from None
    if frame.empty:
        raise Unreadable("has a header but no rows")
    return frame


def parse_joined(sources: Sequence[Source]) -> pd.DataFrame | None:
    """The rows of files with the same header, parsed at once; None when pandas finds fault with the whole."""
    content = b"".join([sources[0].header, b"\n", *(source.body for source in sources)])
    try:
        return _read(content)
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError, OverflowError):
        return None


def is_text(value: object) -> bool:
    """Whether a cell that pandas read as text could not have been read as anything else."""
    return isinstance(value, str) and not _NO_TEXT.fullmatch(value)


def _read(content: bytes) -> pd.DataFrame:
    """The frame of a CSV file's bytes, or whatever pandas raises; a ParserWarning for surplus fields.

    low_memory=False: a column's dtype is decided over the whole column, not by chunks of it. index_col=False:
    else pandas takes surplus fields for an index, and a comma at the end of each row moves every column by
    one without a word (a number column in front even makes it look like the usual index).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(io.BytesIO(content), engine="c", low_memory=False, index_col=False)


def _line_of(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


def _not_utf8(content: bytes) -> Unreadable:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        return Unreadable(f"is not UTF-8: byte 0x{byte:02x}", _line_of(content, error.start))
    return Unreadable("is not UTF-8")


def _malformed(message: str) -> Unreadable:
    """pandas' parser message in words, with its line."""
    if fields := _FIELDS.search(message):
        expected, line, saw = fields.groups()
        return Unreadable(f"is malformed: {saw} fields where {expected} are expected", int(line))
    if quote := _OPEN_QUOTE.search(message):
        return Unreadable("is malformed: a quote is opened and never closed", int(quote.group(1)) + 1)
    return Unreadable(f"is malformed: {plain(message, 120)}")
