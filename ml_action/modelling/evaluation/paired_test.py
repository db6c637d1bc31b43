"""Is the difference of two models real? From sums per cluster where the metric has them, else by the jackknife.

S is the opponent's loss summed over a cluster, D its difference to the challenger's; the gain is ΣD / ΣS
(docs/decision.md, step 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.core.records.evaluation import Interval
from ml_action.modelling.evaluation import bootstrap, jackknife, losses, metrics
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.predictions import perfect

Floats = npt.NDArray[np.float64]

ROUNDING = 1e-12  # of two losses: what differs by less does not differ
_ROWS, _CHALLENGER, _BASELINE, _OPPONENT = 0, -3, -2, -1  # columns of the sums
_NAN = float("nan")
_UNKNOWN = Interval(_NAN, _NAN)


@dataclass(frozen=True)
class PairedTest:
    """The challenger against its opponent, and whether it beats the dummy. NaN: it cannot be told."""

    improvement: Interval
    gain_point: float
    gain: Interval
    p_value: float
    p_worse: float
    p_not_worse: float
    p_baseline: float


def paired_test(judged: PairedPredictions, metric: str, seed: int, confidence: float, margin: float) -> PairedTest:
    """By one metric. `margin`: how much worse is not worse, as a share of the opponent's error."""
    loss = losses.loss_for(metric, judged.target, judged.weight)
    if loss is None:
        return _by_jackknife(judged, metric, seed, confidence, margin)
    return _from_sums(judged, loss, metric, seed, confidence, margin)


def snap_to_zero(difference: Floats, *of: Floats) -> Floats:
    """A difference that is nothing but rounding made 0: it depends on the machine, and proves nothing."""
    size = np.sum([np.abs(part) for part in of], axis=0)
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)


# --- sums per cluster -------------------------------------------------------------------------------------


def _from_sums(
    judged: PairedPredictions, loss: losses.Loss, metric: str, seed: int, confidence: float, margin: float
) -> PairedTest:
    """For metrics whose loss is a sum over rows."""
    totals = totals_of(judged, loss, metric, seed)
    challenger, baseline, opponent = totals[:, _CHALLENGER:].T
    p_value, p_worse = bootstrap.sign_flip(snap_to_zero(opponent - challenger, opponent, challenger), seed)
    p_not_worse, _ = bootstrap.sign_flip((1 + margin) * opponent - challenger, seed)
    p_baseline, _ = bootstrap.sign_flip(snap_to_zero(baseline - challenger, baseline, challenger), seed)
    improvement, gain = bootstrap.intervals(totals, [improvement_of(metric), _gain], confidence, seed)
    point = float(_gain(totals.sum(axis=0, keepdims=True))[0])
    return PairedTest(improvement, point, gain, p_value, p_worse, p_not_worse, p_baseline)


def totals_of(judged: PairedPredictions, loss: losses.Loss, metric: str, seed: int) -> Floats:
    """(blocks, q): rows, what the spread of r2 needs, and last the loss of each contestant, summed per block."""
    block = bootstrap.blocks(judged.datasets, bootstrap.BLOCKS, seed)
    values = _values(judged, loss, metric)
    weighed = (value if judged.weight is None else value * judged.weight for value in values)
    return bootstrap.sums(weighed, block[judged.cluster], int(block.max()) + 1)


def _values(judged: PairedPredictions, loss: losses.Loss, metric: str) -> Iterator[Floats]:
    """Array by array, so that ten million rows are held once and not ten times."""
    yield np.ones(len(judged.target))
    if metric == "r2":
        yield from _of_spread(judged)
    yield from (loss(said, judged.target) for said in judged.contestants)


def _of_spread(judged: PairedPredictions) -> Iterator[Floats]:
    """Per target: it, its square, and the squared errors of the challenger and the opponent, target by target.

    Centred, so that the difference of squares does not cancel; r2 does not mind where 0 is.
    """
    target = _columns(judged.target)
    middle = np.average(target, axis=0, weights=judged.weight)
    centred = target - middle
    varies = np.average(np.square(centred), axis=0, weights=judged.weight) > losses.CONSTANT * np.square(middle)
    centred[:, ~varies] = 0.0
    yield from centred.T
    yield from np.square(centred).T
    for said in (judged.challenger, judged.opponent):
        yield from np.square(target - _columns(said.label)).T


def _columns(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.reshape(len(values), -1)


def improvement_of(metric: str) -> bootstrap.Statistic:
    """The difference of the metric, greater is better, from sums of resamples."""
    return {"r2": _r2_difference, "neg_root_mean_squared_error": _rmse_difference}.get(metric, _mean_difference)


def _mean_difference(sums: Floats) -> Floats:
    return (sums[:, _OPPONENT] - sums[:, _CHALLENGER]) / sums[:, _ROWS]


def _rmse_difference(sums: Floats) -> Floats:
    rows = sums[:, _ROWS]
    difference: Floats = np.sqrt(sums[:, _OPPONENT] / rows) - np.sqrt(sums[:, _CHALLENGER] / rows)
    return difference


def _r2_difference(sums: Floats) -> Floats:
    """The mean over the targets; one that is the same in every row has no r2, and makes no difference."""
    targets, squares, challenger, opponent = np.split(sums[:, 1:_CHALLENGER], 4, axis=1)
    spread = squares - np.square(targets) / sums[:, [_ROWS]]
    varies = spread > ROUNDING * squares
    found = np.divide(opponent - challenger, spread, out=np.zeros_like(spread), where=varies)
    return np.asarray(found.mean(axis=1), dtype=np.float64)


def _gain(sums: Floats) -> Floats:
    return _ratio(sums[:, _OPPONENT] - sums[:, _CHALLENGER], sums[:, _OPPONENT])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole; where there is no whole to take a share of, all or nothing: -1, 0 or 1."""
    return np.divide(part, whole, out=np.sign(part), where=whole > 0)


# --- the jackknife ----------------------------------------------------------------------------------------


def _by_jackknife(judged: PairedPredictions, metric: str, seed: int, confidence: float, margin: float) -> PairedTest:
    """For any other metric: delete-a-block jackknife pseudo-values of the difference, then as above.

    Where a block cannot be left out (all rows of a class are in it), nothing is known of how the metric varies.
    """
    block = bootstrap.blocks(judged.datasets, jackknife.BLOCKS, seed)[judged.cluster]
    asked = [*judged.contestants, *([] if metrics.get_metric(metric).best is not None else [perfect(judged.target)])]
    challenger, baseline, opponent, *limit = (
        jackknife.leave_one_out_scores(metric, said, judged.target, block, judged.weight) for said in asked
    )
    better = snap_to_zero(challenger - opponent, challenger, opponent)
    share = _share(better, opponent, limit[0] if limit else np.full(len(better), metrics.get_metric(metric).best))
    if not np.isfinite([*better, *share]).all():
        return PairedTest(_UNKNOWN, _NAN, _UNKNOWN, _NAN, _NAN, _NAN, _NAN)
    pseudo = [bootstrap.pseudo_values(float(values[0]), values[1:]) for values in (better, share)]
    p_value, p_worse = bootstrap.sign_flip(pseudo[0], seed)
    p_not_worse, _ = bootstrap.sign_flip(pseudo[1] + margin, seed)
    p_baseline = _p_baseline(snap_to_zero(challenger - baseline, challenger, baseline), seed)
    means = np.column_stack(pseudo) / len(pseudo[0])
    statistics: list[bootstrap.Statistic] = [lambda sums: sums[:, 0], lambda sums: sums[:, 1]]
    improvement, gain = bootstrap.intervals(means, statistics, confidence, seed)
    return PairedTest(improvement, float(share[0]), gain, p_value, p_worse, p_not_worse, p_baseline)


def _share(better: Floats, opponent: Floats, best: Floats) -> Floats:
    """The gain as a share of the opponent's error, its distance from what a perfect model reaches.

    Where there is no such limit, as a share of the opponent's score itself.
    """
    return _ratio(better, np.where(np.isfinite(best), best - opponent, np.abs(opponent)))


def _p_baseline(better: Floats, seed: int) -> float:
    if not np.isfinite(better).all():
        return _NAN
    return bootstrap.sign_flip(bootstrap.pseudo_values(float(better[0]), better[1:]), seed)[0]
