"""Two models on the same rows: the numbers that the gate decides by (docs/decision.md, steps 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ml_action.core.records.evaluation import Comparison, Guarded, Guardrail, Policy
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import bootstrap, losses, scoring, slices
from ml_action.modelling.evaluation import dataset_gains as guards
from ml_action.modelling.evaluation.paired_predictions import Judged
from ml_action.modelling.evaluation.paired_test import contest, without_noise
from ml_action.modelling.evaluation.predictions import Predictions

__all__ = ["compare"]

Floats = npt.NDArray[np.float64]
Scores = Mapping[str, float]


def compare(judged: Judged, recipe: Recipe, policy: Policy) -> Comparison:
    """The comparison in full.

    Every score is of the pooled out-of-sample predictions, not a mean over folds. Raises scoring.Unscorable for the
    contestant that has no finite score: the champion is asked first.
    """
    rails = policy.guardrails if judged.champion is not None else ()
    champion, before = dict[str, float](), dict[str, float]()
    if judged.champion is not None:
        champion, before = _scores("champion", judged.champion, judged, recipe, rails)
    challenger, now = _scores("challenger", judged.challenger, judged, recipe, rails)
    baseline, _ = _scores("baseline", judged.baseline, judged, recipe)
    found = contest(judged, recipe.metric, recipe.seed, policy.confidence, policy.margin)
    score, opponent = (np.array(scores[recipe.metric]) for scores in (challenger, champion or baseline))
    comparison = Comparison(
        metric=recipe.metric,
        champion=champion,
        challenger=challenger,
        baseline=baseline,
        improvement=float(without_noise(score - opponent, score, opponent)),
        improvement_interval=found.improvement,
        gain=found.gain_point,
        gain_interval=found.gain,
        p_value=found.p_value,
        p_worse=found.p_worse,
        p_not_worse=found.p_not_worse,
        p_baseline=found.p_baseline,
        datasets=judged.datasets,
        rows=len(judged.target),
        win_rate=0.0,
        confidence=policy.confidence,
        guardrails=tuple(_guarded(rail, judged, recipe, policy, before, now) for rail in rails),
    )
    return _guarded_by_dataset(comparison, judged, recipe, policy)


def _scores(
    who: str, said: Predictions, judged: Judged, recipe: Recipe, rails: Sequence[Guardrail] = ()
) -> tuple[dict[str, float], dict[str, float]]:
    """What is reported of a contestant, and its score by each guardrail."""
    try:
        reported = scoring.metrics_of(said, judged.target, recipe, judged.weight)
        asked = {rail.metric: scoring.score(rail.metric, said, judged.target, None, judged.weight) for rail in rails}
    except scoring.Unscorable as error:
        raise scoring.Unscorable(str(error), who) from error
    return reported, asked


def _guarded_by_dataset(comparison: Comparison, judged: Judged, recipe: Recipe, policy: Policy) -> Comparison:
    """The comparison with what single datasets and slices say, by a loss that has a value per row."""
    loss = losses.per_row(recipe, judged.contestants, judged.target, judged.weight)
    weight = judged.weights
    ours, theirs = (loss(said, judged.target) * weight for said in (judged.challenger, judged.opponent))
    challenger, opponent, rows = bootstrap.sums([ours, theirs, weight], judged.cluster, judged.datasets).T
    return replace(
        comparison,
        win_rate=guards.win_rate(challenger, opponent),
        trimmed=guards.trimmed_gain(challenger, opponent, rows),
        tail=guards.heavier_tail(challenger / rows, judged.reference, policy.confidence, recipe.seed),
        slices=slices.judge(slices.labels(judged.parts), ours, theirs, judged.cluster, recipe.seed),
        gains=guards.gains(challenger, opponent, rows),
        needed=guards.needed(challenger, opponent, policy.alpha),
    )


def _guarded(rail: Guardrail, judged: Judged, recipe: Recipe, policy: Policy, before: Scores, now: Scores) -> Guarded:
    """One guardrail: its metric on the same rows, tested to be no worse than its margin."""
    found = contest(judged, rail.metric, recipe.seed, policy.confidence, rail.margin)
    scores = before[rail.metric], now[rail.metric]
    return Guarded(rail.metric, rail.margin, *scores, found.gain_point, found.p_not_worse)
