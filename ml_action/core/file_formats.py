"""The file formats of datasets, one row for each. Standard library only: counting needs the names, not the readers.

To add a format, add a row to `FORMATS`, and a module with its reader to `modelling/reading` (`formats.Reader` is what
it has to offer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class FileFormat(NamedTuple):
    """One format: how its files are named, how they begin, and what reads them."""

    suffix: str  # of file names, in lower case
    reader: str  # module and class, in `modelling/reading`
    description: str  # completes "this file ..."
    magic: bytes = b""  # the first bytes of each file
    trailer: bytes = b""  # and the last
    line_per_row: bool = False  # then git can count rows: each line after the first is one

    @property
    def extension(self) -> str:
        """The last part of the suffix, such as `.gz`."""
        return "." + self.suffix.rpartition(".")[2]


PLAIN_CSV = FileFormat(".csv", "csv_text:CsvReader", "is CSV", line_per_row=True)
GZIP_CSV = FileFormat(".csv.gz", "csv_text:GzipCsvReader", "is packed by gzip", b"\x1f\x8b")
PARQUET = FileFormat(".parquet", "parquet:ParquetReader", "is a Parquet file", b"PAR1", b"PAR1")
FORMATS = (PLAIN_CSV, GZIP_CSV, PARQUET)


def suffixes() -> tuple[str, ...]:
    """Returns the suffixes of all formats."""
    return tuple(row.suffix for row in FORMATS)


def countable_suffixes() -> tuple[str, ...]:
    """Returns the suffixes of the formats whose rows git can count."""
    return tuple(row.suffix for row in FORMATS if row.line_per_row)


def format_of(path: str) -> FileFormat:
    """Returns the format that a file's name implies: by its suffix, else by its extension, else plain CSV."""
    name = path.lower()
    by_suffix = (row for row in FORMATS if name.endswith(row.suffix))
    by_extension = (row for row in FORMATS if name.endswith(row.extension))
    return next(by_suffix, None) or next(by_extension, PLAIN_CSV)


def alternatives(names: Sequence[str]) -> str:
    """Returns `.csv, .csv.gz or .parquet` for the three suffixes."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
