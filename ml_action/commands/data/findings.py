"""The nouns of judging datasets before they are merged: what was found of each, and against what. Floor 0."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_action.core.records.contract import ColumnDrift


class FindingStatus(str, Enum):
    """What a dataset is, judged by itself."""

    GOOD = "good"  # would count
    BAD = "bad"  # would be set aside
    COPY = "copy"  # holds what another dataset holds: would not count, and does no harm

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class DatasetFinding:
    """One dataset with its mark, and why."""

    path: str
    blob: str
    mark: FindingStatus
    reason: str = ""
    line: int = 0
    more: tuple[str, ...] = ()  # what else is bad in it, where that was asked for
    some_rows: bool = False  # rows of it are bad, and the others count


@dataclass(frozen=True)
class Inspection:
    """Datasets judged each by itself: no share of bad ones stops it."""

    findings: tuple[DatasetFinding, ...]
    source: str = ""  # what they were judged against, in words; empty: nothing was judged
    shifts: tuple[ColumnDrift, ...] = ()  # how far they have moved from the champion's data, the largest first

    def marked(self, mark: FindingStatus) -> tuple[DatasetFinding, ...]:
        """The findings with this mark."""
        return tuple(finding for finding in self.findings if finding.mark is mark)

    @property
    def bad(self) -> tuple[DatasetFinding, ...]:
        """The findings that fail a check."""
        return self.marked(FindingStatus.BAD)
