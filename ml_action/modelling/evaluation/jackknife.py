"""A metric on all rows and without each of up to 100 blocks of clusters: the jackknife's pseudo-values need both.

Calling a scorer a hundred times works for any metric, but takes minutes on a million rows. Two shortcuts give the same
values. A metric of labels depends only on how many rows have each pair of target and label, so that equal rows are
scored once with their number as a weight. And the area under the ROC curve is a share of pairs (Mann & Whitney 1947),
from which the pairs of a block can be subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.evaluation import metric_lookup, scoring
from ml_action.modelling.evaluation.metric_lookup import Metric
from ml_action.modelling.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BLOCKS = 100
MOST_KINDS = 10_000  # pairs of target and label; with more, counting them saves no time


def leave_one_out_scores(
    metric: str, predictions: Predictions, target: npt.NDArray[Any], block: Integers, weight: Floats | None
) -> Floats:
    """Returns (1 + K,): the metric on all rows, and without each block 0 to K - 1; NaN where it is not finite."""
    known, count = metric_lookup.get_metric(metric), int(block.max()) + 1
    if _is_auc(known, predictions, target):
        return _auc_by_pairs(_values(predictions), target == predictions.classes[1], block, count, weight)  # type: ignore[index]
    kinds = _kinds(predictions, target) if known.of_labels and known.weighted else None
    if kinds is None:
        scores = _one_by_one(metric, predictions, target, block, weight)
    else:
        scores = _by_kind(metric, predictions, target, kinds, _Blocks(block, weight))
    return np.fromiter(scores, dtype=np.float64, count=1 + count)


def _score(metric: str, *arguments: Any) -> float:
    try:
        return scoring.score(metric, *arguments)
    except scoring.Unscorable:
        return float("nan")


def _one_by_one(
    metric: str, predictions: Predictions, target: npt.NDArray[Any], block: Integers, weight: Floats | None
) -> Iterator[float]:
    yield _score(metric, predictions, target, None, weight)
    for left_out in range(int(block.max()) + 1):
        yield _score(metric, predictions, target, np.flatnonzero(block != left_out), weight)


# --- metrics of labels ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Kinds:
    """The distinct pairs of target and predicted label."""

    of_row: Integers
    example: Integers  # for each kind, the position of a row


@dataclass(frozen=True, eq=False)
class _Blocks:
    """The block of each row, and its weight."""

    of_row: Integers
    weight: Floats | None

    def totals(self, kind: Integers, kinds: int) -> _Totals:
        """Sums the rows by block and kind."""
        blocks = int(self.of_row.max()) + 1
        place = self.of_row * kinds + kind
        rows = np.bincount(place, minlength=blocks * kinds).reshape(blocks, kinds)
        weights = np.bincount(place, weights=self.weight, minlength=blocks * kinds).reshape(blocks, kinds)
        return _Totals(rows, weights.astype(np.float64))


@dataclass(frozen=True, eq=False)
class _Totals:
    """(blocks, kinds): how many rows of a kind are in a block, and their weight."""

    rows: Integers
    weights: Floats


def _kinds(predictions: Predictions, target: npt.NDArray[Any]) -> _Kinds | None:
    """Returns the kinds of rows; None if there are too many."""
    true, label = (pd.factorize(values) for values in (target, predictions.label))
    kinds = len(true[1]) * len(label[1])
    if kinds > MOST_KINDS:
        return None
    kind = true[0] * len(label[1]) + label[0]
    first = np.full(kinds, -1, dtype=np.int64)
    first[kind[::-1]] = np.arange(len(kind))[::-1]
    present = first >= 0
    return _Kinds((np.cumsum(present) - 1)[kind], first[present])


def _by_kind(
    metric: str, predictions: Predictions, target: npt.NDArray[Any], kinds: _Kinds, blocks: _Blocks
) -> Iterator[float]:
    totals = blocks.totals(kinds.of_row, len(kinds.example))
    examples = Predictions(predictions.label[kinds.example], None, None, predictions.classes)
    truth = target[kinds.example]
    for left_out in (None, *range(len(totals.rows))):
        rows = totals.rows.sum(axis=0) - (0 if left_out is None else totals.rows[left_out])
        weights = totals.weights.sum(axis=0) - (0 if left_out is None else totals.weights[left_out])
        # A kind without rows is left out: macro averages count the classes that are present.
        yield _score(metric, examples, truth, np.flatnonzero(rows), weights)


# --- the area under the ROC curve -------------------------------------------------------------------------


def _is_auc(metric: Metric, predictions: Predictions, target: npt.NDArray[Any]) -> bool:
    classes = predictions.classes
    is_binary = classes is not None and len(classes) == 2 and np.isin(target, classes).all()
    is_ranked = predictions.decision is not None or predictions.probability is not None
    return metric.name == "roc_auc" and bool(is_binary) and is_ranked


def _values(predictions: Predictions) -> Floats:
    """Returns the values by which scikit-learn's scorer orders the rows."""
    values = predictions.decision if predictions.decision is not None else predictions.probability[:, 1]  # type: ignore[index]
    return np.asarray(values, dtype=np.float64)


def _auc_by_pairs(
    values: Floats, positive: npt.NDArray[np.bool_], block: Integers, count: int, weight: Floats | None
) -> Floats:
    """Returns the share of pairs of a positive and a negative row that are in order; a tie counts as a half."""
    weight = np.ones(len(values)) if weight is None else weight
    one, other = np.where(positive, weight, 0.0), np.where(positive, 0.0, weight)
    order, together = np.argsort(values, kind="stable"), np.zeros(len(values), dtype=np.int64)
    above = _pairs_won(values, one, other, order, together)
    below = _pairs_won(-values, other, one, order[::-1], together)
    within = _pairs_won(values, one, other, order[np.argsort(block[order], kind="stable")], block)
    won = above.sum() - _per_block(above + below - within, block, count)
    pairs = np.prod([side.sum() - _per_block(side, block, count) for side in (one, other)], axis=0)
    present = [side.sum() - _per_block(side, block, count) for side in (positive, ~positive)]
    return np.asarray(np.divide(won, pairs, out=np.full(1 + count, np.nan), where=np.minimum(*present) > 0))


def _per_block(values: npt.NDArray[Any], block: Integers, count: int) -> Floats:
    """Returns (1 + K,): the sum that is left out with no block, and with each block."""
    return np.concatenate([[0.0], np.bincount(block, weights=values, minlength=count)])


def _pairs_won(values: Floats, one: Floats, other: Floats, order: Integers, group: Integers) -> Floats:
    """Returns per row its weight in `one` times the weight in `other` of the rows of its group below it.

    A tie counts as a half. `order` lists the rows by group, and then by value.
    """
    new_group, new_tie = np.ones(len(order), dtype=bool), np.ones(len(order), dtype=bool)
    new_group[1:] = np.diff(group[order]) != 0
    new_tie[1:] = new_group[1:] | (np.diff(values[order]) != 0)
    upto = np.concatenate([[0.0], np.cumsum(other[order])])
    starts, firsts = np.flatnonzero(new_tie), np.flatnonzero(new_group)
    ties, runs = (np.diff(np.append(places, len(order))) for places in (starts, firsts))
    # The mean of the sums up to the start and up to the end of a tie, so that tied rows count as a half.
    won = np.repeat((upto[starts] + upto[starts + ties]) / 2, ties) - np.repeat(upto[firsts], runs)
    won *= one[order]
    found = np.empty(len(order))
    found[order] = won
    return found
