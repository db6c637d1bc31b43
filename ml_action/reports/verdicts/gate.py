"""What the gate says: its conditions, its reasons, and what would change a verdict. Pure.

The sentences are stored in the journal, and may quote names and values of columns: pages show them as `Untrusted`.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from ml_action.core.formatting import (
    apart,
    count_of,
    percent,
    percents,
    probability,
    quoted_list,
    shown_metric,
    shown_score,
)
from ml_action.core.records.evaluation import (
    MIN_DATASETS,
    TOLERATED,
    Check,
    Comparison,
    Decision,
    GuardrailResult,
    Interval,
    Screening,
    SliceResult,
)
from ml_action.core.records.policy import Policy

_PROVEN = {"better": "better by ", "higher": "a higher score: gain of ", "not-worse": "not worse: gain of "}
_ON_AVERAGE = {"better": "better on average", "higher": "a higher score", "not-worse": "not worse on average"}
_UNPROVEN = {"better": "not proven better", "higher": "no higher score", "not-worse": "may be worse"}
HALF = 0.5  # more than so many datasets cannot be worse where all of them together are, unless a few are much worse
_FORCE = "run once with `force` and a reason, which proposes the challenger"

# --- reasons ----------------------------------------------------------------------------------------------------


def evidence(comparison: Comparison, lead: str = "") -> str:
    """Returns the gain with its interval, on what it was measured, and how many datasets agree."""
    on = f"on {count_of(comparison.datasets, f'new {comparison.unit}')}"
    if not math.isfinite(comparison.gain):
        return f"no figure {on}"
    of = "the champion's" if comparison.champion else "the dummy baseline's"
    size = f"{percent(comparison.gain)} {percents(comparison.gain_interval)}"
    return f"{lead}{size} of {of} error {on}; {_agreement(comparison)}"


def _agreement(comparison: Comparison) -> str:
    """Returns how many datasets improved, or did not become worse if some stayed as they were."""
    improved = "did not become worse" if 0.0 in comparison.gains else "improved"
    few = ", and the few others are predicted much worse" if comparison.gain < 0 and comparison.win_rate > HALF else ""
    return f"{percent(comparison.win_rate, 0)} of them {improved}{few}"


def proven(comparison: Comparison, policy: Policy) -> str:
    """Returns why a challenger is promoted."""
    return f"{_PROVEN[policy.gate]}{evidence(comparison)}"


def unproven(comparison: Comparison, policy: Policy, failed: Check) -> str:
    """Returns why a challenger is held."""
    return f"{_UNPROVEN[policy.gate]}: {evidence(comparison, 'gain of ')} ({failed.text})"


def proven_worse(comparison: Comparison) -> str:
    """Returns why a challenger is rejected that is worse: the gain as a loss."""
    low, high = comparison.gain_interval.low, comparison.gain_interval.high
    loss = replace(comparison, gain=-comparison.gain, gain_interval=Interval(-high, -low))
    return f"worse by {evidence(loss)}"


def unguarded(comparison: Comparison, policy: Policy, failed: Check) -> str:
    """Returns why a challenger is rejected that is better on average."""
    gain = evidence(comparison, "gain of ")
    return f"{_ON_AVERAGE[policy.gate]}, and yet not good enough: {failed.text} ({gain})"


def wrong_data(failed: Check) -> str:
    """Returns why a person has to look at the datasets."""
    return f"the data look wrong: {failed.text}"


def incomparable(why: str) -> str:
    """Returns why the champion has no score; `why` may begin with the champion."""
    reason = re.sub("^the champion (cannot be scored: )?", lambda found: "" if found[1] else "it ", why)
    return f"the champion cannot be scored on the new datasets: {reason}"


def overruled(decision: Decision) -> str:
    """Returns the verdict and reason that a person overruled."""
    return f"{decision.verdict}: {decision.reason}"


def forced(why: str, decision: Decision) -> str:
    """Returns why a challenger is promoted that a person forced."""
    return f"forced by a person ({why}); the gate's verdict was {overruled(decision)}"


def repeated(decision: Decision, why: str) -> str:
    """Returns why a challenger is held that was rolled back before."""
    return f"{decision.reason}, and yet {why}"


def watched(champion: str, before: str, comparison: Comparison, *, worse: bool) -> str:
    """Returns what the watch found, with the version before in the challenger's place."""
    than = f"than {before}, the version before it"
    size = f"{percent(comparison.gain)} {percents(comparison.gain_interval)} of its error"
    agree = f"{percent(comparison.win_rate, 0)} of which {before} predicts no worse"
    verdict = f"worse {than}, by {size}" if worse else f"not proven worse {than}: going back would save {size}"
    return f"{champion} is {verdict} on {count_of(comparison.datasets, f'new {comparison.unit}')}, {agree}"


# --- what would change it ---------------------------------------------------------------------------------------

LOOK = f"look at the datasets; if they are right, {_FORCE}"
LEAVE_OUT = (
    "leave the column out of `features`, since a service does not know it when it asks; if it does, name the column in "
    "`known-before`"
)
OTHER_DATA = "other datasets or another `estimator`: on these the champion is better"
KEEP_COLUMNS = f"keep the columns as the champion knows them, or {_FORCE}"
NEW_DATA = f"new datasets: with them it is another model; or {_FORCE}"


def look(failed: Check) -> str:
    """Returns what would change the verdict of data that look wrong."""
    return LEAVE_OUT if failed.name == "believable" else LOOK


def held(comparison: Comparison, policy: Policy) -> str:
    """Returns what would change the verdict of a challenger that was held."""
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


def remedy(guard: Check) -> str:
    """Returns what would make up for a guard that failed."""
    kind, _, what = guard.name.partition(" ")
    if kind == "slice":
        return f"more datasets where {what.replace(' = ', ' is ', 1)}; or `slices` without this column"
    if kind == "guardrail":
        return f"a challenger that keeps {what}; or a wider margin in `guardrails`"
    return "a gain that most of the datasets share"


# --- conditions -------------------------------------------------------------------------------------------------


def suspicious(screening: Screening, policy: Policy) -> str:
    """Returns how many datasets the champion finds suspicious."""
    found = f": {'; '.join(screening.found)}" if screening.found else ""
    return (
        f"{screening.suspicious} of {screening.judged} new datasets are suspicious to the champion, at most "
        f"{percent(policy.max_suspicious, 0)} may be{found}"
    )


def moved(screening: Screening) -> str:
    """Returns which columns moved as a whole."""
    return "; ".join(screening.moved) or "no column moved as a whole"


def giveaways(names: tuple[str, ...]) -> str:
    """Returns which features give the target away."""
    alone = "alone determines" if len(names) == 1 else "each alone determine"
    return f"{quoted_list(names)} {alone} the target, which is predicted almost without error: too good to be true?"


def worst_datasets(tail: float, allowed: float) -> str:
    """Returns how far the worst datasets stick out; both are logarithms of ratios."""
    return (
        f"the worst-predicted tenth sticks out at least {math.exp(max(tail, 0.0)):.1f} times as far as the champion's "
        f"usually does, {math.exp(allowed):.1f} times is allowed"
    )


def finite(*, known: bool) -> str:
    """Returns whether every score is a number."""
    return "every score is a number" if known else "a score is not a number"


def enough(comparison: Comparison) -> str:
    """Returns how many datasets were judged."""
    return f"{comparison.datasets} {comparison.unit} were judged, {MIN_DATASETS} are needed"


def beats_dummy(comparison: Comparison) -> str:
    """Returns how likely it is that the challenger knows nothing."""
    return f"the chance of beating a model that knows nothing by luck is {probability(comparison.p_baseline)}"


def lucky(comparison: Comparison, policy: Policy) -> str:
    """Returns how likely the gain is luck."""
    opponent = "the champion" if comparison.champion else "the dummy baseline"
    return (
        f"the chance of such a gain over {opponent} by luck is {probability(comparison.p_value)}, "
        f"{probability(policy.alpha)} is allowed"
    )


def lucky_if_worse(comparison: Comparison, policy: Policy) -> str:
    """Returns how likely the result is luck if the challenger is worse by the margin."""
    return (
        f"the chance of such a result if it were worse by {percent(policy.margin)} is "
        f"{probability(comparison.p_not_worse)}, {probability(policy.alpha)} is allowed"
    )


def interval(comparison: Comparison, least: float) -> str:
    """Returns whether the interval of the gain lies above a bound."""
    above = "zero" if not least else percent(least)
    lies = "lies" if comparison.gain_interval.low > least else "does not lie"
    return f"the interval of the gain {percents(comparison.gain_interval)} {lies} above {above}"


def minimum_gain(comparison: Comparison, policy: Policy) -> str:
    """Returns the gain, and the least that is worth a promotion."""
    size, least = apart(comparison.gain, policy.min_improvement)
    return f"the gain is {size}, {least} is the least worth a promotion"


def gain(comparison: Comparison) -> str:
    """Returns the gain alone."""
    return f"the gain is {percent(comparison.gain)}"


def most_datasets(comparison: Comparison, least: float) -> str:
    """Returns on how many datasets the challenger is no worse; as counts if the shares round to the same."""
    share, needed = percent(comparison.win_rate, 0), percent(least, 0)
    if share == needed:
        total, won = comparison.datasets, round(comparison.win_rate * comparison.datasets)
        share, needed = (
            f"{won:,}",
            f"{max(math.ceil(least * total), won + (comparison.win_rate < least)):,} of {total:,}",
        )
    return (
        f"{share} of the {comparison.unit} are predicted no worse, at least {needed} have to be: half of them, less "
        "what chance explains"
    )


def without_worst(unit: str, trimmed: float) -> str:
    """Returns the gain without the datasets that are predicted worst."""
    few = "" if trimmed > 0 else ": it hangs on these few"
    return f"without the fifth of the {unit} that is predicted worst the gain is {percent(trimmed)}{few}"


def one_slice(part: SliceResult, unit: str) -> str:
    """Returns the gain on one slice."""
    worse = f": worse by more than {percent(TOLERATED, 0)}, and hardly by luck" if part.worse else ""
    return f"where {part.column} is {part.value} the gain is {percent(part.gain)} on {part.datasets} {unit}{worse}"


def guardrail(rail: GuardrailResult, policy: Policy, *, kept: bool) -> str:
    """Returns how a guarded metric changes."""
    before, after = (shown_score(rail.metric, score) or 0.0 for score in (rail.champion, rail.challenger))
    return (
        f"{shown_metric(rail.metric)} goes from {before:.4g} to {after:.4g}, and "
        f"{'is not' if kept else 'may be'} worse by more than {percent(rail.margin)}: the chance of such a result if "
        f"it were is {probability(rail.p_value)}, {probability(policy.alpha)} is allowed"
    )
