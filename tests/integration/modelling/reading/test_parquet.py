"""A Parquet file says what the same table says as CSV; damage is a reason in words."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from arro3.core import Array, Schema, Table, list_array
from arro3.core import DataType as Is
from arro3.io import write_parquet
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_action.core.cells import written
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import parquet_worker
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile
from ml_action.modelling.reading.parquet import ParquetReader


def packed(**columns):
    buffer = io.BytesIO()
    write_parquet(Table.from_pydict(columns), buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module", autouse=True)
def readers():
    """One process per limits, for all tests: starting one takes longer than a test."""
    yield READERS
    for one in READERS.values():
        one.close()


READERS = {}


def read_one(content, **of):
    limits = ReadLimits(**of)
    return READERS.setdefault(limits, ParquetReader(limits)).read(content)


def reason(content, **of):
    with pytest.raises(UnreadableFile) as caught:
        read_one(content, **of)
    return written(caught.value.reason, private=False)


def as_csv(text):
    return pd.read_csv(io.StringIO(text), low_memory=False)


def words(*values):
    return Array(list(values), Is.string())


def in_this_process(content):
    """The same without the process in between: what the child writes is read from a buffer."""
    reader, sent, answered = ParquetReader(ReadLimits()), io.BytesIO(), io.BytesIO()
    sent.write(parquet_worker.LENGTH.pack(len(content)) + content)
    sent.seek(0)
    parquet_worker.serve(sent, answered, 10**9, 10_000)
    answered.seek(0)
    reader._process = SimpleNamespace(stdin=io.BytesIO(), stdout=answered)
    return reader.read(content)


@pytest.mark.parametrize(
    ("column", "csv"),
    [
        (Array([1, 2], Is.int64()), "1\n2"),
        (Array([1, -2], Is.int8()), "1\n-2"),
        (Array([1, 2], Is.uint64()), "1\n2"),
        (Array([1, 2**64 - 1], Is.uint64()), "1\n18446744073709551615"),
        (Array([1, None], Is.int32()), "1\n\"\""),
        (Array([None, None], Is.int32()), "\"\"\n\"\""),
        (Array([0.5, 2.0], Is.float64()), "0.5\n2.0"),
        (Array([0.5, None], Is.float32()), "0.5\nNA"),
        (Array([0.5, float("nan")], Is.float64()).cast(Is.float16()), "0.5\nNA"),
        (Array([True, False], Is.bool()), "True\nFalse"),
        (Array([True, None], Is.bool()), "True\n\"\""),
        (Array([None, None], Is.bool()), "\"\"\n\"\""),
        (words("a", "é"), "a\né"),
        (words("a", None), "a\nNA"),
        (words(None, None), "NA\nNA"),
        (words("a", "b").cast(Is.large_string()), "a\nb"),
        (words("a", None).cast(Is.dictionary(Is.int32(), Is.string())), "a\nNA"),
        (Array([b"a", b"b"], Is.binary()), "a\nb"),
        (Array([0, None], Is.int32()).cast(Is.date32()), "1970-01-01\nNA"),
        (Array([1_500_000, None], Is.int64()).cast(Is.timestamp("us")), "1970-01-01 00:00:01.500000\nNA"),
        (Array([0, None], Is.int64()).cast(Is.timestamp("ms", tz="UTC")), "1970-01-01 00:00:00+00:00\nNA"),
        (Array([3_600, None], Is.int32()).cast(Is.time32("s")), "01:00:00\nNA"),
        (Array([3, None], Is.int64()).cast(Is.decimal128(10, 2)), "3.0\nNA"),
    ],
)  # fmt: skip
def test_each_type_becomes_what_pandas_makes_of_csv(column, csv):
    pd.testing.assert_frame_equal(read_one(packed(a=column)), as_csv("a\n" + csv + "\n"))


cells = st.one_of(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3).map(lambda v: Array(v, Is.int64())),
    st.lists(st.none() | st.floats(), min_size=3, max_size=3).map(lambda v: Array(v, Is.float64())),
    st.lists(st.none() | st.booleans(), min_size=3, max_size=3).map(lambda v: Array(v, Is.bool())),
    st.lists(st.none() | st.sampled_from(["red", "green", "blue 2"]), min_size=3, max_size=3).map(
        lambda v: Array(v, Is.string())
    ),
)


@settings(deadline=None)
@given(columns=st.dictionaries(st.sampled_from("abcd"), cells, min_size=1), rows=st.sampled_from([1, 2, 8192]))
@example(columns={"a": Array([True, None, False], Is.bool())}, rows=1)
def test_pandas_reads_the_same_table_from_csv(columns, rows):
    """In batches of any length: a column's dtype is decided over the whole of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet_worker, "ROWS", rows)
        found = in_this_process(packed(**columns))
    shown = {name: [None if v is None else repr(v) for v in array.to_pylist()] for name, array in columns.items()}
    text = pd.DataFrame({name: [v and v.strip("'") for v in values] for name, values in shown.items()}).to_csv(
        index=False, na_rep="NA"
    )
    pd.testing.assert_frame_equal(found, pd.read_csv(io.StringIO(text)))


def test_csv_and_parquet_are_one_table():
    file = packed(a=Array([1, 2], Is.int64()), b=words("x", "y"))
    datasets = [Dataset("a.csv", "1"), Dataset("b.parquet", "2"), Dataset("c.csv", "3")]
    table, set_aside = frames.read(datasets, [b"b,a\nw,0\n", file, b"b,a\nz,3\n"])
    assert not set_aside
    assert table.frame.to_dict("list") == {"b": ["w", "x", "y", "z"], "a": [0, 1, 2, 3]}
    assert table.cluster.tolist() == [0, 1, 1, 2]


def test_the_index_that_pandas_wrote_is_no_column():
    assert list(read_one(packed(a=words("x"), __index_level_0__=Array([7], Is.int64()))).columns) == ["a"]


def test_equal_words_are_one_object():
    column = read_one(packed(a=words(*["x" * 50] * 20_000)))["a"]
    assert len({id(value) for value in column}) == 1


NO_PARQUET = "is no Parquet file, though its name ends with .parquet, or it breaks off in the middle"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", NO_PARQUET),
        (b"a,b\n1,2\n", NO_PARQUET),
        (packed(a=words("x"))[:-1], NO_PARQUET),
        (packed(a=Array([], Is.int64())), "has columns but no rows"),
        (packed(a=Array([b"\xff"], Is.binary())), "holds binary values in the column 'a'"),
        (
            packed(a=list_array(Array([0, 1], Is.int32()), Array([1], Is.int64()))),
            "holds nested values in the column 'a'; only plain ones can be learned from",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_says_why(content, expected):
    assert reason(content) == expected


def test_two_columns_of_one_name():
    buffer = io.BytesIO()
    column = Array([1], Is.int64())
    fields = [Table.from_pydict({"a": column}).schema.field(0)] * 2
    write_parquet(Table.from_arrays([column, column], schema=Schema(fields)), buffer)
    assert reason(buffer.getvalue()) == "has two columns of the name 'a'"


def test_limits_hold_for_parquet():
    wide = packed(**{f"c{number}": Array([1], Is.int64()) for number in range(4)})
    assert reason(wide, columns=3) == "has more than 3 columns; if that is wanted, raise max-columns"
    zeros = packed(a=Array.from_numpy(np.zeros(200_000)))
    assert len(zeros) < 10_000
    assert reason(zeros, megabytes=1) == "is larger than 1 MB; if that is wanted, raise max-dataset-size"


SOUND = packed(a=Array(list(range(50)), Is.int64()), b=words(*map(str, range(50))))


@settings(deadline=None)
@given(st.integers(4, len(SOUND) - 5), st.binary(min_size=1, max_size=8))
@example(len(SOUND) - 8, b"\xff\xff\xff\xff")
def test_damage_is_a_reason_or_harmless_and_never_a_crash(place, bytes_):
    damaged = SOUND[:place] + bytes_ + SOUND[place + len(bytes_) :]
    with contextlib.suppress(UnreadableFile):
        assert len(read_one(damaged).columns) <= 10_000


def test_a_panic_of_rust_is_not_printed(capfd):
    content = b"PAR1" + b"\xff" * 20 + b"PAR1"
    assert reason(content).startswith("is a damaged Parquet file")
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "heard again\n"


def test_a_file_that_ends_the_process_costs_that_file_alone():
    """A bit width that cannot be: arrow-rs panics where C called it, and aborts."""
    sound = packed(a=Array([1], Is.int64()))
    datasets = [Dataset(f"{place}.parquet", str(place)) for place in range(4)]
    table, (one,) = frames.read(datasets, [sound, aborting(), sound, sound])
    assert one.path == "1.parquet"
    assert one.reason == "is a damaged Parquet file, or takes more memory than max-dataset-size allows"
    assert len(table.frame) == 3


def aborting():
    content = bytearray(packed(a=Array([None, True] * 25, Is.bool()), b=words(*map(str, range(50)))))
    for place in range(4, len(content) - 300):
        tried = bytes(content[:place]) + b"\xff" + bytes(content[place + 1 :])
        try:
            read_one(tried)
        except UnreadableFile as problem:
            if "more memory" in written(problem.reason, private=False):
                return tried
    raise AssertionError("arrow-rs has become better")


def test_csv_alone_does_not_load_the_reader_of_parquet():
    code = (
        "import sys; from ml_action.modelling.reading import table; from ml_action.core.records.dataset import Dataset;"
        "table.read([Dataset('a.csv', '0')], [b'a\\n1\\n']); sys.exit('arro3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
