"""Many small CSV files into one table, at the speed of one large file.

Opening ten thousand frames costs 35 times more than parsing their bytes once (performance.md), so files
with the same header are joined and parsed together. A join must not change what pandas says of each file by
itself; whether it did is *certified* afterwards, and a batch that fails the certificate is split and read
again, down to the single file where need be (`_certify` has the argument).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.errors import DataProblem
from ml_action.modelling import csvfile
from ml_action.modelling.csvfile import Source, Unreadable
from ml_action.records import Dataset, SetAside

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of many datasets. `cluster[i]` is the position in `datasets` of the dataset that row i came from.

    Rows stand in the order of `datasets`, which holds every content once. A column that a dataset does not
    have is missing in all its rows; `schemas` and `schema` tell it from a column that is empty in the file.
    """

    frame: pd.DataFrame
    cluster: Integers
    datasets: tuple[Dataset, ...]
    schemas: tuple[frozenset[str], ...] = ()  # the sets of columns that occur; none: all have all
    schema: Integers | None = None  # per dataset: position in `schemas`

    @property
    def counts(self) -> Integers:
        """Rows per dataset."""
        return np.bincount(self.cluster, minlength=len(self.datasets)).astype(np.int64)

    def has(self, column: str) -> Flags:
        """Per dataset: whether its header names the column."""
        if self.schema is None:
            return np.full(len(self.datasets), column in self.frame.columns)
        return np.array([column in schema for schema in self.schemas], dtype=bool)[self.schema]

    def any_in(self, rows: Flags) -> Flags:
        """Per dataset: whether any of its rows is marked."""
        return np.bincount(self.cluster[rows], minlength=len(self.datasets)) > 0

    def keep(self, datasets: Flags, rows: Flags | None = None) -> Table:
        """The table of the marked datasets, and of the marked rows in them."""
        wanted = datasets[self.cluster] if rows is None else datasets[self.cluster] & rows
        if wanted.all() and datasets.all():
            return self
        position = np.cumsum(datasets) - 1
        kept = tuple(dataset for dataset, is_kept in zip(self.datasets, datasets, strict=True) if is_kept)
        frame = self.frame.loc[wanted].reset_index(drop=True)
        schema = None if self.schema is None else self.schema[datasets]
        return Table(frame, position[self.cluster[wanted]].astype(np.int64), kept, self.schemas, schema)


@dataclass(frozen=True, eq=False)
class _Part:
    """Files that were parsed together: `members` are positions of datasets, in rising order."""

    frame: pd.DataFrame
    members: Integers
    counts: Integers


def read(datasets: Sequence[Dataset], contents: Iterable[bytes]) -> tuple[Table, tuple[SetAside, ...]]:
    """The rows of all datasets that can be read, and the datasets that cannot, with reason and line.

    `contents` are the files' bytes in the order of `datasets`. Values and dtypes are those of
    `pd.concat([pd.read_csv(file, index_col=False) for file in files])`, but for two kinds of column in which
    the files disagree: with text in one file and numbers in others, whole numbers may come as floats; with
    booleans in one file and nothing in another, the booleans stay (pandas' answer depends on the order). A
    content that came before (same blob) is read once.
    Raises DataProblem for a Git LFS pointer: then all of them are.
    """
    sources, refused = _open(datasets, contents)
    parts, unreadable = _parse_all(sources)
    set_aside = {**refused, **unreadable}
    table = _assemble(parts, datasets)
    return table, tuple(set_aside[position] for position in sorted(set_aside))


def _open(datasets: Sequence[Dataset], contents: Iterable[bytes]) -> tuple[list[Source], dict[int, SetAside]]:
    """Each content cut into header and body; what is no text at all is refused here."""
    sources: list[Source] = []
    refused: dict[int, SetAside] = {}
    seen: set[str] = set()
    for position, (dataset, content) in enumerate(zip(datasets, contents, strict=True)):
        if content.startswith(csvfile.LFS_POINTER):
            raise _pointer(dataset)
        if dataset.blob in seen:
            continue
        seen.add(dataset.blob)
        try:
            sources.append(csvfile.cut(position, dataset, content))
        except Unreadable as problem:
            refused[position] = SetAside(dataset.path, dataset.blob, problem.reason, problem.line)
    return sources, refused


def _pointer(dataset: Dataset) -> DataProblem:
    return DataProblem(
        "A dataset is a Git LFS pointer, not data.",
        why="The repository keeps its datasets in Git LFS and the checkout did not fetch them.",
        fix="Set `lfs: true` on actions/checkout, or keep small CSV files in git itself.",
        path=dataset.path,
        line=1,
    )


def _parse_all(sources: Sequence[Source]) -> tuple[list[_Part], dict[int, SetAside]]:
    """Every source in exactly one part, or set aside."""
    batches = _by_header(sources)
    parts: list[_Part] = []
    unreadable: dict[int, SetAside] = {}
    while batches:
        batch = batches.pop()
        if len(batch) == 1:
            _parse_alone(batch[0], parts, unreadable)
            continue
        joined = _parse_joined(batch)
        if isinstance(joined, _Part):
            parts.append(joined)
        else:
            batches.extend(joined)
    return parts, unreadable


def _by_header(sources: Sequence[Source]) -> list[list[Source]]:
    """Batches that may be parsed together: same header bytes, plain line ends."""
    groups: dict[object, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.header.rstrip(b"\r") if source.joinable else source.position, []).append(source)
    return list(groups.values())


def _parse_alone(source: Source, parts: list[_Part], unreadable: dict[int, SetAside]) -> None:
    """One file by itself: the errors come from here, so that they name the file and its line."""
    try:
        frame = csvfile.parse(source)
    except Unreadable as problem:
        dataset = source.dataset
        unreadable[source.position] = SetAside(dataset.path, dataset.blob, problem.reason, problem.line)
    else:
        parts.append(_Part(frame, np.array([source.position]), np.array([len(frame)])))


def _parse_joined(batch: list[Source]) -> _Part | list[list[Source]]:
    """The part of the joined bytes; or smaller batches, when the join is in doubt."""
    frame = csvfile.parse_joined(batch)
    counts = np.array([source.lines for source in batch], dtype=np.int64)
    if frame is None or len(frame) != counts.sum():
        return _halves(batch)
    patterns = _certify(frame, counts)
    if patterns is None:
        return _Part(frame, np.array([source.position for source in batch]), counts)
    split = _by_pattern(batch, patterns)
    return split if len(split) > 1 else _halves(batch)


def _halves(batch: list[Source]) -> list[list[Source]]:
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _by_pattern(batch: list[Source], patterns: Flags) -> list[list[Source]]:
    """Files whose doubtful columns are the same go together: alone with their like, they are often sure."""
    groups: dict[bytes, list[Source]] = {}
    for source, pattern in zip(batch, patterns, strict=True):
        groups.setdefault(pattern.tobytes(), []).append(source)
    return list(groups.values())


def _certify(frame: pd.DataFrame, counts: Integers) -> Flags | None:
    """None when every file's columns have the dtype that pandas would give them alone; else (files, columns).

    Rows: the joined frame has as many rows as the bodies have line ends, and quotes, blank lines and short
    last lines can only make it fewer. So each line end closed a row, and files end where rows end. Columns:
    one dtype for the batch is each file's own, but for the cases in `_doubtful`. Side effect on `frame`: a
    text column of which some file has no value at all becomes `object`, as concatenation would make it.
    """
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    doubts: list[Flags] = []
    for name in frame.columns:
        column = frame[name]
        missing = np.logical_and.reduceat(column.isna().to_numpy(), starts)
        if isinstance(column.dtype, pd.StringDtype) and missing.any():
            frame[name] = column.astype(object)
        doubts.append(_doubtful(column, starts) & ~missing)
    found = np.array(doubts).T
    return found if found.any() else None


def _doubtful(column: pd.Series, starts: Integers) -> Flags:
    """Per file: whether pandas might have given this column another dtype, had it read the file alone."""
    none = np.zeros(len(starts), dtype=bool)
    if isinstance(column.dtype, pd.StringDtype):
        return ~_textual(column, starts)
    values = column.to_numpy()
    if values.dtype == np.float64:
        # Whole numbers above 2**53 are exact as integers and rounded as floats.
        large = np.abs(values) > 2.0**53
        if not large.any():
            return none
        whole = np.isfinite(values) & (values == np.floor(values))
        return np.logical_and.reduceat(whole, starts) & np.logical_or.reduceat(large, starts)
    if values.dtype == np.uint64:
        return np.maximum.reduceat(values, starts) < 2**63
    if values.dtype == object:
        return none if pd.api.types.infer_dtype(values, skipna=True) == "boolean" else ~none
    return none


def _textual(column: pd.Series, starts: Integers) -> Flags:
    """Per file: whether at least one value can only be text. The first rows decide for nearly all files."""
    sure = _is_text(column.iloc[starts])
    open_files = np.flatnonzero(~sure)
    if len(open_files):
        ends = np.append(starts[1:], len(column))
        rows = np.concatenate([np.arange(starts[file], ends[file]) for file in open_files])
        lengths = (ends - starts)[open_files]
        first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        sure[open_files] = np.logical_or.reduceat(_is_text(column.iloc[rows]), first)
    return sure


def _is_text(column: pd.Series) -> Flags:
    """Per value: present, and neither a number nor a boolean in any spelling that pandas knows."""
    return np.fromiter((csvfile.is_text(value) for value in column), dtype=bool, count=len(column))


def _assemble(parts: list[_Part], datasets: Sequence[Dataset]) -> Table:
    """One table in the order of the datasets; columns in the order in which they first appear."""
    if not parts:
        return Table(pd.DataFrame(), np.zeros(0, dtype=np.int64), ())
    parts = sorted(parts, key=lambda part: int(part.members[0]))
    frame = parts[0].frame
    owner = np.concatenate([np.repeat(part.members, part.counts) for part in parts])
    if len(parts) > 1:
        frame = pd.concat([part.frame for part in parts], ignore_index=True)
        order = np.argsort(owner, kind="stable")
        frame, owner = frame.iloc[order].reset_index(drop=True), owner[order]
    members, cluster = np.unique(owner, return_inverse=True)
    schemas, schema = _schemas(parts)
    kept = tuple(datasets[int(member)] for member in members)
    return Table(frame, cluster.astype(np.int64), kept, schemas, schema)


def _schemas(parts: list[_Part]) -> tuple[tuple[frozenset[str], ...], Integers]:
    """The sets of columns that occur, and for each dataset in rising order which one is its own."""
    known: dict[frozenset[str], int] = {}
    of_part = [known.setdefault(frozenset(map(str, part.frame.columns)), len(known)) for part in parts]
    members = np.concatenate([part.members for part in parts])
    schema = np.repeat(of_part, [len(part.members) for part in parts])
    return tuple(known), schema[np.argsort(members)].astype(np.int64)
