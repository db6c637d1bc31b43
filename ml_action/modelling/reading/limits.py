"""How large a dataset may be, and the errors for files that exceed a limit."""

from __future__ import annotations

from dataclasses import dataclass

from ml_action.core import cells
from ml_action.core.cells import Reason

LINE = 16_000_000  # bytes; room for sixty lines of ten thousand columns, or for a cell with an image


class UnreadableFile(Exception):
    """The file is no dataset that can be read. `line` counts from 1; 0 if the fault has no line."""

    def __init__(self, reason: Reason, line: int = 0) -> None:
        super().__init__(cells.written(reason, private=True))
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class ReadLimits:
    """The settings max-dataset-size and max-columns."""

    megabytes: int = 2000
    columns: int = 10_000

    @property
    def bytes(self) -> int:
        """The limit for one dataset, unpacked."""
        return self.megabytes * 1_000_000

    def too_large(self) -> UnreadableFile:
        """Returns the error for a file with more bytes."""
        return UnreadableFile(f"is larger than {self.megabytes:,} MB; if that is wanted, raise max-dataset-size")

    def too_wide(self) -> UnreadableFile:
        """Returns the error for a file with more columns."""
        return UnreadableFile(f"has more than {self.columns:,} columns; if that is wanted, raise max-columns", 1)
