"""Datasets, which of them are new, and whether there are enough. The hourly check loads no other records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """One file that arrived. `blob` is its git blob id: its identity is its content."""

    path: str
    blob: str
    untracked: bool = False  # in the workspace, and git does not know it


@dataclass(frozen=True)
class RejectedDataset:
    """A dataset that is neither counted nor trained on, and why."""

    path: str
    blob: str
    reason: str
    line: int = 0
    copy_of: str = ""  # blob id of the dataset that holds the same rows; empty: it is no copy but bad
    under: str = ""  # the settings that judged it (`settings.judged_by`): under others it is judged again


@dataclass(frozen=True)
class Inventory:
    """What is new in the data path since the last attempt, according to git (docs/accounting.md)."""

    tree: str  # the data path's tree id now
    since: str  # the tree id that the last attempt saw; the empty tree when there was none
    new: tuple[Dataset, ...]
    copies: int = 0  # renames and exact copies: not new
    removed: int = 0
    rejected: int = 0  # new to git, but recorded as not to be counted
    bad: int = 0  # of these: those that are no copies
    rows: int = 0  # that arrived, where rows are counted
    before: tuple[Dataset, ...] = ()  # where rows are counted: old versions of what was edited or is gone
    untracked: tuple[Dataset, ...] = ()  # all that git does not track, as the next attempt is to remember them
    missing: tuple[str, ...] = ()  # data paths that the commit does not have
    ignored: int = 0  # files of other kinds that arrived where only the rows of CSV files count


@dataclass(frozen=True)
class Trigger:
    """The answer of the cheap look: enough new datasets or not."""

    ready: bool
    count: int
    threshold: int
    reason: str
    unit: str = "datasets"  # what was counted
    asked: bool = False  # a person pulls it, however few are new
    early: int = 0  # the number at which drift may pull it; 0: it takes the threshold
