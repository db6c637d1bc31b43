"""A process of its own that reads Parquet files for `parquet.py`. Run by its path; imports nothing of the package.

arrow-rs is memory-safe, but a damaged file can still end the process: a panic within the C interface aborts, and a
false count asks for more memory than there is. In this process that costs one file.

Arguments: the limits of bytes and of columns. stdin has a length of 8 bytes and a file, repeatedly. stdout has an
answer to each: a length of 8 bytes, JSON, and the columns' bytes one after another.
"""

from __future__ import annotations

import json
import re
import signal
import struct
import sys
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import numpy as np

ROWS = 8192  # per batch: after each, the size is checked again
TIMEOUT = 600  # seconds for one file
ROW_NUMBERS = re.compile(r"__index_level_\d+__")  # an index that pandas wrote: no data
UNWRAPPED = "called `Result::unwrap()` on an `Err` value: "  # how a panic begins
LENGTH = struct.Struct("<Q")


class RejectedFileError(Exception):
    """A valid file that cannot be used. The arguments: the fault, and the column that has it."""


class Columns(NamedTuple):
    """The columns of a file: a JSON object for each, and its values as a NumPy array."""

    headers: list[dict[str, Any]]
    arrays: list[Any]


class Answer(NamedTuple):
    """The JSON message for one file, and the arrays that follow it."""

    message: dict[str, Any]
    arrays: list[Any]


def read(content: bytes, max_bytes: int, max_columns: int) -> Columns:
    """Reads a file.

    Raises:
        RejectedFileError: It exceeds the limits, or has a column that cannot be used.
    """
    from arro3.io import read_parquet  # late: the parent process imports this module without arro3

    reader = read_parquet(content, batch_size=ROWS)
    schema = reader.schema
    fields = [schema.field(place) for place in range(len(schema.names))]
    columns = [Column(field.name, field.type) for field in fields if not ROW_NUMBERS.fullmatch(field.name)]
    check_names([column.name for column in columns], max_columns)
    size = 0
    for batch in reader if columns else ():
        size += max(batch.nbytes, 8 * batch.num_rows * batch.num_columns)
        if size > max_bytes:
            raise RejectedFileError("large")
        for column in columns:
            column.add(batch[column.name])
    return Columns([column.header() for column in columns], [column.values() for column in columns])


def check_names(names: list[str], limit: int) -> None:
    """Rejects too many columns, and two of the same name."""
    if len(names) > limit:
        raise RejectedFileError("wide")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RejectedFileError("twice", name)
        seen.add(name)


class Column:
    """Collects values batch by batch: numbers unchanged, text and booleans as codes of the distinct words."""

    def __init__(self, name: str, kind: Any) -> None:
        self.name = name
        self._read = converter_for(name, kind)
        self._words: dict[Any, int] = {}
        self._pieces: list[Any] = []

    def add(self, array: Any) -> None:
        """Adds a batch."""
        values = self._read(array)
        if isinstance(values, list):
            words = self._words
            codes = [-1 if value is None else words.setdefault(value, len(words)) for value in values]
            values = np.array(codes, dtype=np.int32)
        self._pieces.append(values)

    def values(self) -> Any:
        """Returns one array of int64, uint64, float64 or, for words, int32; gaps are NaN or -1."""
        whole = np.concatenate(self._pieces) if self._pieces else np.empty(0)
        self._pieces.clear()
        if whole.dtype == np.uint64 and len(whole) and whole.max() < 2**63:
            return whole.astype(np.int64)
        return whole

    def header(self) -> dict[str, Any]:
        """Returns what the parent process needs in addition to the values."""
        return {"name": self.name, "words": list(self._words)}


def converter_for(name: str, kind: Any) -> Callable[[Any], Any]:
    """Returns a function that converts an array of this type to numbers, or to a list of words and booleans.

    Raises:
        RejectedFileError: The type has no such function.
    """
    from arro3.core import DataType as Is  # late: the parent process imports this module without arro3

    if Is.is_dictionary(kind):
        inner = converter_for(name, kind.value_type)
        return lambda array: inner(array.cast(kind.value_type))
    if Is.is_null(kind) or Is.is_boolean(kind):
        return lambda array: [None] * len(array) if Is.is_null(kind) else array.to_pylist()
    if Is.is_integer(kind) or Is.is_floating(kind) or Is.is_decimal(kind):
        return lambda array: numbers(array, is_decimal=Is.is_decimal(kind))
    if Is.is_string(kind) or Is.is_large_string(kind) or Is.is_string_view(kind):
        return lambda array: array.to_pylist()
    if Is.is_temporal(kind) and not Is.is_interval(kind):
        return lambda array: [value if value is None else str(value) for value in array.to_pylist()]
    if Is.is_binary(kind) or Is.is_large_binary(kind) or Is.is_binary_view(kind):
        return lambda array: [value if value is None else decoded(name, value) for value in array.to_pylist()]
    raise RejectedFileError("nested", name)


def numbers(array: Any, *, is_decimal: bool) -> Any:
    """Returns int64, uint64 or float64 as a copy, because the batch is dropped."""
    if array.null_count or is_decimal:
        return np.array([np.nan if value is None else value for value in array.to_pylist()], dtype=np.float64)
    values = array.to_numpy()
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    return values.astype(np.uint64 if values.dtype == np.uint64 else np.int64)


def decoded(name: str, value: bytes) -> str:
    """Decodes bytes: some writers do not mark text as such.

    Raises:
        RejectedFileError: They are no text.
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise RejectedFileError("binary", name) from None


def answer(content: bytes, max_bytes: int, max_columns: int) -> Answer:
    """Returns the columns of a file, or its fault."""
    try:
        headers, arrays = read(content, max_bytes, max_columns)
    except RejectedFileError as rejection:
        return Answer({"refused": rejection.args}, [])
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # a panic of Rust is no Exception
        return Answer({"refused": ["damaged", str(error).removeprefix(UNWRAPPED)[:1000]]}, [])
    for header, array in zip(headers, arrays, strict=True):
        header |= {"dtype": array.dtype.str, "rows": len(array)}
    return Answer({"columns": headers}, arrays)


def serve(source: IO[bytes], sink: IO[bytes], max_bytes: int, max_columns: int) -> None:
    """Answers file after file until the source ends."""
    while head := source.read(LENGTH.size):
        content = source.read(LENGTH.unpack(head)[0])
        signal.alarm(TIMEOUT)
        message, arrays = answer(content, max_bytes, max_columns)
        signal.alarm(0)
        text = json.dumps(message).encode("utf-8", "replace")
        sink.write(LENGTH.pack(len(text)) + text)
        for array in arrays:
            sink.write(memoryview(array).cast("B") if len(array) else b"")
        sink.flush()


def main() -> None:
    """Limits this process's memory to what a file within the size limit can need, then serves."""
    import resource  # late: only POSIX has it, and the parent process imports this module too

    max_bytes, max_columns = map(int, sys.argv[1:])
    memory = 1_500_000_000 + 4 * max_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, max_bytes, max_columns)


if __name__ == "__main__":
    main()
