"""Many small CSV files parsed as one, each with the result that it would have alone.

Opening ten thousand frames costs 35 times more than parsing their bytes once (performance.md), so files with the same
header are joined and parsed together. A join must not change what pandas makes of each file; `joined_dtypes` verifies
afterwards that it did not. A batch that fails is split and read again, down to the single file if necessary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import cells
from ml_action.core.file_formats import PLAIN_CSV
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.git import lfs
from ml_action.modelling.reading import collisions, csv_file, joined_dtypes, row_widths
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile
from ml_action.modelling.reading.readers import Readers

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CSV = PLAIN_CSV.suffix
BATCH = 32_000_000  # bytes; more is not faster, and they are held twice while they are parsed
_HEADER = 1_000_000  # bytes; a known header is looked for in a first line of this length
LFS_POINTER = (
    "is a Git LFS pointer, not data: its file is not in this checkout (set `lfs: true` on actions/checkout), or was "
    "never uploaded (git lfs push)"
)
WIDE = 1000  # columns
HELD = 4 * BATCH  # bytes of all batches that wait for more files


@dataclass(frozen=True, eq=False)
class ParsedFiles:
    """Files that were parsed together. `members` are positions of datasets in ascending order."""

    frame: pd.DataFrame
    members: Integers
    counts: Integers  # rows of each member


@dataclass(eq=False)
class Batch:
    """Files with the same header that are parsed together.

    Parallel lists: an object for each of a hundred thousand files takes as long as to parse them.
    """

    header: bytes
    positions: list[int] = field(default_factory=list)
    datasets: list[Dataset] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    heads: dict[int, bytes] = field(default_factory=dict)  # by position: beginnings that differ from the header
    size: int = 0  # bytes

    def add(self, position: int, dataset: Dataset, body: bytes) -> None:
        """Adds a file."""
        self.positions.append(position)
        self.datasets.append(dataset)
        self.bodies.append(body)
        self.size += len(body)

    def content(self, place: int) -> bytes:
        """Returns the original bytes of a file."""
        return self.heads.get(self.positions[place], self.header + b"\n") + self.bodies[place]

    def select(self, places: Iterable[int]) -> Batch:
        """Returns some of the files, in the order given."""
        found = Batch(self.header, heads=self.heads)
        for place in places:
            found.add(self.positions[place], self.datasets[place], self.bodies[place])
        return found

    def halves(self) -> list[Batch]:
        """Returns the first half of the files and the second."""
        middle = len(self.positions) // 2
        return [self.select(range(middle)), self.select(range(middle, len(self.positions)))]


class BatchReader:
    """Takes files one by one; each ends up in exactly one part, or is rejected.

    Bytes are dropped once they are parsed, so that only a few batches of them are in memory.
    """

    def __init__(self, limits: ReadLimits, words: frozenset[str] = frozenset()) -> None:
        self.parts: list[ParsedFiles] = []
        self.rejected: dict[int, RejectedDataset] = {}
        self._limits = limits
        self._words = words  # columns of which every cell is kept as it is written
        self._readers = Readers(limits)
        self._waiting: dict[bytes, Batch] = {}  # by header
        self._ordinary: dict[bytes, bytes] = {}  # headers of ordinary files, by their first lines
        self._line = b""  # the last of these lines: most files begin with it
        self._held = 0

    def add(self, position: int, dataset: Dataset, content: bytes | None) -> None:
        """Adds a file; its content is None if it exceeds the size limit."""
        body = self._ordinary_body(dataset, content) if content else None
        if body:
            self._wait(self._ordinary[self._line], position, dataset, body)
            return
        try:
            self._open(position, dataset, content)
        except UnreadableFile as error:
            self._reject(position, dataset, error)

    def _ordinary_body(self, dataset: Dataset, content: bytes) -> bytes | None:
        """Returns the body if the first line is that of an ordinary file before, which is nearly always so."""
        if not (self._line and content.startswith(self._line)):
            line = content[: content.find(b"\n", 0, _HEADER) + 1]
            if line not in self._ordinary:
                return None
            self._line = line
        if len(content) > self._limits.bytes or not dataset.path.endswith(_CSV):
            return None
        return csv_file.ordinary_body(content, len(self._line))

    def _open(self, position: int, dataset: Dataset, content: bytes | None) -> None:
        if lfs.is_pointer(content):
            raise UnreadableFile(LFS_POINTER, 1)
        if content is None or len(content) > self._limits.bytes:
            raise self._limits.too_large()
        rows = self._readers.reader_for(dataset.path).read(content)
        if isinstance(rows, bytes):
            self._add_text(position, dataset, rows)
        else:
            self._add_frame(rows, position)

    def _add_text(self, position: int, dataset: Dataset, text: bytes) -> None:
        found = csv_file.split(text, self._limits)
        if not found.joinable:
            if collisions.colliding_files([text[found.body :]]):
                raise UnreadableFile(collisions.REASON)
            self._add_frame(csv_file.parse(text, self._words), position)
            return
        key, head = found.header.rstrip(b"\r"), text[: found.body]
        if found.ordinary:
            self._ordinary[head] = key
        self._wait(key, position, dataset, text[found.body :], b"" if found.ordinary else head)

    def _wait(self, key: bytes, position: int, dataset: Dataset, body: bytes, head: bytes = b"") -> None:
        """Collects files with the same header until there are enough to parse."""
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
        """Parses the files that still wait."""
        while self._waiting:
            self._parse(self._waiting.popitem()[1])
        self._held = 0

    def close(self) -> None:
        """Closes the readers."""
        self._readers.close()

    def _parse(self, batch: Batch) -> None:
        """Adds every file of the batch to a part, or rejects it."""
        batches = [self._without_collisions(batch)]
        while batches:
            batch = batches.pop()
            if len(batch.positions) < 2:
                self._parse_alone(batch)
                continue
            joined = _parse_joined(batch, self._words)
            if isinstance(joined, ParsedFiles):
                self.parts.append(joined)
            else:
                batches.extend(joined)

    def _without_collisions(self, batch: Batch) -> Batch:
        """Returns the batch without files that would make its parser slow, which are rejected."""
        colliding = collisions.colliding_files(batch.bodies)
        for place in colliding:
            self._reject(batch.positions[place], batch.datasets[place], UnreadableFile(collisions.REASON))
        left = set(range(len(batch.bodies))).difference(colliding)
        return batch.select(sorted(left)) if colliding else batch

    def _parse_alone(self, batch: Batch) -> None:
        """Parses a single file; only this raises parse errors, so that they name the file and its line."""
        if not batch.positions:
            return
        try:
            self._add_frame(csv_file.parse(batch.content(0), self._words), batch.positions[0])
        except UnreadableFile as error:
            self._reject(batch.positions[0], batch.datasets[0], error)

    def _reject(self, position: int, dataset: Dataset, error: UnreadableFile) -> None:
        reason = cells.written(error.reason, private=dataset.private)
        self.rejected[position] = RejectedDataset(dataset.path, dataset.blob, reason, error.line)

    def _add_frame(self, frame: pd.DataFrame, position: int) -> None:
        if len(frame.columns) > max(WIDE, len(frame)):
            frame = frame.copy()  # one block for all columns, not a block for each: a sixth of the memory
        self.parts.append(ParsedFiles(frame, np.array([position]), np.array([len(frame)])))


def _parse_joined(batch: Batch, words: frozenset[str]) -> ParsedFiles | list[Batch]:
    """Parses the joined bytes. Returns smaller batches if the join is in doubt."""
    counts = np.fromiter(map(csv_file.count_lines, batch.bodies), dtype=np.int64, count=len(batch.bodies))
    sizes = np.fromiter(map(len, batch.bodies), dtype=np.int64, count=len(batch.bodies)) + len(batch.header)
    columns = batch.header.count(b",") + 1
    alone = row_widths.are_gappy(counts, columns, sizes)
    alone |= np.fromiter((row_widths.is_wider(body, columns) for body in batch.bodies), np.bool_, len(counts))
    if alone.any():
        rest = batch.select(np.flatnonzero(~alone).tolist())
        return [*(batch.select([place]) for place in np.flatnonzero(alone).tolist()), rest]
    frame = csv_file.parse_joined(batch.header, batch.bodies, words)
    if frame is None or len(frame) != counts.sum():
        return batch.halves()
    frame, doubtful = joined_dtypes.verify_dtypes(frame, counts, words)
    if doubtful is None:
        return ParsedFiles(frame, np.array(batch.positions), counts)
    split = _by_pattern(batch, doubtful)
    return split if len(split) > 1 else batch.halves()


def _by_pattern(batch: Batch, patterns: Flags) -> list[Batch]:
    """Groups files by their doubtful columns: among files of the same pattern these columns are often certain."""
    groups: dict[bytes, list[int]] = {}
    for place, pattern in enumerate(patterns):
        groups.setdefault(pattern.tobytes(), []).append(place)
    return [batch.select(places) for places in groups.values()]
