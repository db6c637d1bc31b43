"""Whatever two models say of the same rows: figures that decide, or an ending; never a promotion by luck or by NaN."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_action.core.records.choices import Verdict
from ml_action.core.records.model import Recipe
from ml_action.core.records.policy import Guardrail, Policy
from ml_action.loop.gate import decide
from ml_action.modelling.evaluation.comparison import compare
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.evaluation.scoring import Unscorable

GATES = ("better", "not-worse", "higher")
REGRESSIONS = ("r2", "neg_mean_absolute_error", "neg_median_absolute_error", "tests.support.metrics.of_what_is_known")
CLASSES = ("accuracy", "neg_log_loss", "neg_brier_score", "roc_auc", "f1", "tests.support.metrics.odds")


def recipe(task, metric, outputs=1, weight=""):
    targets = tuple(f"y{place}" for place in range(outputs)) if outputs > 1 else ()
    return Recipe("y", ("x",), task, "", {}, metric, 3, targets, weight)


def regression(*noise, clusters=40, rows=8, outputs=1, target=None):
    rng = np.random.default_rng(0)
    shape = clusters * rows if outputs == 1 else (clusters * rows, outputs)
    target = rng.normal(5, 2, shape) if target is None else target
    said = [Predictions(target + rng.normal(0, width, shape)) for width in noise]
    return PairedPredictions(target, np.repeat(np.arange(clusters), rows), *said)


def classes(*noise, clusters=40, rows=8, names=(0, 1)):
    rng = np.random.default_rng(0)
    chance = rng.uniform(0.05, 0.95, clusters * rows)
    names = np.array(names)
    target = names[(rng.uniform(size=len(chance)) < chance).astype(int)]
    return PairedPredictions(
        target, np.repeat(np.arange(clusters), rows), *(guessed(chance, rng, width, names) for width in noise)
    )


def guessed(chance, rng, width, names):
    guess = np.clip(chance + rng.normal(0, width, len(chance)), 0.01, 0.99)
    return Predictions(names[(guess > 0.5) * 1], np.column_stack([1 - guess, guess]), None, names)


def judged_by(judged, metric, **policy):
    task = "regression" if judged.challenger.classes is None else "classification"
    asked = Policy(**policy)
    comparison = compare(judged, recipe(task, metric, 1 if judged.target.ndim == 1 else judged.target.shape[1]), asked)
    return decide(comparison, asked).verdict, comparison


# --- ties and constants -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", REGRESSIONS + CLASSES)
@pytest.mark.parametrize("gate", ["better", "higher"])
def test_a_model_against_itself_is_held(metric, gate):
    judged = regression(1, 3, 1) if metric in REGRESSIONS else classes(0.1, 2, 0.1)
    judged = dataclasses.replace(judged, champion=judged.challenger)
    verdict, comparison = judged_by(judged, metric, gate=gate)
    assert verdict is Verdict.HOLD
    assert (comparison.gain, comparison.improvement, comparison.p_value, comparison.win_rate) == (0, 0, 1, 1)
    assert comparison.p_baseline < 0.05


@pytest.mark.parametrize("gate", GATES)
def test_the_last_bits_of_a_machine_promote_nothing_that_they_do_not_promote_without(gate):
    """Another processor adds in another order: under every gate the verdict is the same as for equal predictions."""
    judged = regression(1, 3, 1)
    rng = np.random.default_rng(1)
    verdicts = set()
    for _ in range(5):
        shaken = Predictions(judged.champion.label * (1 + rng.choice([-1, 0, 1], len(judged.target)) * 2.0**-52))
        verdicts.add(judged_by(dataclasses.replace(judged, challenger=shaken), "r2", gate=gate)[0])
    assert verdicts == {Verdict.PROMOTE if gate == "not-worse" else Verdict.HOLD}


@pytest.mark.parametrize("metric", REGRESSIONS + CLASSES)
@pytest.mark.parametrize("gate", GATES)
def test_a_constant_answer_is_not_promoted_over_a_model_that_knows_something(metric, gate):
    judged = regression(1, 3, 1) if metric in REGRESSIONS else classes(0.1, 2, 0.1)
    said = judged.champion
    if metric in REGRESSIONS:
        dull = Predictions(np.full(len(said), judged.target.mean()))
    else:
        dull = Predictions(np.full(len(said), 1), np.full((len(said), 2), 0.5), None, said.classes)
    verdict, comparison = judged_by(dataclasses.replace(judged, challenger=dull, baseline=dull), metric, gate=gate)
    assert verdict in (Verdict.REJECT, Verdict.HOLD)
    assert comparison.p_baseline == 1


@pytest.mark.parametrize("gate", GATES)
def test_a_constant_is_not_promoted_over_another_either_when_the_dummy_says_the_same(gate):
    judged = regression(1, 3, 1)
    dull, worse = (Predictions(np.full(len(judged.target), value)) for value in (judged.target.mean(), 100.0))
    for metric in REGRESSIONS:
        judged = dataclasses.replace(judged, challenger=dull, baseline=dull, champion=worse)
        assert judged_by(judged, metric, gate=gate)[0] is Verdict.HOLD


@pytest.mark.parametrize("outputs", [1, 2])
def test_targets_that_are_constant_in_each_cluster_are_judged(outputs):
    level = np.repeat(np.random.default_rng(1).normal(5, 2, 40), 8)
    target = level if outputs == 1 else np.column_stack([level, np.full(320, 7.0)])
    verdict, comparison = judged_by(regression(0.5, 3, 2, target=target, outputs=outputs), "r2")
    assert verdict is Verdict.PROMOTE
    assert comparison.gain > 0.5


def test_a_batch_with_one_value_of_the_target_only_has_a_verdict_and_no_infinite_figure():
    verdict, comparison = judged_by(regression(0.5, 3, 2, target=np.full(320, 7.0)), "r2")
    assert verdict in (Verdict.PROMOTE, Verdict.HOLD)
    assert comparison.improvement == 0
    assert math.isfinite(comparison.improvement_interval.low)


def test_a_class_that_is_in_one_dataset_only_is_held_until_there_are_more():
    judged = classes(0.1, 2, 1)
    judged = dataclasses.replace(judged, target=(judged.cluster == 3).astype(int))
    for gate in GATES:
        verdict, comparison = judged_by(judged, "roc_auc", gate=gate)
        assert verdict is Verdict.HOLD
        assert math.isnan(comparison.p_value)
        assert decide(comparison, Policy(gate=gate)).reason.endswith(
            "no figure on 40 new datasets (a score is not a number)"
        )


# --- classes that one model knows and the other does not --------------------------------------------------


def test_a_brier_score_has_one_scale_for_both_models():
    """Of two classes scikit-learn halves it: a champion that knows a third one would be twice as bad."""
    judged = classes(0.1, 2, 0.1)
    wide = [
        Predictions(said.label, np.column_stack([said.probability, np.zeros(len(said))]), None, np.array([0, 1, 2]))
        for said in (judged.challenger, judged.baseline)
    ]
    judged = PairedPredictions(judged.target, judged.cluster, *wide, wide[0])
    assert judged_by(judged, "neg_brier_score")[1].gain == 0


# --- what is no number ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["challenger", "champion", "baseline"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("metric", REGRESSIONS)
def test_an_answer_that_is_no_number_ends_the_comparison(who, value, metric):
    judged = regression(0.5, 3, 1)
    label = getattr(judged, who).label.copy()
    label[17] = value
    with pytest.raises(Unscorable, match="predictions of 1 of 320 rows are no numbers") as caught:
        judged_by(dataclasses.replace(judged, **{who: Predictions(label)}), metric)
    assert caught.value.who == who


@pytest.mark.parametrize("who", ["challenger", "champion", "baseline"])
@pytest.mark.parametrize("chance", [(np.nan, np.nan), (0.5, 0.6), (-0.5, 1.5), (np.inf, 0), (0.0, 0.0)])
@pytest.mark.parametrize("metric", CLASSES)
def test_probabilities_that_are_none_end_the_comparison(who, chance, metric):
    judged = classes(0.1, 2, 0.2)
    said = getattr(judged, who)
    probability = said.probability.copy()
    probability[17] = chance
    with pytest.raises(Unscorable) as caught:
        judged_by(dataclasses.replace(judged, **{who: dataclasses.replace(said, probability=probability)}), metric)
    assert caught.value.who == who


@pytest.mark.parametrize("who", ["challenger", "champion"])
def test_a_guardrail_that_has_no_number_ends_the_comparison_too(who):
    judged = regression(0.5, 3, 1, target=np.random.default_rng(0).uniform(20, 30, 320))
    judged = dataclasses.replace(judged, **{who: Predictions(-judged.target)})
    with pytest.raises(Unscorable, match="neg_mean_squared_log_error cannot be computed") as caught:
        judged_by(judged, "r2", guardrails=(Guardrail("neg_mean_squared_log_error", 0.1),))
    assert caught.value.who == who


def test_a_dummy_that_a_guardrail_has_no_number_for_stands_in_nobodys_way():
    judged = regression(0.5, 3, 1, target=np.random.default_rng(0).uniform(20, 30, 320))
    judged = dataclasses.replace(judged, baseline=Predictions(-judged.target))
    verdict, comparison = judged_by(judged, "r2", guardrails=(Guardrail("neg_mean_squared_log_error", 0.1),))
    assert verdict is Verdict.PROMOTE
    assert comparison.guardrails[0].champion < comparison.guardrails[0].challenger < 0


ANSWERS = st.sampled_from([0.0, 1.0, 5.0, -3.0, 1e-300, 1e90, 1e150, math.nan, math.inf, -math.inf])
LABELS = st.lists(ANSWERS | st.floats(), min_size=1, max_size=9)


@given(
    challenger=LABELS, champion=LABELS, dummy=LABELS, metric=st.sampled_from(REGRESSIONS), gate=st.sampled_from(GATES)
)
def test_nothing_is_promoted_by_a_number_that_is_not_finite(challenger, champion, dummy, metric, gate):
    judged = regression(1, 1, 1)
    said = [Predictions(np.resize(label, len(judged.target))) for label in (challenger, dummy, champion)]
    check(PairedPredictions(judged.target, judged.cluster, *said), metric, gate)


SHARES = st.lists(
    st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.5, math.nan, math.inf]) | st.floats(0, 1), min_size=1, max_size=9
)


@given(challenger=SHARES, champion=SHARES, dummy=SHARES, metric=st.sampled_from(CLASSES), gate=st.sampled_from(GATES))
def test_nor_by_a_probability(challenger, champion, dummy, metric, gate):
    judged = classes(1, 1, 1)
    said = []
    for shares in (challenger, dummy, champion):
        chance = np.resize(shares, len(judged.target))
        said.append(Predictions((chance > 0.5) * 1, np.column_stack([1 - chance, chance]), None, np.array([0, 1])))
    check(PairedPredictions(judged.target, judged.cluster, *said), metric, gate)


def check(judged, metric, gate):
    rails = (Guardrail("r2" if metric in REGRESSIONS else "f1_macro", 0.02),)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            verdict, comparison = judged_by(judged, metric, gate=gate, guardrails=rails)
    except Unscorable:
        return
    assert all(np.isfinite(said.label).all() for said in judged.contestants)
    decisive = (
        comparison.improvement,
        comparison.gain,
        comparison.p_value,
        comparison.p_baseline,
        comparison.p_not_worse,
    )
    interval = (comparison.gain_interval.low, comparison.gain_interval.high)
    if verdict is Verdict.PROMOTE:
        assert all(map(math.isfinite, (*decisive, *interval, *(rail.gain for rail in comparison.guardrails))))
        assert comparison.p_baseline <= 0.05
