"""Small files that unpack to large ones: refused by their ratio, before anything is parsed."""

from __future__ import annotations

import gzip

import pytest

from ml_action.modelling.reading.csv_text import GzipCsvReader
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile


def test_gzip_of_empty_rows_is_not_unpacked() -> None:
    content = gzip.compress(b"a,b\n" + b",\n" * 20_000_000)
    assert len(content) < 100_000
    with pytest.raises(UnreadableFile, match="unpacks to more than 250 times its size"):
        GzipCsvReader(ReadLimits()).read(content)
