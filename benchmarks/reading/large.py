"""One large file: a gigabyte, read and fitted as in a run."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np

from benchmarks.reading.process import peak
from ml_action.config.parse import parse
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading.table import read
from ml_action.modelling.training import fit
from ml_action.modelling.training.recipe import resolve_recipe

ROWS, BLOCK = 10_000_000, 100_000


def write(path: Path) -> None:
    """Writes ten million rows of an id, eight numbers, a category and the target, in blocks that repeat."""
    rng = random.Random(1)
    names = [f"x{number}" for number in range(8)]
    with path.open("w") as file:
        file.write(",".join(["id", *names, "school", "score"]) + "\n")
        block = [_row(rng, number) for number in range(BLOCK)]
        for _ in range(ROWS // BLOCK):
            file.writelines(block)


def _row(rng: random.Random, number: int) -> str:
    numbers = [rng.gauss(0, 100) for _ in range(8)]
    score = 50 + 0.1 * sum(numbers) + rng.gauss(0, 5)
    return f"{number},{','.join(f'{value:.5f}' for value in numbers)},{rng.choice(('town', 'village'))},{score:.3f}\n"


def measure(path: Path) -> None:
    """Reads and fits as a run does, and prints a table."""
    started = time.perf_counter()
    table, set_aside = read([Dataset(str(path), "0" * 40)], (path.read_bytes() for path in [path]))
    assert not set_aside, set_aside
    loaded, high = time.perf_counter(), peak()
    recipe = resolve_recipe(table, parse({"target": "score"}, {}).training)
    fit.fit(recipe, table, np.arange(len(table.frame)))
    fitted = time.perf_counter() - loaded
    size = float(table.frame.memory_usage(deep=False).sum()) / 1e6
    print("\n| file, GB | rows | columns in memory, MB | read, s | peak, MB | fit, s | peak with the fit, MB |")
    print("|---|---|---|---|---|---|---|")
    cells = [f"{path.stat().st_size / 1e9:.2f}", f"{len(table.frame):,}", f"{size:,.0f}", f"{loaded - started:.1f}"]
    print("| " + " | ".join([*cells, f"{high:,.0f}", f"{fitted:.1f}", f"{peak():,.0f}"]) + " |")
