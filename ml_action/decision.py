"""The gate: a pure function from a comparison to a verdict, with each condition in words (decision.md, steps 4, 6).

Two tests have to agree before anything is promoted: the one-sided sign-flip test over datasets, which keeps its
size with few clusters (Cameron, Gelbach & Miller 2008), and the lower bound of the cluster bootstrap interval of
the gain (Field & Welsh 2007). A score that is not a number, or too few datasets, holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ml_action.figures import percent, percents, probability
from ml_action.records import Check, Comparison, Decision, Verdict

MIN_DATASETS = 30  # below it the interval of a cluster bootstrap is too short (decision.md, measured besides)


@dataclass(frozen=True)
class Policy:
    """What the user asks of a promotion."""

    confidence: float
    min_improvement: float

    @property
    def alpha(self) -> float:
        """The error rate that the confidence allows."""
        return round(1 - self.confidence, 12)  # 1 - 0.9 is a little less than 0.1


def decide(comparison: Comparison, policy: Policy) -> Decision:
    """Promote, hold or reject, with the sentence a person reads first."""
    checks = tuple(_checks(comparison, policy))
    failed = tuple(check for check in checks if not check.passed)
    if not failed:
        return Decision(Verdict.PROMOTE, f"better by {evidence(comparison)}", checks)
    if _proven_worse(comparison, policy):
        return Decision(Verdict.REJECT, f"worse: {evidence(comparison)}", checks)
    return Decision(Verdict.HOLD, f"not proven better: {evidence(comparison)} ({failed[0].text})", checks)


def evidence(comparison: Comparison) -> str:
    """The gain with its interval, on what it was judged, and how many datasets agree."""
    of = "the champion's" if comparison.champion else "the dummy baseline's"
    return (
        f"{percent(comparison.gain)} {percents(comparison.gain_interval)} of {of} error on "
        f"{comparison.datasets} new {comparison.unit}; {percent(comparison.win_rate, 0)} of them improved"
    )


def _checks(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    opponent = "the champion" if comparison.champion else "the dummy baseline"
    gain, low = comparison.gain, comparison.gain_interval.low
    numbers = (comparison.improvement, gain, low, comparison.p_value, comparison.p_baseline)
    yield Check(
        "finite",
        all(map(math.isfinite, numbers)),
        "every score is a number" if all(map(math.isfinite, numbers)) else "a score is not a number",
    )
    yield Check(
        "enough datasets",
        comparison.datasets >= MIN_DATASETS,
        f"{comparison.datasets} {comparison.unit} were judged, {MIN_DATASETS} are needed",
    )
    yield Check(
        "sign-flip test",
        comparison.p_value <= policy.alpha,
        f"the chance of such a gain over {opponent} by luck is {probability(comparison.p_value)}, "
        f"{probability(policy.alpha)} is allowed",
    )
    yield Check(
        "interval",
        low > 0,
        f"the interval of the gain {percents(comparison.gain_interval)} "
        + ("lies above zero" if low > 0 else "does not lie above zero"),
    )
    yield Check(
        "minimum gain",
        gain >= policy.min_improvement,
        f"the gain is {percent(gain)}, {percent(policy.min_improvement)} is the least worth a promotion",
    )
    yield Check(
        "dummy baseline",
        comparison.p_baseline <= policy.alpha,
        f"the chance of beating a model that knows nothing by luck is {probability(comparison.p_baseline)}",
    )


def _proven_worse(comparison: Comparison, policy: Policy) -> bool:
    return comparison.p_worse <= policy.alpha and comparison.gain_interval.high < 0
