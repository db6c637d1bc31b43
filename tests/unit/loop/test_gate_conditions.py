"""Every condition of the gate: its name (the journal stores it), its sentence, and the exact number at which it turns.

`make mutation` changes the gate one operator at a time; these tests are what notices.
"""

import math
from dataclasses import replace
from statistics import NormalDist

import pytest

from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import MIN_DATASETS, Check, GuardrailResult, Interval, Screening, SliceResult
from ml_action.core.records.policy import Policy
from ml_action.loop import gate
from ml_action.loop.gate import decide
from ml_action.reports.verdicts import gate as sentences
from tests.support.factories import make_comparison

BETTER, NOT_WORSE, HIGHER = Policy(), Policy(gate="not-worse"), Policy(gate="higher")
SCREENED = Screening(judged=200, suspicious=3, found=("2 far worse predicted", "1 with a column far away"))
FORCE = "run once with `force` and a reason, which proposes the challenger"
LOOK = f"look at the datasets; if they are right, {FORCE}"
FULL = make_comparison(
    trimmed=0.2, tail=-0.1, p_not_worse=0.0001,
    slices=(SliceResult("school", "town", 60, 0.07, False), SliceResult("school", "online", 40, -0.08, True)),
    guardrails=(GuardrailResult("max_error", 0.01, -9.0, -8.5, 0.05, 0.05),),
)  # fmt: skip
DATA = (
    Check(
        "screen",
        True,
        "3 of 200 new datasets are suspicious to the champion, at most 10 % may be: 2 far worse predicted; 1 with a "
        "column far away",
    ),
    Check("columns in place", True, "no column moved as a whole"),
)
JUDGED = (
    Check("finite", True, "every score is a number"),
    Check("enough datasets", True, "100 datasets were judged, 30 are needed"),
)
DUMMY = Check("dummy baseline", True, "the chance of beating a model that knows nothing by luck is 0.0001")
SLICES = (
    Check("slice school = town", True, "where school is town the gain is 7.0 % on 60 datasets"),
    Check(
        "slice school = online",
        False,
        "where school is online the gain is -8.0 % on 40 datasets: worse by more than 2 %, and hardly by luck",
    ),
)
GUARDRAIL = Check(
    "guardrail max_error",
    True,
    "max_error goes from 9 to 8.5, and is not worse by more than 1.0 %: the chance of such a result if it were is "
    "0.05, 0.05 is allowed",
)
TAIL = Check(
    "worst datasets",
    True,
    "the worst-predicted tenth sticks out at least 1.0 times as far as the champion's usually does, 1.5 times is "
    "allowed",
)


def test_the_conditions_of_better():
    proof = (
        Check("sign-flip test", True, "the chance of such a gain over the champion by luck is 0.0001, 0.05 is allowed"),
        Check("interval", True, "the interval of the gain [15.0, 35.0] lies above zero"),
        Check("minimum gain", True, "the gain is 25.0 %, 0.5 % is the least worth a promotion"),
    )
    guards = (
        Check(
            "most datasets",
            True,
            "90 % of the datasets are predicted no worse, at least 42 % have to be: half of them, less what chance "
            "explains",
        ),
        Check(
            "without the worst",
            True,
            "without the fifth of the datasets that is predicted worst the gain is 20.0 %",
        ),
    )
    expected = (*DATA, *JUDGED, *proof, DUMMY, *guards, *SLICES, GUARDRAIL, TAIL)
    assert decide(FULL, BETTER, SCREENED).checks == expected


def test_the_conditions_of_not_worse():
    proof = (
        Check(
            "sign-flip test",
            True,
            "the chance of such a result if it were worse by 2.0 % is 0.0001, 0.05 is allowed",
        ),
        Check("interval", True, "the interval of the gain [15.0, 35.0] lies above -2.0 %"),
    )
    assert decide(FULL, NOT_WORSE, SCREENED).checks == (*DATA, *JUDGED, *proof, DUMMY, *SLICES, GUARDRAIL, TAIL)


def test_the_conditions_of_higher():
    proof = (Check("higher score", True, "the gain is 25.0 %"),)
    assert decide(FULL, HIGHER, SCREENED).checks == (*DATA, *JUDGED, *proof, DUMMY, *SLICES, GUARDRAIL, TAIL)


def test_without_a_screening_the_data_are_no_condition():
    assert decide(FULL, HIGHER).checks[0] == JUDGED[0]


def test_what_the_data_fail_is_listed():
    moved = Screening(judged=50, suspicious=5, moved=("'hours' has moved", "'score' has moved"))
    screen, columns = decide(FULL, BETTER, moved).checks[:2]
    assert screen == Check("screen", True, "5 of 50 new datasets are suspicious to the champion, at most 10 % may be")
    assert columns == Check("columns in place", False, "'hours' has moved; 'score' has moved")


def condition(name, policy=BETTER, **changes):
    """The condition of this name on a comparison with these changes."""
    (found,) = (check for check in decide(make_comparison(**changes), policy).checks if check.name == name)
    return found


AT_THE_MARGIN, ABOVE_IT = Interval(-0.02, 0.1), Interval(-0.0199, 0.1)


@pytest.mark.parametrize(
    ("name", "policy", "passes", "fails"),
    [
        ("sign-flip test", BETTER, {"p_value": 0.05}, {"p_value": 0.0501}),
        ("sign-flip test", NOT_WORSE, {"p_not_worse": 0.05}, {"p_not_worse": 0.0501}),
        ("interval", BETTER, {"gain_interval": Interval(0.0001, 0.1)}, {"gain_interval": Interval(0.0, 0.1)}),
        ("interval", NOT_WORSE, {"gain_interval": ABOVE_IT}, {"gain_interval": AT_THE_MARGIN}),
        ("minimum gain", BETTER, {"gain": 0.005}, {"gain": 0.0049}),
        ("higher score", HIGHER, {"improvement": 0.0001}, {"improvement": 0.0}),
        ("enough datasets", BETTER, {"datasets": MIN_DATASETS}, {"datasets": MIN_DATASETS - 1}),
        ("dummy baseline", BETTER, {"p_baseline": 0.05}, {"p_baseline": 0.0501}),
        ("without the worst", BETTER, {"trimmed": 0.0001}, {"trimmed": 0.0}),
        ("worst datasets", BETTER, {"tail": 0.4}, {"tail": 0.4001}),
    ],
)
def test_a_condition_turns_at_exactly_this_number(name, policy, passes, fails):
    assert condition(name, policy, **passes).passed is True
    assert condition(name, policy, **fails).passed is False


def test_half_of_the_datasets_less_chance_is_exactly_enough():
    least = 0.5 - NormalDist().inv_cdf(0.95) * 0.5 / math.sqrt(100)
    assert condition("most datasets", win_rate=least).passed
    assert not condition("most datasets", win_rate=least - 1e-9).passed


def test_chance_explains_most_where_one_dataset_was_judged():
    assert "at least -32 % have to be" in condition("most datasets", datasets=1).text
    assert "at least -32 % have to be" in condition("most datasets", datasets=0).text


@pytest.mark.parametrize(
    ("policy", "low", "text"),
    [
        (BETTER, 0.01, "the interval of the gain [1.0, 35.0] lies above zero"),
        (BETTER, 0.0, "the interval of the gain [0.0, 35.0] does not lie above zero"),
        (NOT_WORSE, -0.01, "the interval of the gain [-1.0, 35.0] lies above -2.0 %"),
        (NOT_WORSE, -0.02, "the interval of the gain [-2.0, 35.0] does not lie above -2.0 %"),
    ],
)
def test_an_interval_is_compared_in_words(policy, low, text):
    assert condition("interval", policy, gain_interval=Interval(low, 0.35)).text == text


def test_a_gain_of_a_few_datasets_is_named_as_that():
    few = "the gain is 0.0 %: it hangs on these few"
    assert condition("without the worst", trimmed=0.0).text.endswith(few)
    assert condition("without the worst", trimmed=0.5).text.endswith("the gain is 50.0 %")


@pytest.mark.parametrize(("p_value", "kept", "words"), [(0.05, True, "is not"), (0.0501, False, "may be")])
def test_a_guardrail_is_kept_at_exactly_the_chance_that_is_allowed(p_value, kept, words):
    rail = GuardrailResult("max_error", 0.01, -9.0, -9.1, -0.01, p_value)
    found = condition("guardrail max_error", guardrails=(rail,))
    assert found.passed is kept
    assert f"and {words} worse by more than 1.0 %" in found.text


def test_an_opponent_is_the_champion_where_there_is_one():
    assert "gain over the champion by luck" in condition("sign-flip test").text
    assert "gain over the dummy baseline by luck" in condition("sign-flip test", champion={}).text


# --- verdicts --------------------------------------------------------------------------------------------

LOSS = {"gain": -0.2, "gain_interval": Interval(-0.3, -0.1), "p_value": 0.9999, "p_worse": 0.0001, "win_rate": 0.1}


def test_a_loss_is_proven_at_exactly_the_chance_that_is_allowed():
    rejected = decide(make_comparison(**LOSS | {"p_worse": 0.05}), BETTER)
    assert rejected.verdict is Verdict.REJECT
    assert rejected.outlook == "other datasets or another `estimator`: on these the champion is better"
    assert decide(make_comparison(**LOSS | {"p_worse": 0.0501}), BETTER).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        (
            {"slices": (SliceResult("school = a", "x = y", 40, -0.08, worse=True),)},
            "more datasets where school is a = x = y; or `slices` without this column",
        ),
        (
            {"guardrails": (GuardrailResult("max_error", 0.01, -9.0, -12.0, -0.3, 0.9),)},
            "a challenger that keeps max_error; or a wider margin in `guardrails`",
        ),
        ({"win_rate": 0.1}, "a gain that most of the datasets share"),
        ({"trimmed": -0.1}, "a gain that most of the datasets share"),
    ],
)
def test_a_guard_that_failed_has_a_remedy(changes, remedy):
    decision = decide(make_comparison(**changes), BETTER)
    assert (decision.verdict, decision.outlook) == (Verdict.REJECT, remedy)
    assert "(gain of 25.0 %" in decision.reason


def test_a_held_gain_is_called_a_gain():
    assert decide(make_comparison(p_value=0.2), BETTER).reason.startswith(
        "not proven better: gain of 25.0 % [15.0, 35.0]"
    )


def test_a_review_has_every_condition_and_the_way_out():
    wrong, heavy = Screening(judged=200, suspicious=33), make_comparison(tail=0.5)
    for decision in (decide(FULL, BETTER, wrong), decide(heavy, BETTER)):
        assert (decision.verdict, decision.outlook) == (Verdict.REVIEW, LOOK)
        assert "most datasets" in {check.name for check in decision.checks}
    unusable = gate.review_unusable(wrong, BETTER)
    assert (unusable.verdict, unusable.outlook) == (Verdict.REVIEW, LOOK)
    assert [check.name for check in unusable.checks] == ["screen", "columns in place"]


def test_a_forced_promotion_keeps_what_was_overruled_and_expects_nothing():
    held = decide(make_comparison(p_value=0.2, needed=90), BETTER)
    forced = gate.forced(held, "we know better")
    overruled = f"hold: {held.reason}"
    assert forced == replace(held, verdict=Verdict.PROMOTE, reason=forced.reason, outlook="", overruled=overruled)
    assert forced.reason.startswith("forced by a person (we know better); ")
    assert forced.reason.endswith(overruled)


def test_what_was_rolled_back_is_held_with_its_reason():
    promoted = decide(make_comparison(), BETTER)
    held = gate.hold_rolled_back(promoted, "it was rolled back")
    assert held == replace(
        promoted,
        verdict=Verdict.HOLD,
        reason=f"{promoted.reason}, and yet it was rolled back",
        outlook=f"new datasets: with them it is another model; or {FORCE}",
    )


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("the champion cannot be scored: it lacks hours", "it lacks hours"),
        ("the champion has no column hours", "it has no column hours"),
        ("'hours' is new to the champion", "'hours' is new to the champion"),
    ],
)
def test_a_champion_without_an_answer_is_incomparable(why, reason):
    decision = gate.incomparable(why)
    assert decision.verdict is Verdict.INCOMPARABLE
    assert decision.reason == f"the champion cannot be scored on the new datasets: {reason}"
    assert decision.outlook == f"keep the columns as the champion knows them, or {FORCE}"
    assert decision.checks == ()


@pytest.mark.parametrize(
    ("gains", "text"), [((0.0, 0.1), "did not become worse"), ((0.1, 1.0), "improved"), ((), "improved")]
)
def test_datasets_that_stayed_as_they_were_did_not_improve(gains, text):
    assert sentences.evidence(make_comparison(gains=gains)).endswith(f"90 % of them {text}")


def test_a_gain_that_is_no_number_has_no_figure():
    assert sentences.evidence(make_comparison(gain=math.nan)) == "no figure on 100 new datasets"


# --- what would change the verdict -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "changes", "outlook"),
    [
        (BETTER, {"gain": math.nan}, "a metric that has a value on these datasets"),
        (BETTER, {"datasets": 29}, "at least 1 more dataset is needed to judge at all"),
        (BETTER, {"datasets": 28}, "at least 2 more datasets are needed to judge at all"),
        (BETTER, {"datasets": 30, "needed": 7}, "about 7 more datasets of this kind would show a gain of this size"),
        (BETTER, {"needed": 1234}, "about 1,234 more datasets of this kind would show a gain of this size"),
        (BETTER, {"needed": 0}, ""),
        (BETTER, {"gain": 0.0}, "there is no gain to show: more datasets of this kind would hardly change that"),
        (
            BETTER,
            {"gain": 0.0049},
            "a gain of this size is not worth a promotion, however many datasets show it: `min-improvement`",
        ),
        (BETTER, {"gain": 0.005, "needed": 0}, ""),
        (NOT_WORSE, {"gain": -0.0199}, "more datasets of this kind, until the interval lies above -2.0 %"),
        (
            NOT_WORSE,
            {"gain": -0.02},
            "there is no gain to show: more datasets of this kind would hardly change that",
        ),
        (HIGHER, {"improvement": 0.0}, "there is no gain to show: more datasets of this kind would hardly change that"),
    ],
)
def test_a_held_challenger_has_an_outlook(policy, changes, outlook):
    held = {"p_value": 0.2, "p_not_worse": 0.2, "improvement": 0.05}
    decision = decide(make_comparison(**held | changes), policy)
    assert (decision.verdict, decision.outlook) == (Verdict.HOLD, outlook)


def test_shares_that_round_to_the_same_are_counts():
    found = make_comparison(datasets=220, win_rate=0.4709)
    assert sentences.most_datasets(found, 0.4745).startswith(
        "104 of the datasets are predicted no worse, at least 105 of 220"
    )
    assert sentences.most_datasets(found, 0.42).startswith("47 % of the datasets are predicted no worse, at least 42 %")


def test_gains_that_round_to_what_is_asked_have_more_digits():
    text = sentences.minimum_gain(make_comparison(gain=0.00496), BETTER)
    assert text == "the gain is 0.496 %, 0.500 % is the least worth a promotion"


def test_a_loss_that_few_datasets_make_is_explained():
    few = make_comparison(gain=-1.0, win_rate=0.99)
    assert sentences.evidence(few).endswith("99 % of them improved, and the few others are predicted much worse")
