"""How a CSV file is written: which mark separates its columns, and what precedes its header. Pure: bytes to bytes.

A file of commas costs one look at its first line. A file of semicolons, tabs or bars is rewritten with commas, as
spreadsheets would save it where the comma is no decimal mark; what is in its cells stays. Blanks around the names of
columns are taken off.
"""

from __future__ import annotations

import csv
import io
import re

COMMA = b","
OTHERS = (b";", b"\t", b"|")
_HEAD = 65_536  # bytes that are looked at
_LINES = 50
_AGREE = 0.9  # of these lines: one broken line does not hide the mark
_SEPARATOR = re.compile(
    rb'(?:\xef\xbb\xbf)?"?sep=([,;\t|])"?[ \t]*\r?\n', re.IGNORECASE
)  # as Excel writes and reads it
# A byte order mark and blank lines, then the header.
_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?+(?:[ \t]*+(?:\r\n|\r|\n))*+([^\r\n]*+)")
_BLANK = re.compile(rb'(?:^|,)"?[ \t]|[ \t]"?(?:,|$)')  # at the beginning of a name or at its end
_QUOTED = re.compile(rb'"[^"]*+"')


def with_commas(content: bytes) -> bytes:
    """Returns the text with commas between its columns and with its header in front; most files as they are."""
    named = _SEPARATOR.match(content)
    if named:
        content = content[named.end() :]
    content = _without_comments(content)
    mark = named[1] if named else mark_of(content[:_HEAD])
    return _with_trimmed_names(content if mark == COMMA else _rewritten(content, mark.decode()))


def _with_trimmed_names(content: bytes) -> bytes:
    """Returns the text without blanks around the names in its first line, which no setting could spell."""
    line = _HEADER.match(content, 0, _HEAD)
    names = line[1] if line and line.end() < _HEAD else b""
    if not line or not _BLANK.search(names) or names.count(b'"') % 2:
        return content
    found = io.StringIO(newline="")
    try:
        (row,) = csv.reader([names.decode("latin-1")], skipinitialspace=True)
    except (csv.Error, ValueError):
        return content
    csv.writer(found, lineterminator="").writerow([name.strip() for name in row])
    return content[: line.start(1)] + found.getvalue().encode("latin-1") + content[line.end() :]


def mark_of(head: bytes) -> bytes:
    """Returns the mark that separates the columns, from a file's first bytes; a comma if none is certain."""
    header = head.lstrip().partition(b"\n")[0]
    if not any(mark in header for mark in OTHERS):
        return COMMA
    lines = _lines(head)
    if not lines or _agree(lines, COMMA):
        return COMMA
    certain = [mark for mark in OTHERS if _agree(lines, mark)]
    return max(certain, key=lines[0].count, default=COMMA)


def _lines(head: bytes) -> list[bytes]:
    """Returns the first whole lines that hold something, without what is quoted in them."""
    whole = head if len(head) < _HEAD else head[: head.rfind(b"\n") + 1]
    lines = (line for line in _QUOTED.sub(b"", whole).splitlines() if line.strip())
    return [line for line, _ in zip(lines, range(_LINES), strict=False)]


def _agree(lines: list[bytes], mark: bytes) -> bool:
    """Whether the mark is in the header, and as often in nearly all other lines."""
    count = lines[0].count(mark)
    return count > 0 and sum(line.count(mark) == count for line in lines) >= _AGREE * len(lines)


def _without_comments(content: bytes) -> bytes:
    """Drops lines in front that begin with # and have other columns than the line after them."""
    for _ in range(_LINES):  # each is a copy of the file
        if not content.startswith(b"#"):
            break
        first, _, rest = content.partition(b"\n")
        following = next((line for line in rest[:_HEAD].splitlines() if not line.startswith(b"#")), b"")
        marks = (COMMA, *OTHERS)
        if not following or all(first.count(mark) == following.count(mark) for mark in marks):
            return content
        content = rest
    return content


def _rewritten(content: bytes, mark: str) -> bytes:
    """Returns the text with commas. Bytes stay bytes: a file of any encoding is changed in its marks alone."""
    if b'"' not in content and COMMA not in content:
        return content.replace(mark.encode(), COMMA)
    found = io.StringIO(newline="")
    try:
        rows = csv.reader(io.StringIO(content.decode("latin-1"), newline=""), delimiter=mark)
        csv.writer(found, lineterminator="\n").writerows(rows)
    except csv.Error:  # such as a cell of more than 128 kB: the file is reported as one of another mark
        return content
    return found.getvalue().encode("latin-1")
