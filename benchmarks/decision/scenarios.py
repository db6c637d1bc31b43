"""What one replication hands to the rules: datasets, which of them are new, and a way to know the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading.table import Table

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Truth(Protocol):
    """Production as it really is."""

    def losses(self, model: Any) -> tuple[float, ...]:
        """The true loss of a model: in all, then in each subgroup that is watched."""
        ...


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of several datasets; `owner[i]` is the dataset of row i, counted from 0, in rising order."""

    frame: pd.DataFrame
    owner: Integers

    @property
    def count(self) -> int:
        """Datasets."""
        return int(self.owner[-1]) + 1 if len(self.owner) else 0

    def rows(self, datasets: Sequence[int] | Integers) -> Flags:
        """The rows of these datasets."""
        return np.isin(self.owner, datasets)

    def take(self, datasets: Sequence[int] | Integers) -> Sample:
        """These datasets, numbered anew in their old order."""
        kept = self.rows(datasets)
        owner = np.unique(self.owner[kept], return_inverse=True)[1].astype(np.int64)
        return Sample(self.frame[kept].reset_index(drop=True), owner)

    def put(self, column: str, rows: Flags, values: Any) -> Sample:
        """Other values in some rows of a column."""
        changed = self.frame.copy()
        column_of = changed[column].to_numpy(copy=True)
        column_of[rows] = values
        changed[column] = pd.Series(column_of, index=changed.index, dtype=self.frame[column].dtype)
        return Sample(changed, self.owner)


@dataclass(frozen=True, eq=False)
class Case:
    """A champion's old datasets, a new batch, what the user has set, and the truth after the change."""

    table: Table
    new: Flags  # per dataset of the table
    settings: Mapping[str, str]  # by the names of the inputs
    truth: Truth
    salt: str
    seed: int
    doubted: Flags | None = None  # per dataset: set aside by an earlier attempt

    @property
    def old_table(self) -> Table:
        """What the champion may have been trained on."""
        return self.table.select(~self.new)


def table_of(samples: Sequence[tuple[str, Sample]]) -> Table:
    """One table; a sample's name goes into the names and ids of its datasets, which have to differ."""
    datasets = [_dataset(name, place) for name, sample in samples for place in range(sample.count)]
    starts = np.cumsum([0, *(sample.count for _, sample in samples)])
    owners = [sample.owner + start for (_, sample), start in zip(samples, starts, strict=False)]
    frame = pd.concat([sample.frame for _, sample in samples], ignore_index=True)
    return Table(frame, np.concatenate(owners).astype(np.int64), tuple(datasets))


def case_of(old: Sample, new: Sample, truth: Truth, settings: Mapping[str, str], seed: int) -> Case:
    """The usual case: two samples."""
    table = table_of([(f"old-{seed}", old), (f"new-{seed}", new)])
    is_new = np.arange(len(table.datasets)) >= old.count
    return Case(table, is_new, settings, truth, f"salt {seed}", seed)


def _dataset(name: str, place: int) -> Dataset:
    """A dataset whose id stands for git's: as good as random."""
    return Dataset(f"data/{name}/{place}.csv", hashlib.sha1(f"{name} {place}".encode()).hexdigest())  # noqa: S324
