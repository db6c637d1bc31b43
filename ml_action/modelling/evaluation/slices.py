"""Tests whether a part of the rows becomes worse although the whole becomes better (docs/decision.md, step 5).

A slice is the rows with one value of a column that the user names; numbers are cut into four parts of equal size. A
slice fails if it is worse by more than the tolerance and if that is probably not chance. The chance of a false alarm
is 50 % over all slices, with Holm's correction for their number (Holm 1979): at 10 %, half of the slices that were
damaged by 8 % passed, because a slice has few datasets, and a user who names a slice wants to protect it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.core.formatting import sanitised
from ml_action.core.records.evaluation import TOLERATED, SliceResult
from ml_action.modelling.evaluation import bootstrap
from ml_action.modelling.reading import column_statistics

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MIN_DATASETS = 10
ALPHA = 0.5  # over all slices
MOST = 50  # values of a column: those with the most rows
PARTS = 4  # of a column of numbers with more values than that


def labels(columns: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Returns each column as text, numbers as the range that they are in; missing values are a slice of their own."""
    return {name: _text(column).fillna("(missing)") for name, column in columns.items()}


def _text(column: pd.Series) -> pd.Series:
    if not column_statistics.is_number(column) or column.nunique() <= PARTS:
        return column_statistics.as_text(column)
    edges = np.unique(np.quantile(column.dropna(), np.linspace(0, 1, PARTS + 1)))
    ranges = np.array([f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)], dtype=object)
    place = np.clip(np.searchsorted(edges, column, "left") - 1, 0, len(ranges) - 1)
    return pd.Series(ranges[place], index=column.index, dtype="str").where(column.notna())


def numbered(columns: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Returns each column with `value 1`, `value 2` ... in place of its slices, in their order: no cell is named."""
    return {name: _numbered(column) for name, column in columns.items()}


def _numbered(column: pd.Series) -> pd.Series:
    codes, values = pd.factorize(_text(column), sort=True)
    known = np.array([*(f"value {place + 1}" for place in range(len(values))), None], dtype=object)
    return pd.Series(known[codes], index=column.index, dtype="str")


def compare_slices(
    named: Mapping[str, pd.Series], challenger: Floats, opponent: Floats, cluster: Integers, seed: int
) -> tuple[SliceResult, ...]:
    """Compares the models on every slice of enough datasets.

    Args:
        named: The label of each row, by column.
        challenger: Its loss per row.
        opponent: Its loss per row.
        cluster: The dataset of each row.
        seed: Determines flips and blocks.
    """
    tests = [
        (name, str(value), _test(np.flatnonzero(labels == value), challenger, opponent, cluster, seed))
        for name, labels in named.items()
        for value in labels.value_counts().index[:MOST]
    ]
    enough = [(name, value, test) for name, value, test in tests if test.datasets >= MIN_DATASETS]
    worse = _holm([test.p_worse for *_, test in enough])
    return tuple(
        SliceResult(
            sanitised(name), sanitised(value, 40), test.datasets, test.gain, is_worse and test.gain < -TOLERATED
        )
        for (name, value, test), is_worse in zip(enough, worse, strict=True)
    )


@dataclass(frozen=True)
class _SliceTest:
    """How the models compare on one slice."""

    datasets: int
    gain: float = 0.0
    p_worse: float = 1.0  # of the hypothesis that the challenger is not worse


def _test(rows: npt.NDArray[np.intp], challenger: Floats, opponent: Floats, cluster: Integers, seed: int) -> _SliceTest:
    """Tests the rows of one slice, if enough datasets have some."""
    _, group = np.unique(cluster[rows], return_inverse=True)
    count = int(group.max()) + 1 if len(group) else 0
    if count < MIN_DATASETS:
        return _SliceTest(count)
    ours, theirs = bootstrap.sums([challenger[rows], opponent[rows]], group.astype(np.int64), count).T
    block = bootstrap.blocks(count, bootstrap.BLOCKS, seed)
    saved = np.bincount(block, weights=theirs - ours).astype(np.float64)
    total = float(theirs.sum())
    gain = float((total - ours.sum()) / total) if total > 0 else float(np.sign(-ours.sum()))
    return _SliceTest(count, gain, bootstrap.sign_flip(saved, seed).below)


def _holm(p_values: Sequence[float]) -> list[bool]:
    """Returns which hypotheses are rejected, at `ALPHA` over all of them."""
    rejected = [False] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[place] > ALPHA / (len(p_values) - rank):
            break
        rejected[place] = True
    return rejected
