"""A process of its own that reads Parquet files for `parquet.py`. Run by its path; imports nothing of the package.

arrow-rs is memory-safe, and still a damaged file can end the process: a panic within the C interface aborts, and a
count that was made up asks for more memory than there is. Here that costs one file.

Arguments: the most bytes, the most columns. On stdin a length of 8 bytes and a file, again and again; on stdout an
answer to each: a length of 8 bytes, JSON, and the columns' bytes one after another.
"""

from __future__ import annotations

import json
import re
import signal
import struct
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

ROWS = 8192  # per batch: what is read before the size is looked at again
PATIENCE = 600  # seconds for one file
ROW_NUMBERS = re.compile(r"__index_level_\d+__")  # an index that pandas wrote: no data
UNWRAPPED = "called `Result::unwrap()` on an `Err` value: "  # how a panic begins
LENGTH = struct.Struct("<Q")

Pieces = list[Any]


class RejectedFile(Exception):
    """A file that is sound and of no use. The arguments: what is wrong, and the column that is to blame."""


def read(content: bytes, most_bytes: int, most_columns: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """What each column is, and its values as NumPy arrays."""
    from arro3.io import read_parquet

    reader = read_parquet(content, batch_size=ROWS)
    schema = reader.schema
    fields = [schema.field(place) for place in range(len(schema.names))]
    columns = [Column(field.name, field.type) for field in fields if not ROW_NUMBERS.fullmatch(field.name)]
    judge([column.name for column in columns], most_columns)
    size = 0
    for batch in reader if columns else ():
        size += max(batch.nbytes, 8 * batch.num_rows * batch.num_columns)
        if size > most_bytes:
            raise RejectedFile("large")
        for column in columns:
            column.add(batch[column.name])
    return [column.told() for column in columns], [column.values() for column in columns]


def judge(names: list[str], most: int) -> None:
    """Too many columns, or two of one name."""
    if len(names) > most:
        raise RejectedFile("wide")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RejectedFile("twice", name)
        seen.add(name)


class Column:
    """Values batch by batch: numbers as they are, text and booleans as codes of the words that occur."""

    def __init__(self, name: str, kind: Any) -> None:
        self.name = name
        self._read = reader_of(name, kind)
        self._words: dict[Any, int] = {}
        self._pieces: Pieces = []

    def add(self, array: Any) -> None:
        """One more batch."""
        values = self._read(array)
        if isinstance(values, list):
            words = self._words
            codes = [-1 if value is None else words.setdefault(value, len(words)) for value in values]
            values = np.array(codes, dtype=np.int32)
        self._pieces.append(values)

    def values(self) -> Any:
        """One array of int64, uint64, float64 or, for words, int32: missing is NaN or -1."""
        whole = np.concatenate(self._pieces) if self._pieces else np.empty(0)
        self._pieces.clear()
        if whole.dtype == np.uint64 and len(whole) and whole.max() < 2**63:
            return whole.astype(np.int64)
        return whole

    def told(self) -> dict[str, Any]:
        """What the other side has to know beside the values."""
        return {"name": self.name, "words": list(self._words)}


def reader_of(name: str, kind: Any) -> Callable[[Any], Any]:
    """How an array of this type becomes numbers, or a list of words and booleans; no such type is refused."""
    from arro3.core import DataType as Is

    if Is.is_dictionary(kind):
        inner = reader_of(name, kind.value_type)
        return lambda array: inner(array.cast(kind.value_type))
    if Is.is_null(kind) or Is.is_boolean(kind):
        return lambda array: [None] * len(array) if Is.is_null(kind) else array.to_pylist()
    if Is.is_integer(kind) or Is.is_floating(kind) or Is.is_decimal(kind):
        return lambda array: numbers(array, Is.is_decimal(kind))
    if Is.is_string(kind) or Is.is_large_string(kind) or Is.is_string_view(kind):
        return lambda array: array.to_pylist()
    if Is.is_temporal(kind) and not Is.is_interval(kind):
        return lambda array: [value if value is None else str(value) for value in array.to_pylist()]
    if Is.is_binary(kind) or Is.is_large_binary(kind) or Is.is_binary_view(kind):
        return lambda array: [value if value is None else decoded(name, value) for value in array.to_pylist()]
    raise RejectedFile("nested", name)


def numbers(array: Any, is_decimal: bool) -> Any:
    """int64, uint64 or float64, a copy: the batch goes."""
    if array.null_count or is_decimal:
        return np.array([np.nan if value is None else value for value in array.to_pylist()], dtype=np.float64)
    values = array.to_numpy()
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    return values.astype(np.uint64 if values.dtype == np.uint64 else np.int64)


def decoded(name: str, value: bytes) -> str:
    """Some writers do not say that their bytes are text."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise RejectedFile("binary", name) from None


def answer(content: bytes, most_bytes: int, most_columns: int) -> tuple[dict[str, Any], list[Any]]:
    """The message and the arrays that follow it."""
    try:
        told, arrays = read(content, most_bytes, most_columns)
    except RejectedFile as refusal:
        return {"refused": refusal.args}, []
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  a panic of Rust is no Exception
        return {"refused": ["damaged", str(error).removeprefix(UNWRAPPED)[:1000]]}, []
    for one, array in zip(told, arrays, strict=True):
        one |= {"dtype": array.dtype.str, "rows": len(array)}
    return {"columns": told}, arrays


def serve(source: IO[bytes], sink: IO[bytes], most_bytes: int, most_columns: int) -> None:
    """File after file, until there is none."""
    while head := source.read(LENGTH.size):
        content = source.read(LENGTH.unpack(head)[0])
        signal.alarm(PATIENCE)
        message, arrays = answer(content, most_bytes, most_columns)
        signal.alarm(0)
        text = json.dumps(message).encode("utf-8", "replace")
        sink.write(LENGTH.pack(len(text)) + text)
        for array in arrays:
            sink.write(memoryview(array).cast("B") if len(array) else b"")
        sink.flush()


def main() -> None:
    """With as much memory as a file within the limit can need, and no more."""
    import resource  # late: only POSIX has it, and the other side imports this module too

    most_bytes, most_columns = map(int, sys.argv[1:])
    memory = 1_500_000_000 + 4 * most_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, most_bytes, most_columns)


if __name__ == "__main__":
    main()
