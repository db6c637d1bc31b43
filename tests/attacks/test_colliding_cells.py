"""Cells that cost a hash table hours, and rows that cost a table gigabytes, cost the files that they are in."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.collisions import REASON
from ml_action.modelling.reading.table import ReadResult
from tests.support.colliding import colliding_whole_numbers, colliding_words

SOUND = [f"hours,name\n{number},n{number}\n".encode() for number in range(1, 21)]


def read(*hostile: bytes) -> ReadResult:
    contents = [*SOUND[:10], *hostile, *SOUND[10:]]
    return frames.read([Dataset(f"data/{place}.csv", str(place)) for place in range(len(contents))], contents)


@pytest.mark.parametrize("column", ["name", "hours"])
def test_cells_with_one_hash_are_set_aside_before_they_cost_anything(column: str) -> None:
    """80,000 words took 20 s to read and 40 s whenever the column was factorised; four times as many, half an hour."""
    names, hours = colliding_words(80_000), range(80_000)
    rows = (
        zip(hours, names, strict=True) if column == "name" else zip(colliding_whole_numbers(80_000), hours, strict=True)
    )
    file = ("hours,name\n" + "".join(f"{hour},{name}\n" for hour, name in rows)).encode()
    started = time.process_time()
    table, (rejected,) = read(file)
    pd.factorize(table.frame[column])
    assert time.process_time() - started < 4
    assert (rejected.path, rejected.reason) == ("data/10.csv", REASON)
    assert len(table.datasets) == 20


def test_words_with_one_hash_in_many_files_cost_those_files() -> None:
    words = colliding_words(20_000)
    files = [
        ("hours,name\n" + "".join(f"{place},{word}\n" for word in words[place : place + 20])).encode()
        for place in range(0, len(words), 20)
    ]
    table, rejected = read(*files)
    assert 970 <= len(rejected) <= 1000
    assert {item.reason for item in rejected} == {REASON}
    assert table.frame["name"].str.startswith("n").sum() == 20


@pytest.mark.parametrize("together", [1, 3])
def test_rows_without_the_fields_of_a_wide_header_are_no_table_of_gigabytes(together: int) -> None:
    """Half a megabyte would be filled up to two thousand million cells."""
    file = (",".join(f"c{number}" for number in range(9000)) + "\n" + "1\n" * 220_000).encode()
    _, rejected = read(*(file + b"1\n" * place for place in range(together)))
    assert [item.reason for item in rejected] == ["has 9,000 columns, and rows with far fewer fields"] * together


@pytest.mark.parametrize(
    "row", [b"1," * 300_000 + b"1\n", b'"a\n",' + b"1," * 300_000 + b"1\n", b"\n" + b"1," * 300_000 + b"\n"]
)
def test_first_row_of_many_fields_does_not_widen_the_rows_of_other_files(row: bytes) -> None:
    """Parsed together, 300,000 fields of one row made gigabytes of the rows of the others."""
    long = b"hours,name\n" + b"1,n1\n" * 100_000
    table, rejected = read(b"hours,name\n" + row, long, b"hours,name\n" + row + b"1\n" * 100_000)
    assert [item.path for item in rejected] == ["data/10.csv", "data/12.csv"]
    assert table.frame.shape == (100_020, 2)
