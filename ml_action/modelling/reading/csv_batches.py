"""Many small CSV files parsed as one, and the proof that each came out as it would have alone.

Opening ten thousand frames costs 35 times more than parsing their bytes once (performance.md), so files
with the same header are joined and parsed together. A join must not change what pandas says of each file by
itself; whether it did is *certified* afterwards, and a batch that fails the certificate is split and read
again, down to the single file where need be (`_certify` has the argument).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.file_formats import PLAIN_CSV
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.git import lfs
from ml_action.modelling.reading import csv_file
from ml_action.modelling.reading.formats import Readers, lfs_pointer_error
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CSV = PLAIN_CSV.suffix
BATCH = 32_000_000  # bytes; more is not faster, and they are held twice while they are parsed
_HEADER = 1_000_000  # bytes; no further than here is a header looked for that is known already
WIDE = 1000  # columns
HELD = 4 * BATCH  # bytes of all batches that wait for more files


@dataclass(frozen=True, eq=False)
class ParsedFiles:
    """Files that were parsed together: `members` are positions of datasets, in rising order."""

    frame: pd.DataFrame
    members: Integers
    counts: Integers


@dataclass(eq=False)
class Batch:
    """Files with the same header that are parsed together.

    Lists side by side: an object for each of a hundred thousand files takes as long as to parse them.
    """

    header: bytes
    positions: list[int] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    heads: dict[int, bytes] = field(default_factory=dict)  # by position, of files that begin otherwise than the header
    size: int = 0  # bytes

    def add(self, position: int, dataset: Dataset, body: bytes) -> None:
        """One more file."""
        self.positions.append(position)
        self.datasets.append(dataset)
        self.bodies.append(body)
        self.size += len(body)

    def content(self, place: int) -> bytes:
        """A file as it came."""
        return self.heads.get(self.positions[place], self.header + b"\n") + self.bodies[place]

    def take(self, places: Iterable[int]) -> Batch:
        """Some of the files, in the order given."""
        found = Batch(self.header, heads=self.heads)
        for place in places:
            found.add(self.positions[place], self.datasets[place], self.bodies[place])
        return found

    def halves(self) -> list[Batch]:
        """The first files and the last."""
        middle = len(self.positions) // 2
        return [self.take(range(middle)), self.take(range(middle, len(self.positions)))]


class BatchReader:
    """Takes files one by one; each ends up in exactly one part, or set aside.

    Bytes are dropped once they are parsed: a few batches of them are held, not all.
    """

    def __init__(self, limits: ReadLimits) -> None:
        self.parts: list[ParsedFiles] = []
        self.set_aside: dict[int, RejectedDataset] = {}
        self._limits = limits
        self._readers = Readers(limits)
        self._waiting: dict[bytes, Batch] = {}  # by header
        self._ordinary: dict[bytes, bytes] = {}  # headers of ordinary files, by their first lines
        self._line = b""  # the last of these lines: most files begin with it
        self._held = 0

    def add(self, position: int, dataset: Dataset, content: bytes | None) -> None:
        """One more file; None for one that is too large to be asked for. Raises DataError for a Git LFS pointer."""
        body = self._body_alike(dataset, content) if content else None
        if body:
            self._wait(self._ordinary[self._line], position, dataset, body)
            return
        try:
            self._look_closer(position, dataset, content)
        except UnreadableFile as problem:
            self._set_aside(position, dataset, problem)

    def _body_alike(self, dataset: Dataset, content: bytes) -> bytes | None:
        """The body, where the first line is that of an ordinary file before; nearly always."""
        if not (self._line and content.startswith(self._line)):
            line = content[: content.find(b"\n", 0, _HEADER) + 1]
            if line not in self._ordinary:
                return None
            self._line = line
        if len(content) > self._limits.bytes or not dataset.path.endswith(_CSV):
            return None
        return csv_file.body_alike(content, len(self._line))

    def _look_closer(self, position: int, dataset: Dataset, content: bytes | None) -> None:
        if lfs.is_pointer(content):
            raise lfs_pointer_error(dataset)
        if content is None or len(content) > self._limits.bytes:
            raise self._limits.too_large()
        rows = self._readers.reader_for(dataset.path).read(content)
        if isinstance(rows, bytes):
            self._take(position, dataset, rows)
        else:
            self._keep(rows, position)

    def _take(self, position: int, dataset: Dataset, text: bytes) -> None:
        found = csv_file.cut(text, self._limits)
        if not found.joinable:
            self._keep(csv_file.parse(text), position)
            return
        key, head = found.header.rstrip(b"\r"), text[: found.body]
        if found.ordinary:
            self._ordinary[head] = key
        self._wait(key, position, dataset, text[found.body :], b"" if found.ordinary else head)

    def _wait(self, key: bytes, position: int, dataset: Dataset, body: bytes, head: bytes = b"") -> None:
        """Beside others with the same header, until there are enough."""
        batch = self._waiting.get(key)
        if batch is None:
            batch = self._waiting[key] = Batch(key)
        if head:
            batch.heads[position] = head
        batch.add(position, dataset, body)
        self._held += len(body)
        if batch.size > BATCH:
            self._held -= batch.size
            self._parse(self._waiting.pop(key))
        elif self._held > HELD:
            self.finish()

    def finish(self) -> None:
        """Parses what still waits."""
        while self._waiting:
            self._parse(self._waiting.popitem()[1])
        self._held = 0

    def close(self) -> None:
        """Ends what it started."""
        self._readers.close()

    def _parse(self, batch: Batch) -> None:
        """Every file of the batch into a part, or set aside."""
        batches = [batch]
        while batches:
            batch = batches.pop()
            if len(batch.positions) == 1:
                self._parse_alone(batch)
                continue
            joined = _parse_joined(batch)
            if isinstance(joined, ParsedFiles):
                self.parts.append(joined)
            else:
                batches.extend(joined)

    def _parse_alone(self, batch: Batch) -> None:
        """One file by itself: the errors come from here, so that they name the file and its line."""
        try:
            self._keep(csv_file.parse(batch.content(0)), batch.positions[0])
        except UnreadableFile as problem:
            self._set_aside(batch.positions[0], batch.datasets[0], problem)

    def _set_aside(self, position: int, dataset: Dataset, problem: UnreadableFile) -> None:
        self.set_aside[position] = RejectedDataset(dataset.path, dataset.blob, problem.reason, problem.line)

    def _keep(self, frame: pd.DataFrame, position: int) -> None:
        if len(frame.columns) > max(WIDE, len(frame)):
            frame = frame.copy()  # one block for all columns, not a block for each: a sixth of the memory
        self.parts.append(ParsedFiles(frame, np.array([position]), np.array([len(frame)])))


def _parse_joined(batch: Batch) -> ParsedFiles | list[Batch]:
    """The part of the joined bytes; or smaller batches, when the join is in doubt."""
    frame = csv_file.parse_joined(batch.header, batch.bodies)
    counts = np.fromiter(map(csv_file.lines_of, batch.bodies), dtype=np.int64, count=len(batch.bodies))
    if frame is None or len(frame) != counts.sum():
        return batch.halves()
    frame, patterns = _verify_dtypes(frame, counts)
    if patterns is None:
        return ParsedFiles(frame, np.array(batch.positions), counts)
    split = _by_pattern(batch, patterns)
    return split if len(split) > 1 else batch.halves()


def _by_pattern(batch: Batch, patterns: Flags) -> list[Batch]:
    """Files whose doubtful columns are the same go together: alone with their like, they are often sure."""
    groups: dict[bytes, list[int]] = {}
    for place, pattern in enumerate(patterns):
        groups.setdefault(pattern.tobytes(), []).append(place)
    return [batch.take(places) for places in groups.values()]


def _verify_dtypes(frame: pd.DataFrame, counts: Integers) -> tuple[pd.DataFrame, Flags | None]:
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
        if (is_text and found.any()) or column.dtype == object:  # a file that is sure of its text has a value
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
        strange = csv_file.rounded_or_negative_zero(values)
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
    return np.fromiter(map(csv_file.is_text, column.to_numpy().tolist()), dtype=bool, count=len(column))
