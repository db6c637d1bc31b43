"""What a file is: gzip unpacked, UTF-16 decoded, everything else named in words; and the limits."""

from __future__ import annotations

import contextlib
import gzip
import io
import pickle
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import csv_file, csv_text, limits
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.csv_text import GzipCsvReader
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile

CSV = b"a,b\n1,x\n2,y\n"


def read_one(content, path="data/new.csv", **of):
    """The table of one file, or the reason and the line."""
    table, set_aside = frames.read([Dataset(path, "0" * 40)], [content], ReadLimits(**of))
    return (set_aside[0].reason, set_aside[0].line) if set_aside else table.frame


def packed(content):
    """The same bytes at any time of day: they name tests, and the workers have to agree on the names."""
    return gzip.compress(content, mtime=0)


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("xl/workbook.xml"), "<a/>")
    return buffer.getvalue()


# --- gzip -----------------------------------------------------------------------------------------------------------


def test_gzip_reads_as_the_file_in_it():
    both = frames.read([Dataset("a.csv.gz", "1"), Dataset("b.csv", "2")], [packed(CSV), CSV])[0].frame
    assert both.to_dict("list") == {"a": [1, 2, 1, 2], "b": ["x", "y", "x", "y"]}


def test_all_members_of_a_gzip_file_are_read():
    assert read_one(packed(CSV) + packed(b"3,z\n"), "A.CSV.GZ")["a"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not packed by gzip, though its name ends with .gz"),
        (CSV, "is not packed by gzip, though its name ends with .gz"),
        (packed(CSV)[:-5], "is a gzip file that breaks off in the middle"),
        (packed(CSV)[:12], "is a gzip file that breaks off in the middle"),
        (b"\x1f\x8b" + b"\xff" * 40, "is a damaged gzip file"),
        (packed(CSV)[:12] + b"\xff\xff" + packed(CSV)[14:], "is a damaged gzip file"),
        (packed(CSV) + b"rubbish", "is a damaged gzip file"),
        (packed(b""), "is empty"),
        (packed(zipped()), "is a ZIP archive (an Excel workbook?), not CSV; in Excel: File > Save As > CSV UTF-8"),
        (packed(packed(CSV)), "is packed by gzip; name it .csv.gz"),
    ],
)
def test_a_gzip_file_that_cannot_be_unpacked_says_why(content, reason):
    assert read_one(content, "data/new.csv.gz") == (reason, 0)


@given(st.binary(max_size=60))
def test_no_bytes_in_a_gzip_file_are_a_crash(rubbish):
    for content in (rubbish, packed(rubbish), packed(CSV)[:10] + rubbish):
        with contextlib.suppress(UnreadableFile):
            assert isinstance(GzipCsvReader(ReadLimits()).read(content), bytes)


def test_a_bomb_is_not_unpacked_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(csv_text, "_CHUNK", 1000)
    written = []
    original = io.BytesIO

    class Counting(original):
        def write(self, piece):
            written.append(len(piece))
            return super().write(piece)

    bomb = packed(b"a\n" + b"1\n" * 10_000_000)
    assert len(bomb) < 100_000
    monkeypatch.setattr(csv_text.io, "BytesIO", Counting)
    reason = "is larger than 1 MB; if that is wanted, raise max-dataset-size"
    with pytest.raises(UnreadableFile, match="max-dataset-size") as caught:
        GzipCsvReader(ReadLimits(megabytes=1)).read(bomb)
    assert caught.value.reason == reason
    assert sum(written) <= 1_001_000


# --- what is no CSV -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped(), "is a ZIP archive (an Excel workbook?), not CSV; in Excel: File > Save As > CSV UTF-8"),
        (
            b"PK\x03\x04\x14\x00\x00",
            "is a ZIP archive (an Excel workbook?), not CSV; in Excel: File > Save As > CSV UTF-8",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
            "is an old Excel or Word file, not CSV; in Excel: File > Save As > CSV UTF-8",
        ),
        (b"%PDF-1.7\n1 0 obj\n", "is a PDF, not CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a PNG image, not CSV"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "is a JPEG image, not CSV"),
        (pickle.dumps({"a": 1}), "is a Python pickle, not CSV; pickles are never opened"),
        (pickle.dumps({"a": 1}, 2), "is a Python pickle, not CSV; pickles are never opened"),
        (packed(CSV), "is packed by gzip; name it .csv.gz"),
        (b"\x28\xb5\x2f\xfd\0", "is packed by zstd; unpack it, or pack it by gzip"),
        (b"SQLite format 3\0", "is an SQLite database, not CSV"),
        (b"\x93NUMPY\x01\0", "is a NumPy array, not CSV"),
        (b"PAR1\0\0\0\0PAR1", "is a Parquet file; name it .parquet"),
    ],
)
def test_a_file_that_is_no_csv_is_called_what_it_is(content, reason):
    assert read_one(content) == (reason, 0)


def test_a_web_page_is_called_one():
    page = b"<!DOCTYPE html>\n<html><body>404</body></html>\n"
    assert read_one(page) == ("is a web page, not CSV (an error page that was saved?)", 1)


@pytest.mark.parametrize("header", [b"PAR1,b", b"PK,b", b"BZh,b", b"GIF,b", b"<a>,b", b"Obj,b", b"Rar!,b", b"%PDF,b"])
def test_columns_may_be_named_like_them(header):
    assert read_one(header + b"\n1,2\n").shape == (1, 2)


# --- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_a_file_reveals(encoding):
    frame = read_one("größe,b\n1,ñ\n2,\N{SNOWMAN}\n".encode(encoding))
    assert frame.to_dict("list") == {"größe": [1, 2], "b": ["ñ", "\N{SNOWMAN}"]}


def test_utf_16_of_the_other_byte_order():
    assert read_one(b"\xfe\xff" + "a\n1\n".encode("utf-16-be"))["a"].tolist() == [1]


def test_what_only_begins_like_utf_16():
    assert read_one(b"\xff\xfea\0b") == ("is not UTF-16, though it begins like it; save it as UTF-8", 0)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 20])
def test_the_byte_and_the_line_of_what_is_not_utf_8(monkeypatch, piece):
    monkeypatch.setattr(csv_file, "_PIECE", piece)
    content = "a,b\n1,é\n2,\N{SNOWMAN}\n".encode() + b"3,caf\xe9\n4,x\n"
    assert read_one(content) == ("is not UTF-8 (byte 0xe9); save it as UTF-8", 4)
    assert read_one(b"a\nx\xc3") == ("is not UTF-8 (byte 0xc3); save it as UTF-8", 2)


# --- limits ---------------------------------------------------------------------------------------------------------


def test_a_file_over_the_limit_names_the_setting():
    reason = "is larger than 1 MB; if that is wanted, raise max-dataset-size"
    just_too_large = b"a\n" + b"1\n" * 500_000
    assert read_one(just_too_large, megabytes=1) == (reason, 0)
    assert len(read_one(just_too_large[:-2], megabytes=1)) == 499_999
    assert read_one(None, megabytes=1) == (reason, 0)


def test_only_the_file_over_the_limit_is_set_aside():
    contents = [CSV, None, CSV + b"3,z\n"]
    datasets = [Dataset(f"{place}.csv", str(place)) for place in range(3)]
    table, (one,) = frames.read(datasets, contents)
    assert one.path == "1.csv"
    assert [dataset.path for dataset in table.datasets] == ["0.csv", "2.csv"]


@pytest.mark.parametrize(
    "header",
    [
        b"a,b,c,d",
        b"\n \n\na,b,c,d",
        b'"a\n,",b,c,d',
        b'x"y,b,"c"" ,",d',
        b"\xef\xbb\xbfa,b,c,d",
        b",,,",
        b'"a,b",c,d,e',
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_columns_are_counted_as_pandas_counts_them(header, end):
    content = header + end + b"1,2,3,4" + end
    assert read_one(content, columns=4).shape == (1, 4)
    assert read_one(content, columns=3) == ("has more than 3 columns; if that is wanted, raise max-columns", 1)


def test_a_comma_in_quotes_parts_no_columns():
    assert read_one(b'"a,b,c",d\n1,2\n', columns=2).shape == (1, 2)


def test_many_rows_with_carriage_returns_only_are_not_many_columns():
    assert read_one(b"a,b\r" + b"1,2\r" * 100, columns=2).shape == (100, 2)


def test_counting_columns_stops_at_the_limit(monkeypatch):
    counted = []

    class Pattern:
        def finditer(self, content, start, original=csv_file.FIELD):
            for field in original.finditer(content, start):
                counted.append(field)
                yield field

    monkeypatch.setattr(csv_file, "FIELD", Pattern())
    assert "max-columns" in read_one(b"," * 1_000_000, columns=10)[0]
    assert len(counted) == 10


def test_a_line_without_end_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(csv_file, "_read", lambda *_: pytest.fail("parsed"))
    long = b"1" * (limits.LINE + 1)
    assert read_one(b"a\n1\n" + long) == ("has a line of more than 16 MB", 3)
    assert read_one(long + b"\n1\n") == ("has a line of more than 16 MB", 1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_many_lines_are_no_long_line(monkeypatch, end):
    monkeypatch.setattr(csv_file, "LINE", 10)
    assert len(read_one(b"a" + end + (b"12345678" + end) * 9)) == 9
    assert read_one(b"a" + end + b"1234567890" + end)[0].startswith("has a line")
