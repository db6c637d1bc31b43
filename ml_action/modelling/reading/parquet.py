"""Parquet files as the frames that pandas would read from the same tables written as CSV.

A Parquet file is untrusted: its bytes are read in a process of its own, `parquet_worker.py`, which starts with the
first file and is started again if a file ended it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core import cells
from ml_action.core.file_formats import PARQUET
from ml_action.core.formatting import sanitised
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile
from ml_action.modelling.reading.parquet_worker import LENGTH

_WORKER = Path(__file__).with_name("parquet_worker.py")
_SMALLEST = 12  # bytes: two magics and the length of the footer


class ParquetReader:
    """Reads file after file; `close` ends the process."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, content: bytes) -> pd.DataFrame:
        """Returns the file's rows.

        Numbers, booleans and text are as from CSV, dates and times are ISO text, decimals are floats.

        Raises:
            UnreadableFile: The file is damaged, exceeds the limits, has no rows, or has a column of nested or binary
                values.
        """
        if len(content) < _SMALLEST or not (content.startswith(PARQUET.magic) and content.endswith(PARQUET.trailer)):
            raise UnreadableFile(
                "is no Parquet file, though its name ends with .parquet, or it breaks off in the middle"
            )
        try:
            frame = self._request(content)
        except (EOFError, BrokenPipeError):
            self.close()
            raise UnreadableFile(
                "is a damaged Parquet file, or takes more memory than max-dataset-size allows"
            ) from None
        if frame.empty:
            raise UnreadableFile("has columns but no rows" if len(frame.columns) else "has no columns")
        return frame

    def close(self) -> None:
        """Kills the process, even if it is busy."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(BrokenPipeError):  # raised for bytes that were still to be written
                    cast(IO[bytes], pipe).close()
            self._process = None

    def _request(self, content: bytes) -> pd.DataFrame:
        self._process = self._process or self._start()
        stdin, stdout = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        stdin.write(LENGTH.pack(len(content)))
        stdin.write(content)
        stdin.flush()
        message = json.loads(_exactly(stdout, LENGTH.unpack(_exactly(stdout, LENGTH.size))[0]))
        if "refused" in message:
            raise self._error(*message["refused"])
        columns = {header["name"]: _column(header, stdout) for header in message["columns"]}
        return pd.DataFrame(columns, copy=False)

    def _start(self) -> subprocess.Popen[bytes]:
        """Starts the process. Its stderr is dropped: a panic prints text of the file there."""
        return subprocess.Popen(
            [sys.executable, "-I", str(_WORKER), str(self._limits.bytes), str(self._limits.columns)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _error(self, fault: str, detail: str = "") -> UnreadableFile:
        """Returns the error for a fault that the worker names; `detail` is a column or a message."""
        if fault == "large":
            return self._limits.too_large()
        if fault == "wide":
            return self._limits.too_wide()
        reasons = {
            "twice": "has two columns of the name '{}'",
            "nested": "holds nested values in the column '{}'; only plain ones can be learned from",
            "binary": "holds binary values in the column '{}'",
        }
        reason = reasons.get(fault, "is a damaged Parquet file: {}")
        return UnreadableFile(cells.with_value(reason, sanitised(detail, 60 if fault in reasons else 120)))


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _column(header: dict[str, Any], pipe: IO[bytes]) -> Any:
    """Reads a column, with the dtype that pandas gives it from CSV: booleans with gaps are objects."""
    dtype = np.dtype(header["dtype"])
    values = np.frombuffer(bytearray(_exactly(pipe, dtype.itemsize * header["rows"])), dtype=dtype)
    if dtype != np.int32:
        return values
    return _decoded(values, header["words"])


def _decoded(codes: npt.NDArray[np.int32], words: list[Any]) -> Any:
    """Replaces codes by the words, texts or booleans, at these positions; -1 is a gap."""
    if not words:
        return np.full(len(codes), np.nan)
    if isinstance(words[0], bool) and codes.min() >= 0:
        return np.array(words, dtype=bool)[codes]
    table = np.empty(len(words) + 1, dtype=object)
    table[:-1], table[-1] = words, np.nan  # -1 is the last
    whole = table[codes]
    return whole if isinstance(words[0], bool) else pd.array(whole, dtype="str")
