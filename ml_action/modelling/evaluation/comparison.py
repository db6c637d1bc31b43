"""Two models on the same rows: the numbers that the gate decides by (docs/decision.md, steps 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ml_action.core.records.evaluation import Comparison, GuardrailResult
from ml_action.core.records.model import Recipe
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.modelling.evaluation import bootstrap, dataset_gains, losses, scoring, slices
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.paired_test import paired_test, snap_to_zero
from ml_action.modelling.evaluation.predictions import Predictions

__all__ = ["compare"]

Floats = npt.NDArray[np.float64]
Scores = Mapping[str, float]


def compare(judged: PairedPredictions, recipe: Recipe, policy: Policy) -> Comparison:
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
    found = paired_test(judged, recipe.metric, recipe.seed, policy.confidence, policy.margin)
    score, opponent = (np.array(scores[recipe.metric]) for scores in (challenger, champion or baseline))
    comparison = Comparison(
        metric=recipe.metric,
        champion=champion,
        challenger=challenger,
        baseline=baseline,
        improvement=float(snap_to_zero(score - opponent, score, opponent)),
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
    who: str, said: Predictions, judged: PairedPredictions, recipe: Recipe, rails: Sequence[Guardrail] = ()
) -> tuple[dict[str, float], dict[str, float]]:
    """What is reported of a contestant, and its score by each guardrail."""
    try:
        reported = scoring.reported_metrics(said, judged.target, recipe, judged.weight)
        asked = {rail.metric: scoring.score(rail.metric, said, judged.target, None, judged.weight) for rail in rails}
    except scoring.Unscorable as error:
        raise scoring.Unscorable(str(error), who) from error
    return reported, asked


def _guarded_by_dataset(
    comparison: Comparison, judged: PairedPredictions, recipe: Recipe, policy: Policy
) -> Comparison:
    """The comparison with what single datasets and slices say, by a loss that has a value per row."""
    loss = losses.per_row(recipe, judged.contestants, judged.target, judged.weight)
    weight = judged.weights
    ours, theirs = (loss(said, judged.target) * weight for said in (judged.challenger, judged.opponent))
    challenger, opponent, rows = bootstrap.sums([ours, theirs, weight], judged.cluster, judged.datasets).T
    return replace(
        comparison,
        win_rate=dataset_gains.win_rate(challenger, opponent),
        trimmed=dataset_gains.trimmed_gain(challenger, opponent, rows),
        tail=dataset_gains.heavier_tail(challenger / rows, judged.reference, policy.confidence, recipe.seed),
        slices=slices.compare_slices(slices.labels(judged.parts), ours, theirs, judged.cluster, recipe.seed),
        gains=dataset_gains.gains(challenger, opponent, rows),
        needed=dataset_gains.datasets_needed(challenger, opponent, policy.alpha),
    )


def _guarded(
    rail: Guardrail, judged: PairedPredictions, recipe: Recipe, policy: Policy, before: Scores, now: Scores
) -> GuardrailResult:
    """One guardrail: its metric on the same rows, tested to be no worse than its margin."""
    found = paired_test(judged, rail.metric, recipe.seed, policy.confidence, rail.margin)
    scores = before[rail.metric], now[rail.metric]
    return GuardrailResult(rail.metric, rail.margin, *scores, found.gain_point, found.p_not_worse)
