"""Resampling and cross-fitting: ours against the plain loop that calls scikit-learn's metric on each resample.

`python -m benchmarks.resampling` prints the table of the bootstrap; `--memory` that of ten million rows, each metric in
a process of its own; `--folds` that of cross-fitting with one job and with two.

The plain loop draws clusters, puts their rows together and calls the metric for both models. It is timed on a few
resamples, in turn with ours, and multiplied: each one costs the same. Where both draw the same resamples, the figures
of all of them are compared one by one.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import metrics
from threadpoolctl import threadpool_limits

from ml_action.commands.demo import students
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.evaluation import bootstrap, losses, paired_test
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.paired_test import paired_test as contest
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.reading import table as frames
from ml_action.modelling.training import cross_fitting, units
from ml_action.modelling.training import recipe as resolution
from ml_action.modelling.validation import datasets
from ml_action.modelling.validation.requirements import Requirements

SEED = 0
RESAMPLES = 10_000
CLASSES = np.array([0, 1])
LOOPS: dict[str, Callable[[Any, Predictions, Any], float]] = {
    "neg_mean_squared_error": lambda y, said, rows: -metrics.mean_squared_error(y, said.label[rows]),
    "r2": lambda y, said, rows: metrics.r2_score(y, said.label[rows]),
    "accuracy": lambda y, said, rows: metrics.accuracy_score(y, said.label[rows]),
    "neg_log_loss": lambda y, said, rows: -metrics.log_loss(y, said.probability[rows], labels=CLASSES),
    "roc_auc": lambda y, said, rows: metrics.roc_auc_score(y, said.probability[rows, 1]),
}
REGRESSIONS = ("neg_mean_squared_error", "r2")
ESTIMATORS = {
    "LinearRegression": ("sklearn.linear_model.LinearRegression", {}),
    "RandomForest, 20 trees": ("sklearn.ensemble.RandomForestRegressor", {"n_estimators": 20}),
    "HistGradientBoosting": ("sklearn.ensemble.HistGradientBoostingRegressor", {}),
}


def judged(metric: str, clusters: int, rows: int) -> PairedPredictions:
    """Three models of different worth on the same rows."""
    rng, count = np.random.default_rng(SEED), clusters * rows
    cluster = np.repeat(np.arange(clusters), rows)
    widths = (1.0, 3.0, 1.05)
    if metric in REGRESSIONS:
        target = rng.normal(10, 3, count)
        return PairedPredictions(
            target, cluster, *(Predictions(target + rng.normal(0, width, count)) for width in widths)
        )
    chance = rng.uniform(0.05, 0.95, count)
    target = (rng.uniform(size=count) < chance).astype(np.int64)
    said = []
    for width in widths:
        guess = np.clip(chance + rng.normal(0, width / 10, count), 0.01, 0.99)
        said.append(Predictions((guess > 0.5).astype(np.int64), np.column_stack([1 - guess, guess]), None, CLASSES))
    return PairedPredictions(target, cluster, *said)


def ours(found: PairedPredictions, metric: str, count: int = RESAMPLES) -> Any:
    """From the predictions to the interval."""
    loss = losses.loss_for(metric, found.target)
    if loss is None:
        return contest(found, metric, SEED, 0.95, 0.02).improvement
    totals = paired_test.totals_of(found, loss, metric, SEED)
    return bootstrap.intervals(totals, [paired_test.improvement_of(metric)], 0.95, SEED, count)[0]


def loop(found: PairedPredictions, metric: str, drawn: Iterator[Any]) -> list[float]:
    """The plain loop, over resamples that are given as counts of clusters."""
    score = LOOPS[metric]
    rows_of = np.split(np.arange(len(found.target)), np.flatnonzero(np.diff(found.cluster)) + 1)
    improvements = []
    for counts in drawn:
        rows = np.concatenate([rows_of[place] for place in np.repeat(np.arange(len(counts)), counts.astype(int))])
        target = found.target[rows]
        improvements.append(score(target, found.challenger, rows) - score(target, found.opponent, rows))
    return improvements


def draws(clusters: int, count: int) -> Iterator[Any]:
    """As many resamples as are wanted, of the very ones that ours draws."""
    left = count
    for chunk in bootstrap.resamples(clusters, SEED, count):
        yield from chunk[:left]
        left -= len(chunk[:left])


def seconds(what: Callable[[], Any]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def apart(found: PairedPredictions, metric: str, count: int) -> float:
    """The largest difference between the two ways over the same resamples."""
    loss = losses.loss_for(metric, found.target)
    assert loss is not None
    totals = paired_test.totals_of(found, loss, metric, SEED)
    statistic = paired_test.improvement_of(metric)
    each = np.array([statistic(counts[None, :] @ totals)[0] for counts in draws(found.datasets, count)])
    plain = np.array(loop(found, metric, draws(found.datasets, count)))
    return float(np.abs(each - plain).max())


def table(few: int, rounds: int) -> None:
    """One line per metric and size."""
    print("| metric, clusters x rows, resamples | ours | plain loop | loop / ours | largest difference | aim |")
    print("|---|---|---|---|---|---|", flush=True)
    sizes = ((1_000, 20), (100_000, 5))
    plan = [(metric, *size, RESAMPLES) for size in sizes for metric in LOOPS if metric != "roc_auc"]
    for metric, clusters, rows, count in (*plan, ("roc_auc", 1_000, 20, 1_000), ("roc_auc", 100_000, 5, 1_000)):
        found = judged(metric, clusters, rows)
        ours(found, metric, count)  # what is imported and allocated once
        tried = few if clusters == sizes[0][0] else max(2, few // 20)
        pairs = []
        for _ in range(rounds):
            one = seconds(lambda found=found, metric=metric, count=count: ours(found, metric, count))
            each = seconds(lambda found=found, metric=metric, n=tried: loop(found, metric, draws(found.datasets, n)))
            pairs.append((one, each / tried * count))
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        same = f"{apart(found, metric, few):.0e}" if metric != "roc_auc" and clusters == sizes[0][0] else "–"
        small = clusters == sizes[0][0]
        aim = ("≤ 5 s" if small else "–") if metric == "roc_auc" else "≤ 1e-9" if small else "≤ 1 s, ≥ 200"
        print(
            f"| `{metric}`, {clusters:,} x {rows}, {count:,} | **{mine:.2f} s** | {theirs:,.0f} s | **{ratio:,.0f}** | "
            f"{same} | {aim} |",
            flush=True,
        )


# --- ten million rows -------------------------------------------------------------------------------------


def held(name: str) -> float:
    """A figure of this process's memory, in megabytes: VmRSS is now, VmHWM the most since it was forgotten (Linux)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in status if line.startswith(name))) / 1024


def one_of_memory(metric: str, clusters: int, rows: int) -> None:
    """A whole contest in this process."""
    found = judged("r2" if metric in (*REGRESSIONS, "neg_median_absolute_error") else metric, clusters, rows)
    before = held("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the most so far
    took = seconds(lambda: contest(found, metric, SEED, 0.95, 0.02))
    print(f"| `{metric}` | {took:.1f} s | {before:,.0f} MB | {held('VmHWM') - before:,.0f} MB |", flush=True)


def memory() -> None:
    """Each metric in a process of its own."""
    print("| metric, 100,000 x 100 rows | the whole contest | held before | on top of it |")
    print("|---|---|---|---|", flush=True)
    for metric in ("r2", "neg_log_loss", "accuracy", "f1_macro", "roc_auc"):
        subprocess.run([sys.executable, __file__, "--one", metric], check=True)


# --- cross-fitting ----------------------------------------------------------------------------------------


def folds(rounds: int) -> None:
    """Five folds with one job and with two."""
    print("| estimator | datasets, rows | one job | two jobs | one / two | processor time, two / one |")
    print("|---|---|---|---|---|---|", flush=True)
    for count in (220, 10_000):
        texts = [text.encode() for text in students.datasets(count, "steady", 3)]
        names = [Dataset(f"d/{place}.csv", hashlib.sha256(text).hexdigest()) for place, text in enumerate(texts)]
        read = frames.read(names, texts)[0]
        for title, (path, params) in ESTIMATORS.items():
            recipe = resolution.resolve_recipe(
                read, targets=("score",), features=(), task="auto", estimator=path, params=params, metric="auto",
                seed=SEED,
            )  # fmt: skip
            sound, _ = datasets.validate(read, Requirements(recipe.outputs, recipe.features))
            parts = cross_fitting.split(
                sound, units.units_of(sound), np.ones(len(sound.frame), dtype=bool), "salt", 0.2, 5
            )
            took: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
            for _ in range(rounds):
                for jobs in took:
                    used = time.process_time()
                    wall = seconds(
                        lambda r=recipe, s=sound, p=parts, j=jobs: list(
                            cross_fitting._fitted(r, s, cross_fitting._folds(p), None, j)
                        )
                    )
                    took[jobs].append((wall, time.process_time() - used))
            (one, cpu_one), (two, cpu_two) = (map(statistics.median, zip(*took[jobs], strict=True)) for jobs in (1, 2))
            print(
                f"| {title} | {count:,}, {len(sound.frame):,} | {one:.2f} s | {two:.2f} s | **{one / two:.2f}** | "
                f"{cpu_two / cpu_one:.2f} |",
                flush=True,
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
            one_of_memory(given.one, 100_000, 100)
        elif given.memory:
            memory()
        elif given.folds:
            folds(given.rounds)
        else:
            table(given.loop, given.rounds)


if __name__ == "__main__":
    main()
