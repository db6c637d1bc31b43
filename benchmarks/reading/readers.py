"""The readers. Each function imports its library, and returns a function that loads a frame from a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Load = Callable[[Path], Any]

BASELINE = "pandas, file by file, and concat"
OURS = ("ours, files on disk", "ours, blobs from git")


def paths_in(folder: Path) -> list[str]:
    """Returns the files in the order of their names."""
    with os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if entry.name.endswith(".csv"))


def contents_of(paths: list[str]) -> Iterator[bytes]:
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123 (a Path costs as much as the read)
            yield file.read()


def joined(folder: Path) -> io.BytesIO:
    """Joins the bytes of all files under the first header, without checking what the join may change."""
    whole = io.BytesIO()
    for number, content in enumerate(contents_of(paths_in(folder))):
        whole.write(content[content.index(b"\n") + 1 :] if number else content)
    whole.seek(0)
    return whole


def pandas_loop() -> Load:
    import pandas as pd

    return lambda folder: pd.concat([pd.read_csv(path) for path in paths_in(folder)], ignore_index=True)


def polars_glob() -> Load:
    import pandas  # noqa: F401
    import polars as pl

    return lambda folder: pl.scan_csv(f"{folder}/*.csv").collect().to_pandas()


def duckdb_glob() -> Load:
    import duckdb
    import pandas  # noqa: F401

    return lambda folder: duckdb.sql(f"select * from read_csv('{folder}/*.csv')").df()  # noqa: S608 (our own folder)


def arrow_dataset() -> Load:
    import pandas  # noqa: F401
    from pyarrow import dataset

    return lambda folder: dataset.dataset(folder, format="csv").to_table().to_pandas()


def joined_pandas() -> Load:
    import pandas as pd

    return lambda folder: pd.read_csv(joined(folder), low_memory=False)


def joined_arrow() -> Load:
    import pandas  # noqa: F401
    from pyarrow import csv

    return lambda folder: csv.read_csv(joined(folder)).to_pandas()


def joined_polars() -> Load:
    import pandas  # noqa: F401
    import polars as pl

    return lambda folder: pl.read_csv(joined(folder)).to_pandas()


def ours_on_disk() -> Load:
    from ml_action.core.records.dataset import Dataset
    from ml_action.modelling.reading.table import read

    def load(folder: Path) -> Any:
        paths = paths_in(folder)
        return read([Dataset(path, path) for path in paths], contents_of(paths))[0].frame

    return load


def ours_from_git() -> Load:
    from ml_action.core.records.dataset import Dataset
    from ml_action.git.command import Git, environment
    from ml_action.modelling.reading.table import DEFAULT, read

    def load(folder: Path) -> Any:
        git = Git(folder.with_name(f"{folder.name}-git"), environment(os.environ))
        rows = [row.split() for row in git.line("ls-tree", "-r", "main:data/new_data").splitlines()]
        datasets = [Dataset(path, blob) for _, _, blob, path in rows]
        return read(datasets, git.blobs((item.blob for item in datasets), DEFAULT.bytes))[0].frame

    return load


READERS: dict[str, Callable[[], Load]] = {
    BASELINE: pandas_loop,
    "polars scan_csv(glob)": polars_glob,
    "duckdb read_csv(glob)": duckdb_glob,
    "pyarrow.dataset": arrow_dataset,
    "bytes joined, pandas": joined_pandas,
    "bytes joined, pyarrow": joined_arrow,
    "bytes joined, polars": joined_polars,
    OURS[0]: ours_on_disk,
    OURS[1]: ours_from_git,
}
PLAIN = (BASELINE, "bytes joined, pandas", *OURS)  # run without the other libraries
