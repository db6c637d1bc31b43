"""Files of one row: readings, which count although another file has the same content."""

import pytest

from ml_action.core.records.dataset import Dataset
from ml_action.datasets.readings import has_one_row, one_row_blobs, with_readings


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"t,on\n20,1\n", True), (b"t,on\n20,1", True), (b"t,on\r\n20,1\r\n\r\n", True), (b"t,on\r20,1\r", True),
        (b"\nt,on\n20,1\n", True), (b"t,on\n20,1\n21,1\n", False), (b"t,on\n", False), (b"", False), (None, False),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", False),
    ],
)  # fmt: skip
def test_a_file_of_one_row_has_a_header_and_one_line(content, expected):
    assert has_one_row(content) is expected


CONTENTS = {"one": b"t,on\n20,1\n", "two": b"t,on\n20,1\n21,0\n"}


def read(datasets, limit):
    return [CONTENTS[item.blob] if len(CONTENTS[item.blob]) <= limit else None for item in datasets]


def items(*paths: str) -> list[Dataset]:
    return [Dataset(path, path.split("-")[-1].split(".")[0]) for path in paths]


def test_each_content_is_read_once_and_packed_files_never():
    asked = []
    found = one_row_blobs(
        [Dataset("a.csv", "one"), Dataset("b.csv", "one"), Dataset("c.csv.gz", "x"), Dataset("d.parquet", "y")],
        lambda datasets, limit: asked.extend(datasets) or read(datasets, limit),
    )
    assert found == {"one"}
    assert [item.blob for item in asked] == ["one"]


def test_of_a_content_of_one_row_there_is_a_dataset_for_each_name():
    found = with_readings(items("a-one.csv", "b-one.csv", "x/a-one.csv", "x/c-one.csv", "a-two.csv", "b-two.csv"), read)
    assert [(item.path, item.reading) for item in found] == [
        ("a-one.csv", True), ("b-one.csv", True), ("x/c-one.csv", True), ("a-two.csv", False)
    ]  # fmt: skip
    assert len({item.key for item in found}) == 4


def test_nothing_is_read_where_no_content_repeats():
    found = with_readings(items("a-one.csv", "x/a-one.csv", "a-two.csv"), lambda *_: pytest.fail("read"))
    assert [item.path for item in found] == ["a-one.csv", "a-two.csv"]
    assert [item.key for item in found] == ["one", "two"]
