"""A table with as many columns as files of measurements have: seconds."""

from tests.unit.modelling.reading.test_table import assert_same


def test_thousands_of_columns():
    header = ",".join(f"c{number}" for number in range(5_000)).encode()
    rows = [b",".join(b"%d" % (number * row) for number in range(5_000)) for row in range(4)]
    words = b",".join([b"x"] * 4_999)
    assert_same([b"\n".join([header, *rows]), b"\n".join([header, *rows[:2]]), header + b"\n" + words + b",\n"])
