"""Columns of whole numbers that are written with leading zeros, as codes are: 01067 is no 1067.

pandas reads them as numbers, and nothing shows it afterwards. So the cells of some files are looked at again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from itertools import islice

import numpy as np
import pandas as pd

from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading.limits import UnreadableFile
from ml_action.modelling.reading.readers import Readers, TextReader
from ml_action.modelling.reading.table import DEFAULT, Table

FILES = 100  # the first ones, which are looked at
BYTES = 100_000  # of each
PADDED = re.compile(r"0\d+")


def find_padded(
    table: Table, files: Sequence[Dataset], contents: Iterable[bytes | None], known: Collection[str]
) -> dict[str, str]:
    """Returns the columns of whole numbers that hold a leading zero, each with such a cell.

    Args:
        table: The datasets as pandas reads them.
        files: The files, in the order of their contents.
        contents: The files' bytes. Only the first hundred are taken, and these only if there is a column to look at.
        known: The columns whose kind is known: a person or the champion has decided.
    """
    wanted = [str(name) for name, column in table.frame.items() if str(name) not in known and _is_whole(column)]
    if not wanted:
        return {}
    found: dict[str, str] = {}
    readers = Readers(DEFAULT)
    try:
        for file, content in islice(zip(files, contents, strict=False), FILES):
            for row in _rows(readers, file.path, content or b""):
                for name in wanted:
                    if name not in found and PADDED.fullmatch(cell := (row.get(name) or "").strip()):
                        found[name] = cell
    finally:
        readers.close()
    return found


def _is_whole(column: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    values = column.to_numpy(dtype=float, na_value=np.nan)
    values = values[np.isfinite(values)]
    return len(values) > 0 and bool(np.all(values >= 0) and np.all(values % 1 == 0))


def _rows(readers: Readers, path: str, content: bytes) -> Iterable[dict[str, str | None]]:
    reader, is_packed = readers.reader_for(path), path.lower().endswith(".gz")
    if not isinstance(reader, TextReader):
        return []  # its columns have types of their own
    try:
        text = reader.read(content if is_packed else content[:BYTES])
        if not isinstance(text, bytes):
            return []
        return list(csv.DictReader(io.StringIO(text[:BYTES].decode("utf-8-sig", "replace"), newline="")))
    except (UnreadableFile, csv.Error):
        return []
