"""A file format is one row in a table and one module with a reader."""

import sys
from types import ModuleType

import pandas as pd
import pytest

from ml_action.commands.init import discovery
from ml_action.config.data_path import DataPath
from ml_action.core import file_formats
from ml_action.core.file_formats import FORMATS, PLAIN_CSV, FileFormat, format_of
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import table
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile
from ml_action.modelling.reading.readers import Reader, Readers, TextReader
from tests.support.counting import Place
from tests.support.factories import make_csvs, make_settings

LINES = FileFormat(".lines", "lines:LinesReader", "is a file of lines", magic=b"LINES\n", line_per_row=True)


class LinesReader:
    """Each line after the first is a number in the column `a`."""

    closed = 0

    def __init__(self, limits):
        self.limits = limits

    def read(self, content):
        if not content.startswith(LINES.magic):
            raise UnreadableFile("is no file of lines", 1)
        return pd.DataFrame({"a": [int(line) for line in content.removeprefix(LINES.magic).split()]})

    def close(self):
        type(self).closed += 1


@pytest.fixture
def lines(monkeypatch):
    """The table has one row more, and the package one module more."""
    module = ModuleType("ml_action.modelling.reading.lines")
    module.LinesReader = LinesReader
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("ml_action.modelling.reading.lines", module, raising=False)
    monkeypatch.setattr(file_formats, "FORMATS", (*FORMATS, LINES))
    monkeypatch.setattr(LinesReader, "closed", 0)


# --- a new format ---------------------------------------------------------------------------------------------------


def test_files_of_a_new_format_count_as_datasets(lines, tmp_path):
    settings = make_settings(data_path=DataPath.parse("data/new_data"))
    place = Place(tmp_path, {"readme": "x"} | make_csvs(3))
    place.attempt(settings)
    place.publish({"data/new_data/a.lines": "LINES\n1\n2\n", "data/new_data/b.other": "x"})
    assert [item.path for item in place.look(settings).inventory.new] == ["data/new_data/a.lines"]


def test_rows_of_a_new_format_count_if_each_is_a_line(lines, tmp_path):
    settings = make_settings(data_path=DataPath.parse("data/new_data"), unit="rows")
    place = Place(tmp_path, {"readme": "x"} | make_csvs(3))
    place.attempt(settings)
    place.publish({"data/new_data/a.lines": "LINES\n1\n2\n"})
    assert place.look(settings).trigger.count == 2


def test_files_of_a_new_format_are_read_among_others(lines):
    datasets = [Dataset("x.csv", "1"), Dataset("y.Lines", "2"), Dataset("z.lines", "3")]
    found, (rejected,) = table.read(datasets, [b"a\n1\n", b"LINES\n2\n3\n", b"4\n"])
    assert found.frame["a"].tolist() == [1, 2, 3]
    assert found.cluster.tolist() == [0, 1, 1]
    assert (rejected.path, rejected.reason, rejected.line) == ("z.lines", "is no file of lines", 1)
    assert LinesReader.closed == 1


def test_a_file_of_a_new_format_under_another_name_is_recognised(lines):
    found, (rejected,) = table.read([Dataset("x.csv", "1")], [b"LINES\n2\n3\n"])
    assert (found.datasets, rejected.reason) == ((), "is a file of lines; name it .lines")


def test_init_finds_files_of_a_new_format(lines, tmp_path):
    place = Place(tmp_path, {"data/a.lines": "LINES\n1\n", "data/b.csv": "a,b\n1,2\n"})
    found = {file.path: file.header for file in discovery.data_files(place.workspace.git)}
    assert found == {"data/a.lines": (), "data/b.csv": ("a", "b")}


# --- the rows of the table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("a.csv", ".csv"),
        ("A.CSV", ".csv"),
        ("a.csv.gz", ".csv.gz"),
        ("a.gz", ".csv.gz"),
        ("a.Parquet", ".parquet"),
        ("a.txt", ".csv"),
        ("csv", ".csv"),
    ],
)
def test_the_name_of_a_file_implies_its_format(path, suffix):
    assert format_of(path).suffix == suffix


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.suffix)
def test_each_row_names_a_reader(row):
    readers = Readers(ReadLimits())
    reader = readers.reader_for(f"x{row.suffix}")
    assert all(callable(getattr(reader, name)) for name in vars(Reader) if not name.startswith("_"))
    assert readers.reader_for(f"y{row.suffix}") is reader
    readers.close()


def test_text_formats_have_a_header_line():
    readers = Readers(ReadLimits())
    text = {row.suffix for row in FORMATS if isinstance(readers.reader_for(f"x{row.suffix}"), TextReader)}
    assert text == {".csv", ".csv.gz"}


def test_git_counts_rows_of_plain_csv_alone():
    assert file_formats.countable_suffixes() == (".csv",) == (PLAIN_CSV.suffix,)


@pytest.mark.parametrize(
    ("names", "text"), [([".a"], ".a"), ([".a", ".b"], ".a or .b"), ([".a", ".b", ".c"], ".a, .b or .c")]
)
def test_suffixes_are_listed_in_words(names, text):
    assert file_formats.alternatives(names) == text
