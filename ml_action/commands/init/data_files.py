"""The data files that a stranger's repository tracks, and a first table of them; what cannot be read is told."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from ml_action.commands.init.layout import DataFile, DataLayout
from ml_action.core import file_formats
from ml_action.core.errors import DataError
from ml_action.core.formatting import sanitised
from ml_action.core.records.dataset import Dataset
from ml_action.git.command import Git
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.formats import Readers, TextReader
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.validation.datasets import SEPARATORS

HEAD_BYTES = 1 << 16  # of a file: its first line is in there
READ_AT_MOST = 400  # files, for the first look


def files(git: Git, below: str = "") -> Iterator[DataFile]:
    """Every data file of the current commit (or `below` a folder of it), with the names in its first line."""
    readers = Readers(ReadLimits())
    rows = git.run("ls-tree", "-r", "-l", "-z", "HEAD").decode("utf-8", "surrogateescape").split("\0")
    for mode_oid, tab, path in (row.partition("\t") for row in rows):
        mode, kind, oid, size = (mode_oid.split() + [""] * 4)[:4]
        regular = kind == "blob" and mode.startswith("100")
        if tab and regular and _is_data(path, below):
            yield DataFile(path, oid, _header(git, readers, path, oid), int(size))


def uncommitted(git: Git, below: str = "") -> list[str]:
    """The data files that are new or changed here, and that no commit holds as they are."""
    told = git.run("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
    paths = (row[3:] for row in told.decode("utf-8", "surrogateescape").split("\0"))
    return sorted(path for path in paths if _is_data(path, below))


def uncommitted_of(git: Git, paths: Iterable[str]) -> list[str]:
    """Those of the paths that are new or changed here, and that no commit holds as they are."""
    told = git.run("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *paths)
    return [row[3:] for row in told.decode("utf-8", "surrogateescape").split("\0") if row]


def _is_data(path: str, below: str) -> bool:
    inside = not below or path.startswith(f"{below}/")
    return inside and path.lower().endswith(file_formats.suffixes()) and not path.startswith(("model/", "."))


def _header(git: Git, readers: Readers, path: str, oid: str) -> tuple[str, ...]:
    """The names in the first line; nothing for what is no CSV."""
    reader = readers.reader_for(path)
    if not isinstance(reader, TextReader):
        return ()
    content = next(git.pieces("cat-file", "blob", oid), b"")[:HEAD_BYTES]
    try:
        first = next(csv.reader([reader.header_line(content).decode("utf-8-sig", "replace")]), [])
    except (OSError, EOFError, csv.Error):
        return ()
    return tuple(name.strip() for name in first)


def table(git: Git, found: DataLayout) -> frames.Table:
    """Some of the files, evenly spread, as one table.

    Raises:
        DataError: they are no tables that the loop reads, with the reason and what to do.
    """
    _check_header(found.files[0])
    step = -(-len(found.files) // READ_AT_MOST)
    datasets = [Dataset(file.path, file.blob) for file in found.files[::step]]
    read, set_aside = frames.read(datasets, git.contents(item.blob for item in datasets))
    if not read.datasets:
        first = set_aside[0]
        raise DataError(
            f"none of the files in {found.data_path} can be read; this one {first.reason}",
            why="a dataset is a table of comma-separated values in UTF-8, with names in its first line",
            fix="correct the files and commit them, or name other ones with --data-path",
            path=first.path,
            line=first.line,
        )
    return read


def _check_header(file: DataFile) -> None:
    """Commas between names, in plain text."""
    path, header = file.path, file.header
    told = ", ".join(f"'{sanitised(name, 30)}'" for name in header[:4])
    mark = next((mark for mark in SEPARATORS if len(header) == 1 and mark in header[0]), "")
    if mark:
        raise DataError(
            f"its columns are parted by {SEPARATORS[mark]}",
            why="a dataset is a table of comma-separated values",
            fix=f"rewrite it, for example with pandas: read_csv(path, sep={mark!r}).to_csv(path, index=False)",
            path=path,
            line=1,
        )
    if "\0" in "".join(header):
        raise DataError(
            "it is no text in UTF-8",
            why="its first line holds NUL bytes, as UTF-16 does, or it is no CSV file at all",
            fix="save it as UTF-8",
            path=path,
            line=1,
        )
    if header and all(map(_is_number, header)) and list(header) != [str(place) for place in range(len(header))]:
        raise DataError(
            f"its first line holds numbers where names belong: {told}",
            why="columns are known by their names, and this file has none",
            fix="put a line with the columns' names on top of it",
            path=path,
            line=1,
        )


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
