"""What each replication gives the rules: datasets, which of them are new, and the true loss in production."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
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
    """Production, with its true loss."""

    def losses(self, model: Any) -> tuple[float, ...]:
        """Returns the true loss of a model: in total, then in each watched subgroup."""
        ...


@dataclass(frozen=True, eq=False)
class Sample:
    """The rows of several datasets; `owner[i]` is the dataset of row i, counted from 0, in ascending order."""

    frame: pd.DataFrame
    owner: Integers

    @property
    def count(self) -> int:
        """The number of datasets."""
        return int(self.owner[-1]) + 1 if len(self.owner) else 0

    def rows(self, datasets: Sequence[int] | Integers) -> Flags:
        """Marks the rows of these datasets."""
        return np.isin(self.owner, datasets)

    def take(self, datasets: Sequence[int] | Integers) -> Sample:
        """Returns these datasets, renumbered in the same order."""
        kept = self.rows(datasets)
        owner = np.unique(self.owner[kept], return_inverse=True)[1].astype(np.int64)
        return Sample(self.frame[kept].reset_index(drop=True), owner)

    def put(self, column: str, rows: Flags, values: Any) -> Sample:
        """Returns the sample with other values in some rows of a column."""
        changed = self.frame.copy()
        cells = changed[column].to_numpy(copy=True)
        cells[rows] = values
        changed[column] = pd.Series(cells, index=changed.index, dtype=self.frame[column].dtype)
        return Sample(changed, self.owner)


@dataclass(frozen=True, eq=False)
class Case:
    """A champion's old datasets, a new batch, the user's settings, and the true loss after the change."""

    table: Table
    new: Flags  # per dataset of the table
    settings: Mapping[str, str]  # by the names of the inputs
    truth: Truth
    salt: str
    seed: int
    rejected: Flags | None = None  # per dataset: by an earlier attempt

    @property
    def old_table(self) -> Table:
        """The datasets that the champion may have been trained on."""
        return self.table.select(~self.new)


def table_of(samples: Sequence[tuple[str, Sample]]) -> Table:
    """Joins named samples into a table. The name of a sample is part of the names and ids of its datasets."""
    datasets = [_dataset(name, place) for name, sample in samples for place in range(sample.count)]
    starts = np.cumsum([0, *(sample.count for _, sample in samples)])
    owners = [sample.owner + start for (_, sample), start in zip(samples, starts, strict=False)]
    frame = pd.concat([sample.frame for _, sample in samples], ignore_index=True)
    return Table(frame, np.concatenate(owners).astype(np.int64), tuple(datasets))


def case_of(old: Sample, new: Sample, truth: Truth, settings: Mapping[str, str], seed: int) -> Case:
    """Returns the usual case, of an old and a new sample."""
    table = table_of([(f"old-{seed}", old), (f"new-{seed}", new)])
    is_new = np.arange(len(table.datasets)) >= old.count
    return Case(table, is_new, settings, truth, f"salt {seed}", seed)


def _dataset(name: str, place: int) -> Dataset:
    """Returns a dataset whose id is like git's: as good as random."""
    return Dataset(f"data/{name}/{place}.csv", hashlib.sha1(f"{name} {place}".encode()).hexdigest())  # noqa: S324


class Aim(Enum):
    """The right decision in a world. In every world a harmful promotion is wrong."""

    SAME = "hold"  # almost nothing to gain: promotions with q > 1.00 must be rare
    GAIN = "promote"  # a gain that must be found
    BAD = "hold or set aside"  # corrupt data
    FREE = "either"  # something to gain and something to lose


@dataclass(frozen=True)
class World:
    """One row of the tables: its aim, the function from a seed to a case, and the number of replications."""

    name: str
    kind: str  # the table that it is in
    aim: Aim
    make: Callable[[int], Case]
    full: int
    quick: int = 0
    power: bool = True  # whether a gain must be found
