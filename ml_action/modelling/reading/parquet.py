"""Parquet files as the frames that pandas would read from the same tables written as CSV.

A Parquet file is a stranger's bytes: they are read in a process of their own, `parquet_worker.py`, which starts with
the first one and is started again where a file ended it.
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

from ml_action.core.formatting import sanitised
from ml_action.modelling.reading.limits import ReadLimits, UnreadableFile
from ml_action.modelling.reading.parquet_worker import LENGTH

_CHILD = Path(__file__).with_name("parquet_worker.py")
_MAGIC = b"PAR1"
_SMALLEST = 12  # two magics and the length of the footer


class ParquetReader:
    """Reads file after file; `close` ends the process."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, content: bytes) -> pd.DataFrame:
        """The file's rows. Numbers, booleans and text as from CSV; dates and times as ISO text, decimals as floats.

        Raises:
            Unreadable: damaged, larger or wider than the limits, without rows, or with a column of no plain values.
        """
        if len(content) < _SMALLEST or not (content.startswith(_MAGIC) and content.endswith(_MAGIC)):
            raise UnreadableFile(
                "is no Parquet file, though its name ends with .parquet, or it breaks off in the middle"
            )
        try:
            frame = self._ask(content)
        except (EOFError, BrokenPipeError):
            self.close()
            raise UnreadableFile(
                "is a damaged Parquet file, or takes more memory than max-dataset-size allows"
            ) from None
        if frame.empty:
            raise UnreadableFile("has columns but no rows" if len(frame.columns) else "has no columns")
        return frame

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(BrokenPipeError):  # what was still to be written
                    cast(IO[bytes], pipe).close()
            self._process = None

    def _ask(self, content: bytes) -> pd.DataFrame:
        self._process = self._process or self._start()
        stdin, stdout = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        stdin.write(LENGTH.pack(len(content)))
        stdin.write(content)
        stdin.flush()
        message = json.loads(_exactly(stdout, LENGTH.unpack(_exactly(stdout, LENGTH.size))[0]))
        if "refused" in message:
            raise self._refusal(*message["refused"])
        columns = {column["name"]: _column(column, stdout) for column in message["columns"]}
        return pd.DataFrame(columns, copy=False)

    def _start(self) -> subprocess.Popen[bytes]:
        """stderr goes nowhere: a panic prints there, with words out of the file."""
        return subprocess.Popen(
            [sys.executable, "-I", str(_CHILD), str(self._limits.bytes), str(self._limits.columns)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _refusal(self, what: str, of: str = "") -> UnreadableFile:
        if what == "large":
            return self._limits.too_large()
        if what == "wide":
            return self._limits.too_wide()
        said = {
            "twice": f"has two columns of the name '{sanitised(of)}'",
            "nested": f"holds nested values in the column '{sanitised(of)}'; only plain ones can be learned from",
            "binary": f"holds binary values in the column '{sanitised(of)}'",
        }
        return UnreadableFile(said.get(what, f"is a damaged Parquet file: {sanitised(of, 120)}"))


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _column(told: dict[str, Any], pipe: IO[bytes]) -> Any:
    """With the dtype that pandas gives it from CSV: of booleans, what is missing makes objects."""
    dtype = np.dtype(told["dtype"])
    values = np.frombuffer(bytearray(_exactly(pipe, dtype.itemsize * told["rows"])), dtype=dtype)
    if dtype != np.int32:
        return values
    return _worded(values, told["words"])


def _worded(codes: npt.NDArray[np.int32], words: list[Any]) -> Any:
    if not words:
        return np.full(len(codes), np.nan)
    if isinstance(words[0], bool) and codes.min() >= 0:
        return np.array(words, dtype=bool)[codes]
    table = np.empty(len(words) + 1, dtype=object)
    table[:-1], table[-1] = words, np.nan  # -1 is the last
    whole = table[codes]
    return whole if isinstance(words[0], bool) else pd.array(whole, dtype="str")
