"""Reading many small CSV files, side by side: ours and every other reader, each a whole process.

    python -m benchmarks.reading --files 10000 --runs 5 --others PYTHON
    python -m benchmarks.reading --large

PYTHON is an interpreter that has requirements/bench.txt; ours and pandas' own rows run without it, as in production.
Load times are without imports. "Same" compares dtypes and values with pandas reading file by file. Prints Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LARGE_ROWS, LARGE_BLOCK = 10_000_000, 100_000
BASELINE = "pandas, file by file, and concat"
OURS = ("ours, files on disk", "ours, blobs from git")


# --- the readers: each imports, then returns a function that loads a frame from a folder ---------------------------


def paths_in(folder: Path) -> list[str]:
    """The files in the order of their names."""
    with os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if entry.name.endswith(".csv"))


def contents_of(paths: list[str]) -> Iterator[bytes]:
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123 (a Path costs as much as the read)
            yield file.read()


def joined(folder: Path) -> io.BytesIO:
    """The bytes of all files under the first one's header: no care for what a join may change."""
    whole = io.BytesIO()
    for number, content in enumerate(contents_of(paths_in(folder))):
        whole.write(content[content.index(b"\n") + 1 :] if number else content)
    whole.seek(0)
    return whole


def pandas_loop() -> Callable[[Path], Any]:
    import pandas as pd

    return lambda folder: pd.concat([pd.read_csv(path) for path in paths_in(folder)], ignore_index=True)


def polars_glob() -> Callable[[Path], Any]:
    import pandas  # noqa: F401
    import polars as pl

    return lambda folder: pl.scan_csv(f"{folder}/*.csv").collect().to_pandas()


def duckdb_glob() -> Callable[[Path], Any]:
    import duckdb
    import pandas  # noqa: F401

    return lambda folder: duckdb.sql(f"select * from read_csv('{folder}/*.csv')").df()  # noqa: S608 (our own folder)


def arrow_dataset() -> Callable[[Path], Any]:
    import pandas  # noqa: F401
    from pyarrow import dataset

    return lambda folder: dataset.dataset(folder, format="csv").to_table().to_pandas()


def joined_pandas() -> Callable[[Path], Any]:
    import pandas as pd

    return lambda folder: pd.read_csv(joined(folder), low_memory=False)


def joined_arrow() -> Callable[[Path], Any]:
    import pandas  # noqa: F401
    from pyarrow import csv

    return lambda folder: csv.read_csv(joined(folder)).to_pandas()


def joined_polars() -> Callable[[Path], Any]:
    import pandas  # noqa: F401
    import polars as pl

    return lambda folder: pl.read_csv(joined(folder)).to_pandas()


def ours_on_disk() -> Callable[[Path], Any]:
    from ml_action.core.records.dataset import Dataset
    from ml_action.modelling.reading import table as frames

    def load(folder: Path) -> Any:
        paths = paths_in(folder)
        return frames.read([Dataset(path, path) for path in paths], contents_of(paths))[0].frame

    return load


def ours_from_git() -> Callable[[Path], Any]:
    from ml_action.core.records.dataset import Dataset
    from ml_action.git.command import Git, environment
    from ml_action.modelling.reading import table as frames

    def load(folder: Path) -> Any:
        git = Git(folder.with_name(f"{folder.name}-git"), environment(os.environ))
        rows = [row.split() for row in git.line("ls-tree", "-r", "main:data/new_data").splitlines()]
        datasets = [Dataset(path, blob) for _, _, blob, path in rows]
        contents = git.blobs((item.blob for item in datasets), frames.DEFAULT.bytes)
        return frames.read(datasets, contents)[0].frame

    return load


READERS: dict[str, Callable[[], Callable[[Path], Any]]] = {
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


# --- one process ------------------------------------------------------------------------------------------------------


def peak() -> float:
    """This process's peak resident set, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def digests(frame: Any) -> tuple[str, str]:
    """Of dtypes and values to the bit; and of values, with floats to 12 digits."""
    import numpy as np
    import pandas as pd

    exact, near = hashlib.sha256(), hashlib.sha256()
    for name, column in frame.items():
        is_float = column.dtype == np.float64
        kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "text"
        exact.update(f"{name} {kind} ".encode() + pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes())
        rough = column.map("{:.12g}".format) if is_float else column.astype(str)
        near.update(f"{name} ".encode() + pd.util.hash_pandas_object(rough, index=False).to_numpy().tobytes())
    return exact.hexdigest(), near.hexdigest()


def measure_one(name: str, folder: Path, *, compare: bool) -> None:
    """Loads once and prints what it took as JSON."""
    started = time.perf_counter()
    load = READERS[name]()
    imported, before = time.perf_counter(), peak()
    frame = load(folder)
    loaded = time.perf_counter()
    result = {"import": imported - started, "load": loaded - imported, "peak": peak(), "before": before}
    result["frame"] = float(frame.memory_usage(deep=True).sum()) / 1e6
    print(json.dumps({**result, "digests": digests(frame) if compare else None}))


# --- side by side -----------------------------------------------------------------------------------------------------


def prepare(root: Path, count: int) -> Path:
    """Students' files in a folder, and the same in a repository beside it."""
    from benchmarks.run import commit, new_repository
    from ml_action.commands.demo import students

    folder = root / str(count)
    folder.mkdir()
    for number, text in enumerate(students.datasets(count, "steady", 1)):
        (folder / f"{number:07}.csv").write_text(text)
    commit(new_repository(root / f"{count}-git"), students.datasets(count, "steady", 1), "")
    return folder


def once(name: str, folder: Path, others: str, *, compare: bool) -> dict[str, Any]:
    python = sys.executable if name in PLAIN else others
    command = [python, __file__, "--reader", name, "--folder", str(folder), *(["--compare"] if compare else [])]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def side_by_side(folder: Path, count: int, runs: int, others: str) -> None:
    """A table: every reader once per round, after a round for the caches that the baseline sits out."""
    for name in READERS:
        if name != BASELINE:
            once(name, folder, others, compare=False)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in READERS}
    for number in range(runs):
        for name, results in found.items():
            results.append(once(name, folder, others, compare=not number))
    base = found[BASELINE]
    fastest = min((statistics.median(run["load"] for run in found[name]), name) for name in READERS if name not in OURS)
    print(f"\n{count:,} files, {runs} rounds; fastest other reader: {fastest[1]}\n")
    print("| reader | load, ms | times as fast as pandas' loop | against the fastest | peak, MB | same |")
    print("|---|---|---|---|---|---|")
    for name, results in found.items():
        load = statistics.median(run["load"] for run in results)
        faster = statistics.median(a["load"] / b["load"] for a, b in zip(base, results, strict=True))
        same = sameness(results[0]["digests"], base[0]["digests"])
        high = statistics.median(run["peak"] for run in results)
        print(f"| {name} | {1000 * load:,.0f} | {faster:.1f} | {load / fastest[0]:.2f} | {high:,.0f} | {same} |")
    ours = found[OURS[0]][0]
    print(
        f"\nOurs holds {ours['frame']:,.0f} MB of data, and rose by {ours['peak'] - ours['before']:,.0f} MB to read it."
    )


def sameness(one: list[str], other: list[str]) -> str:
    if one[0] == other[0]:
        return "to the bit"
    return "but for the 13th digit or the dtype" if one[1] == other[1] else "no"


# --- one large file ---------------------------------------------------------------------------------------------------


def write_large(path: Path) -> None:
    """A gigabyte: ten million rows of an id, eight numbers, a word and the target, in blocks that repeat."""
    rng = random.Random(1)
    names = [f"x{number}" for number in range(8)]
    with path.open("w") as file:
        file.write(",".join(["id", *names, "school", "score"]) + "\n")
        block = [large_row(rng, number) for number in range(LARGE_BLOCK)]
        for _ in range(LARGE_ROWS // LARGE_BLOCK):
            file.writelines(block)


def large_row(rng: random.Random, number: int) -> str:
    numbers = [rng.gauss(0, 100) for _ in range(8)]
    score = 50 + 0.1 * sum(numbers) + rng.gauss(0, 5)
    return f"{number},{','.join(f'{value:.5f}' for value in numbers)},{rng.choice(('town', 'village'))},{score:.3f}\n"


def measure_large(path: Path) -> None:
    """Reads and fits as a run does."""
    import numpy as np

    from ml_action.config.parse import parse
    from ml_action.core.records.dataset import Dataset
    from ml_action.modelling.reading import table as frames
    from ml_action.modelling.training import fit
    from ml_action.modelling.training.recipe import resolve_recipe

    started = time.perf_counter()
    table, set_aside = frames.read([Dataset(str(path), "0" * 40)], (path.read_bytes() for path in [path]))
    assert not set_aside, set_aside
    loaded, high = time.perf_counter(), peak()
    recipe = resolve_recipe(table, parse({"target": "score"}, {}).training)
    fit.fit(recipe, table, np.arange(len(table.frame)))
    size = float(table.frame.memory_usage(deep=False).sum()) / 1e6
    print("\n| file, GB | rows | columns in memory, MB | read, s | peak, MB | fit, s | peak with the fit, MB |")
    print("|---|---|---|---|---|---|---|")
    fitted = time.perf_counter() - loaded
    cells = [f"{path.stat().st_size / 1e9:.2f}", f"{len(table.frame):,}", f"{size:,.0f}", f"{loaded - started:.1f}"]
    print("| " + " | ".join([*cells, f"{high:,.0f}", f"{fitted:.1f}", f"{peak():,.0f}"]) + " |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--others", default=sys.executable, help="an interpreter with requirements/bench.txt")
    parser.add_argument("--large", action="store_true", help="one file of a gigabyte instead")
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--compare", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measures and prints."""
    given = arguments()
    if given.reader:
        measure_one(given.reader, given.folder, compare=given.compare)
    elif given.large and given.folder:
        measure_large(given.folder)
    else:
        with tempfile.TemporaryDirectory(prefix="ml-auto-update-bench-") as scratch:
            root = Path(scratch)
            if given.large:
                write_large(root / "large.csv")
                subprocess.run([sys.executable, __file__, "--large", "--folder", str(root / "large.csv")], check=True)
            else:
                for count in given.files:
                    side_by_side(prepare(root, count), count, given.runs, given.others)


if __name__ == "__main__":
    main()
