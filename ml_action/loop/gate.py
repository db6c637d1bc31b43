"""The gate: a pure function from a comparison to a verdict, with each condition in words (decision.md, steps 4 to 6).

Conditions are of three kinds. What the *data* have to be like: else a person has to look (review). What has to be
*proven*: else the challenger is held. What may not *happen* although it is proven better on average, the guards: else
it is rejected. Two tests have to agree on the proof: the one-sided sign-flip test over datasets, which keeps its size
with few clusters (Cameron, Gelbach & Miller 2008), and the lower bound of the cluster bootstrap interval of the gain
(Field & Welsh 2007). A score that is not a number, or too few datasets, holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist

from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import (
    MIN_DATASETS,
    Check,
    Comparison,
    Decision,
    Screening,
)
from ml_action.core.records.policy import Policy
from ml_action.reports.verdicts import gate as sentences

__all__ = ["Policy", "decide", "forced", "incomparable", "review_unusable"]

HALF = 0.5  # of the datasets
HEAVY = 0.4  # logarithm of how much more the worst datasets may stick out
_NORMALLY = NormalDist()


def decide(comparison: Comparison, policy: Policy, screening: Screening = Screening()) -> Decision:
    """Promote, hold, reject or review, with the sentence a person reads first and what would change the verdict."""
    data = (*_data_conditions(screening, policy), *_believable(comparison, policy))
    proof = tuple(_proof(comparison, policy))
    guards = tuple(_guards(comparison, policy))
    tail = tuple(_tail(comparison))
    checks = (*data, *proof, *guards, *tail)
    wrong, unproven, unguarded, heavy = (_failed(some) for some in (data, proof, guards, tail))
    if wrong:
        return Decision(Verdict.REVIEW, sentences.wrong_data(wrong[0]), checks, sentences.look(wrong[0]))
    if unproven and _proven_worse(comparison, policy):
        return Decision(Verdict.REJECT, sentences.proven_worse(comparison), checks, sentences.OTHER_DATA)
    if unproven:
        reason = sentences.unproven(comparison, policy, unproven[0])
        return Decision(Verdict.HOLD, reason, checks, sentences.held(comparison, policy))
    if unguarded:
        reason = sentences.unguarded(comparison, policy, unguarded[0])
        return Decision(Verdict.REJECT, reason, checks, sentences.remedy(unguarded[0]))
    if heavy:
        return Decision(Verdict.REVIEW, sentences.wrong_data(heavy[0]), checks, sentences.LOOK)
    return Decision(Verdict.PROMOTE, sentences.proven(comparison, policy), checks)


def incomparable(why: str) -> Decision:
    """The champion has no answer: a person must look."""
    return Decision(Verdict.INCOMPARABLE, sentences.incomparable(why), (), sentences.KEEP_COLUMNS)


def review_unusable(screening: Screening, policy: Policy) -> Decision:
    """Not one of the new datasets is left to judge by."""
    checks = tuple(_data_conditions(screening, policy))
    return Decision(Verdict.REVIEW, sentences.wrong_data(checks[0]), checks, sentences.LOOK)


def forced(decision: Decision, why: str) -> Decision:
    """The promotion that a person wants, whatever the gate says."""
    reason, overruled = sentences.forced(why, decision), sentences.overruled(decision)
    return replace(decision, verdict=Verdict.PROMOTE, reason=reason, outlook="", overruled=overruled)


def hold_rolled_back(decision: Decision, why: str) -> Decision:
    """What would be promoted, if it were not a version that was rolled back."""
    reason = sentences.repeated(decision, why)
    return replace(decision, verdict=Verdict.HOLD, reason=reason, outlook=sentences.NEW_DATA)


def is_beaten(comparison: Comparison, policy: Policy) -> bool:
    """Whether the version in the challenger's place is proven better, as `gate: better` asks, whatever the gate is."""
    return not _failed((*_judged(comparison), *_better(comparison, policy)))


def _failed(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if not check.passed)


# --- what the data have to be like ------------------------------------------------------------------------


def _data_conditions(screening: Screening, policy: Policy) -> Iterator[Check]:
    """The champion's screening of the new datasets; without a champion there is no screening."""
    if not screening.judged:
        return
    yield Check("screen", screening.share <= policy.max_suspicious, sentences.suspicious(screening, policy))
    yield Check("columns in place", not screening.moved, sentences.moved(screening))


def _believable(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    """No feature gives the target away, unless the user says that it is known before."""
    if comparison.giveaways:
        unknown = tuple(name for name in comparison.giveaways if name not in policy.known_before)
        yield Check("believable", not unknown, sentences.giveaways(unknown or comparison.giveaways))


def _tail(comparison: Comparison) -> Iterator[Check]:
    """A few datasets with extreme losses among many with small ones are usually corrupt."""
    if comparison.tail is not None:
        yield Check("worst datasets", comparison.tail <= HEAVY, sentences.worst_datasets(comparison.tail, HEAVY))


# --- what has to be proven --------------------------------------------------------------------------------


def _judged(comparison: Comparison) -> Iterator[Check]:
    numbers = (comparison.improvement, comparison.gain, comparison.gain_interval.low, comparison.p_baseline)
    known = all(map(math.isfinite, (*numbers, comparison.p_value)))
    yield Check("finite", known, sentences.finite(known=known))
    yield Check("enough datasets", comparison.datasets >= MIN_DATASETS, sentences.enough(comparison))


def _proof(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    yield from _judged(comparison)
    yield from _GATES[policy.gate](comparison, policy)
    yield Check("dummy baseline", comparison.p_baseline <= policy.alpha, sentences.beats_dummy(comparison))


def _better(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    """The default: a gain that is no luck, and worth the change."""
    enough = comparison.gain >= policy.min_improvement
    yield Check("sign-flip test", comparison.p_value <= policy.alpha, sentences.lucky(comparison, policy))
    yield Check("interval", comparison.gain_interval.low > 0, sentences.interval(comparison, 0.0))
    yield Check("minimum gain", enough, sentences.minimum_gain(comparison, policy))


def _not_worse(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    """Non-inferiority: a refresh, unless it is worse by the margin."""
    low = comparison.gain_interval.low
    yield Check("sign-flip test", comparison.p_not_worse <= policy.alpha, sentences.lucky_if_worse(comparison, policy))
    yield Check("interval", low > -policy.margin, sentences.interval(comparison, -policy.margin))


def _higher(comparison: Comparison, _policy: Policy) -> Iterator[Check]:
    """A point comparison on the same rows: half of all challengers that change nothing pass it."""
    yield Check("higher score", comparison.improvement > 0, sentences.gain(comparison))


_GATES = {"better": _better, "not-worse": _not_worse, "higher": _higher}


def _proven_worse(comparison: Comparison, policy: Policy) -> bool:
    return comparison.p_worse <= policy.alpha and comparison.gain_interval.high < 0


# --- what may not happen ----------------------------------------------------------------------------------


def _guards(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    if policy.gate == "better":
        least = HALF - _NORMALLY.inv_cdf(policy.confidence) * HALF / math.sqrt(max(comparison.datasets, 1))
        yield Check("most datasets", comparison.win_rate >= least, sentences.most_datasets(comparison, least))
        if comparison.trimmed is not None:
            text = sentences.without_worst(comparison.unit, comparison.trimmed)
            yield Check("without the worst", comparison.trimmed > 0, text)
    for part in comparison.slices:
        name = f"slice {part.column} = {part.value}"
        yield Check(name, not part.worse, sentences.one_slice(part, comparison.unit))
    for rail in comparison.guardrails:
        kept = rail.p_value <= policy.alpha
        yield Check(f"guardrail {rail.metric}", kept, sentences.guardrail(rail, policy, kept=kept))
