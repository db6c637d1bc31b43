"""Worlds, and the reason and outlook that the gate gives in each of them, word for word.

The figures are made up; what real worlds give is in benchmarks/decision.
"""

import math
from dataclasses import dataclass

import pytest

from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Comparison, GuardrailResult, Interval, Screening, SliceResult
from ml_action.core.records.policy import Policy
from ml_action.loop import gate
from ml_action.loop.gate import decide
from tests.support.factories import make_comparison

POLICY, SCREENED = Policy(), Screening(judged=220)
REVERSED = "against the champion's predictions (labels reversed or shuffled?)"
IN_MINUTES = (
    "'hours_studied' has moved as a whole: 100 % of the new datasets lie above the earlier ones (median 241, before "
    "4.02): about 60 times as large, minutes instead of hours?"
)


def judged(gain, low, high, *, datasets=214, win_rate=0.71, **changes) -> Comparison:
    """A comparison with this gain, interval, number of datasets and win rate."""
    worse = gain < 0
    tests = {"p_value": 0.9998, "p_worse": 0.0002} if worse else {"p_value": 0.0002, "p_worse": 0.9998}
    return make_comparison(
        gain=gain, gain_interval=Interval(low, high), datasets=datasets, win_rate=win_rate,
        **{"trimmed": gain * 0.8, "tail": -0.1} | tests | changes,
    )  # fmt: skip


@dataclass(frozen=True)
class World:
    """What was judged, and the verdict on it."""

    verdict: Verdict
    reason: str
    outlook: str
    comparison: Comparison
    policy: Policy = POLICY
    screening: Screening = SCREENED


LOOK = "look at the datasets; if they are right, run once with `force` and a reason, which proposes the challenger"
SMALL_GAIN = judged(0.021, 0.012, 0.03, win_rate=0.62)
WORLDS = {
    "nothing changed": World(
        Verdict.HOLD,
        "not proven better: gain of 0.2 % [-0.9, 1.4] of the champion's error on 214 new datasets; 52 % of them "
        "improved (the chance of such a gain over the champion by luck is 0.31, 0.05 is allowed)",
        "a gain of this size is not worth a promotion, however many datasets show it: `min-improvement`",
        judged(0.002, -0.009, 0.014, win_rate=0.52, p_value=0.31),
    ),
    "nothing changed at all": World(
        Verdict.HOLD,
        "not proven better: gain of 0.0 % [0.0, 0.0] of the champion's error on 214 new datasets; 100 % of them did "
        "not become worse (the chance of such a gain over the champion by luck is 1, 0.05 is allowed)",
        "there is no gain to show: more datasets of this kind would hardly change that",
        judged(0.0, 0.0, 0.0, win_rate=1.0, p_value=1.0, p_worse=1.0, gains=(0.0,) * 41),
    ),
    "a gain that is not proven yet": World(
        Verdict.HOLD,
        "not proven better: gain of 1.8 % [-0.4, 4.0] of the champion's error on 60 new datasets; 58 % of them "
        "improved (the chance of such a gain over the champion by luck is 0.062, 0.05 is allowed)",
        "about 90 more datasets of this kind would show a gain of this size",
        judged(0.018, -0.004, 0.04, datasets=60, win_rate=0.58, p_value=0.062, needed=90),
    ),
    "a small gain": World(
        Verdict.PROMOTE,
        "better by 2.1 % [1.2, 3.0] of the champion's error on 214 new datasets; 62 % of them improved",
        "",
        SMALL_GAIN,
    ),
    "a large gain": World(
        Verdict.PROMOTE,
        "better by 19.4 % [16.0, 22.7] of the champion's error on 214 new datasets; 89 % of them improved",
        "",
        judged(0.194, 0.16, 0.227, win_rate=0.89),
    ),
    "the first model": World(
        Verdict.PROMOTE,
        "better by 81.3 % [78.8, 83.5] of the dummy baseline's error on 220 new datasets; 100 % of them improved",
        "",
        judged(0.813, 0.788, 0.835, datasets=220, win_rate=1.0, champion={}, tail=None),
        screening=Screening(),
    ),
    "worse": World(
        Verdict.REJECT,
        "worse by 7.7 % [5.1, 10.4] of the champion's error on 214 new datasets; 24 % of them improved",
        "other datasets or another `estimator`: on these the champion is better",
        judged(-0.077, -0.104, -0.051, win_rate=0.24),
    ),
    "too few datasets": World(
        Verdict.HOLD,
        "not proven better: gain of 12.0 % [4.1, 19.5] of the champion's error on 12 new datasets; 83 % of them "
        "improved (12 datasets were judged, 30 are needed)",
        "at least 18 more datasets are needed to judge at all",
        judged(0.12, 0.041, 0.195, datasets=12, win_rate=0.83),
    ),
    "reversed labels in 15 %": World(
        Verdict.REVIEW,
        "the data look wrong: 33 of 220 new datasets are suspicious to the champion, at most 10 % may be: 33 against "
        "the champion's predictions (labels reversed or shuffled?)",
        LOOK,
        judged(0.031, 0.01, 0.052),
        screening=Screening(judged=220, suspicious=33, found=(f"33 {REVERSED}",)),
    ),
    "minutes for hours in all": World(
        Verdict.REVIEW,
        f"the data look wrong: {IN_MINUTES}",
        LOOK,
        judged(0.92, 0.9, 0.94),
        screening=Screening(judged=220, moved=(IN_MINUTES,)),
    ),
    "a few that no model can predict": World(
        Verdict.REVIEW,
        "the data look wrong: the worst-predicted tenth sticks out at least 2.3 times as far as the champion's "
        "usually does, 1.5 times is allowed",
        LOOK,
        judged(0.061, 0.039, 0.084, tail=0.83),
    ),
    "a slice is damaged": World(
        Verdict.REJECT,
        "better on average, and yet not good enough: where school is online the gain is -8.1 % on 41 datasets: worse "
        "by more than 2 %, and hardly by luck (gain of 6.1 % [3.9, 8.4] of the champion's error on 214 new datasets; "
        "71 % of them improved)",
        "more datasets where school is online; or `slices` without this column",
        judged(
            0.061,
            0.039,
            0.084,
            slices=(SliceResult("school", "town", 173, 0.09, False), SliceResult("school", "online", 41, -0.081, True)),
        ),
        Policy(slices=("school",)),
    ),
    "a guardrail is broken": World(
        Verdict.REJECT,
        "better on average, and yet not good enough: max_error goes from 21.4 to 38.02, and may be worse by more "
        "than 2.0 %: the chance of such a result if it were is 0.97, 0.05 is allowed (gain of 6.1 % [3.9, 8.4] of the "
        "champion's error on 214 new datasets; 71 % of them improved)",
        "a challenger that keeps neg_max_error; or a wider margin in `guardrails`",
        judged(0.061, 0.039, 0.084, guardrails=(GuardrailResult("neg_max_error", 0.02, -21.4, -38.02, -0.777, 0.97),)),
    ),
    "the gain of a few": World(
        Verdict.REJECT,
        "better on average, and yet not good enough: without the fifth of the datasets that is predicted worst the "
        "gain is -1.2 %: it hangs on these few (gain of 6.1 % [3.9, 8.4] of the champion's error on 214 new datasets; "
        "55 % of them improved)",
        "a gain that most of the datasets share",
        judged(0.061, 0.039, 0.084, win_rate=0.55, trimmed=-0.012),
    ),
    "most become worse": World(
        Verdict.REJECT,
        "better on average, and yet not good enough: 31 % of the datasets are predicted no worse, at least 44 % "
        "have to be: half of them, less what chance explains (gain of 6.1 % [3.9, 8.4] of the champion's error on "
        "214 new datasets; 31 % of them improved)",
        "a gain that most of the datasets share",
        judged(0.061, 0.039, 0.084, win_rate=0.31),
    ),
    "no worse, and that is asked for": World(
        Verdict.PROMOTE,
        "not worse: gain of 0.2 % [-0.9, 1.4] of the champion's error on 214 new datasets; 52 % of them improved",
        "",
        judged(0.002, -0.009, 0.014, win_rate=0.52, p_value=0.31, p_not_worse=0.0004),
        Policy(gate="not-worse"),
    ),
    "perhaps worse": World(
        Verdict.HOLD,
        "may be worse: gain of -0.8 % [-3.1, 1.6] of the champion's error on 214 new datasets; 46 % of them improved "
        "(the chance of such a result if it were worse by 2.0 % is 0.14, 0.05 is allowed)",
        "more datasets of this kind, until the interval lies above -2.0 %",
        judged(-0.008, -0.031, 0.016, win_rate=0.46, p_value=0.74, p_worse=0.26, p_not_worse=0.14),
        Policy(gate="not-worse"),
    ),
    "higher, and that is asked for": World(
        Verdict.PROMOTE,
        "a higher score: gain of 0.2 % [-0.9, 1.4] of the champion's error on 214 new datasets; 52 % of them improved",
        "",
        judged(0.002, -0.009, 0.014, win_rate=0.52, p_value=0.31),
        Policy(gate="higher"),
    ),
    "no higher score": World(
        Verdict.HOLD,
        "no higher score: gain of -0.4 % [-1.4, 0.7] of the champion's error on 214 new datasets; 48 % of them "
        "improved (the gain is -0.4 %)",
        "there is no gain to show: more datasets of this kind would hardly change that",
        judged(-0.004, -0.014, 0.007, win_rate=0.48, p_worse=0.3, improvement=-0.001),
        Policy(gate="higher"),
    ),
    "no score at all": World(
        Verdict.HOLD,
        "not proven better: no figure on 214 new datasets (a score is not a number)",
        "a metric that has a value on these datasets",
        judged(math.nan, math.nan, math.nan, improvement=math.nan, p_value=math.nan),
    ),
    "groups of rows": World(
        Verdict.PROMOTE,
        "better by 6.1 % [3.9, 8.4] of the champion's error on 80 new groups of rows; 71 % of them improved",
        "",
        judged(0.061, 0.039, 0.084, datasets=80, unit="groups of rows"),
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_verdict_on_a_world(name):
    world = WORLDS[name]
    decision = decide(world.comparison, world.policy, world.screening)
    assert (decision.verdict, decision.reason, decision.outlook) == (world.verdict, world.reason, world.outlook)
    assert all(check.text for check in decision.checks)


def test_every_verdict_of_the_gate_has_a_world():
    assert {world.verdict for world in WORLDS.values()} == {
        Verdict.PROMOTE, Verdict.HOLD, Verdict.REJECT, Verdict.REVIEW
    }  # fmt: skip


def test_champion_without_predictions_is_incomparable():
    decision = gate.incomparable("the champion needs columns that the datasets do not have: 'sleep_hours'")
    assert decision.verdict is Verdict.INCOMPARABLE
    assert decision.reason == (
        "the champion cannot be scored on the new datasets: it needs columns that the datasets do not have: "
        "'sleep_hours'"
    )
    assert decision.outlook == (
        "keep the columns as the champion knows them, or run once with `force` and a reason, which proposes the "
        "challenger"
    )


def test_batch_without_usable_datasets_is_for_review():
    decision = gate.review_unusable(Screening(judged=220, suspicious=220, found=(f"220 {REVERSED}",)), Policy())
    assert decision.reason == (
        "the data look wrong: 220 of 220 new datasets are suspicious to the champion, at most 10 % may be: 220 against "
        "the champion's predictions (labels reversed or shuffled?)"
    )
    assert decision.outlook == LOOK


def test_forced_promotion_keeps_the_verdict_that_it_overruled():
    world = WORLDS["reversed labels in 15 %"]
    held = decide(world.comparison, world.policy, world.screening)
    decision = gate.forced(held, "the scale was turned around on purpose")
    assert decision.verdict is Verdict.PROMOTE
    assert (
        decision.reason
        == f"forced by a person (the scale was turned around on purpose); the gate's verdict was review: {world.reason}"
    )
    assert decision.overruled == f"review: {world.reason}"
    assert decision.outlook == ""
    assert decision.checks == held.checks
