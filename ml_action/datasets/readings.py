"""Readings: files of one row, such as a sensor writes. They count although another file has the same content.

Two files of many rows with one content are a file and its copy. Two files of one row are two readings that agree,
unless they have the same name: then a folder was copied (docs/accounting.md). A content is read only where it repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ml_action.core.dataclass import replace
from ml_action.core.file_formats import PLAIN_CSV
from ml_action.core.records.dataset import Dataset

LARGEST = 65_536  # bytes of a file of one row

ReadContents = Callable[[Sequence[Dataset], int], Iterable[bytes | None]]  # None: larger than the limit


def has_one_row(content: bytes | None) -> bool:
    """Whether it is CSV text of a header and one line."""
    if content is None:
        return False
    text = content.strip()
    return text.count(b"\n") == 1 or (b"\n" not in text and text.count(b"\r") == 1)


def name_of(path: str) -> str:
    """Returns a file's name without its folders."""
    return path.rpartition("/")[2]


def one_row_blobs(datasets: Iterable[Dataset], read: ReadContents) -> frozenset[str]:
    """Returns the blob ids of those datasets that hold one row. Each content is read once."""
    wanted = {item.blob: item for item in datasets if item.path.lower().endswith(PLAIN_CSV.suffix)}
    if not wanted:
        return frozenset()
    contents = read(tuple(wanted.values()), LARGEST)
    return frozenset(blob for blob, content in zip(wanted, contents, strict=True) if has_one_row(content))


def with_readings(datasets: Iterable[Dataset], read: ReadContents) -> tuple[Dataset, ...]:
    """Returns one dataset of each content, the first; and of a content of one row one for each name of a file."""
    first: dict[str, Dataset] = {}
    again: dict[str, list[Dataset]] = {}
    for item in datasets:
        if item.blob not in first:
            first[item.blob] = item
        elif name_of(item.path) != name_of(first[item.blob].path):
            again.setdefault(item.blob, []).append(item)
    several = one_row_blobs((items[0] for items in again.values()), read)
    if not several:
        return tuple(first.values())
    return tuple(_each_reading(first, again, several))


def _each_reading(
    first: Mapping[str, Dataset], again: Mapping[str, list[Dataset]], several: Collection[str]
) -> Iterator[Dataset]:
    for blob, item in first.items():
        if blob not in several:
            yield item
            continue
        by_name = {name_of(one.path): one for one in reversed((item, *again[blob]))}
        yield from (replace(one, reading=True) for one in reversed(by_name.values()))
