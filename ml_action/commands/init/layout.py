"""Where a repository keeps its data, and how a loop would name it. Pure: from paths and headers alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import basename, commonpath, dirname

from ml_action.config.data_path import DataPath
from ml_action.core import file_formats
from ml_action.core.errors import DataError

ENOUGH = 60  # files of one kind: half of them train a first version, the other half judge a second
FEWEST, USUAL = 30, 200  # datasets: what the gate asks for, and what pulls the trigger where there is plenty
FEWEST_ROWS, MOST_ROWS = 60, 5_000  # twice what the gate asks for


@dataclass(frozen=True)
class DataFile:
    """A data file that git tracks, with the names in its first line; none where it has no such line."""

    path: str
    blob: str
    header: tuple[str, ...] = ()
    size: int = 0  # bytes


@dataclass(frozen=True)
class DataLayout:
    """The files that a loop would count, and the setting that names them."""

    data_path: str
    unit: str  # datasets | rows
    files: tuple[DataFile, ...]
    others: tuple[str, ...]  # data files that it would leave alone

    @property
    def by_rows(self) -> bool:
        """Whether rows are counted."""
        return self.unit == "rows"


def find(files: Iterable[DataFile], given: DataPath | None = None, waiting: Sequence[str] = ()) -> DataLayout:
    """The largest group of files that belong together: the same columns, below one folder.

    `given`: the data path that a person named; `waiting`: data files that nobody has committed.

    Raises:
        DataError: there is no data file, or none where a loop could count it.
    """
    everything = tuple(file for file in files if given is None or given.matches(file.path))
    if not everything:
        raise _nothing(given, waiting)
    group = _largest(everything)
    paths = frozenset(file.path for file in group)
    others = tuple(file.path for file in everything if file.path not in paths)
    place = str(given) if given else _pattern_for(paths, others)
    by_rows = len(group) < ENOUGH and all(path.lower().endswith(file_formats.countable_suffixes()) for path in paths)
    if len(group) == 1 and not by_rows:
        raise _single_file(group[0].path)
    return DataLayout(place, "rows" if by_rows else "datasets", group, others)


def _nothing(given: DataPath | None, waiting: Sequence[str]) -> DataError:
    """What to say where git tracks no data."""
    where = f" in {given}" if given else ""
    if given and given.folder.lower().endswith(file_formats.suffixes()):
        if not dirname(given.folder):
            return _in_the_root()
        return DataError(
            f"data-path = {given.folder!r} names a file",
            why="the loop counts what arrives: the files of a folder, or of a pattern",
            fix=f"name the folder, or a pattern such as '{_pattern(given.folder)}'",
        )
    if waiting:
        return DataError(
            f"no dataset was found that git tracks{where}",
            why=f"{waiting[0]} is there and was not committed: the loop counts what is committed",
            fix="git add and commit the data",
        )
    names = file_formats.alternatives(file_formats.suffixes())
    return DataError(
        f"no dataset was found that git tracks{where}",
        why=f"there is no {names} file, none was committed, or .gitignore keeps them out",
        fix="put the data into a folder of their own, such as data/new_data, and commit them",
    )


def _in_the_root() -> DataError:
    return DataError(
        "the data lie in the root of the repository, beside everything else",
        why="the loop counts the files of a folder, and the model lies in another one",
        fix="move them into a folder of their own, such as data/new_data, and commit that",
    )


def _single_file(path: str) -> DataError:
    return DataError(
        f"{path} is the only file of its kind, and its rows cannot be counted",
        why="git sees the lines of plain CSV files only, and one file is one dataset",
        fix="commit it as plain .csv, or put each batch of rows into a file of its own",
    )


def threshold(layout: DataLayout, rows: int) -> int:
    """How many new datasets, or rows, shall start a training: a third of what there is, within reason."""
    if layout.by_rows:
        return min(MOST_ROWS, max(FEWEST_ROWS, rows // 3))
    return min(USUAL, max(FEWEST, len(layout.files) // 3))


def _largest(files: Sequence[DataFile]) -> tuple[DataFile, ...]:
    """The files of the header that most of them have; of two headers, of the one with more bytes."""
    groups: dict[tuple[str, ...], list[DataFile]] = defaultdict(list)
    for file in files:
        groups[file.header].append(file)
    largest = max(groups.values(), key=_weight)
    return tuple(largest)


def _weight(group: Sequence[DataFile]) -> tuple[int, int]:
    return len(group), sum(file.size for file in group)


def _pattern_for(paths: frozenset[str], others: Sequence[str]) -> str:
    """The folder that holds these and no others; else the folders; else a pattern for the one file.

    Raises:
        DataError: only the repository's root holds them.
    """
    folders = sorted({dirname(path) for path in paths})
    if "" in folders:
        raise _in_the_root()
    for place in (_above_dates(commonpath(folders)), commonpath(folders), ",".join(folders)):
        if place and not any(DataPath.parse(place).matches(other) for other in others):
            return place
    if len(paths) == 1:
        (path,) = paths
        return _pattern(path)
    return ",".join(folders)


def _pattern(path: str) -> str:
    """What names this file, and those of later: data/sales*.csv for data/sales.csv."""
    stem, dot, ending = basename(path).partition(".")
    return f"{dirname(path)}/{stem}*{dot}{ending}"


def _above_dates(folder: str) -> str:
    """The folder that next year's data will lie in as well: data for data/2025/01."""
    while "/" in folder and re.fullmatch(r"[0-9]+([-_.][0-9]+)*", basename(folder)):
        folder = dirname(folder)
    return folder
