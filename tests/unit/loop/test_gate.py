import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.formatting import percent, probability
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import MIN_DATASETS, GuardrailResult, Interval, Screening, SliceResult
from ml_action.core.records.policy import Policy
from ml_action.loop.gate import decide, forced, is_beaten, review_unusable
from ml_action.reports.verdicts.gate import watched
from tests.support.factories import make_comparison

POLICY = Policy(confidence=0.95, min_improvement=0.005)
NAN = math.nan


def failed(comparison, policy=POLICY):
    return {check.name for check in decide(comparison, policy).checks if not check.passed}


def test_a_proven_improvement_is_promoted_with_its_numbers():
    decision = decide(make_comparison(), POLICY)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.reason == (
        "better by 25.0 % [15.0, 35.0] of the champion's error on 100 new datasets; 90 % of them improved"
    )
    assert len(decision.checks) == 7


def test_without_a_champion_the_dummy_baseline_is_the_opponent():
    decision = decide(make_comparison(champion={}), POLICY)
    assert decision.verdict is Verdict.PROMOTE
    assert "of the dummy baseline's error" in decision.reason
    assert "over the dummy baseline by luck" in decision.checks[2].text


@pytest.mark.parametrize(
    ("changes", "condition"),
    [
        ({"improvement": NAN}, "finite"),
        ({"p_worse": NAN, "p_baseline": NAN}, "finite"),
        ({"gain": math.inf}, "finite"),
        ({"datasets": MIN_DATASETS - 1}, "enough datasets"),
        ({"p_value": 0.0501}, "sign-flip test"),
        ({"gain_interval": Interval(0.0, 0.3)}, "interval"),
        ({"gain_interval": Interval(-0.01, 0.3)}, "interval"),
        ({"gain": 0.0049, "gain_interval": Interval(0.001, 0.008)}, "minimum gain"),
        ({"p_baseline": 0.2}, "dummy baseline"),
    ],
)
def test_one_failed_condition_holds_and_is_named_in_the_reason(changes, condition):
    comparison = make_comparison(**changes)
    decision = decide(comparison, POLICY)
    assert decision.verdict is Verdict.HOLD
    assert condition in failed(comparison)
    first = next(check for check in decision.checks if not check.passed)
    assert first.name == condition
    assert decision.reason.startswith("not proven better: ")
    assert decision.reason.endswith(f"({first.text})")


@pytest.mark.parametrize("field", ["improvement", "gain", "p_value", "p_baseline"])
@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_a_score_that_is_no_number_never_promotes(field, value):
    assert decide(make_comparison(**{field: value}), POLICY).verdict is Verdict.HOLD


def test_nothing_but_nan_holds_in_words():
    nothing = Interval(NAN, NAN)
    comparison = make_comparison(
        improvement=NAN, improvement_interval=nothing, gain=NAN, gain_interval=nothing, p_value=NAN, p_worse=NAN,
        p_baseline=NAN, win_rate=NAN,
    )  # fmt: skip
    decision = decide(comparison, POLICY)
    assert decision.verdict is Verdict.HOLD
    assert decision.reason.endswith("(a score is not a number)")
    assert "by luck is unknown" in decision.checks[2].text


def test_exactly_enough_datasets_are_enough():
    assert decide(make_comparison(datasets=MIN_DATASETS), POLICY).verdict is Verdict.PROMOTE


def test_exactly_the_least_gain_is_worth_a_promotion():
    comparison = make_comparison(gain=0.005, gain_interval=Interval(0.001, 0.009))
    assert decide(comparison, POLICY).verdict is Verdict.PROMOTE


@pytest.mark.parametrize("confidence", [0.5, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999])
def test_a_chance_of_exactly_what_is_allowed_is_allowed(confidence):
    allowed = float(f"{1 - confidence:.6f}")
    policy = Policy(confidence, 0.005)
    assert "sign-flip test" not in failed(make_comparison(p_value=allowed), policy)
    assert "sign-flip test" in failed(make_comparison(p_value=allowed + 0.0001), policy)
    assert "dummy baseline" not in failed(make_comparison(p_baseline=allowed), policy)


def test_a_proven_loss_is_rejected():
    worse = make_comparison(
        improvement=-0.05, gain=-0.2, gain_interval=Interval(-0.3, -0.1), p_value=0.9999, p_worse=0.0001, win_rate=0.1
    )
    decision = decide(worse, POLICY)
    assert decision.verdict is Verdict.REJECT
    assert decision.reason == (
        "worse by 20.0 % [10.0, 30.0] of the champion's error on 100 new datasets; 10 % of them improved"
    )


@pytest.mark.parametrize(
    "changes",
    [{"gain_interval": Interval(-0.3, 0.0)}, {"p_worse": 0.06}, {"p_worse": NAN}],
)
def test_a_loss_that_is_not_proven_is_held(changes):
    worse = {"gain": -0.2, "gain_interval": Interval(-0.3, -0.1), "p_value": 0.9999, "p_worse": 0.0001}
    assert decide(make_comparison(**worse | changes), POLICY).verdict is Verdict.HOLD


any_float = st.floats()


@given(
    gain=any_float, low=any_float, high=any_float, p=any_float, worse=any_float, base=any_float, n=st.integers(0, 99)
)
def test_whatever_the_numbers_a_promotion_has_passed_every_condition(gain, low, high, p, worse, base, n):
    comparison = make_comparison(
        gain=gain, gain_interval=Interval(low, high), p_value=p, p_worse=worse, p_baseline=base, datasets=n
    )
    decision = decide(comparison, POLICY)
    passed = all(check.passed for check in decision.checks)
    assert (decision.verdict is Verdict.PROMOTE) == passed
    if passed:
        assert low > 0
        assert p <= 0.05
        assert base <= 0.05
        assert gain >= 0.005
        assert n >= MIN_DATASETS


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (0.05, "0.05"),
        (0.0123, "0.0123"),
        (0.0001, "0.0001"),
        (0.00005, "below 0.0001"),
        (0.0, "below 0.0001"),
        (NAN, "unknown"),
    ],
)
def test_probabilities_are_readable(p, text):
    assert probability(p) == text


def test_shares_are_given_in_per_cent():
    assert percent(0.0614) == "6.1 %"
    assert percent(0.9, 0) == "90 %"


# --- data, guards, other gates -----------------------------------------------------------------------------


SUSPICIOUS = Screening(judged=200, suspicious=33, found=("33 against the champion's predictions",))


def verdict(comparison=None, policy=POLICY, screening=None):
    return decide(comparison or make_comparison(), policy, screening or Screening())


def test_more_suspicious_datasets_than_allowed_are_for_a_person_however_large_the_gain():
    decision = verdict(screening=SUSPICIOUS)
    assert decision.verdict is Verdict.REVIEW
    assert decision.reason == (
        "the data look wrong: 33 of 200 new datasets are suspicious to the champion, at most 10 % may be: "
        "33 against the champion's predictions"
    )
    assert "`force`" in decision.outlook
    assert verdict(screening=replace(SUSPICIOUS, suspicious=20)).verdict is Verdict.PROMOTE


def test_a_column_that_moved_as_a_whole_is_for_a_person():
    decision = verdict(screening=Screening(judged=200, moved=("'hours' has moved as a whole",)))
    assert decision.reason == "the data look wrong: 'hours' has moved as a whole"
    assert decision.verdict is Verdict.REVIEW


def test_suspicion_comes_before_proof_of_a_loss():
    worse = make_comparison(gain=-0.2, gain_interval=Interval(-0.3, -0.1), p_value=0.9999, p_worse=0.0001)
    assert verdict(worse, screening=SUSPICIOUS).verdict is Verdict.REVIEW


def test_a_heavy_tail_is_for_a_person_only_where_the_rest_would_promote():
    assert verdict(make_comparison(tail=0.41)).verdict is Verdict.REVIEW
    assert "1.5 times as far" in verdict(make_comparison(tail=0.41)).reason
    assert verdict(make_comparison(tail=0.40)).verdict is Verdict.PROMOTE
    assert verdict(make_comparison(tail=0.41, p_value=0.2)).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    "changes",
    [
        {"win_rate": 0.40},
        {"trimmed": -0.001},
        {"slices": (SliceResult("school", "online", 30, -0.08, worse=True),)},
        {"guardrails": (GuardrailResult("max_error", 0.01, -9.0, -12.0, -0.3, 0.9),)},
    ],
)
def test_a_guard_rejects_what_is_better_on_average(changes):
    decision = verdict(make_comparison(**changes))
    assert decision.verdict is Verdict.REJECT
    assert decision.reason.startswith("better on average, and yet not good enough: ")
    assert sum(not check.passed for check in decision.checks) == 1


def test_half_of_the_datasets_may_become_worse_and_a_few_more_by_chance():
    assert verdict(make_comparison(win_rate=0.42)).verdict is Verdict.PROMOTE  # 100 datasets
    assert verdict(make_comparison(win_rate=0.42, datasets=10_000)).verdict is Verdict.REJECT


def test_a_slice_that_is_no_worse_passes():
    decision = verdict(make_comparison(slices=(SliceResult("school", "online", 30, -0.01, worse=False),)))
    assert decision.verdict is Verdict.PROMOTE
    assert decision.checks[-1].text == "where school is online the gain is -1.0 % on 30 datasets"


def test_not_worse_promotes_what_is_no_gain_and_surely_no_loss():
    policy = Policy(gate="not-worse", margin=0.02)
    same = {"gain": 0.0, "gain_interval": Interval(-0.01, 0.01), "p_value": 0.5, "win_rate": 0.45}
    assert verdict(make_comparison(**same, p_not_worse=0.001), policy).verdict is Verdict.PROMOTE
    assert verdict(make_comparison(**same, p_not_worse=0.001), POLICY).verdict is Verdict.HOLD
    assert verdict(make_comparison(**same, p_not_worse=0.06), policy).verdict is Verdict.HOLD
    wide = same | {"gain_interval": Interval(-0.02, 0.02)}
    assert verdict(make_comparison(**wide, p_not_worse=0.001), policy).verdict is Verdict.HOLD


def test_higher_asks_for_a_higher_score_and_nothing_more():
    policy = Policy(gate="higher")
    lucky = make_comparison(improvement=0.001, gain=0.001, gain_interval=Interval(-0.1, 0.1), p_value=0.49)
    assert verdict(lucky, policy).verdict is Verdict.PROMOTE
    assert verdict(replace(lucky, improvement=0.0), policy).verdict is Verdict.HOLD
    assert verdict(replace(lucky, improvement=NAN), policy).verdict is Verdict.HOLD


@pytest.mark.parametrize("gate", ["better", "not-worse", "higher"])
def test_no_gate_promotes_on_few_datasets_or_a_dummys_worth(gate):
    policy = Policy(gate=gate)
    assert verdict(make_comparison(datasets=29), policy).verdict is Verdict.HOLD
    assert verdict(make_comparison(p_baseline=0.06), policy).verdict is Verdict.HOLD


def test_what_would_change_the_verdict():
    lucky = make_comparison(p_value=0.2, needed=90)
    assert verdict(lucky).outlook == "about 90 more datasets of this kind would show a gain of this size"
    assert verdict(replace(lucky, datasets=12)).outlook == "at least 18 more datasets are needed to judge at all"
    assert verdict(replace(lucky, needed=0)).outlook == ""
    assert "`min-improvement`" in verdict(replace(lucky, gain=0.001)).outlook
    assert "no gain to show" in verdict(replace(lucky, gain=-0.001)).outlook
    assert verdict().outlook == ""


def test_a_forced_promotion_names_the_verdict_of_the_gate():
    decision = forced(verdict(screening=SUSPICIOUS), "the labels are right, I looked")
    assert decision.verdict is Verdict.PROMOTE
    assert decision.reason.startswith(
        "forced by a person (the labels are right, I looked); the gate's verdict was review: the data look wrong: "
        "33 of 200"
    )


def test_nothing_left_to_judge_by_is_a_review():
    decision = review_unusable(Screening(judged=40, suspicious=40, found=("40 far worse predicted",)), POLICY)
    assert decision.verdict is Verdict.REVIEW
    assert "40 of 40 new datasets are suspicious" in decision.reason


def test_the_watch_asks_for_the_proof_that_the_gate_asks_for_whatever_it_is_set_to():
    for gate in ("better", "not-worse", "higher"):
        policy = Policy(gate=gate)
        assert is_beaten(make_comparison(), policy)
        for changes in (
            {"p_value": 0.06},
            {"gain_interval": Interval(-0.01, 0.3)},
            {"gain": 0.004},
            {"datasets": 29},
            {"gain": math.nan},
        ):
            assert not is_beaten(make_comparison(**changes), policy)
    assert is_beaten(make_comparison(p_baseline=0.9), Policy())


def test_what_the_watch_found_is_a_sentence():
    assert watched("v2", "v1", make_comparison(), worse=True) == (
        "v2 is worse than v1, the version before it, by 25.0 % [15.0, 35.0] of its error on 100 new datasets, 90 % of "
        "which v1 predicts no worse"
    )
    assert watched("v2", "v1", make_comparison(gain=-0.1), worse=False).startswith(
        "v2 is not proven worse than v1, the version before it: going back would save -10.0 % ["
    )


def test_a_feature_that_gives_the_target_away_is_for_a_person_to_review_unless_it_is_known_before():
    found = make_comparison(giveaways=("power.1", "code"))
    decision = decide(found, POLICY)
    assert decision.verdict is Verdict.REVIEW
    assert decision.reason.startswith("the data look wrong: 'power.1', 'code' each alone determine the target")
    assert "`known-before`" in decision.outlook
    half = decide(found, replace(POLICY, known_before=("code",)))
    assert "'power.1' alone determines the target" in half.reason
    assert decide(found, replace(POLICY, known_before=("power.1", "code"))).verdict is Verdict.PROMOTE
