"""Many datasets in one table, whatever their size and file format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.records.contract import ColumnKind
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.modelling.reading import colliding_columns
from ml_action.modelling.reading.collisions import REASON
from ml_action.modelling.reading.csv_batches import BatchReader, ParsedFiles
from ml_action.modelling.reading.limits import ReadLimits

DEFAULT = ReadLimits()
NO_KINDS: Mapping[str, ColumnKind] = MappingProxyType({})
MAX_CELLS = 50_000_000  # that a table may have, however many of them are empty
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of many datasets. `cluster[i]` is the position in `datasets` of the dataset that row i came from.

    Rows are in the order of `datasets`, which holds every content once. A column that a dataset does not have is
    missing in all its rows; `schemas` and `schema` distinguish it from a column that is empty in the file.
    """

    frame: pd.DataFrame
    cluster: Integers
    datasets: tuple[Dataset, ...]
    schemas: tuple[frozenset[str], ...] = ()  # the sets of columns that occur; empty: each dataset has all columns
    schema: Integers | None = None  # per dataset: position in `schemas`
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)  # where a dtype does not say all
    padded: Mapping[str, str] = field(default_factory=dict)  # columns of numbers with leading zeros, and such a cell

    @property
    def counts(self) -> Integers:
        """Rows per dataset."""
        return np.bincount(self.cluster, minlength=len(self.datasets)).astype(np.int64)

    @property
    def private(self) -> bool:
        """Whether cells of it stay on this machine."""
        return any(dataset.private for dataset in self.datasets)

    def has(self, column: str) -> Flags:
        """Per dataset: whether its header names the column."""
        if self.schema is None:
            return np.full(len(self.datasets), column in self.frame.columns)
        return np.array([column in schema for schema in self.schemas], dtype=bool)[self.schema]

    def any_in(self, rows: Flags) -> Flags:
        """Per dataset: whether any of its rows is marked."""
        return np.bincount(self.cluster[rows], minlength=len(self.datasets)) > 0

    def all_in(self, rows: Flags) -> Flags:
        """Per dataset: whether it has rows and all of them are marked."""
        return self.any_in(rows) & ~self.any_in(~rows)

    def select(self, datasets: Flags, rows: Flags | None = None) -> Table:
        """Returns the table of the marked datasets, and of the marked rows in them."""
        selected = datasets[self.cluster] if rows is None else datasets[self.cluster] & rows
        if selected.all() and datasets.all():
            return self
        position = np.cumsum(datasets) - 1
        kept = tuple(dataset for dataset, is_kept in zip(self.datasets, datasets, strict=True) if is_kept)
        frame = self.frame.loc[selected].reset_index(drop=True)
        schema = None if self.schema is None else self.schema[datasets]
        return Table(
            frame,
            position[self.cluster[selected]].astype(np.int64),
            kept,
            self.schemas,
            schema,
            self.kinds,
            self.padded,
        )


class ReadResult(NamedTuple):
    """The rows of the datasets that could be read, and the other datasets with reason and line."""

    table: Table
    rejected: tuple[RejectedDataset, ...]


def read(
    datasets: Sequence[Dataset],
    contents: Iterable[bytes | None],
    limits: ReadLimits = DEFAULT,
    required: Collection[str] = (),
    words: Collection[str] = (),
) -> ReadResult:
    """Reads the datasets into one table.

    Values and dtypes are those of `pd.concat([pd.read_csv(file, index_col=False) for file in files])`, except for what
    docs/contract.md lists: in columns of text only the empty cell is missing, and -, --, ? and . are missing numbers.
    Where the files disagree, with text in one and numbers in others, whole numbers may come as floats; with booleans in
    one and nothing in another, the booleans stay (pandas' result depends on the order). A content that came before
    (same key) is read once. If most cells of the table would be empty, columns are left out that fewer than half of
    the datasets have (they are no automatic features) and that are not `required`.

    Args:
        datasets: The files to read; their names imply their formats.
        contents: The files' bytes in the order of `datasets`; None for a file larger than the limit. They are taken
            one by one and dropped once they are parsed.
        limits: The largest size and number of columns of a file.
        required: Columns that are never left out.
        words: Columns of which each cell is kept as it is written, whatever it looks like.
    """
    with closing(BatchReader(limits, frozenset(words))) as reader:
        seen: set[str] = set()
        for position, (dataset, content) in enumerate(zip(datasets, contents, strict=True)):
            if dataset.key not in seen:
                seen.add(dataset.key)
                reader.add(position, dataset, content)
        reader.finish()
    table, colliding = _without_collisions(_assemble(reader.parts, datasets, required), required)
    rejected = tuple(reader.rejected[position] for position in sorted(reader.rejected))
    return ReadResult(table, (*rejected, *colliding))


def _without_collisions(table: Table, named: Collection[str]) -> ReadResult:
    """Returns the table without the datasets that would make each hash table of a column slow, and these."""
    found = colliding_columns.colliding_datasets(table.frame, table.cluster, named)
    if not found:
        return ReadResult(table, ())
    left_out = np.zeros(len(table.datasets), dtype=bool)
    left_out[found] = True
    rejected = [RejectedDataset(item.path, item.blob, REASON) for item in (table.datasets[place] for place in found)]
    return ReadResult(table.select(~left_out), tuple(rejected))


def _assemble(parts: list[ParsedFiles], datasets: Sequence[Dataset], required: Collection[str]) -> Table:
    """Returns one table in the order of the datasets; columns in the order in which they first appear.

    Empties `parts`.
    """
    if not parts:
        return Table(pd.DataFrame(), np.zeros(0, dtype=np.int64), ())
    parts.sort(key=lambda part: int(part.members[0]))
    members, counts = np.concatenate([part.members for part in parts]), np.concatenate([part.counts for part in parts])
    schemas, schema = _schemas(parts)
    _leave_out_rare(parts, int(counts.sum()), required)
    frame = pd.concat([part.frame for part in parts], ignore_index=True) if len(parts) > 1 else parts[0].frame
    parts.clear()  # before the rows are sorted: both at once would be a third copy
    if (members[1:] < members[:-1]).any():
        frame = frame.take(np.argsort(np.repeat(members, counts), kind="stable")).reset_index(drop=True)
        order = np.argsort(members)
        members, counts = members[order], counts[order]
    kept = tuple(datasets[member] for member in members.tolist())
    return Table(frame, np.repeat(np.arange(len(kept)), counts), kept, schemas, schema)


def _leave_out_rare(parts: list[ParsedFiles], rows: int, required: Collection[str]) -> None:
    """Removes rare columns from `parts`.

    A hundred files of ten thousand columns each, with different names, would make a table of a million columns.
    """
    held = sum(part.frame.size for part in parts)
    having: Counter[str] = Counter()
    for part in parts:
        having.update(dict.fromkeys(map(str, part.frame.columns), len(part.members)))
    if rows * len(having) <= max(MAX_CELLS, 2 * held):
        return
    half = sum(len(part.members) for part in parts) / 2
    for place, part in enumerate(parts):
        names = [name for name in part.frame.columns if having[str(name)] >= half or name in required]
        parts[place] = ParsedFiles(part.frame[names], part.members, part.counts)


class _Schemas(NamedTuple):
    known: tuple[frozenset[str], ...]  # the sets of columns that occur
    of_dataset: Integers  # per dataset in ascending order: position in `known`


def _schemas(parts: list[ParsedFiles]) -> _Schemas:
    known: dict[frozenset[str], int] = {}
    of_part = [known.setdefault(frozenset(map(str, part.frame.columns)), len(known)) for part in parts]
    members = np.concatenate([part.members for part in parts])
    schema = np.repeat(of_part, [len(part.members) for part in parts])
    return _Schemas(tuple(known), schema[np.argsort(members)].astype(np.int64))
