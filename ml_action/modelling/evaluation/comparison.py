"""Compares two models on the same rows: the numbers that the gate decides by (docs/decision.md, steps 4 and 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml_action.core.records.evaluation import Comparison, GuardrailResult
from ml_action.core.records.model import Recipe
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.modelling.evaluation import bootstrap, dataset_gains, losses, scoring, slices
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.paired_test import paired_test, snap_to_zero
from ml_action.modelling.evaluation.predictions import Predictions

__all__ = ["compare"]


def compare(paired: PairedPredictions, recipe: Recipe, policy: Policy) -> Comparison:
    """Returns the complete comparison.

    Every score is of the pooled out-of-sample predictions, not a mean over folds.

    Raises:
        scoring.Unscorable: A model has no finite score. The champion is scored first.
    """
    rails = policy.guardrails if paired.champion is not None else ()
    before = _Scores({}, {})
    if paired.champion is not None:
        before = _scores("champion", paired.champion, paired, recipe, rails)
    now = _scores("challenger", paired.challenger, paired, recipe, rails)
    baseline = _scores("baseline", paired.baseline, paired, recipe).reported
    found = paired_test(paired, recipe.metric, recipe.seed, policy.confidence, policy.margin)
    score, opponent = (np.array(scores[recipe.metric]) for scores in (now.reported, before.reported or baseline))
    comparison = Comparison(
        metric=recipe.metric,
        champion=before.reported,
        challenger=now.reported,
        baseline=baseline,
        improvement=float(snap_to_zero(score - opponent, score, opponent)),
        improvement_interval=found.improvement,
        gain=found.gain_point,
        gain_interval=found.gain,
        p_value=found.p_value,
        p_worse=found.p_worse,
        p_not_worse=found.p_not_worse,
        p_baseline=found.p_baseline,
        datasets=paired.datasets,
        rows=len(paired.target),
        win_rate=0.0,
        confidence=policy.confidence,
        guardrails=tuple(_guardrail(rail, paired, recipe, policy, before, now) for rail in rails),
    )
    return _with_dataset_gains(comparison, paired, recipe, policy)


@dataclass(frozen=True)
class _Scores:
    """The scores of one model, by metric."""

    reported: dict[str, float]
    guardrails: dict[str, float]


def _scores(
    role: str, predictions: Predictions, paired: PairedPredictions, recipe: Recipe, rails: Sequence[Guardrail] = ()
) -> _Scores:
    target, weight = paired.target, paired.weight
    try:
        reported = scoring.reported_metrics(predictions, target, recipe, weight)
        by_rail = {rail.metric: scoring.score(rail.metric, predictions, target, None, weight) for rail in rails}
    except scoring.Unscorable as error:
        raise scoring.Unscorable(error.reason, role) from error
    return _Scores(reported, by_rail)


def _with_dataset_gains(
    comparison: Comparison, paired: PairedPredictions, recipe: Recipe, policy: Policy
) -> Comparison:
    """Adds the figures of single datasets and slices, by a loss that has a value for each row."""
    loss = losses.per_row(recipe, paired.compared, paired.target, paired.weight)
    weight = paired.weights
    ours, theirs = (loss(each, paired.target) * weight for each in (paired.challenger, paired.opponent))
    challenger, opponent, rows = bootstrap.sums([ours, theirs, weight], paired.cluster, paired.datasets).T
    return replace(
        comparison,
        win_rate=dataset_gains.win_rate(challenger, opponent),
        trimmed=dataset_gains.trimmed_gain(challenger, opponent, rows),
        tail=dataset_gains.heavier_tail(challenger / rows, paired.reference, policy.confidence, recipe.seed),
        slices=slices.compare_slices(slices.labels(paired.slices), ours, theirs, paired.cluster, recipe.seed),
        gains=dataset_gains.gains(challenger, opponent, rows),
        needed=dataset_gains.datasets_needed(challenger, opponent, policy.alpha),
    )


def _guardrail(
    rail: Guardrail, paired: PairedPredictions, recipe: Recipe, policy: Policy, before: _Scores, now: _Scores
) -> GuardrailResult:
    """Tests that the guardrail's metric on the same rows is not worse by more than its margin."""
    found = paired_test(paired, rail.metric, recipe.seed, policy.confidence, rail.margin)
    scores = before.guardrails[rail.metric], now.guardrails[rail.metric]
    return GuardrailResult(rail.metric, rail.margin, *scores, found.gain_point, found.p_not_worse)
