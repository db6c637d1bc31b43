"""Tests if the difference of two models is real: by sums per cluster if the metric has them, else by the jackknife.

S is the opponent's loss summed over a cluster, D its difference from the challenger's. The gain is ΣD / ΣS
(docs/decision.md, step 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.core.records.evaluation import Interval
from ml_action.modelling.evaluation import bootstrap, jackknife, losses, metric_lookup
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.predictions import perfect

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-12  # of two losses: a smaller difference is a rounding error
_ROWS, _CHALLENGER, _BASELINE, _OPPONENT = 0, -3, -2, -1  # columns of the sums
_NAN = float("nan")
_UNKNOWN = Interval(_NAN, _NAN)


@dataclass(frozen=True)
class PairedTest:
    """The challenger against its opponent and against the dummy. NaN: unknown."""

    improvement: Interval
    gain_point: float
    gain: Interval
    p_value: float
    p_worse: float
    p_not_worse: float
    p_baseline: float


def paired_test(paired: PairedPredictions, metric: str, seed: int, confidence: float, margin: float) -> PairedTest:
    """Tests the challenger by one metric.

    Args:
        paired: The predictions.
        metric: The name of the metric.
        seed: Determines flips, resamples and blocks.
        confidence: Of each end of the intervals.
        margin: How much worse still counts as "not worse", as a share of the opponent's error.
    """
    loss = losses.loss_for(metric, paired.target, paired.weight)
    if loss is None:
        return _by_jackknife(paired, metric, seed, confidence, margin)
    return _from_sums(paired, loss, metric, seed, confidence, margin)


def snap_to_zero(difference: Floats, *of: Floats) -> Floats:
    """Sets differences to 0 that are only rounding errors: they vary between machines."""
    size = np.sum([np.abs(value) for value in of], axis=0)
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)


# --- sums per cluster -------------------------------------------------------------------------------------


def _from_sums(
    paired: PairedPredictions, loss: losses.Loss, metric: str, seed: int, confidence: float, margin: float
) -> PairedTest:
    """Tests by a loss that is a sum over rows."""
    totals = totals_of(paired, loss, metric, seed)
    challenger, baseline, opponent = totals[:, _CHALLENGER:].T
    better = bootstrap.sign_flip(snap_to_zero(opponent - challenger, opponent, challenger), seed)
    not_worse = bootstrap.sign_flip((1 + margin) * opponent - challenger, seed)
    beats_dummy = bootstrap.sign_flip(snap_to_zero(baseline - challenger, baseline, challenger), seed)
    improvement, gain = bootstrap.intervals(totals, [improvement_of(metric), _gain], confidence, seed)
    point = float(_gain(totals.sum(axis=0, keepdims=True))[0])
    return PairedTest(improvement, point, gain, better.above, better.below, not_worse.above, beats_dummy.above)


def totals_of(paired: PairedPredictions, loss: losses.Loss, metric: str, seed: int) -> Floats:
    """Returns (blocks, q): rows, the sums that r2 needs, and last the loss of each compared model, per block."""
    block = bootstrap.blocks(paired.datasets, bootstrap.BLOCKS, seed)
    values = _values(paired, loss, metric)
    weighted = (value if paired.weight is None else value * paired.weight for value in values)
    return bootstrap.sums(weighted, block[paired.cluster], int(block.max()) + 1)


def _values(paired: PairedPredictions, loss: losses.Loss, metric: str) -> Iterator[Floats]:
    """Yields one array at a time, so that ten million rows are in memory once and not ten times."""
    yield np.ones(len(paired.target))
    if metric == "r2":
        yield from _values_of_r2(paired)
    yield from (loss(predictions, paired.target) for predictions in paired.compared)


def _values_of_r2(paired: PairedPredictions) -> Iterator[Floats]:
    """Yields the targets, their squares, and the squared errors of the challenger and of the opponent.

    The targets are centred, so that the difference of squares does not cancel; r2 does not depend on the origin.
    """
    target = _columns(paired.target)
    middle = np.average(target, axis=0, weights=paired.weight)
    centred = target - middle
    varies = np.average(np.square(centred), axis=0, weights=paired.weight) > losses.CONSTANT * np.square(middle)
    centred[:, ~varies] = 0.0
    yield from centred.T
    yield from np.square(centred).T
    for predictions in (paired.challenger, paired.opponent):
        yield from np.square(target - _columns(predictions.label)).T


def _columns(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.reshape(len(values), -1)


def improvement_of(metric: str) -> bootstrap.Statistic:
    """Returns the statistic of the metric's difference (greater is better) from the sums of resamples."""
    return {"r2": _r2_difference, "neg_root_mean_squared_error": _rmse_difference}.get(metric, _mean_difference)


def _mean_difference(sums: Floats) -> Floats:
    return (sums[:, _OPPONENT] - sums[:, _CHALLENGER]) / sums[:, _ROWS]


def _rmse_difference(sums: Floats) -> Floats:
    rows = sums[:, _ROWS]
    difference: Floats = np.sqrt(sums[:, _OPPONENT] / rows) - np.sqrt(sums[:, _CHALLENGER] / rows)
    return difference


def _r2_difference(sums: Floats) -> Floats:
    """Returns the mean over the targets. A constant target has no r2 and counts as no difference."""
    targets, squares, challenger, opponent = np.split(sums[:, 1:_CHALLENGER], 4, axis=1)
    spread = squares - np.square(targets) / sums[:, [_ROWS]]
    varies = spread > ROUNDING * squares
    found = np.divide(opponent - challenger, spread, out=np.zeros_like(spread), where=varies)
    return np.asarray(found.mean(axis=1), dtype=np.float64)


def _gain(sums: Floats) -> Floats:
    return _ratio(sums[:, _OPPONENT] - sums[:, _CHALLENGER], sums[:, _OPPONENT])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Returns part / whole; where the whole is 0, the sign of the part."""
    return np.divide(part, whole, out=np.sign(part), where=whole > 0)


# --- the jackknife ----------------------------------------------------------------------------------------


def _by_jackknife(paired: PairedPredictions, metric: str, seed: int, confidence: float, margin: float) -> PairedTest:
    """Tests by any other metric: delete-a-block jackknife pseudo-values of the difference take the place of sums.

    If a block cannot be left out (it has all rows of a class), the variance of the metric is unknown.
    """
    block = bootstrap.blocks(paired.datasets, jackknife.BLOCKS, seed)[paired.cluster]
    best = metric_lookup.get_metric(metric).best
    scored = [*paired.compared, *([] if best is not None else [perfect(paired.target)])]
    challenger, baseline, opponent, *limit = (
        jackknife.leave_one_out_scores(metric, predictions, paired.target, block, paired.weight)
        for predictions in scored
    )
    improved = snap_to_zero(challenger - opponent, challenger, opponent)
    share = _share(improved, opponent, limit[0] if limit else np.full(len(improved), best))
    if not np.isfinite([*improved, *share]).all():
        return PairedTest(_UNKNOWN, _NAN, _UNKNOWN, _NAN, _NAN, _NAN, _NAN)
    pseudo = [bootstrap.pseudo_values(float(values[0]), values[1:]) for values in (improved, share)]
    better, not_worse = bootstrap.sign_flip(pseudo[0], seed), bootstrap.sign_flip(pseudo[1] + margin, seed)
    p_baseline = _p_baseline(snap_to_zero(challenger - baseline, challenger, baseline), seed)
    means = np.column_stack(pseudo) / len(pseudo[0])
    statistics: list[bootstrap.Statistic] = [lambda sums: sums[:, 0], lambda sums: sums[:, 1]]
    improvement, gain = bootstrap.intervals(means, statistics, confidence, seed)
    return PairedTest(improvement, float(share[0]), gain, better.above, better.below, not_worse.above, p_baseline)


def _share(improved: Floats, opponent: Floats, best: Floats) -> Floats:
    """Returns the gain as a share of the opponent's error, which is its distance from a perfect score.

    Without a finite perfect score, it is a share of the opponent's score itself.
    """
    return _ratio(improved, np.where(np.isfinite(best), best - opponent, np.abs(opponent)))


def _p_baseline(improved: Floats, seed: int) -> float:
    if not np.isfinite(improved).all():
        return _NAN
    return bootstrap.sign_flip(bootstrap.pseudo_values(float(improved[0]), improved[1:]), seed).above
