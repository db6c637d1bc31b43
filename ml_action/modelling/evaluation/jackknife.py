"""A metric on all rows, and without each of up to 100 blocks of clusters: what its pseudo-values are made of.

Any scorer can be asked a hundred times, and on a million rows that takes minutes. Two ways around it give the same
figures. A metric of labels does not care which of the rows it is that are alike in target and answer: they are one row
that counts so many times. And the area under the ROC curve is a share of pairs (Mann & Whitney 1947), so that the pairs
of a block can be taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling.evaluation import metrics, scoring
from ml_action.modelling.evaluation.metrics import Metric
from ml_action.modelling.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BLOCKS = 100
MOST_KINDS = 10_000  # of rows; where there are more, counting them gains nothing


def leave_one_out_scores(
    metric: str, said: Predictions, target: npt.NDArray[Any], block: Integers, weight: Floats | None
) -> Floats:
    """(1 + K,): the metric on all rows, and without each block 0 to K - 1; NaN where it has no finite value."""
    asked, count = metrics.get_metric(metric), int(block.max()) + 1
    if _is_auc(asked, said, target):
        return _of_pairs(_values(said), target == said.classes[1], block, count, weight)  # type: ignore[index]
    alike = _alike(said, target) if asked.of_labels and asked.weighted else None
    if alike is None:
        answers = _one_by_one(metric, said, target, block, weight)
    else:
        answers = _of_kinds(metric, said, target, alike, block, weight)
    return np.fromiter(answers, dtype=np.float64, count=1 + count)


def _score(metric: str, *asked: Any) -> float:
    try:
        return scoring.score(metric, *asked)
    except scoring.Unscorable:
        return float("nan")


def _one_by_one(
    metric: str, said: Predictions, target: npt.NDArray[Any], block: Integers, weight: Floats | None
) -> Iterator[float]:
    yield _score(metric, said, target, None, weight)
    for left_out in range(int(block.max()) + 1):
        yield _score(metric, said, target, np.flatnonzero(block != left_out), weight)


# --- metrics of labels ------------------------------------------------------------------------------------


def _alike(said: Predictions, target: npt.NDArray[Any]) -> tuple[Integers, Integers] | None:
    """Per row its kind, and a row of each kind; None where there are too many."""
    true, label = (pd.factorize(values) for values in (target, said.label))
    kinds = len(true[1]) * len(label[1])
    if kinds > MOST_KINDS:
        return None
    kind = true[0] * len(label[1]) + label[0]
    first = np.full(kinds, -1, dtype=np.int64)
    first[kind[::-1]] = np.arange(len(kind))[::-1]
    met = first >= 0
    return (np.cumsum(met) - 1)[kind], first[met]


def _of_kinds(
    metric: str,
    said: Predictions,
    target: npt.NDArray[Any],
    alike: tuple[Integers, Integers],
    block: Integers,
    weight: Floats | None,
) -> Iterator[float]:
    kind, first = alike
    shape = (int(block.max()) + 1, len(first))
    place = block * len(first) + kind
    there = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    heavy = np.bincount(place, weights=weight, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    few, truth = Predictions(said.label[first], None, None, said.classes), target[first]
    for gone in (None, *range(shape[0])):
        left = there.sum(axis=0) - (0 if gone is None else there[gone])
        rest = heavy.sum(axis=0) - (0 if gone is None else heavy[gone])
        # a kind that is not met any more is no kind: macro averages count the classes that there are
        yield _score(metric, few, truth, np.flatnonzero(left), rest)


# --- the area under the ROC curve -------------------------------------------------------------------------


def _is_auc(asked: Metric, said: Predictions, target: npt.NDArray[Any]) -> bool:
    of_two = said.classes is not None and len(said.classes) == 2 and np.isin(target, said.classes).all()
    return asked.name == "roc_auc" and bool(of_two) and (said.decision is not None or said.probability is not None)


def _values(said: Predictions) -> Floats:
    """What rows are ordered by, as scikit-learn's scorer has it."""
    values = said.decision if said.decision is not None else said.probability[:, 1]  # type: ignore[index]
    return np.asarray(values, dtype=np.float64)


def _of_pairs(
    values: Floats, positive: npt.NDArray[np.bool_], block: Integers, count: int, weight: Floats | None
) -> Floats:
    """The share of pairs of a positive and a negative row that are in order, ties for a half."""
    weight = np.ones(len(values)) if weight is None else weight
    one, other = np.where(positive, weight, 0.0), np.where(positive, 0.0, weight)
    order, together = np.argsort(values, kind="stable"), np.zeros(len(values), dtype=np.int64)
    above = _pairs_won(values, one, other, order, together)
    below = _pairs_won(-values, other, one, order[::-1], together)
    within = _pairs_won(values, one, other, order[np.argsort(block[order], kind="stable")], block)
    won = above.sum() - _per_block(above + below - within, block, count)
    pairs = np.prod([side.sum() - _per_block(side, block, count) for side in (one, other)], axis=0)
    met = [side.sum() - _per_block(side, block, count) for side in (positive, ~positive)]
    return np.asarray(np.divide(won, pairs, out=np.full(1 + count, np.nan), where=np.minimum(*met) > 0))


def _per_block(values: npt.NDArray[Any], block: Integers, count: int) -> Floats:
    """(1 + K,): what is left out with nothing, and with each block."""
    return np.concatenate([[0.0], np.bincount(block, weights=values, minlength=count)])


def _pairs_won(values: Floats, one: Floats, other: Floats, order: Integers, group: Integers) -> Floats:
    """Per row: its weight in `one` times the weight in `other` of its group's rows below it, ties for a half.

    `order`: the rows by group and then by value.
    """
    new_group, new_tie = np.ones(len(order), dtype=bool), np.ones(len(order), dtype=bool)
    new_group[1:] = np.diff(group[order]) != 0
    new_tie[1:] = new_group[1:] | (np.diff(values[order]) != 0)
    upto = np.concatenate([[0.0], np.cumsum(other[order])])
    starts, firsts = np.flatnonzero(new_tie), np.flatnonzero(new_group)
    ties, runs = (np.diff(np.append(places, len(order))) for places in (starts, firsts))
    # half of what is up to the tie's begin and half of what is up to its end: what is tied counts for a half
    won = np.repeat((upto[starts] + upto[starts + ties]) / 2, ties) - np.repeat(upto[firsts], runs)
    won *= one[order]
    found = np.empty(len(order))
    found[order] = won
    return found
