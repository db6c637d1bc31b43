"""What one process measures: the time and memory of loading a folder, and digests of the frame."""

from __future__ import annotations

import hashlib
import json
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.reading.readers import READERS


@dataclass(frozen=True)
class Digests:
    """Digests of a frame."""

    exact: str  # of dtypes and values to the bit
    near: str  # of values, with floats to 12 digits


@dataclass(frozen=True)
class Measured:
    """Seconds and megabytes of one process."""

    load: float  # without imports
    peak: float
    before: float  # peak before loading
    frame: float  # size of the frame
    digests: Digests | None


def peak() -> float:
    """Returns this process's peak resident set, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def digests(frame: Any) -> Digests:
    """Returns the digests of a frame."""
    import numpy as np
    import pandas as pd

    exact, near = hashlib.sha256(), hashlib.sha256()
    for name, column in frame.items():
        is_float = column.dtype == np.float64
        kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "text"
        exact.update(f"{name} {kind} ".encode() + pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes())
        rough = column.map("{:.12g}".format) if is_float else column.astype(str)
        near.update(f"{name} ".encode() + pd.util.hash_pandas_object(rough, index=False).to_numpy().tobytes())
    return Digests(exact.hexdigest(), near.hexdigest())


def print_measured(name: str, folder: Path, *, compare: bool) -> None:
    """Loads once, and prints the measurements as JSON."""
    load = READERS[name]()
    started, before = time.perf_counter(), peak()
    frame = load(folder)
    seconds, high = time.perf_counter() - started, peak()
    size = float(frame.memory_usage(deep=True).sum()) / 1e6
    print(json.dumps(asdict(Measured(seconds, high, before, size, digests(frame) if compare else None))))


def parse(text: str) -> Measured:
    """Parses what `print_measured` printed."""
    values = json.loads(text)
    found = values.pop("digests")
    return Measured(**values, digests=Digests(**found) if found else None)
