"""The data files that a repository tracks, and how a loop would name them.

Which files belong together follows from paths and headers alone. Only the first lines are read for that, and then some
of the files as one table.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, commonpath, commonprefix, dirname

from ml_action.config.data_path import DataPath
from ml_action.config.settings import Settings
from ml_action.core import file_formats
from ml_action.core.errors import DataError
from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import Dataset
from ml_action.git.command import Git
from ml_action.modelling.kinds import learning, typed_table
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile
from ml_action.modelling.reading.readers import Readers, TextReader
from ml_action.modelling.reading.table import Table

ENOUGH = 60  # files of one kind: half of them train a first version, the other half judge a second
FEWEST, USUAL = 30, 200  # datasets: what the gate asks for, and what pulls the trigger where there is plenty
FEWEST_ROWS, MOST_ROWS = 60, 5_000  # twice what the gate asks for
HEAD_BYTES = 1 << 16  # of a file: its first line is in there
READ_AT_MOST, BYTES_AT_MOST = 400, 200 << 20  # files, and bytes of them, as a sample
STATUS = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")


@dataclass(frozen=True)
class DataFile:
    """A data file that git tracks, with the names in its first line; empty for a format without such a line."""

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
    others: tuple[str, ...]  # data files that the loop would ignore

    @property
    def by_rows(self) -> bool:
        """Whether rows are counted."""
        return self.unit == "rows"


# --- files ------------------------------------------------------------------------------------------------


def data_files(git: Git, folder: str = "") -> Iterator[DataFile]:
    """Yields the data files of the current commit, or of a `folder` of it."""
    readers = Readers(ReadLimits())
    rows = git.run("ls-tree", "-r", "-l", "-z", "HEAD").decode("utf-8", "surrogateescape").split("\0")
    for mode_oid, tab, path in (row.partition("\t") for row in rows):
        mode, kind, oid, size = (mode_oid.split() + [""] * 4)[:4]
        regular = kind == "blob" and mode.startswith("100")
        if tab and regular and _is_data(path, folder):
            yield DataFile(path, oid, _header(git, readers, path, oid), int(size))


def uncommitted(git: Git, folder: str = "") -> list[str]:
    """Returns the data files that are new or changed in the working tree."""
    return sorted(path for path in _changed(git) if _is_data(path, folder))


def uncommitted_of(git: Git, paths: Iterable[str]) -> list[str]:
    """Returns which of the paths are new or changed in the working tree."""
    return list(_changed(git, "--", *paths))


def _changed(git: Git, *paths: str) -> Iterator[str]:
    rows = git.run(*STATUS, *paths).decode("utf-8", "surrogateescape").split("\0")
    return (row[3:] for row in rows if row)


def _is_data(path: str, folder: str) -> bool:
    inside = not folder or path.startswith(f"{folder}/")
    return inside and path.lower().endswith(file_formats.suffixes()) and not path.startswith(("model/", "."))


def _header(git: Git, readers: Readers, path: str, oid: str) -> tuple[str, ...]:
    """Returns the names in the first line of a text file; empty for other formats, and for an unreadable file."""
    reader = readers.reader_for(path)
    if not isinstance(reader, TextReader):
        return ()
    content = next(git.stream("cat-file", "blob", oid), b"")[:HEAD_BYTES]
    try:
        first = next(csv.reader([reader.header_line(content).decode("utf-8-sig", "replace")]), [])
    except (OSError, EOFError, csv.Error, UnreadableFile):
        return ()
    return tuple(name.strip() for name in first)


# --- the layout -------------------------------------------------------------------------------------------


def find_layout(files: Iterable[DataFile], given: DataPath | None = None, waiting: Sequence[str] = ()) -> DataLayout:
    """Returns the largest group of files that belong together: the same columns, in one folder.

    Args:
        files: The data files of the repository.
        given: The data path that the user named.
        waiting: Data files that are not committed.

    Raises:
        DataError: There is no data file, or a single one that a loop could not count.
    """
    everything = tuple(file for file in files if given is None or given.matches(file.path))
    if not everything:
        raise _nothing_found(given, waiting)
    group = _largest(everything)
    paths = frozenset(file.path for file in group)
    others = tuple(file.path for file in everything if file.path not in paths)
    data_path = str(given) if given else _pattern_for(paths, others)
    by_rows = len(group) < ENOUGH and all(path.lower().endswith(file_formats.countable_suffixes()) for path in paths)
    if len(group) == 1 and not by_rows:
        raise _single_file(group[0].path)
    return DataLayout(data_path, "rows" if by_rows else "datasets", group, others)


def threshold(layout: DataLayout, rows: int) -> int:
    """Returns how many new datasets, or rows, should start a training: a third of the present ones, within limits."""
    if layout.by_rows:
        return min(MOST_ROWS, max(FEWEST_ROWS, rows // 3))
    return min(USUAL, max(FEWEST, len(layout.files) // 3))


def _largest(files: Sequence[DataFile]) -> tuple[DataFile, ...]:
    """Returns the files with the most frequent header; of two such headers, those with more bytes."""
    groups: dict[tuple[str, ...], list[DataFile]] = defaultdict(list)
    for file in files:
        groups[file.header].append(file)
    largest = max(groups.values(), key=lambda group: (len(group), sum(file.size for file in group)))
    return tuple(largest)


def _pattern_for(paths: frozenset[str], others: Sequence[str]) -> str:
    """Returns the folder of these files alone; or the folders; or patterns, for one file and for those in the root."""
    folders = sorted({dirname(path) for path in paths})
    below = commonpath(folders) if all(folders) else ""
    whole = [_above_dates(below), below, ",".join(folders)] if all(folders) else _in_the_root(paths)
    for candidate in whole:
        if candidate and not any(DataPath.parse(candidate).matches(other) for other in others):
            return candidate
    if len(paths) == 1:
        (path,) = paths
        return _pattern(path)
    return whole[-1]


def _in_the_root(paths: frozenset[str]) -> list[str]:
    """Returns patterns for files of which some are in the root; the folder would be the whole repository."""
    alone = sorted(path for path in paths if not dirname(path))
    folders = sorted({dirname(path) for path in paths} - {""})
    suffixes = sorted({f"*.{path.partition('.')[2]}" for path in alone})
    begin = commonprefix([path.partition(".")[0] for path in alone])
    tails = sorted({f"{begin}*{suffix[1:]}" for suffix in suffixes})
    return [",".join([*patterns, *folders]) for patterns in (suffixes, tails, sorted(map(_pattern, alone)))]


def _pattern(path: str) -> str:
    """Returns a pattern for this file and later ones: data/sales*.csv for data/sales.csv."""
    stem, dot, suffix = basename(path).partition(".")
    return posixpath.join(dirname(path), f"{stem}*{dot}{suffix}")


def _above_dates(folder: str) -> str:
    """Returns the folder that will hold next year's data as well: data for data/2025/01."""
    while "/" in folder and re.fullmatch(r"[0-9]+([-_.][0-9]+)*", basename(folder)):
        folder = dirname(folder)
    return folder


def _nothing_found(given: DataPath | None, waiting: Sequence[str]) -> DataError:
    where = f" in {given}" if given else ""
    if given and given.folder.lower().endswith(file_formats.suffixes()):
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


def _single_file(path: str) -> DataError:
    return DataError(
        f"{path} is the only file of its kind, and its rows cannot be counted",
        why="git sees the lines of plain CSV files only, and one file is one dataset",
        fix="commit it as plain .csv, or put each batch of rows into a file of its own",
    )


# --- a first table ----------------------------------------------------------------------------------------


def read_sample(git: Git, found: DataLayout, settings: Settings) -> Table:
    """Reads some of the files, evenly spread, as one table, with the limits that the loop has.

    Raises:
        DataError: The loop cannot read these files.
    """
    _check_header(found.files[0])
    datasets = [Dataset(file.path, file.blob) for file in found.files[:: _step(found.files)]]
    limits = ReadLimits(settings.data.max_dataset_size, settings.data.max_columns)
    named = {*settings.training.target, *settings.training.features, settings.training.group, settings.training.weight}
    known = learning.known_kinds(None, settings.data.contract)
    read, rejected = typed_table.read(datasets, lambda: git.blobs(item.blob for item in datasets), limits, named, known)
    if not read.datasets:
        first = rejected[0]
        raise DataError(
            f"none of the files in {found.data_path} can be read; this one {first.reason}",
            why="a dataset is a table of comma-separated values in UTF-8, with names in its first line",
            fix="correct the files and commit them, or name other ones with --data-path",
            path=first.path,
            line=first.line,
        )
    return read


def _step(files: Sequence[DataFile]) -> int:
    """Returns how far apart the files of a sample are."""
    size = sum(file.size for file in files)
    return max(-(-len(files) // READ_AT_MOST), -(-size // BYTES_AT_MOST))


def _check_header(file: DataFile) -> None:
    """Checks that a header is plain text, and names."""
    header = file.header
    if "\0" in "".join(header):
        raise _bad_header(
            file,
            "it is no text in UTF-8",
            why="its first line holds NUL bytes, as UTF-16 does, or it is no CSV file at all",
            fix="save it as UTF-8",
        )
    if header and all(map(_is_number, header)) and list(header) != [str(number) for number in range(len(header))]:
        cells = ", ".join(f"'{sanitised(name, 30)}'" for name in header[:4])
        raise _bad_header(
            file,
            f"its first line holds numbers where names belong: {cells}",
            why="columns are known by their names, and this file has none",
            fix="put a line with the columns' names on top of it",
        )


def _bad_header(file: DataFile, what: str, *, why: str, fix: str) -> DataError:
    return DataError(what, why=why, fix=fix, path=file.path, line=1)


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
