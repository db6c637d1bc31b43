"""The readers of the file formats: one for each row of `core.file_formats.FORMATS`, started when it is first needed."""

from __future__ import annotations

import pkgutil
from typing import Protocol, cast, runtime_checkable

import pandas as pd

from ml_action.core import file_formats
from ml_action.core.file_formats import FileFormat
from ml_action.modelling.reading.limits import ReadLimits


class Reader(Protocol):
    """Reads the files of one format."""

    def __init__(self, limits: ReadLimits) -> None: ...

    def read(self, content: bytes) -> pd.DataFrame | bytes:
        """Returns the rows as a frame, or as CSV text, which is parsed together with that of other files.

        Raises:
            UnreadableFile: The file is damaged, exceeds the limits, or is of another format.
        """

    def close(self) -> None:
        """Ends what the reader started."""


@runtime_checkable
class TextReader(Reader, Protocol):
    """Reads the files of a text format, whose first line holds the names of the columns."""

    def header_line(self, beginning: bytes) -> bytes:
        """Returns the first line, from the first bytes of a file.

        Raises:
            OSError: These bytes are damaged.
            EOFError: They break off too early.
        """


class Readers:
    """The reader of each format. `close` ends them all."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._started: dict[FileFormat, Reader] = {}

    def reader_for(self, path: str) -> Reader:
        """Returns the reader of the format that the file's name implies."""
        row = file_formats.format_of(path)
        if row not in self._started:
            make = cast(type[Reader], pkgutil.resolve_name(f"{__package__}.{row.reader}"))
            self._started[row] = make(self._limits)
        return self._started[row]

    def close(self) -> None:
        """Closes the readers that were started."""
        for reader in self._started.values():
            reader.close()
