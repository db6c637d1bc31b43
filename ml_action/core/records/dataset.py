"""Datasets, which of them are new, and whether there are enough. The hourly check loads no other records."""

from __future__ import annotations

from enum import Enum

from ml_action.core.dataclass import dataclass, field


class Unit(str, Enum):
    """What is counted."""

    DATASETS = "datasets"
    ROWS = "rows"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Dataset:
    """One file that arrived. `blob` is its git blob id: its identity is its content."""

    path: str
    blob: str
    untracked: bool = False  # whether it is in the workspace and not in git
    # Whether its cells stay on this machine: it counts although git does not track it, and will not.
    private: bool = field(default=False, compare=False)
    reading: bool = False  # whether it holds one row and counts although another file has the same content

    @property
    def key(self) -> str:
        """What distinguishes it from the other datasets of a run: the content; of a reading the path, too."""
        return key_of_reading(self.path, self.blob) if self.reading else self.blob


def key_of_reading(path: str, blob: str) -> str:
    """Returns the key of a dataset that shares its content with others."""
    return f"{blob} {path}"


@dataclass(frozen=True)
class RejectedDataset:
    """A dataset that is neither counted nor trained on, with the reason."""

    path: str
    blob: str
    reason: str
    line: int = 0
    copy_of: str = ""  # blob id of the dataset that holds the same rows; empty: it is bad, and no copy
    under: str = ""  # fingerprint of the settings that it was validated under; under others it is validated again


@dataclass(frozen=True)
class Inventory:
    """What is new in the data path since the last attempt, according to git (docs/accounting.md)."""

    tree: str  # the data path's tree id now
    since: str  # the tree id at the last attempt; the empty tree if there was none
    new: tuple[Dataset, ...]
    copies: int = 0  # renames and exact copies: not new
    removed: int = 0
    rejected: int = 0  # new to git, but recorded as rejected
    bad: int = 0  # rejected ones that are no copies
    rows: int = 0  # new rows, if rows are counted
    before: tuple[Dataset, ...] = ()  # if rows are counted: old versions of edited and removed datasets
    untracked: tuple[Dataset, ...] = ()  # all untracked datasets, for the next attempt
    missing: tuple[str, ...] = ()  # data paths that the commit does not have
    ignored: int = 0  # new files of formats whose rows cannot be counted, if rows are counted
    moved: int = 0  # of the copies: renames, and files of which only the mode changed
    readings: int = 0  # new ones that hold one row, as another file with the same content does


@dataclass(frozen=True)
class Trigger:
    """Whether there are enough new datasets to train."""

    ready: bool
    count: int
    threshold: int
    reason: str
    unit: str = "datasets"  # what was counted
    requested: bool = False  # whether the user requested a training, however few are new
    early: int = 0  # the number from which drift starts a training; 0: only the threshold does
