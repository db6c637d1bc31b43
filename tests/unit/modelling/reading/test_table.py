"""Reading many CSV files at once says what pandas says of each file by itself."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import csv_batches, csv_file
from ml_action.modelling.reading import table as frames
from tests.support.modelling import datasets_of, read, students, table_of
from tests.support.properties import examples

CELLS = [
    "1", "2", "-3", "007", "+5", " 4 ", "0.5", ".5", "5.", "1e3", "1E-2", "1e", "nan", "NA", "", "null", "-inf",
    "Infinity", "True", "false", "TRUE", "yes", "red", "green 2", "2026-01-02", "2026-01-02T10:00:00Z", "0x1F",
    "1_000", "9007199254740993", "-9007199254740993", "9223372036854775807", "18446744073709551615",
    "1e300", '"1"', '"a,b"', '"a\nb"', '"a""b"', '""', "é", "=SUM(A1)", "#x", "-",
    "12.50", "3.0", "-0", "-0.0", "0",
]  # fmt: skip
NUMBERS = ["1", "2", "-3", "0.5", "", "NA", "9007199254740993", "1e300", "-0", "-0.0"]
CALM = ["1", "2.5", "red", "2026-01-02", "True", ""]


@st.composite
def files(draw):
    header = draw(st.sampled_from(["a,b", "b,a", "a,b,c", "a", "a,a", '"a",b', "a,b ", "é,b"]))
    width = header.count(",") + 1
    pool = draw(st.sampled_from([CELLS, NUMBERS, CALM]))
    # Mostly whole rows; now and then one too short or too long.
    length = st.sampled_from([width] * 12 + [width - 1 or 1, width + 1])
    row = length.flatmap(lambda cells: st.lists(st.sampled_from(pool), min_size=cells, max_size=cells))
    lines = [header, *[",".join(cells) for cells in draw(st.lists(row, max_size=5))]]
    if draw(st.integers(0, 7)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(["", "  ", '"open', "\t"])))
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    text = end.join(lines) + draw(st.sampled_from([end, end, "", end + end]))
    return draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"])) + text.encode(
        draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1"]))
    )


MARKS = ["-", "--", "?", "."]


def alone(content: bytes) -> pd.DataFrame | None:
    """What pandas says of one file, with the differences that docs/contract.md lists; None for what we set aside."""
    try:
        frame = pd.read_csv(io.BytesIO(content), low_memory=False, index_col=False, na_values=MARKS)
    except (ValueError, OverflowError, pd.errors.ParserWarning):  # warnings are errors in the tests
        return None
    cells = pd.read_csv(
        io.BytesIO(content), low_memory=False, index_col=False, dtype="str", keep_default_na=False, na_values=[""]
    )
    for name, column in frame.items():
        if isinstance(column.dtype, pd.StringDtype) and column.isna().any():
            frame[name] = cells[name]
    return None if frame.empty else frame.rename(columns=str.strip)


def without_marks(frame: pd.DataFrame) -> pd.DataFrame:
    """Files of which a column holds nothing but NA: parsed with others it is missing, alone it may be a word."""
    return frame.where(~frame.isin(csv_file.MISSING_MARKS))


def loosely_compared(frame: pd.DataFrame) -> list[str]:
    marks = without_marks(frame)
    return [name for name in frame.columns if frame[name].dtype == bool or marks[name].isna().all()]


def assert_equal(found: pd.DataFrame, whole: pd.DataFrame, loose: set[str]) -> None:
    """To the bit, but in columns with booleans or without a value, where the dtype depends on the other files."""
    assert list(found.columns) == list(whole.columns)
    for name in loose:
        cells, expected = (without_marks(frame[[name]].astype(object))[name] for frame in (found, whole))
        assert cells.isna().tolist() == expected.isna().tolist()
        assert cells.dropna().tolist() == expected.dropna().tolist()
    strict = [name for name in found.columns if name not in loose]
    pd.testing.assert_frame_equal(found[strict], whole[strict])
    for name in strict:
        if whole[name].dtype == np.float64:  # assert_frame_equal minds neither the last bit nor the sign of zero
            assert found[name].to_numpy().tobytes() == whole[name].to_numpy().tobytes()


def assert_same(contents: list[bytes]) -> None:
    datasets = datasets_of(contents)
    table, set_aside = frames.read(datasets, contents)
    expected = [alone(content) for content in contents]
    good = [place for place, frame in enumerate(expected) if frame is not None]
    assert [dataset.path for dataset in table.datasets] == [datasets[place].path for place in good]
    bad = [datasets[place].path for place, frame in enumerate(expected) if frame is None]
    assert [one.path for one in set_aside] == bad
    if good:
        whole = pd.concat([expected[place] for place in good], ignore_index=True)
        assert_equal(table.frame, whole, {name for place in good for name in loosely_compared(expected[place])})
        rows = [len(expected[place]) for place in good]
        assert table.cluster.tolist() == np.repeat(np.arange(len(good)), rows).tolist()
        for position, place in enumerate(good):
            for name in whole.columns:
                assert table.has(name)[position] == (name in expected[place].columns)


def assert_same_in_batches(contents: list[bytes], batch: int) -> None:
    """However many bytes are parsed at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_batches, "BATCH", batch)
        patch.setattr(csv_batches, "HELD", 4 * batch)
        assert_same(contents)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(files(), min_size=1, max_size=7), st.sampled_from([csv_batches.BATCH, 30]))
@example([b"a\n-0\n", b"a\n0.5\n"], 30)
@example([b"a,b\n1,x\n", b"a,b\n2,\n"], csv_batches.BATCH)
@example([b"a\n1\n", b"a\nx\n", b"a\n2\n"], csv_batches.BATCH)
@example([b"a\nTrue\n", b"a\n1\n", b"a\nx\n"], csv_batches.BATCH)
@example([b'a\n"1\n', b'a\n2"\n'], csv_batches.BATCH)
@example([b"a,b\n1,2,\n", b"a,b\n3,4\n"], csv_batches.BATCH)
@example([b'"open\r\n"a",b\r\n1,1\r\n'], csv_batches.BATCH)
@example([b"a\n18446744073709551615\n", b"a\n1\n", b"a\n-1\n"], csv_batches.BATCH)
def test_the_same_frame_as_pandas_file_by_file(contents, batch):
    assert_same_in_batches(contents, batch)


@st.composite
def orderly(draw):
    """Sound files of one source: columns come and go, change places, and hold what their kind holds."""
    kinds = {
        "id": st.integers(0, 99).map(str),
        "big": st.sampled_from(["1", "9007199254740993", "18446744073709551615", ""]),
        "score": st.sampled_from(["0.1", "2", "-0", "1e-7", "NA", ""]),
        "room": st.sampled_from(["red", "blue", '"a, b"', '"a\nb"', "é", "NA", ""]),
        "code": st.sampled_from(["12", "A7", "007"]),
        "passed": st.sampled_from(["True", "False"]),
    }
    columns = draw(st.permutations(list(kinds)))[: draw(st.integers(1, len(kinds)))]
    rows = [",".join(draw(kinds[name]) for name in columns) for _ in range(draw(st.integers(1, 6)))]
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    text = end.join([",".join(columns), *(row or '""' for row in rows)]) + draw(st.sampled_from([end, ""]))
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig"])))


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(orderly(), min_size=2, max_size=12), st.sampled_from([csv_batches.BATCH, 100]))
def test_columns_that_come_go_and_change_places(contents, batch):
    assert_same_in_batches(contents, batch)


def test_no_more_than_a_few_batches_are_held(monkeypatch):
    """Bytes are dropped once they are parsed, whether the files have one header or many."""
    monkeypatch.setattr(csv_batches, "BATCH", 1000)
    monkeypatch.setattr(csv_batches, "HELD", 3000)
    held = most = 0

    class Tracked(bytes):
        def __del__(self):
            nonlocal held
            held -= len(self)

    def contents():
        nonlocal held, most
        for number in range(200):
            content = Tracked((b"a,b\n" if number % 2 else b"a,c%d\n" % (number % 50)) + b"%d,22\n" % number * 10)
            held += len(content)
            most = max(most, held)
            yield content

    table, _ = frames.read([Dataset(f"{n}.csv", str(n)) for n in range(200)], contents())
    assert len(table.datasets) == 200
    assert most < 5000


COLUMNS, ROWS = 1500, 800  # wide: pandas' chunks are then of 512 rows


@pytest.mark.parametrize(
    ("early", "late", "chunked"),
    [
        (b"1", b"2", True),
        (b"1", b"2.5", True),
        (b"x", b"y", True),
        (b"x", b"", True),
        (b"1", b"x", False),
        (b"True", b"", False),
        (b"9007199254740993", b"0.5", False),
        (b"-0", b"0.5", False),
        (b"1", b"18446744073709551615", False),
    ],
)
def test_a_large_file_is_read_by_chunks_and_as_a_whole_where_they_disagree(monkeypatch, early, late, chunked):
    monkeypatch.setattr(csv_file, "_LARGE", 0)
    read_whole = []
    original = csv_file.CsvSource.read

    def spy(source, *, low_memory=False, **options):
        if "usecols" not in options:
            read_whole.append(not low_memory)
        return original(source, low_memory=low_memory, **options)

    monkeypatch.setattr(csv_file.CsvSource, "read", spy)
    rest = b",1" * (COLUMNS - 1) + b"\n"
    lines = [b",".join(b"c%d" % number for number in range(COLUMNS)) + b"\n"]
    lines += [(early if row < ROWS - 5 else late) + rest for row in range(ROWS)]
    assert_same([b"".join(lines)])
    assert read_whole == ([False] if chunked else [False, True])


def test_a_comma_at_the_end_of_each_row_does_not_move_the_columns():
    """By default pandas takes the first column for an index, and 0, 1 even passes for the usual one."""
    table = table_of("a,b\n0,2,\n1,4,\n", "a,b\n5,6\n")
    assert table.frame.to_dict("list") == {"a": [0, 1, 5], "b": [2, 4, 6]}


def test_many_files_are_parsed_at_once(monkeypatch):
    parsed = []
    original = csv_file._read
    monkeypatch.setattr(csv_file, "_read", lambda *content: parsed.append(content) or original(*content))
    assert_same(students(1, 300))
    assert len(parsed) == 1


def test_one_bad_file_costs_few_parses(monkeypatch):
    contents = students(1, 256)
    contents[100] += b"1,2,3,4,5\n"
    parsed = []
    original = csv_file._read
    monkeypatch.setattr(csv_file, "_read", lambda *content: parsed.append(content) or original(*content))
    table, set_aside = frames.read(datasets_of(contents), contents)
    assert len(table.datasets) == 255
    assert len(set_aside) == 1
    assert len(parsed) < 20


def test_files_of_codes_among_files_of_words_are_parsed_together(monkeypatch):
    """A batch in doubt is split by what is doubtful, not file by file."""
    contents = [b"room,score\n" + (b"12,%d\n" if place % 2 else b"A,%d\n") % place for place in range(200)]
    parsed = []
    original = csv_file._read
    monkeypatch.setattr(csv_file, "_read", lambda *content: parsed.append(content) or original(*content))
    assert_same(contents)
    assert len(parsed) <= 3


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        (b"", "is empty", 0),
        (b" \n\n", "is empty", 0),
        (b"\xef\xbb\xbf", "is empty", 0),
        (b"a,b\n", "has a header but no rows", 0),
        (b"a,b\n\n\n", "has a header but no rows", 0),
        (b"a,b\n1,2\n3,4,5\n", "is malformed: 3 fields where 2 are expected", 3),
        (b"a,b\n\n1,2\n\n3,4,5\n", "is malformed: 3 fields where 2 are expected", 5),
        (b'a,b\n1,2\n"3,4\n', "is malformed: a quote is opened and never closed", 3),
        (b"a,b\n1,2,3\n", "has more fields in its rows than names in its header", 2),
        (b"a,b\n1,2\n3,caf\xe9\n", "is not UTF-8 (byte 0xe9); save it as UTF-8", 3),
        (b"a,b\n1,2\n3,\0\n", "is not text: it contains NUL bytes", 3),
        ("a,b\n1,2\n".encode("utf-16-le"), "is not text: it contains NUL bytes", 1),
    ],
)
def test_what_cannot_be_read_is_set_aside_with_reason_and_line(content, reason, line):
    good = b"a,b\n1,2\n"
    table, (one,) = read(good, content, good)
    assert (one.path, one.reason, one.line) == ("data/1.csv", reason, line)
    assert [dataset.path for dataset in table.datasets] == ["data/0.csv", "data/2.csv"]


def test_nothing_readable_is_an_empty_table():
    table, set_aside = read("", "a,b\n")
    assert table.datasets == ()
    assert len(table.frame) == 0
    assert len(set_aside) == 2


def test_a_pointer_of_git_lfs_names_the_setting():
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    _, (one,) = read("a,b\n1,2\n", pointer)
    assert one.path == "data/1.csv"
    assert "lfs: true" in one.reason


def test_the_same_content_under_two_paths_is_one_dataset():
    content = b"a,b\n1,2\n"
    datasets = [Dataset("one.csv", "0" * 40), Dataset("two.csv", "0" * 40)]
    table, set_aside = frames.read(datasets, [content, content])
    assert table.datasets == (datasets[0],)
    assert set_aside == ()


def test_a_missing_content_is_a_bug_and_no_silence():
    with pytest.raises(ValueError, match="zip"):
        frames.read([Dataset("one.csv", "0" * 40)], [])


def test_hostile_names_make_no_warning_and_stay_data():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = table_of("::error::x,\x1b[31mred,<b>\n1,2,3\n", "=1+1,b\n1,2\n")
    assert "::error::x" in table.frame.columns


def test_keep_renumbers_what_remains():
    table = table_of("a,b\n1,2\n1,3\n", "a\n4\n", "a,b\n5,6\n")
    kept = table.select(np.array([True, False, True]))
    assert kept.cluster.tolist() == [0, 0, 1]
    assert kept.counts.tolist() == [2, 1]
    assert kept.has("b").all()
    assert [dataset.path for dataset in kept.datasets] == ["data/0.csv", "data/2.csv"]


def test_a_table_made_by_hand_has_all_columns():
    table = frames.Table(pd.DataFrame({"a": [1]}), np.array([0]), (Dataset("x", "y"),))
    assert table.has("a").tolist() == [True]
    assert table.has("b").tolist() == [False]
