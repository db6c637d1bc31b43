"""Many small CSV files parsed as one, and the proof that each came out as it would have alone.

Opening ten thousand frames costs 35 times more than parsing their bytes once (performance.md), so files
with the same header are joined and parsed together. A join must not change what pandas says of each file by
itself; whether it did is *certified* afterwards, and a batch that fails the certificate is split and read
again, down to the single file where need be (`_certify` has the argument).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling import csvfile, formats
from ml_action.modelling.csvfile import Source
from ml_action.modelling.limits import Limits, Unreadable
from ml_action.modelling.parquet import Parquet
from ml_action.records import Dataset, SetAside

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BATCH = 32_000_000  # bytes; more is not faster, and they are held twice while they are parsed
_HEADER = 1_000_000  # bytes; no further than here is a header looked for that is known already
WIDE = 1000  # columns
HELD = 4 * BATCH  # bytes of all batches that wait for more files


@dataclass(frozen=True, eq=False)
class Part:
    """Files that were parsed together: `members` are positions of datasets, in rising order."""

    frame: pd.DataFrame
    members: Integers
    counts: Integers


class Reader:
    """Takes files one by one; each ends up in exactly one part, or set aside.

    Bytes are dropped once they are parsed: a few batches of them are held, not all.
    """

    def __init__(self, limits: Limits) -> None:
        self.parts: list[Part] = []
        self.set_aside: dict[int, SetAside] = {}
        self._limits = limits
        self._parquet = Parquet(limits)
        self._ordinary: set[bytes] = set()  # headers
        self._waiting: dict[bytes, list[Source]] = {}
        self._sizes: dict[bytes, int] = {}
        self._held = 0

    def add(self, position: int, dataset: Dataset, content: bytes | None) -> None:
        """One more file; None for one that is too large to be asked for."""
        try:
            if content is None or len(content) > self._limits.bytes:
                raise self._limits.too_large()
            source = self._cut_alike(position, dataset, content)
            if source is None and formats.is_parquet(dataset.path):
                self._keep(self._parquet.parse(content), position)
            else:
                self._take(source or self._cut(position, dataset, content))
        except Unreadable as problem:
            self.set_aside[position] = SetAside(dataset.path, dataset.blob, problem.reason, problem.line)

    def _cut_alike(self, position: int, dataset: Dataset, content: bytes) -> Source | None:
        """Where the header is that of an ordinary file before; nearly always."""
        end = content.find(b"\n", 0, _HEADER)
        if end > 0 and (header := content[:end]) in self._ordinary and dataset.path.endswith(".csv"):
            return csvfile.cut_alike(position, dataset, content, header)
        return None

    def _cut(self, position: int, dataset: Dataset, content: bytes) -> Source:
        text = formats.text_of(dataset.path, content, self._limits)
        source = csvfile.cut(position, dataset, text, self._limits)
        if source.ordinary:
            self._ordinary.add(source.header)
        return source

    def _take(self, source: Source) -> None:
        if not source.joinable:
            self._keep(csvfile.parse(source), source.position)
            return
        key, size = source.header.rstrip(b"\r"), len(source.content)
        self._waiting.setdefault(key, []).append(source)
        self._sizes[key] = waiting = self._sizes.get(key, 0) + size
        self._held += size
        if waiting > BATCH:
            self._held -= self._sizes.pop(key)
            self._parse(self._waiting.pop(key))
        elif self._held > HELD:
            self.finish()

    def finish(self) -> None:
        """Parses what still waits."""
        while self._waiting:
            self._parse(self._waiting.popitem()[1])
        self._sizes.clear()
        self._held = 0

    def close(self) -> None:
        """Ends what it started."""
        self._parquet.close()

    def _parse(self, batch: list[Source]) -> None:
        """Every source of the batch into a part, or set aside."""
        batches = [batch]
        while batches:
            batch = batches.pop()
            if len(batch) == 1:
                self._parse_alone(batch[0])
                continue
            joined = _parse_joined(batch)
            if isinstance(joined, Part):
                self.parts.append(joined)
            else:
                batches.extend(joined)

    def _parse_alone(self, source: Source) -> None:
        """One file by itself: the errors come from here, so that they name the file and its line."""
        try:
            self._keep(csvfile.parse(source), source.position)
        except Unreadable as problem:
            dataset = source.dataset
            self.set_aside[source.position] = SetAside(dataset.path, dataset.blob, problem.reason, problem.line)

    def _keep(self, frame: pd.DataFrame, position: int) -> None:
        if len(frame.columns) > max(WIDE, len(frame)):
            frame = frame.copy()  # one block for all columns, not a block for each: a sixth of the memory
        self.parts.append(Part(frame, np.array([position]), np.array([len(frame)])))


def _parse_joined(batch: list[Source]) -> Part | list[list[Source]]:
    """The part of the joined bytes; or smaller batches, when the join is in doubt."""
    frame = csvfile.parse_joined(batch)
    counts = np.array([source.lines for source in batch], dtype=np.int64)
    if frame is None or len(frame) != counts.sum():
        return _halves(batch)
    frame, patterns = _certify(frame, counts)
    if patterns is None:
        return Part(frame, np.array([source.position for source in batch]), counts)
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


def _certify(frame: pd.DataFrame, counts: Integers) -> tuple[pd.DataFrame, Flags | None]:
    """The frame, and None when every file's columns have the dtype that pandas would give them alone.

    Else (files, doubtful columns). Rows: the joined frame has as many rows as the bodies have line ends, and
    quotes, blank lines and short last lines can only make it fewer. So each line end closed a row, and files
    end where rows end. Columns: one dtype for the batch is each file's own, but for the cases in `_doubtful`.
    A text column of which some file has no value at all becomes `object`, as concatenation would make it.
    """
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    doubts: list[Flags] = []
    mixed: dict[object, type] = {}
    for name, column in frame.items():
        found = _doubtful(column, starts)
        is_text = isinstance(column.dtype, pd.StringDtype)
        if is_text or column.dtype == object:
            missing = np.logical_and.reduceat(column.isna().to_numpy(), starts)
            found &= ~missing
            if is_text and missing.any():
                mixed[name] = object
        if found.any():
            doubts.append(found)
    return (frame.astype(mixed) if mixed else frame), (np.array(doubts).T if doubts else None)


def _doubtful(column: pd.Series, starts: Integers) -> Flags:
    """Per file: whether pandas might have given this column another dtype, had it read the file alone."""
    none = np.zeros(len(starts), dtype=bool)
    if isinstance(column.dtype, pd.StringDtype):
        return ~_textual(column, starts)
    values = column.to_numpy()
    if values.dtype == np.float64:
        strange = csvfile.rounded_or_negative_zero(values)
        if not strange.any():
            return none
        whole = np.isnan(values) | (np.isfinite(values) & (values == np.floor(values)))  # 7 and NA are read as 7.0
        return np.logical_and.reduceat(whole, starts) & np.logical_or.reduceat(strange, starts)
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
