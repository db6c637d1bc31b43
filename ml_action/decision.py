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

from ml_action.figures import percent, percents, probability
from ml_action.records import Check, Comparison, Decision, Policy, Screening, Verdict

__all__ = ["Policy", "decide", "evidence", "forced", "incomparable", "unsound"]

MIN_DATASETS = 30  # below it the interval of a cluster bootstrap is too short (decision.md, measured besides)
HALF = 0.5  # of the datasets
HEAVY = 0.4  # logarithm of how much more the worst datasets may stick out
_NORMALLY = NormalDist()
TOLERATED = 0.02  # of a slice's error: how much worse it may become


def decide(comparison: Comparison, policy: Policy, screening: Screening = Screening()) -> Decision:  # noqa: B008 frozen
    """Promote, hold, reject or review, with the sentence a person reads first and what would change the verdict."""
    data = tuple(_data(screening, policy))
    proof = tuple(_proof(comparison, policy))
    guards = tuple(_guards(comparison, policy))
    tail = tuple(_tail(comparison))
    checks = (*data, *proof, *guards, *tail)
    wrong, unproven, unguarded, heavy = (_failed(some) for some in (data, proof, guards, tail))
    if wrong:
        return Decision(Verdict.REVIEW, f"the data look wrong: {wrong[0].text}", checks, _LOOK)
    if unproven and _proven_worse(comparison, policy):
        return Decision(Verdict.REJECT, f"worse: {evidence(comparison)}", checks)
    if unproven:
        reason = f"{_UNPROVEN[policy.gate]}: {evidence(comparison)} ({unproven[0].text})"
        return Decision(Verdict.HOLD, reason, checks, _outlook(comparison, policy))
    if unguarded:
        text = f"better on average, and yet not good enough: {unguarded[0].text} ({evidence(comparison)})"
        return Decision(Verdict.REJECT, text, checks)
    if heavy:
        return Decision(Verdict.REVIEW, f"the data look wrong: {heavy[0].text}", checks, _LOOK)
    return Decision(Verdict.PROMOTE, f"{_PROVEN[policy.gate]} {evidence(comparison)}", checks)


def incomparable(why: str) -> Decision:
    """The champion has no answer: a person must look."""
    outlook = f"keep the columns as the champion knows them, or {_FORCE}"
    return Decision(Verdict.INCOMPARABLE, f"the champion cannot be scored on the new datasets: {why}", (), outlook)


def unsound(screening: Screening, policy: Policy) -> Decision:
    """Not one of the new datasets is left to judge by."""
    checks = tuple(_data(screening, policy))
    return Decision(Verdict.REVIEW, f"the data look wrong: {checks[0].text}", checks, _LOOK)


def forced(decision: Decision, why: str) -> Decision:
    """The promotion that a person wants, whatever the gate says."""
    said = f"the gate said {decision.verdict}: {decision.reason}"
    return replace(decision, verdict=Verdict.PROMOTE, reason=f"forced by a person ({why}); {said}", outlook="")


def evidence(comparison: Comparison) -> str:
    """The gain with its interval, on what it was judged, and how many datasets agree."""
    of = "the champion's" if comparison.champion else "the dummy baseline's"
    return (
        f"{percent(comparison.gain)} {percents(comparison.gain_interval)} of {of} error on "
        f"{comparison.datasets} new {comparison.unit}; {percent(comparison.win_rate, 0)} of them improved"
    )


_PROVEN = {"better": "better by", "higher": "higher by", "not-worse": "not worse: gain of"}
_UNPROVEN = {"better": "not proven better", "higher": "not higher", "not-worse": "may be worse"}
_FORCE = "run once with `force` and a reason, which proposes the challenger"
_LOOK = f"look at the datasets; if they are right, {_FORCE}"


def _failed(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if not check.passed)


# --- what the data have to be like ------------------------------------------------------------------------


def _data(screening: Screening, policy: Policy) -> Iterator[Check]:
    """The champion's look at the new datasets; without a champion nobody looks."""
    if not screening.judged:
        return
    found = f": {'; '.join(screening.found)}" if screening.found else ""
    yield Check(
        "screen",
        screening.share <= policy.max_suspicious,
        f"{screening.suspicious} of {screening.judged} new datasets look wrong to the champion, "
        f"{percent(policy.max_suspicious, 0)} may{found}",
    )
    yield Check(
        "columns in place",
        not screening.moved,
        "; ".join(screening.moved) or "no column moved as a whole",
    )


def _tail(comparison: Comparison) -> Iterator[Check]:
    """A few datasets that nobody can predict, among many that are predicted well, are seldom of this world."""
    if comparison.tail is not None:
        heavy = math.exp(max(comparison.tail, 0.0))
        yield Check(
            "worst datasets",
            comparison.tail <= HEAVY,
            f"the worst-predicted tenth sticks out at least {heavy:.1f} times as far as the champion's usually does, "
            f"{math.exp(HEAVY):.1f} times is allowed",
        )


# --- what has to be proven --------------------------------------------------------------------------------


def _proof(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    numbers = (comparison.improvement, comparison.gain, comparison.gain_interval.low, comparison.p_baseline)
    known = all(map(math.isfinite, (*numbers, comparison.p_value)))
    yield Check("finite", known, "every score is a number" if known else "a score is not a number")
    yield Check(
        "enough datasets",
        comparison.datasets >= MIN_DATASETS,
        f"{comparison.datasets} {comparison.unit} were judged, {MIN_DATASETS} are needed",
    )
    yield from _GATES[policy.gate](comparison, policy)
    yield Check(
        "dummy baseline",
        comparison.p_baseline <= policy.alpha,
        f"the chance of beating a model that knows nothing by luck is {probability(comparison.p_baseline)}",
    )


def _better(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    """The default: a gain that is no luck, and worth the change."""
    opponent = "the champion" if comparison.champion else "the dummy baseline"
    low = comparison.gain_interval.low
    yield Check(
        "sign-flip test",
        comparison.p_value <= policy.alpha,
        f"the chance of such a gain over {opponent} by luck is {probability(comparison.p_value)}, "
        f"{probability(policy.alpha)} is allowed",
    )
    yield Check("interval", low > 0, _interval(comparison, 0.0))
    yield Check(
        "minimum gain",
        comparison.gain >= policy.min_improvement,
        f"the gain is {percent(comparison.gain)}, {percent(policy.min_improvement)} is the least worth a promotion",
    )


def _not_worse(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    """Non-inferiority: a refresh, unless it is worse by the margin."""
    yield Check(
        "sign-flip test",
        comparison.p_not_worse <= policy.alpha,
        f"the chance of such a result if it were worse by {percent(policy.margin)} is "
        f"{probability(comparison.p_not_worse)}, {probability(policy.alpha)} is allowed",
    )
    low = comparison.gain_interval.low
    yield Check("interval", low > -policy.margin, _interval(comparison, -policy.margin))


def _higher(comparison: Comparison, _policy: Policy) -> Iterator[Check]:
    """A point comparison on the same rows: half of all challengers that change nothing pass it."""
    yield Check("higher score", comparison.improvement > 0, f"the gain is {percent(comparison.gain)}")


_GATES = {"better": _better, "not-worse": _not_worse, "higher": _higher}


def _interval(comparison: Comparison, least: float) -> str:
    above = "zero" if not least else percent(least)
    lies = "lies" if comparison.gain_interval.low > least else "does not lie"
    return f"the interval of the gain {percents(comparison.gain_interval)} {lies} above {above}"


def _proven_worse(comparison: Comparison, policy: Policy) -> bool:
    return comparison.p_worse <= policy.alpha and comparison.gain_interval.high < 0


def _outlook(comparison: Comparison, policy: Policy) -> str:
    """What would change the verdict of a challenger that was held."""
    if comparison.datasets < MIN_DATASETS:
        return f"at least {MIN_DATASETS - comparison.datasets} more {comparison.unit} are needed to judge at all"
    if policy.gate != "better" or comparison.gain < policy.min_improvement or not comparison.needed:
        return ""
    return f"about {comparison.needed:,} more {comparison.unit} of this kind would show a gain of this size"


# --- what may not happen ----------------------------------------------------------------------------------


def _guards(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    if policy.gate == "better":
        least = HALF - _NORMALLY.inv_cdf(policy.confidence) * HALF / math.sqrt(max(comparison.datasets, 1))
        yield Check(
            "most datasets",
            comparison.win_rate >= least,
            f"{percent(comparison.win_rate, 0)} of the {comparison.unit} are predicted no worse; fewer than "
            f"{percent(least, 0)} would prove that most become worse",
        )
        if comparison.trimmed is not None:
            yield Check(
                "without the worst",
                comparison.trimmed > 0,
                f"without the fifth of the {comparison.unit} that is predicted worst the gain is "
                f"{percent(comparison.trimmed)}",
            )
    for part in comparison.slices:
        yield Check(
            f"slice {part.column} = {part.value}",
            not part.worse,
            f"where {part.column} is {part.value} the gain is {percent(part.gain)} on {part.datasets} "
            f"{comparison.unit}" + (f": proven worse by more than {percent(TOLERATED, 0)}" if part.worse else ""),
        )
    for rail in comparison.guardrails:
        yield Check(
            f"guardrail {rail.metric}",
            rail.p_value <= policy.alpha,
            f"{rail.metric} goes from {rail.champion:.4g} to {rail.challenger:.4g}; the chance of such a result if it "
            f"were worse by {percent(rail.margin)} is {probability(rail.p_value)}",
        )
