"""The gate: a pure function from a comparison to a verdict, with each condition in words (decision.md, steps 4 to 6).

Conditions are of three kinds. What the *data* have to be like: else a person has to look (review). What has to be
*proven*: else the challenger is held. What may not *happen* although it is proven better on average, the guards: else
it is rejected. Two tests have to agree on the proof: the one-sided sign-flip test over datasets, which keeps its size
with few clusters (Cameron, Gelbach & Miller 2008), and the lower bound of the cluster bootstrap interval of the gain
(Field & Welsh 2007). A score that is not a number, or too few datasets, holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist

from ml_action.core.formatting import count_of, percent, percents, probability
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import (
    MIN_DATASETS,
    TOLERATED,
    Check,
    Comparison,
    Decision,
    GuardrailResult,
    Interval,
    Screening,
)
from ml_action.core.records.policy import Policy

__all__ = ["Policy", "decide", "evidence", "forced", "incomparable", "review_unusable"]

HALF = 0.5  # of the datasets
HEAVY = 0.4  # logarithm of how much more the worst datasets may stick out
_NORMALLY = NormalDist()


def decide(comparison: Comparison, policy: Policy, screening: Screening = Screening()) -> Decision:
    """Promote, hold, reject or review, with the sentence a person reads first and what would change the verdict."""
    data = tuple(_data_conditions(screening, policy))
    proof = tuple(_proof(comparison, policy))
    guards = tuple(_guards(comparison, policy))
    tail = tuple(_tail(comparison))
    checks = (*data, *proof, *guards, *tail)
    wrong, unproven, unguarded, heavy = (_failed(some) for some in (data, proof, guards, tail))
    if wrong:
        return Decision(Verdict.REVIEW, f"the data look wrong: {wrong[0].text}", checks, _LOOK)
    if unproven and _proven_worse(comparison, policy):
        return Decision(Verdict.REJECT, f"worse by {evidence(_negated(comparison))}", checks, _OTHER)
    if unproven:
        reason = f"{_UNPROVEN[policy.gate]}: {evidence(comparison, 'gain of ')} ({unproven[0].text})"
        return Decision(Verdict.HOLD, reason, checks, _outlook(comparison, policy))
    if unguarded:
        first = unguarded[0]
        text = f"{_ON_AVERAGE[policy.gate]}, and yet not good enough: {first.text} ({evidence(comparison, 'gain of ')})"
        return Decision(Verdict.REJECT, text, checks, _remedy(first))
    if heavy:
        return Decision(Verdict.REVIEW, f"the data look wrong: {heavy[0].text}", checks, _LOOK)
    return Decision(Verdict.PROMOTE, f"{_PROVEN[policy.gate]}{evidence(comparison)}", checks)


def incomparable(why: str) -> Decision:
    """The champion has no answer: a person must look."""
    outlook = f"keep the columns as the champion knows them, or {_FORCE}"
    said = re.sub("^the champion (cannot be scored: )?", lambda found: "" if found[1] else "it ", why)
    return Decision(Verdict.INCOMPARABLE, f"the champion cannot be scored on the new datasets: {said}", (), outlook)


def review_unusable(screening: Screening, policy: Policy) -> Decision:
    """Not one of the new datasets is left to judge by."""
    checks = tuple(_data_conditions(screening, policy))
    return Decision(Verdict.REVIEW, f"the data look wrong: {checks[0].text}", checks, _LOOK)


def forced(decision: Decision, why: str) -> Decision:
    """The promotion that a person wants, whatever the gate says."""
    said = f"{decision.verdict}: {decision.reason}"
    reason = f"forced by a person ({why}); the gate said {said}"
    return replace(decision, verdict=Verdict.PROMOTE, reason=reason, outlook="", overruled=said)


def hold_rolled_back(decision: Decision, why: str) -> Decision:
    """What would be promoted, if it were not a version that was rolled back."""
    outlook = f"new datasets: with them it is another model; or {_FORCE}"
    return replace(decision, verdict=Verdict.HOLD, reason=f"{decision.reason}, and yet {why}", outlook=outlook)


def is_beaten(comparison: Comparison, policy: Policy) -> bool:
    """Whether the version in the challenger's place is proven better, as `gate: better` asks, whatever the gate is."""
    return not _failed((*_judged(comparison), *_better(comparison, policy)))


def watch_sentence(champion: str, before: str, comparison: Comparison, *, worse: bool) -> str:
    """What the watch found, in one sentence."""
    than = f"than {before}, the version before it"
    size = f"{percent(comparison.gain)} {percents(comparison.gain_interval)} of its error"
    agree = f"{percent(comparison.win_rate, 0)} of which {before} predicts no worse"
    said = f"worse {than}, by {size}" if worse else f"not proven worse {than}: going back would save {size}"
    return f"{champion} is {said} on {count_of(comparison.datasets, f'new {comparison.unit}')}, {agree}"


def evidence(comparison: Comparison, lead: str = "") -> str:
    """The gain with its interval, on what it was judged, and how many datasets agree."""
    on = f"on {count_of(comparison.datasets, f'new {comparison.unit}')}"
    if not math.isfinite(comparison.gain):
        return f"no figure {on}"
    of = "the champion's" if comparison.champion else "the dummy baseline's"
    size = f"{percent(comparison.gain)} {percents(comparison.gain_interval)}"
    return f"{lead}{size} of {of} error {on}; {_agreement(comparison)}"


def _agreement(comparison: Comparison) -> str:
    """How many datasets improved, or became no worse where some stayed as they were."""
    improved = "did not become worse" if 0.0 in comparison.gains else "improved"
    return f"{percent(comparison.win_rate, 0)} of them {improved}"


def _negated(comparison: Comparison) -> Comparison:
    """The gain told as a loss."""
    interval = comparison.gain_interval
    return replace(comparison, gain=-comparison.gain, gain_interval=Interval(-interval.high, -interval.low))


_PROVEN = {"better": "better by ", "higher": "a higher score: gain of ", "not-worse": "not worse: gain of "}
_ON_AVERAGE = {"better": "better on average", "higher": "a higher score", "not-worse": "not worse on average"}
_UNPROVEN = {"better": "not proven better", "higher": "no higher score", "not-worse": "may be worse"}
_FORCE = "run once with `force` and a reason, which proposes the challenger"
_LOOK = f"look at the datasets; if they are right, {_FORCE}"
_OTHER = "other datasets or another `estimator`: on these the champion is better"


def _failed(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(check for check in checks if not check.passed)


# --- what the data have to be like ------------------------------------------------------------------------


def _data_conditions(screening: Screening, policy: Policy) -> Iterator[Check]:
    """The champion's look at the new datasets; without a champion nobody looks."""
    if not screening.judged:
        return
    found = f": {'; '.join(screening.found)}" if screening.found else ""
    yield Check(
        "screen",
        screening.share <= policy.max_suspicious,
        f"{screening.suspicious} of {screening.judged} new datasets are suspicious to the champion, at most "
        f"{percent(policy.max_suspicious, 0)} may be{found}",
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


def _judged(comparison: Comparison) -> Iterator[Check]:
    numbers = (comparison.improvement, comparison.gain, comparison.gain_interval.low, comparison.p_baseline)
    known = all(map(math.isfinite, (*numbers, comparison.p_value)))
    yield Check("finite", known, "every score is a number" if known else "a score is not a number")
    yield Check(
        "enough datasets",
        comparison.datasets >= MIN_DATASETS,
        f"{comparison.datasets} {comparison.unit} were judged, {MIN_DATASETS} are needed",
    )


def _proof(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    yield from _judged(comparison)
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
    gain, unit = comparison.gain, comparison.unit
    if not math.isfinite(gain):
        return "a metric that has a value on these datasets"
    if comparison.datasets < MIN_DATASETS:
        missing = MIN_DATASETS - comparison.datasets
        verb = "is" if missing == 1 else "are"
        return f"at least {count_of(missing, f'more {unit}')} {verb} needed to judge at all"
    if policy.gate == "not-worse" and gain > -policy.margin:
        return f"more {unit} of this kind, until the interval lies above {percent(-policy.margin)}"
    if policy.gate != "better" or gain <= 0:
        return f"there is no gain to show: more {unit} of this kind would hardly change that"
    if gain < policy.min_improvement:
        return f"a gain of this size is not worth a promotion, however many {unit} show it: `min-improvement`"
    if not comparison.needed:
        return ""
    return f"about {comparison.needed:,} more {unit} of this kind would show a gain of this size"


# --- what may not happen ----------------------------------------------------------------------------------


def _guards(comparison: Comparison, policy: Policy) -> Iterator[Check]:
    if policy.gate == "better":
        least = HALF - _NORMALLY.inv_cdf(policy.confidence) * HALF / math.sqrt(max(comparison.datasets, 1))
        yield Check(
            "most datasets",
            comparison.win_rate >= least,
            f"{percent(comparison.win_rate, 0)} of the {comparison.unit} are predicted no worse, at least "
            f"{percent(least, 0)} have to be: half of them, less what chance explains",
        )
        if comparison.trimmed is not None:
            few = "" if comparison.trimmed > 0 else ": it hangs on these few"
            yield Check(
                "without the worst",
                comparison.trimmed > 0,
                f"without the fifth of the {comparison.unit} that is predicted worst the gain is "
                f"{percent(comparison.trimmed)}{few}",
            )
    for part in comparison.slices:
        yield Check(
            f"slice {part.column} = {part.value}",
            not part.worse,
            f"where {part.column} is {part.value} the gain is {percent(part.gain)} on {part.datasets} "
            f"{comparison.unit}"
            + (f": worse by more than {percent(TOLERATED, 0)}, and hardly by luck" if part.worse else ""),
        )
    yield from (_guardrail(rail, policy) for rail in comparison.guardrails)


def _guardrail(rail: GuardrailResult, policy: Policy) -> Check:
    kept = rail.p_value <= policy.alpha
    return Check(
        f"guardrail {rail.metric}",
        kept,
        f"{rail.metric} goes from {rail.champion:.4g} to {rail.challenger:.4g}, and "
        f"{'is not' if kept else 'may be'} worse by more than {percent(rail.margin)}: the chance of such a result if "
        f"it were is {probability(rail.p_value)}, {probability(policy.alpha)} is allowed",
    )


def _remedy(guard: Check) -> str:
    """What would make up for a guard that failed."""
    kind, _, what = guard.name.partition(" ")
    if kind == "slice":
        return f"more datasets where {what.replace(' = ', ' is ', 1)}; or `slices` without this column"
    if kind == "guardrail":
        return f"a challenger that keeps {what}; or a wider margin in `guardrails`"
    return "a gain that most of the datasets share"
