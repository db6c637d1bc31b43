"""Does any part of the rows become worse although the whole becomes better? (decision.md, step 5)

A slice is the rows with one value of a column that the user names; numbers are cut into four parts of equal size. A
slice fails when it is worse by more than is tolerated, and that is probably no luck: one even chance of a false alarm
over all slices, with Holm's correction for their number (Holm 1979). At ten per cent, half of the slices that were
damaged by 8 % passed, since a slice has few datasets; and whoever names a slice wants it kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.records.evaluation import TOLERATED, SliceResult
from ml_action.core.text import sanitised
from ml_action.modelling.evaluation import bootstrap
from ml_action.modelling.reading import column_statistics

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MIN_DATASETS = 10
ALPHA = 0.5  # over all slices
MOST = 50  # values of a column: those of the most rows
PARTS = 4  # of a column of numbers with more values than that


def labels(columns: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Each column as words, a number's as the part that it lies in; missing values are a slice of their own."""
    return {name: _words(column).fillna("(missing)") for name, column in columns.items()}


def _words(column: pd.Series) -> pd.Series:
    if not column_statistics.is_number(column) or column.nunique() <= PARTS:
        return column_statistics.words(column)
    edges = np.unique(np.quantile(column.dropna(), np.linspace(0, 1, PARTS + 1)))
    said = np.array([f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)], dtype=object)
    place = np.clip(np.searchsorted(edges, column, "left") - 1, 0, len(said) - 1)
    return pd.Series(said[place], index=column.index, dtype="str").where(column.notna())


def compare_slices(
    named: Mapping[str, pd.Series], challenger: Floats, opponent: Floats, cluster: Integers, seed: int
) -> tuple[SliceResult, ...]:
    """Every slice that enough datasets have rows in. `challenger`, `opponent`: loss per row."""
    found = [
        (name, str(value), *_compare(np.flatnonzero(words == value), challenger, opponent, cluster, seed))
        for name, words in named.items()
        for value in words.value_counts().index[:MOST]
    ]
    enough = [one for one in found if one[2] >= MIN_DATASETS]
    worse = _holm([p_value for *_, p_value in enough])
    return tuple(
        SliceResult(sanitised(name), sanitised(value, 40), datasets, gain, is_worse and gain < -TOLERATED)
        for (name, value, datasets, gain, _), is_worse in zip(enough, worse, strict=True)
    )


def _compare(
    rows: npt.NDArray[np.intp], challenger: Floats, opponent: Floats, cluster: Integers, seed: int
) -> tuple[int, float, float]:
    """Datasets, gain, and the p value of "it is not worse"."""
    _, group = np.unique(cluster[rows], return_inverse=True)
    count = int(group.max()) + 1 if len(group) else 0
    if count < MIN_DATASETS:
        return count, 0.0, 1.0
    ours, theirs = bootstrap.sums([challenger[rows], opponent[rows]], group.astype(np.int64), count).T
    block = bootstrap.blocks(count, bootstrap.BLOCKS, seed)
    spared = np.bincount(block, weights=theirs - ours).astype(np.float64)
    _, p_worse = bootstrap.sign_flip(spared, seed)
    total = float(theirs.sum())
    return count, float((total - ours.sum()) / total) if total > 0 else float(np.sign(-ours.sum())), p_worse


def _holm(p_values: Sequence[float]) -> list[bool]:
    """Which hypotheses fall, at `ALPHA` over all of them."""
    fallen = [False] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] > ALPHA / (len(p_values) - rank):
            break
        fallen[place] = True
    return fallen
