# ruff: noqa: RUF001, PLW0108  digits of other scripts are meant; a list of lambdas reads best as one
"""Hostile datasets: what a careless or a malicious hand can name .csv, .csv.gz or .parquet. Seeded, deterministic.

Each kind is a function from a random generator to a file's content. Most begin with a sound dataset and spoil a part of
it, so that they come far: through the joined parse, the validation, the judgement. Git LFS pointers are not among them:
they have tests of their own. `tests/fuzzing` uses this module.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from arro3.core import Array, DataType, Table, list_array
from arro3.io import write_parquet
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ml_action.commands.demo import students

Random = random.Random
Maker = Callable[[Random], bytes]


@dataclass(frozen=True)
class Hostile:
    """A file, as it would lie in the data path. `name` is bytes: git allows any but NUL and slashes."""

    kind: str
    name: bytes
    content: bytes


# --- what the others are made of ------------------------------------------------------------------------------------

COLUMNS = students.COLUMNS.split(",")
COMMANDS = (
    "::error::pwned", "::warning file=x,line=1::pwned", "::notice::x", "::set-output name=a::b", "::add-mask::score",
    "::set-env name=PATH::x", "::add-path::x", "::stop-commands::token", "::group::x", "::endgroup::", "::debug::x",
    "::save-state name=a::b", "::echo::on", "::add-matcher::x.json", "##[error]pwned", "##[group]x", "##[command]rm",
    "##[set-env name=X]y", "##[add-mask]score", "\n::error::pwned", "\r::error::pwned", "\u2028::error::pwned",
    " \t ::error::pwned", "x\n##[warning]y", "%0A::error::pwned", "\x0b::error::x", "\x85::error::x",
)  # fmt: skip
MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- ", "-->", "<details><summary>x", "</td></tr>",
    "</table><h1>x", "[a](https://evil.example)", "![x](https://evil.example/p.png)", "[a]: https://evil.example",
    "https://evil.example/x", "http://evil.example", "www.evil.example", "mailto:a@evil.example", "<a@evil.example>",
    "@octocat", "@github/security", "fixes #1", "octo/cat#12", "GH-12", "# heading", "\n# heading\n", "\n\n## heading",
    "Setext\n======", "| a | b |\n|---|---|\n| 1 | 2 |", "|", "\\|", "`", "``", "```\ncode", "~~~", "**bold**",
    "__b__", "*i*", "~~s~~", "> quote", "- item", "1. item", "---", "***", "$x^2$", "$$", ":smile:", "[^1]",
    "&lt;b&gt;", "&#x3c;script&#x3e;", "&amp;", "\\", "\\\\", "\\`", "a\\", "{{ x }}", "${{ secrets.TOKEN }}", "$(id)",
    "`id`", "{}", "{0}", "{n}", "%s", "%(x)s", "{0.__class__}",
)  # fmt: skip
MARKS = (
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x9b31m", "\x08\x08\x08", "\x07", "\x7f", "\u202ecba",
    "\u2066\u2067\u2068\u2069", "\u200e\u200f", "\u061c", "\ufeff", "\u200b", "\u2028", "\u2029", "\u0085", "\x0b",
    "\x0c", "\x1c\x1d\x1e\x1f", "e\u0301\u0302\u0303" * 9, "\U000e0041\U000e0042", "\ufffe", "\U0010ffff", "\xa0",
    "\u3000", "\u00ad", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "ﷺ",
)  # fmt: skip
FORMULAS = (
    "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", '+HYPERLINK("https://evil.example","x")', "-2+3+cmd|x",
    '=IMPORTXML("https://evil.example","//a")', '=WEBSERVICE("https://evil.example")', "\t=1+1", "\r=1+1",
    "=1+1", "@A1", "+1", "-1", '=DDE("cmd";"/C calc";"x")', '=HYPERLINK("file:///etc/passwd")',
)  # fmt: skip
NUMBERS = (
    "1e308", "1.7976931348623157e308", "1e309", "-1e309", "5e-324", "4.9e-325", "1" + "0" * 400, "-" + "9" * 400,
    "0." + "0" * 400 + "1", "nan", "NaN", "-nan", "NAN", "inf", "-inf", "Infinity", "+inf", "INF", "-0", "-0.0", "+0",
    "0x10", "0b1", "0o7", "1_000", "1,5", "1.5.2", "1e", "e1", "1e+", ".", "-", "+", "--1", "1-", "1 000", "1\u202f000",
    "1'000", "١٢٣", "１２", "½", "²", "Ⅷ", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551615", "18446744073709551616", "9007199254740993", "1e-400", "1e400",
    "0e999999999", "1e999999999", "00012", "1.", ".5", "1d5", "1f", "1L", "50%", "$5", "€5", "(5)", "1e5e5", "NA",
    "N/A", "null", "None", "#N/A", "<NA>", "-999", "True", "1.0000000000000000000000000000000000001",
)  # fmt: skip
DATES = (
    "2026-02-30", "0000-00-00", "9999-12-31T23:59:60Z", "2026-01-01T00:00:00+99:99", "1/2/3", "31/12/2026", "12:61",
    "1970-01-01", "-0001-01-01", "2262-04-12", "Tue Feb 30", "1e9", "20260101", "٢٠٢٦-٠١-٠١", "2026-W01-1", "P1D",
)  # fmt: skip
BOOLEANS = ("true", "false", "True", "FALSE", "tRuE", "yes", "no", "1", "0", "t", "f", "", "NA", "on", "2", "null")
NAMES = (
    "", "", " ", "score", "score", "score.1", "Score", " score", "score ", "SCORE", "nan", "NaN", "None", "null", "0",
    "1", "1.0", "-1", "Unnamed: 0", "Unnamed: 5", "__index_level_0__", "index", "level_0", "target", "true", "inf",
    "{}", "{0}", "%s", "__class__", "__proto__", "constructor", "hours_studied", "school", "x" * 300, "ﬁ", "ß", "İ",
)  # fmt: skip
FILE_NAMES = (
    "-rf", "--output=x", "--", "-", "..csv", ".", "...", ".hidden", " ", "a b", "a\tb", "'", '"', "\\", "a\\b", "*",
    "?", "[a]", ":(glob)x", ":!x", "^x", "HEAD", "@", "@{u}", "~", "$HOME", "%PATH%", "con", "nul", "x;id", "x|id",
    "x&id", "x>y", "!x", "#x", "{a,b}", "data,new", "x\ny", "x\n\ny", "100%", "%0A", "a" * 200, "ü", "u\u0308",
    "\udcff\udcfe", "x\udc80y", "CON.csv", "x.csv", "x.parquet", "x.gz", "tar.gz", ".gitattributes", ".gitmodules",
    "a::b", "🎓",
)  # fmt: skip
STRANGE = (*COMMANDS, *MARKUP, *MARKS, *FORMULAS)
SOUP = (
    *",,,,\"\"\"\n\n\n\r 0123456789.eE+-'\t;|abcXYZ", "\r\n", '""', "\n\n", ",,", "nan", "inf", "é", "\u2028", "\0",
    "\ufeff", "score", "hours_studied", "true",
)  # fmt: skip
WHOLE = "hours_studied,sleep_hours,attendance,school,score\n"


def sound(rng: Random) -> str:
    """A dataset as it should be."""
    return students.dataset(students.WORLDS[rng.choice(["steady", "drifted"])], rng)


def rows_of(rng: Random) -> list[list[str]]:
    """The same as cells."""
    return [line.split(",") for line in sound(rng).splitlines()]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def as_csv(rows: list[list[str]], quote: Callable[[str], bool] = lambda cell: bool(set(cell) & set(',"\r\n'))) -> bytes:
    lines = (",".join(quoted(cell) if quote(cell) else cell for cell in row) for row in rows)
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def sprinkled(rng: Random, texts: tuple[str, ...], *, header: bool = False) -> bytes:
    """A sound dataset with some cells replaced; the column stays, so that the cell is looked at."""
    rows = rows_of(rng)
    for _ in range(rng.choice([1, 1, 2, 5, 50])):
        row = 0 if header else rng.randrange(1, len(rows))
        column, text = rng.randrange(len(rows[0])), rng.choice(texts)
        rows[row][column] = text if rng.random() < 0.6 else rows[row][column] + text + rng.choice(texts)
    if rng.random() < 0.2:  # a whole column
        column = rng.randrange(len(rows[0]))
        for cells in rows[0 if header else 1 :]:
            cells[column] = rng.choice(texts)
    return as_csv(rows, lambda cell: bool(set(cell) & set(',"\r\n')) or rng.random() < 0.1)


def junk(rng: Random, size: int) -> bytes:
    return rng.randbytes(size)


# --- the kinds ------------------------------------------------------------------------------------------------------


def truncated(rng: Random) -> bytes:
    content = sound(rng).encode()
    return content[: rng.randrange(1, len(content))]


def binary(rng: Random) -> bytes:
    return junk(rng, rng.choice([1, 2, 3, 10, 100, 1000, 50_000]))


class Payload:
    """Unpickled, it leaves a folder in the workspace: it must never be opened."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        import os

        return os.mkdir, ("UNPICKLED",)


def zipped(rng: Random, name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return file.getvalue()


def renamed(rng: Random) -> bytes:
    """Another format under the name of a CSV file."""
    text, some = sound(rng).encode(), junk(rng, 200)
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: zipped(rng, "../../x.csv", text),
        lambda: zipped(rng, "xl/workbook.xml", b"<workbook/>" + some),
        lambda: pickle.dumps(Payload(), rng.choice([0, 1, 2, 3, 4, 5])),
        lambda: b"%PDF-1.7\n" + some,
        lambda: b"\x89PNG\r\n\x1a\n" + some,
        lambda: b"\x7fELF\x02\x01\x01" + bytes(9) + some,
        lambda: b"MZ" + some,
        lambda: b"\xff\xd8\xff\xe0" + some,
        lambda: b"SQLite format 3\0" + some,
        lambda: b"PAR1" + some + b"PAR1",
        lambda: b"\x28\xb5\x2f\xfd" + some,
        lambda: b"BZh91AY&SY" + some,
        lambda: b"\xfd7zXZ\0" + some,
        lambda: b"ARROW1\0\0" + some,
        lambda: b"\x93NUMPY\x01\0" + some,
        lambda: gzip.compress(text, mtime=0),
        lambda: b"<!DOCTYPE html><html><script>alert(1)</script>@octocat</html>",
        lambda: json.dumps([{"a": 1, "b": MARKUP[rng.randrange(len(MARKUP))]}] * 3, indent=2).encode(),
        lambda: b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>\n",
        lambda: b"#!/bin/sh\ntouch EXECUTED\n",
        lambda: b"import os\nos.mkdir('EXECUTED')\n",
        lambda: b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n",
        lambda: b"<<<<<<< HEAD\n" + text + b"=======\n" + text + b">>>>>>> x\n",
    )
    return rng.choice(makers)()


def nul_bytes(rng: Random) -> bytes:
    content = bytearray(sound(rng).encode())
    for _ in range(rng.choice([1, 1, 3, 40])):
        place = rng.randrange(len(content) + 1)
        content[place:place] = b"\0" * rng.choice([1, 1, 2, 100])
    return bytes(content) if rng.random() < 0.9 else bytes(rng.randrange(1, 3000))


def encodings(rng: Random) -> bytes:
    """Wrong and mixed encodings, byte order marks in odd places."""
    rows = rows_of(rng)
    for row in rows[1:]:
        row[3] = rng.choice(["Zürich", "Łódź", "東京", "Αθήνα", "town", "ﾄｳｷｮｳ", "naïve"])
    text = "\n".join(map(",".join, rows)) + "\n"
    mark = "\ufeff"
    cut = rng.randrange(len(text))
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-16-le"),
        lambda: text.encode("utf-16-be"),
        lambda: b"\xfe\xff" + text.encode("utf-16-be"),
        lambda: text.encode("utf-16")[: rng.randrange(1, 200)],
        lambda: text.encode("utf-32"),
        lambda: b"\0\0\xfe\xff" + text.encode("utf-32-be"),
        lambda: b"\xff\xfe\0\0" + junk(rng, 100),
        lambda: b"\xff\xfe" + junk(rng, 101),
        lambda: b"\xff\xfe" + "\ud800".encode("utf-16-le", "surrogatepass") + text.encode("utf-16-le"),
        lambda: text.encode("latin-1", "replace"),
        lambda: text.encode("cp1252", "replace"),
        lambda: text.encode("shift_jis", "replace"),
        lambda: text.encode("gb18030"),
        lambda: text.encode("utf-7"),
        lambda: text.encode("cp037", "replace"),
        lambda: (text[:cut] + "\ud83d" + text[cut:]).encode("utf-8", "surrogatepass"),
        lambda: (text[:cut] + "\udc00\ud800" + text[cut:]).encode("utf-8", "surrogatepass"),
        lambda: text[:cut].encode() + text[cut:].encode("latin-1", "replace"),
        lambda: text[:cut].encode() + text[cut:].encode("utf-16"),
        lambda: text.encode().replace(b",", b"\xc0\xac"),  # overlong
        lambda: (mark + text).encode(),
        lambda: (mark + mark + text).encode(),
        lambda: (text[:cut] + mark + text[cut:]).encode(),
        lambda: (mark + '"' + text).encode(),
        lambda: mark.encode() * rng.choice([1, 2, 50]),
        lambda: (mark + "\n" + text).encode(),
        lambda: b"\xef\xbb" + text.encode(),
        lambda: b"\xff\xfe",
        lambda: b"\xff\xfe" + (mark + text).encode("utf-16-le"),
        lambda: text.encode()[:cut] + bytes([rng.randrange(128, 256)]) + text.encode()[cut:],
        lambda: "\U0010ffff".join(text).encode(),
    )
    return rng.choice(makers)()


def formulas(rng: Random) -> bytes:
    return sprinkled(rng, FORMULAS, header=rng.random() < 0.2)


def workflow_commands(rng: Random) -> bytes:
    return sprinkled(rng, COMMANDS, header=rng.random() < 0.4)


def markup(rng: Random) -> bytes:
    return sprinkled(rng, MARKUP, header=rng.random() < 0.4)


def terminal_marks(rng: Random) -> bytes:
    return sprinkled(rng, MARKS, header=rng.random() < 0.4)


def strange_columns(rng: Random) -> bytes:
    """The usual columns, and more whose names are hostile: every dataset of this kind has some of them."""
    rows = rows_of(rng)
    for _ in range(rng.choice([1, 2, 5])):
        place, name = rng.randrange(len(rows[0]) + 1), rng.choice(STRANGE)
        rows[0].insert(place, name)
        for row in rows[1:]:
            row.insert(place, rng.choice(["1", f"{rng.random():.3f}", rng.choice(STRANGE), ""]))
    return as_csv(rows)


def near_columns(rng: Random) -> bytes:
    """The usual columns, one of them spelled otherwise: the reason names what comes near."""
    rows = rows_of(rng)
    place = rng.randrange(len(rows[0]))
    rows[0][place] += rng.choice(STRANGE)
    return as_csv(rows)


def quotes(rng: Random) -> bytes:
    text = sound(rng)
    for _ in range(rng.choice([1, 1, 2, 3, 20])):
        place = rng.randrange(len(text))
        text = (
            text[:place]
            + rng.choice(['"', '""', '"""', "'", '\\"', '","', '"\n', '\n"', '"\r', ',"', "“", "„"])
            + text[place:]
        )
    return text.encode()


def line_ends(rng: Random) -> bytes:
    ends = [
        "\n",
        "\r\n",
        "\r",
        "\n\r",
        "\r\r\n",
        "\x85",
        "\u2028",
        "\u2029",
        "\x0b",
        "\x0c",
        "\x1e",
        "\n\n",
        " \n",
        "\0\n",
    ]
    chosen = [rng.choice(ends)] if rng.random() < 0.4 else rng.sample(ends, 3)
    text = "".join(line + rng.choice(chosen) for line in sound(rng).splitlines())
    return text.encode() if rng.random() < 0.5 else text.rstrip().encode()


def blank_lines(rng: Random) -> bytes:
    lines = sound(rng).splitlines()
    for _ in range(rng.choice([1, 2, 10, 500])):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(["", "", " ", "\t", ",,,,", ",", '""', "#", "\xa0"]))
    return "\n".join(lines).encode()


def little(rng: Random) -> bytes:
    """Empty, one cell, only a header, only white space."""
    return rng.choice([
        b"", b"\n", b"\r", b"\r\n", b" ", b"\t", b",", b",,,\n", b'"', b'""', b'""\n""', b'"\n"', b"a", b"a\n", b"1\n2",
        b"a,b", b"\n\na\n", WHOLE.encode(), WHOLE.strip().encode(), WHOLE.replace("\n", "\r").encode(), b"a\n\n\n",
        WHOLE.encode() + b"\n", WHOLE.encode() + b",,,,\n", WHOLE.encode() * 3, b"score\n1\n", b"score\n1\n2\n",
        b"\x1a", b"\x04", b"0", b"-", b".", b"#", b"sep=,\n" + WHOLE.encode() + b"1,2,3,town,4\n", b"a" * 10_000,
        b"\n" * 10_000, b"," * 5000, b"score," * 1999 + b"\n", b'"' * 9999, b"\xef\xbb\xbf\n",
    ])  # fmt: skip


def wide(rng: Random) -> bytes:
    """Thousands of columns of its own, with few rows: a table of all files side by side would be enormous."""
    count, tag = rng.choice([500, 2000, 9990, 9999, 10_000, 10_001, 12_000]), rng.randrange(10**6)
    rows = rng.choice([1, 1, 2])
    names = [*COLUMNS, *(f"c{tag}_{n}" for n in range(count - len(COLUMNS)))] if rng.random() < 0.7 else [
        f"c{tag}_{n}" for n in range(count)
    ]  # fmt: skip
    line = ",".join(rng.choice(["1", "2.5", ""]) for _ in names)
    return (",".join(names) + "\n" + (line + "\n") * rows).encode()


def very_wide(rng: Random) -> bytes:
    """A hundred thousand columns."""
    names = ",".join(f"c{n}" for n in range(100_000)) if rng.random() < 0.5 else "," * 100_000
    return (names + "\n" + "1," * 99_999 + "1\n").encode()


def long_cells(rng: Random) -> bytes:
    rows = rows_of(rng)
    size = rng.choice([1000, 20_000, 200_000, 1_000_000])
    text = rng.choice(["x", "9", "é", '"', "x,", "@octocat ", "::error::", "\n", "\u202e", "0.", "-", " "])
    row = rng.randrange(len(rows)) if rng.random() < 0.7 else 0
    rows[row][rng.randrange(5)] = text * (size // len(text))
    return as_csv(rows)


def column_names(rng: Random) -> bytes:
    rows = rows_of(rng)
    for place in rng.sample(range(len(rows[0])), rng.choice([1, 2, 5])):
        rows[0][place] = rng.choice(NAMES)
    for _ in range(rng.choice([0, 0, 1, 3])):
        rows[0].append(rng.choice(NAMES))
        for row in rows[1:]:
            row.append(rng.choice(["1", "", "x"]))
    return as_csv(rows)


def numbers(rng: Random) -> bytes:
    return sprinkled(rng, NUMBERS)


def numbers_throughout(rng: Random) -> bytes:
    """Sound but for its size: every figure at the edge of what a float holds."""
    rows, edge = rows_of(rng), rng.choice(["e300", "e307", "e-300", "e150", "e-160", "000000000000000000", "e18"])
    for row in rows[1:]:
        for place in rng.choice([(0,), (4,), (0, 1, 2, 4)]):
            row[place] += edge
    return as_csv(rows)


def dates(rng: Random) -> bytes:
    return sprinkled(rng, DATES)


def booleans(rng: Random) -> bytes:
    return sprinkled(rng, BOOLEANS)


def ragged(rng: Random) -> bytes:
    rows = rows_of(rng)
    for _ in range(rng.choice([1, 2, 10])):
        row = rows[rng.randrange(len(rows))]
        if rng.random() < 0.5 and row:
            row.pop(rng.randrange(len(row)))
        else:
            row.extend(rng.choice(["1", "", "x", *STRANGE]) for _ in range(rng.choice([1, 2, 100])))
    return as_csv(rows)


def trailing_commas(rng: Random) -> bytes:
    lines = sound(rng).splitlines()
    commas = "," * rng.choice([1, 1, 2, 50])
    where = rng.choice(["all", "rows", "header", "some", "front"])
    for place, line in enumerate(lines):
        if where == "front":
            lines[place] = commas + line
        elif (
            where == "all"
            or (where == "rows" and place)
            or (where == "header" and not place)
            or (where == "some" and rng.random() < 0.3)
        ):
            lines[place] = line + commas
    return "\n".join(lines).encode()


def gzips(rng: Random) -> bytes:
    text = sound(rng).encode()
    good = bytearray(gzip.compress(text, mtime=0))
    place = rng.randrange(len(good))
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: bytes(good),
        lambda: bytes(good[:place]),
        lambda: bytes(good[:place]) + junk(rng, 5) + bytes(good[place + 5 :]),
        lambda: gzip.compress(text[:50], mtime=0) + gzip.compress(text[50:], mtime=0),
        lambda: bytes(good) + junk(rng, 20),
        lambda: bytes(good) + bytes(20),
        lambda: bytes(good) + bytes(good[: rng.randrange(1, 20)]),
        lambda: gzip.compress(bytes(good), mtime=0),
        lambda: text,
        lambda: b"",
        lambda: b"\x1f\x8b",
        lambda: b"\x1f\x8b\x08" + b"\xff" * 50,
        lambda: gzip.compress(b"", mtime=0),
        lambda: gzip.compress(b"", mtime=0) * 1000,
        lambda: bytes(good[:-8]) + struct.pack("<II", 0, 0),
        lambda: bytes(good[:-4]) + struct.pack("<I", 2**32 - 1),
        lambda: zlib.compress(text),
        lambda: gzip.compress(sprinkled(rng, STRANGE), mtime=0),
        lambda: gzip.compress(nul_bytes(rng), mtime=0),
        lambda: gzip.compress(encodings(rng), mtime=0),
        lambda: gzip.compress(junk(rng, 1000), mtime=0),
        lambda: gzip.compress(renamed(rng), mtime=0),
    )
    return rng.choice(makers)()


@lru_cache
def bomb(gigabytes: int = 10) -> bytes:
    """A gzip file of many members, each 100 MB of rows; it unpacks to this many gigabytes."""
    member = gzip.compress(b"1,2\n" * 25_000_000, 1, mtime=0)
    return gzip.compress(b"a,b\n", mtime=0) + member * (10 * gigabytes)


def gzip_bomb(rng: Random) -> bytes:
    """Ten gigabytes, unpacked; of several seeds no two are alike."""
    return gzip.compress(f"a{rng.randrange(10**9)},b\n".encode(), mtime=0) + bomb()


def packed(columns: Mapping[str, Array]) -> bytes:
    file = io.BytesIO()
    write_parquet(Table.from_pydict(dict(columns)), file)
    return file.getvalue()


def sound_parquet(rng: Random) -> dict[str, Array]:
    head, *rows = rows_of(rng)
    cells = list(zip(*rows, strict=True))
    return {
        name: Array(list(column), DataType.string()) if name == "school"
        else Array([float(cell) for cell in column], DataType.float64())
        for name, column in zip(head, cells, strict=True)
    }  # fmt: skip


def parquet(rng: Random) -> bytes:
    """Sound but for its types, names, words."""
    columns = sound_parquet(rng)
    count = len(columns["score"])
    words = [rng.choice(STRANGE).encode("utf-8", "replace").decode() for _ in range(count)]
    edges = [float(rng.choice(["nan", "inf", "1e308", "5e-324"])) for _ in range(count)]
    places, signed = Array(list(range(count)), DataType.int64()), [rng.randrange(-(2**63), 2**63) for _ in range(count)]
    nested = list_array(Array(list(range(count + 1)), DataType.int32()), places)

    def change(name: str, values: Array) -> Callable[[], None]:
        return lambda: columns.update({name: values})

    def many() -> None:
        tag = rng.randrange(10**6)
        columns.update({f"c{place}_{tag}": columns["score"] for place in range(rng.choice([10, 500, 3000]))})

    makers: tuple[Callable[[], object], ...] = (
        lambda: None,
        change(rng.choice(STRANGE).encode("utf-8", "replace").decode(), places),
        change("school", Array(words, DataType.string())),
        change("score", Array(words, DataType.string())),
        change("score", Array([junk(rng, 5) for _ in range(count)], DataType.binary())),
        change("score", Array(edges, DataType.float64())),
        change("score", Array([None] * count, DataType.float64())),
        change("score", Array([number + 2**63 for number in signed], DataType.uint64())),
        change("score", Array(signed, DataType.int64()).cast(DataType.timestamp("ns"))),
        change("score", Array([number >> 32 for number in signed], DataType.int32()).cast(DataType.date32())),
        change("attendance", Array([rng.choice([True, False, None]) for _ in range(count)], DataType.bool())),
        change("a", nested),
        change(f"__index_level_{rng.randrange(3)}__", places),
        many,
        lambda: columns.update({name: column.slice(0, 0) for name, column in columns.items()}),
        lambda: columns.pop(rng.choice(COLUMNS)),
    )
    rng.choice(makers)()
    return packed(columns)


def spoiled_parquet(rng: Random) -> bytes:
    """Valid but for some bytes, or breaking off."""
    good = bytearray(packed(sound_parquet(rng)))
    way = rng.random()
    if way < 0.2:
        return bytes(good[: rng.randrange(len(good))])
    if way < 0.3:
        return (
            b"PAR1"
            + junk(rng, rng.choice([0, 4, 8, 100]))
            + struct.pack("<i", rng.choice([0, 8, 2**31 - 1, -1]))
            + b"PAR1"
        )
    for _ in range(rng.choice([1, 1, 2, 5, 30])):  # the footer most of all: there are the lengths
        place = rng.randrange(len(good)) if rng.random() < 0.4 else rng.randrange(max(0, len(good) - 900), len(good))
        good[place] = rng.choice([0, 255, 127, good[place] ^ 1 << rng.randrange(8), rng.randrange(256)])
    return bytes(good)


def mutated(rng: Random) -> bytes:
    """Bytes of a sound dataset flipped, swapped, deleted, inserted, repeated."""
    content = bytearray(sound(rng).encode())
    for _ in range(rng.choice([1, 1, 2, 3, 10, 100])):
        first, second = sorted((rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)))
        way = rng.randrange(6)
        if way == 0 and first < len(content):
            content[first] ^= 1 << rng.randrange(8)
        elif way == 1 and second < len(content):
            content[first], content[second] = content[second], content[first]
        elif way == 2 and first > len(content) // 4:
            del content[first : first + rng.randrange(1, 30)]
        elif way == 3:
            content[first:first] = junk(rng, rng.choice([1, 1, 2, 8]))
        elif way == 4:
            content[first:first] = content[first : min(second, first + 200)]
        else:
            content[first : first + 1] = rng.choice(STRANGE).encode("utf-8", "surrogatepass")
    return bytes(content)


def put_together(rng: Random) -> bytes:
    """Two files in one, with or without the second header; or the same rows again and again."""
    one, other = sound(rng), sound(rng)
    return rng.choice([
        one + other, one.rstrip() + other, one + other.split("\n", 1)[1], one * 3, one + one.split("\n", 1)[1] * 2,
        "\n".join(",".join(pair) for pair in zip(one.split("\n"), other.split("\n"), strict=False)),
        one.split("\n", 1)[0] + "\n" + (one.split("\n")[1] + "\n") * rng.choice([5, 1000]),
        "\n".join(line[::-1] for line in one.split("\n")),
        one.replace(",", ";"), one.replace(",", "\t"), one.replace(",", ", "), one.replace(".", ","),
        "# comment\n" + one, "sep=;\n" + one, one.upper(), ",".join(COLUMNS[::-1]) + "\n" + one.split("\n", 1)[1],
    ]).encode()  # fmt: skip


def soup(rng: Random) -> bytes:
    """Characters that mean something to a CSV parser, in any order."""
    text = "".join(rng.choice(SOUP) for _ in range(rng.choice([1, 5, 20, 100, 1000])))
    return (rng.choice(["", WHOLE]) + text).encode()


def named(rng: Random) -> bytes:
    """Sound or not: what is hostile is the file's name."""
    return sound(rng).encode() if rng.random() < 0.5 else sound(rng).encode() + b'1,"never closed\n'


def texts(count: int, number: int) -> Iterator[bytes]:
    """What hypothesis comes up with for a CSV file; the same for the same number."""
    cell = (
        st.text(max_size=8)
        | st.sampled_from([*NUMBERS, *STRANGE, *NAMES])
        | st.floats().map(str)
        | st.integers().map(str)
    )
    line = st.lists(cell, min_size=1, max_size=7)
    table = st.tuples(line | st.just(COLUMNS), st.lists(line, max_size=9)).map(lambda made: as_csv([made[0], *made[1]]))
    found: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(table | st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
    def collect(content: bytes) -> None:
        found.append(content)

    collect()
    while len(found) < count:
        found += found
    return iter(found[:count])


KINDS: Mapping[str, Maker] = {
    maker.__name__.replace("_", " "): maker
    for maker in (
        truncated, binary, renamed, nul_bytes, encodings, formulas, workflow_commands, markup, terminal_marks,
        strange_columns, near_columns, quotes, line_ends, blank_lines, little, wide, long_cells, column_names, numbers,
        numbers_throughout, dates, booleans, ragged, trailing_commas, gzips, parquet, spoiled_parquet, mutated,
        put_together, soup, named,
    )
}  # fmt: skip
RARE: Mapping[str, Maker] = {"very wide": very_wide, "gzip bomb": gzip_bomb}
EACH = 1500  # files to one of a rare kind
FROM_HYPOTHESIS = "hypothesis"


def suffix(rng: Random, kind: str) -> str:
    usual = {"gzips": ".csv.gz", "gzip bomb": ".csv.gz", "parquet": ".parquet", "spoiled parquet": ".parquet"}.get(
        kind, ".csv"
    )
    if rng.random() < 0.03:
        return rng.choice([".csv", ".csv.gz", ".parquet", ".CSV", ".Csv", ".CSV.GZ", ".PARQUET"])
    return usual


def name_of(rng: Random, kind: str, number: int) -> bytes:
    """A file name that no other file of the run has; a hostile one for every tenth, and for all of the kind `named`."""
    stem = f"{kind.replace(' ', '-')}-{number:06}"
    if kind == "named" or rng.random() < 0.1:
        strange = (
            rng.choice((*FILE_NAMES, *FILE_NAMES, *COMMANDS, *MARKUP, *MARKS, *FORMULAS))
            .replace("/", "\u2215")
            .replace("\0", "")
        )
        strange = strange if rng.random() < 0.7 else strange + rng.choice(STRANGE).replace("/", "\u2215")
        stem = f"{strange}{number:06}" if rng.random() < 0.6 else f"{number:06}{strange}"
    name = stem.encode("utf-8", "surrogateescape")[:230]
    if f"{number:06}".encode() not in name:
        name += f"{number:06}".encode()
    folder = rng.choice(
        [b"", b"", b"", b"", b"", b"a b/", b"-x/", b"::error::/", b"\xff/", b"x\n/", b"<b>/", b"UPPER.csv/"]
    )
    return folder + name + suffix(rng, kind).encode()


def files(count: int, number: int) -> Iterator[Hostile]:
    """Hostile files, the kinds in turn; the same for the same numbers. A name is given once."""
    rng = random.Random(number)  # noqa: S311  numbers for tests, no secrets
    made = texts(count // (len(KINDS) + 1) + 1, number)
    kinds = [*KINDS, FROM_HYPOTHESIS]
    for place in range(count):
        kind = kinds[place % len(kinds)]
        if place % EACH == EACH // 2:
            kind = list(RARE)[place // EACH % len(RARE)]
        content = next(made) if kind == FROM_HYPOTHESIS else {**KINDS, **RARE}[kind](rng)
        if content.startswith(b"version https://git-lfs.github.com/spec/"):
            continue
        yield Hostile(kind, name_of(rng, kind, place), content)
