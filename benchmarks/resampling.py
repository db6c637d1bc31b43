"""Resampling, its memory, and cross-fitting: ours against the plain loop that calls scikit-learn on each resample.

`python -m benchmarks.resampling` prints the table of the bootstrap; `--memory` that of ten million rows, each metric in
a process of its own; `--folds` that of cross-fitting with one thread and with two.

The plain loop draws clusters, joins their rows, and calls the metric for both models. It is timed on a few resamples,
in turn with ours, and multiplied, because each resample costs the same. If both draw the same resamples, all figures
are compared one by one.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import metrics
from threadpoolctl import threadpool_limits

from ml_action.commands.demo import students
from ml_action.config.parse import parse
from ml_action.core.records.dataset import Dataset
from ml_action.core.records.evaluation import Interval
from ml_action.modelling.evaluation import bootstrap, losses
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.paired_test import improvement_of, paired_test, totals_of
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.reading.table import Table, read
from ml_action.modelling.training import cross_fitting, units
from ml_action.modelling.training.cross_fitting import CrossFit
from ml_action.modelling.training.execution import Execution, Threads
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements

SEED = 0
RESAMPLES = 10_000
CLASSES = np.array([0, 1])
LOOPS: dict[str, Callable[[Any, Predictions, Any], float]] = {
    "neg_mean_squared_error": lambda y, given, rows: -metrics.mean_squared_error(y, given.label[rows]),
    "r2": lambda y, given, rows: metrics.r2_score(y, given.label[rows]),
    "accuracy": lambda y, given, rows: metrics.accuracy_score(y, given.label[rows]),
    "neg_log_loss": lambda y, given, rows: -metrics.log_loss(y, np.asarray(given.probability)[rows], labels=CLASSES),
    "roc_auc": lambda y, given, rows: metrics.roc_auc_score(y, np.asarray(given.probability)[rows, 1]),
}
REGRESSIONS = ("neg_mean_squared_error", "r2")
ESTIMATORS = {
    "LinearRegression": {"estimator": "sklearn.linear_model.LinearRegression"},
    "RandomForest, 20 trees": {
        "estimator": "sklearn.ensemble.RandomForestRegressor", "params": '{"n_estimators": 20}',
    },
    "HistGradientBoosting": {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor"},
}  # fmt: skip


def paired(metric: str, clusters: int, rows: int) -> PairedPredictions:
    """Returns the predictions of three models of different quality on the same rows."""
    rng, count = np.random.default_rng(SEED), clusters * rows
    cluster = np.repeat(np.arange(clusters), rows)
    widths = (1.0, 3.0, 1.05)
    if metric in REGRESSIONS:
        target = rng.normal(10, 3, count)
        predictions = [Predictions(target + rng.normal(0, width, count)) for width in widths]
    else:
        chance = rng.uniform(0.05, 0.95, count)
        target = (rng.uniform(size=count) < chance).astype(np.int64)
        predictions = [classified(np.clip(chance + rng.normal(0, w / 10, count), 0.01, 0.99)) for w in widths]
    challenger, baseline, champion = predictions
    return PairedPredictions(target, cluster, challenger, baseline, champion)


def classified(chance: Any) -> Predictions:
    shares = np.column_stack([1 - chance, chance])
    return Predictions((chance > 0.5).astype(np.int64), shares, None, CLASSES)


def ours(found: PairedPredictions, metric: str, count: int = RESAMPLES) -> Interval:
    """Returns the interval from the predictions, as the product does."""
    loss = losses.loss_for(metric, found.target)
    if loss is None:
        return paired_test(found, metric, SEED, 0.95, 0.02).improvement
    totals = totals_of(found, loss, metric, SEED)
    return bootstrap.intervals(totals, [improvement_of(metric)], 0.95, SEED, count)[0]


def loop(found: PairedPredictions, metric: str, drawn: Iterator[Any]) -> list[float]:
    """Runs the plain loop over resamples that are given as counts of clusters."""
    score = LOOPS[metric]
    rows_of = np.split(np.arange(len(found.target)), np.flatnonzero(np.diff(found.cluster)) + 1)
    improvements = []
    for counts in drawn:
        rows = np.concatenate([rows_of[place] for place in np.repeat(np.arange(len(counts)), counts.astype(int))])
        target = found.target[rows]
        improvements.append(score(target, found.challenger, rows) - score(target, found.opponent, rows))
    return improvements


def draws(clusters: int, count: int) -> Iterator[Any]:
    """Yields as many of the resamples that the product draws."""
    left = count
    for chunk in bootstrap.resamples(clusters, SEED, count):
        yield from chunk[:left]
        left -= len(chunk[:left])


def seconds(action: Callable[[], Any]) -> float:
    """Returns how long the action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def largest_difference(found: PairedPredictions, metric: str, count: int) -> float:
    """Returns the largest difference between the two ways over the same resamples."""
    loss = losses.loss_for(metric, found.target)
    assert loss is not None
    totals = totals_of(found, loss, metric, SEED)
    statistic = improvement_of(metric)
    each = np.array([statistic(counts[None, :] @ totals)[0] for counts in draws(found.datasets, count)])
    plain = np.array(loop(found, metric, draws(found.datasets, count)))
    return float(np.abs(each - plain).max())


@dataclass(frozen=True)
class Row:
    """One row of the table: a metric, and the size of its data."""

    metric: str
    clusters: int
    rows: int
    resamples: int = RESAMPLES

    @property
    def is_small(self) -> bool:
        """Whether the figures of both ways are compared."""
        return self.clusters == 1_000

    @property
    def aim(self) -> str:
        """The aim of this row."""
        if self.metric == "roc_auc":
            return "≤ 5 s" if self.is_small else "–"
        return "≤ 1e-9" if self.is_small else "≤ 1 s, ≥ 200"

    def line(self, few: int, rounds: int) -> str:
        """Measures both ways, and returns the line of the table."""
        found = paired(self.metric, self.clusters, self.rows)
        ours(found, self.metric, self.resamples)  # a warm-up
        tried = few if self.is_small else max(2, few // 20)
        pairs = []
        for _ in range(rounds):
            one = seconds(lambda: ours(found, self.metric, self.resamples))
            each = seconds(lambda: loop(found, self.metric, draws(found.datasets, tried)))
            pairs.append((one, each / tried * self.resamples))
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        comparable = self.metric != "roc_auc" and self.is_small
        same = f"{largest_difference(found, self.metric, few):.0e}" if comparable else "–"
        return (
            f"| `{self.metric}`, {self.clusters:,} x {self.rows}, {self.resamples:,} | **{mine:.2f} s** | "
            f"{theirs:,.0f} s | **{ratio:,.0f}** | {same} | {self.aim} |"
        )


ROWS = (
    *(Row(metric, *size) for size in ((1_000, 20), (100_000, 5)) for metric in LOOPS if metric != "roc_auc"),
    Row("roc_auc", 1_000, 20, 1_000),
    Row("roc_auc", 100_000, 5, 1_000),
)


def print_bootstrap(few: int, rounds: int) -> None:
    """Prints one line per metric and size."""
    print("| metric, clusters x rows, resamples | ours | plain loop | loop / ours | largest difference | aim |")
    print("|---|---|---|---|---|---|", flush=True)
    for row in ROWS:
        print(row.line(few, rounds), flush=True)


# --- ten million rows -------------------------------------------------------------------------------------


def status(name: str) -> float:
    """Returns this process's memory in megabytes: VmRSS is the current, VmHWM the highest since the reset (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name))) / 1024


def print_memory_of(metric: str, clusters: int, rows: int) -> None:
    """Runs a whole test in this process."""
    found = paired("r2" if metric in (*REGRESSIONS, "neg_median_absolute_error") else metric, clusters, rows)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    took = seconds(lambda: paired_test(found, metric, SEED, 0.95, 0.02))
    print(f"| `{metric}` | {took:.1f} s | {before:,.0f} MB | {status('VmHWM') - before:,.0f} MB |", flush=True)


def print_memory() -> None:
    """Runs each metric in a process of its own."""
    print("| metric, 100,000 x 100 rows | the whole test | memory before | more than that |")
    print("|---|---|---|---|", flush=True)
    for metric in ("r2", "neg_log_loss", "accuracy", "f1_macro", "roc_auc"):
        subprocess.run([sys.executable, "-m", "benchmarks.resampling", "--one", metric], check=True)


# --- cross-fitting ----------------------------------------------------------------------------------------


def datasets_of(count: int) -> Table:
    """Returns the table of so many students."""
    texts = [text.encode() for text in students.datasets(count, "steady", 3)]
    names = [Dataset(f"d/{place}.csv", hashlib.sha256(text).hexdigest()) for place, text in enumerate(texts)]
    return read(names, texts)[0]


def print_folds(rounds: int) -> None:
    """Fits five folds with one thread and with two."""
    print("| estimator | datasets, rows | one thread | two threads | one / two | processor time, two / one |")
    print("|---|---|---|---|---|---|", flush=True)
    for count in (220, 10_000):
        table = datasets_of(count)
        for title, settings in ESTIMATORS.items():
            print(folds_line(title, table, settings, rounds), flush=True)


def folds_line(title: str, table: Table, settings: dict[str, str], rounds: int) -> str:
    recipe = resolve_recipe(table, parse({"target": "score", **settings}, {}).training)
    valid, _ = validate(table, Requirements(recipe.outputs, recipe.features))
    everything = np.ones(len(valid.frame), dtype=bool)
    split = cross_fitting.split(valid, units.units_of(valid), everything, "salt", 0.2, 5)
    took: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(rounds):
        for threads, times in took.items():
            cross_fit = CrossFit(recipe, valid, split, Execution(Threads(threads)))
            used = time.process_time()
            wall = seconds(lambda cross_fit=cross_fit: cross_fit.predict_folds(None))  # type: ignore[misc]
            times.append((wall, time.process_time() - used))
    (one, cpu_one), (two, cpu_two) = (map(statistics.median, zip(*took[threads], strict=True)) for threads in (1, 2))
    return (
        f"| {title} | {len(table.datasets):,}, {len(valid.frame):,} | {one:.2f} s | {two:.2f} s | **{one / two:.2f}** "
        f"| {cpu_two / cpu_one:.2f} |"
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", type=int, default=200, help="resamples that the plain loop is timed on")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--folds", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    with threadpool_limits(limits=1):
        if given.one:
            print_memory_of(given.one, 100_000, 100)
        elif given.memory:
            print_memory()
        elif given.folds:
            print_folds(given.rounds)
        else:
            print_bootstrap(given.loop, given.rounds)


if __name__ == "__main__":
    main()
