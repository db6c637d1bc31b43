"""Two models on the same rows: the numbers that the gate decides by (docs/decision.md, steps 4 and 5).

S is the opponent's loss summed over a cluster, D its difference to the challenger's; the gain is ΣD / ΣS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.modelling import bootstrap, guards, losses, scoring, slices
from ml_action.modelling.predictions import Predictions
from ml_action.records import Comparison, Guarded, Guardrail, Interval, Policy, Recipe

Floats = npt.NDArray[np.float64]

_JACKKNIFE_BLOCKS = 100
# Columns of the sums; without a champion the dummy is both the baseline and the opponent.
_ROWS, _TARGET, _SQUARES, _CHALLENGER, _BASELINE, _OPPONENT = 0, 1, 2, 3, 4, -1


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows that neither model has seen, with what each says about them.

    `cluster`: per row the dataset it came from, 0 to G - 1, each met at least once. `reference`: the champion's mean
    loss on each dataset of its own holdout. `parts`: the columns that slices are cut by.
    """

    target: npt.NDArray[Any]
    cluster: npt.NDArray[np.int64]
    challenger: Predictions
    baseline: Predictions
    champion: Predictions | None
    reference: Floats | None = None
    parts: Mapping[str, pd.Series] = field(default_factory=dict)

    @property
    def contestants(self) -> tuple[Predictions, ...]:
        """The challenger, the dummy, and last the opponent: the champion, or the dummy when there is none."""
        return (self.challenger, self.baseline, *([] if self.champion is None else [self.champion]))

    @property
    def datasets(self) -> int:
        """G."""
        return int(self.cluster.max()) + 1


@dataclass(frozen=True)
class _Contest:
    """The challenger against its opponent, and whether it beats the dummy."""

    improvement: Interval
    gain_point: float
    gain: Interval
    p_value: float
    p_worse: float
    p_not_worse: float
    p_baseline: float


def compare(judged: Judged, recipe: Recipe, policy: Policy, champion: Mapping[str, float]) -> Comparison:
    """The comparison in full; `champion` are the champion's metrics, empty when there is none.

    Every score is of the pooled out-of-sample predictions, not a mean over folds. Raises scoring.Unscorable.
    """
    challenger = scoring.metrics(judged.challenger, judged.target, recipe)
    baseline = scoring.metrics(judged.baseline, judged.target, recipe)
    contest = _contest(judged, recipe, policy.confidence, policy.margin)
    comparison = Comparison(
        metric=recipe.metric,
        champion=champion,
        challenger=challenger,
        baseline=baseline,
        improvement=challenger[recipe.metric] - (champion or baseline)[recipe.metric],
        improvement_interval=contest.improvement,
        gain=contest.gain_point,
        gain_interval=contest.gain,
        p_value=contest.p_value,
        p_worse=contest.p_worse,
        p_not_worse=contest.p_not_worse,
        p_baseline=contest.p_baseline,
        datasets=judged.datasets,
        rows=len(judged.target),
        win_rate=0.0,
        confidence=policy.confidence,
        guardrails=tuple(_guarded(rail, judged, recipe, policy) for rail in policy.guardrails if champion),
    )
    return _guarded_by_dataset(comparison, judged, recipe, policy)


def _guarded_by_dataset(comparison: Comparison, judged: Judged, recipe: Recipe, policy: Policy) -> Comparison:
    """The comparison with what single datasets and slices say.

    A metric that has no value per row is stood in for by one that has: squared error, or the Brier score
    (0/1 loss without probabilities).
    """
    loss = losses.BY_METRIC.get(recipe.metric) or stand_in(recipe, judged.contestants)
    ours, theirs = (loss(said, judged.target) for said in (judged.challenger, judged.contestants[_OPPONENT]))
    ones = np.ones(len(judged.target))
    challenger, opponent, rows = bootstrap.sums([ours, theirs, ones], judged.cluster, judged.datasets).T
    return replace(
        comparison,
        win_rate=guards.win_rate(challenger, opponent),
        trimmed=guards.trimmed_gain(challenger, opponent, rows),
        tail=guards.heavier_tail(challenger / rows, judged.reference, policy.confidence, recipe.seed),
        slices=slices.judge(slices.labels(judged.parts), ours, theirs, judged.cluster, recipe.seed),
        gains=guards.gains(challenger, opponent, rows),
        needed=guards.needed(challenger, opponent, policy.alpha),
    )


def _guarded(rail: Guardrail, judged: Judged, recipe: Recipe, policy: Policy) -> Guarded:
    """One guardrail: its metric on the same rows, tested to be no worse than its margin."""
    by = replace(recipe, metric=rail.metric)
    contest = _contest(judged, by, policy.confidence, rail.margin)
    champion, challenger = (
        scoring.score(rail.metric, said, judged.target) for said in (judged.contestants[_OPPONENT], judged.challenger)
    )
    return Guarded(rail.metric, rail.margin, champion, challenger, contest.gain_point, contest.p_not_worse)


def _contest(judged: Judged, recipe: Recipe, confidence: float, margin: float) -> _Contest:
    by = _by_sums if recipe.metric in losses.BY_METRIC else _by_jackknife
    return by(judged, recipe, confidence, margin)


def _by_sums(judged: Judged, recipe: Recipe, confidence: float, margin: float) -> _Contest:
    """For metrics whose loss is a sum over rows: everything from sums per cluster."""
    totals = _totals(judged, recipe)
    challenger, opponent = totals[:, _CHALLENGER], totals[:, _OPPONENT]
    p_value, p_worse = bootstrap.sign_flip(opponent - challenger, recipe.seed)
    p_not_worse, _ = bootstrap.sign_flip((1 + margin) * opponent - challenger, recipe.seed)
    p_baseline, _ = bootstrap.sign_flip(totals[:, _BASELINE] - challenger, recipe.seed)
    statistics = [_improvement_of(recipe.metric), _gain]
    improvement, gain = bootstrap.intervals(totals, statistics, confidence, recipe.seed)
    point = float(_gain(totals.sum(axis=0, keepdims=True))[0])
    return _Contest(improvement, point, gain, p_value, p_worse, p_not_worse, p_baseline)


def _totals(judged: Judged, recipe: Recipe) -> Floats:
    """(blocks, 5 or 6): rows, target, its square, and the loss of each contestant, summed per block."""
    loss = losses.BY_METRIC[recipe.metric]
    block = bootstrap.blocks(judged.datasets, bootstrap.BLOCKS, recipe.seed)
    target = np.zeros(len(judged.target))
    if recipe.task == "regression":
        # Centred, so that the difference of squares in r2 does not cancel; r2 does not mind where 0 is.
        target = judged.target - judged.target.mean()
    values = [np.ones(len(target)), target, np.square(target)]
    values += [loss(said, judged.target) for said in judged.contestants]
    return bootstrap.sums(values, block[judged.cluster], int(block.max()) + 1)


def _by_jackknife(judged: Judged, recipe: Recipe, confidence: float, margin: float) -> _Contest:
    """For any other metric: delete-a-block jackknife pseudo-values of the difference, then as above."""
    scores = np.column_stack([_leave_out(said, judged, recipe) for said in judged.contestants])
    challenger, baseline, opponent = scores[:, 0], scores[:, 1], scores[:, -1]
    share = _ratio(challenger - opponent, scoring.best(recipe.metric) - opponent)
    pseudo = [_pseudo(values) for values in (challenger - opponent, share, challenger - baseline)]
    p_value, p_worse = bootstrap.sign_flip(pseudo[0], recipe.seed)
    p_not_worse, _ = bootstrap.sign_flip(pseudo[1] + margin, recipe.seed)
    p_baseline, _ = bootstrap.sign_flip(pseudo[2], recipe.seed)
    means = np.column_stack(pseudo[:2]) / len(pseudo[0])
    statistics: list[bootstrap.Statistic] = [lambda sums: sums[:, 0], lambda sums: sums[:, 1]]
    improvement, gain = bootstrap.intervals(means, statistics, confidence, recipe.seed)
    return _Contest(improvement, float(share[0]), gain, p_value, p_worse, p_not_worse, p_baseline)


def _leave_out(said: Predictions, judged: Judged, recipe: Recipe) -> Floats:
    """(1 + K,): the metric on all rows, and without each of K, at most 100, blocks of clusters."""
    block = bootstrap.blocks(judged.datasets, _JACKKNIFE_BLOCKS, recipe.seed)[judged.cluster]
    kept = [np.flatnonzero(block != left_out) for left_out in range(int(block.max()) + 1)]
    whole = np.arange(len(judged.target))
    return np.array([scoring.score(recipe.metric, said, judged.target, rows) for rows in (whole, *kept)])


def _pseudo(values: Floats) -> Floats:
    return bootstrap.pseudo_values(float(values[0]), values[1:])


def _improvement_of(metric: str) -> bootstrap.Statistic:
    """The difference of the metric, greater is better, from sums of resamples."""
    return {"r2": _r2_difference, "neg_root_mean_squared_error": _rmse_difference}.get(metric, _mean_difference)


def _mean_difference(sums: Floats) -> Floats:
    return (sums[:, _OPPONENT] - sums[:, _CHALLENGER]) / sums[:, _ROWS]


def _rmse_difference(sums: Floats) -> Floats:
    rows = sums[:, _ROWS]
    difference: Floats = np.sqrt(sums[:, _OPPONENT] / rows) - np.sqrt(sums[:, _CHALLENGER] / rows)
    return difference


def _r2_difference(sums: Floats) -> Floats:
    spread = sums[:, _SQUARES] - np.square(sums[:, _TARGET]) / sums[:, _ROWS]
    return _ratio(sums[:, _OPPONENT] - sums[:, _CHALLENGER], spread)


def _gain(sums: Floats) -> Floats:
    return _ratio(sums[:, _OPPONENT] - sums[:, _CHALLENGER], sums[:, _OPPONENT])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole; where there is no whole to take a share of, all or nothing: -1, 0 or 1."""
    return np.divide(part, whole, out=np.sign(part), where=whole > 0)


def stand_in(recipe: Recipe, said: Sequence[Predictions]) -> losses.Loss:
    """A loss per row for a metric that has none."""
    if recipe.task == "regression":
        return losses.squared
    return losses.wrong if any(one.probability is None for one in said) else losses.brier
