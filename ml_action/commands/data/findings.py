"""The records of datasets that are judged before they are merged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.core.records.contract import ColumnDrift


class FindingStatus(str, Enum):
    """The verdict on a dataset by itself."""

    GOOD = "good"  # would count
    BAD = "bad"  # would be set aside
    COPY = "copy"  # has the content of another dataset: would not count, and does no harm

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class DatasetFinding:
    """A dataset with its status, and the reason."""

    path: str
    blob: str
    status: FindingStatus
    reason: str = ""
    line: int = 0
    more: tuple[str, ...] = ()  # everything else that is wrong with it, if that was asked for
    some_rows: bool = False  # only some rows are bad, and the others count


@dataclass(frozen=True)
class Inspection:
    """Datasets that were judged each by itself: no share of bad ones stops it."""

    findings: tuple[DatasetFinding, ...]
    source: str = ""  # of the contract they were judged against, in words; empty: nothing was judged
    shifts: tuple[ColumnDrift, ...] = ()  # the drift of each column from the champion's data, the largest first
    warnings: tuple[str, ...] = ()  # what a loop should not be built on unchecked

    def with_status(self, status: FindingStatus) -> tuple[DatasetFinding, ...]:
        """Returns the findings with this status."""
        return tuple(finding for finding in self.findings if finding.status is status)

    @property
    def bad(self) -> tuple[DatasetFinding, ...]:
        """The findings that fail a check."""
        return self.with_status(FindingStatus.BAD)
