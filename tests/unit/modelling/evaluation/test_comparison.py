"""Any two predictions of the same rows give figures that decide, or an error: never a promotion by chance or by NaN."""

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
    predictions = [Predictions(target + rng.normal(0, width, shape)) for width in noise]
    return PairedPredictions(target, np.repeat(np.arange(clusters), rows), *predictions)


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


def verdict_on(paired, metric, **policy):
    task = "regression" if paired.challenger.classes is None else "classification"
    asked = Policy(**policy)
    comparison = compare(paired, recipe(task, metric, 1 if paired.target.ndim == 1 else paired.target.shape[1]), asked)
    return decide(comparison, asked).verdict, comparison


# --- ties and constants -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", REGRESSIONS + CLASSES)
@pytest.mark.parametrize("gate", ["better", "higher"])
def test_model_against_itself_is_held(metric, gate):
    paired = regression(1, 3, 1) if metric in REGRESSIONS else classes(0.1, 2, 0.1)
    paired = dataclasses.replace(paired, champion=paired.challenger)
    verdict, comparison = verdict_on(paired, metric, gate=gate)
    assert verdict is Verdict.HOLD
    assert (comparison.gain, comparison.improvement, comparison.p_value, comparison.win_rate) == (0, 0, 1, 1)
    assert comparison.p_baseline < 0.05


@pytest.mark.parametrize("gate", GATES)
def test_rounding_differences_between_machines_change_no_verdict(gate):
    """Another processor adds in another order: every gate has the same verdict as for equal predictions."""
    paired = regression(1, 3, 1)
    rng = np.random.default_rng(1)
    verdicts = set()
    for _ in range(5):
        shaken = Predictions(paired.champion.label * (1 + rng.choice([-1, 0, 1], len(paired.target)) * 2.0**-52))
        verdicts.add(verdict_on(dataclasses.replace(paired, challenger=shaken), "r2", gate=gate)[0])
    assert verdicts == {Verdict.PROMOTE if gate == "not-worse" else Verdict.HOLD}


@pytest.mark.parametrize("metric", REGRESSIONS + CLASSES)
@pytest.mark.parametrize("gate", GATES)
def test_constant_prediction_is_not_promoted_over_a_model_with_skill(metric, gate):
    paired = regression(1, 3, 1) if metric in REGRESSIONS else classes(0.1, 2, 0.1)
    predictions = paired.champion
    if metric in REGRESSIONS:
        dull = Predictions(np.full(len(predictions), paired.target.mean()))
    else:
        dull = Predictions(np.full(len(predictions), 1), np.full((len(predictions), 2), 0.5), None, predictions.classes)
    verdict, comparison = verdict_on(dataclasses.replace(paired, challenger=dull, baseline=dull), metric, gate=gate)
    assert verdict in (Verdict.REJECT, Verdict.HOLD)
    assert comparison.p_baseline == 1


@pytest.mark.parametrize("gate", GATES)
def test_constant_that_equals_the_dummy_is_not_promoted_over_another_constant(gate):
    paired = regression(1, 3, 1)
    dull, worse = (Predictions(np.full(len(paired.target), value)) for value in (paired.target.mean(), 100.0))
    for metric in REGRESSIONS:
        paired = dataclasses.replace(paired, challenger=dull, baseline=dull, champion=worse)
        assert verdict_on(paired, metric, gate=gate)[0] is Verdict.HOLD


@pytest.mark.parametrize("outputs", [1, 2])
def test_targets_that_are_constant_in_each_cluster_are_compared(outputs):
    level = np.repeat(np.random.default_rng(1).normal(5, 2, 40), 8)
    target = level if outputs == 1 else np.column_stack([level, np.full(320, 7.0)])
    verdict, comparison = verdict_on(regression(0.5, 3, 2, target=target, outputs=outputs), "r2")
    assert verdict is Verdict.PROMOTE
    assert comparison.gain > 0.5


def test_batch_with_a_constant_target_has_a_verdict_and_finite_figures():
    verdict, comparison = verdict_on(regression(0.5, 3, 2, target=np.full(320, 7.0)), "r2")
    assert verdict in (Verdict.PROMOTE, Verdict.HOLD)
    assert comparison.improvement == 0
    assert math.isfinite(comparison.improvement_interval.low)


def test_class_in_a_single_dataset_is_held():
    paired = classes(0.1, 2, 1)
    paired = dataclasses.replace(paired, target=(paired.cluster == 3).astype(int))
    for gate in GATES:
        verdict, comparison = verdict_on(paired, "roc_auc", gate=gate)
        assert verdict is Verdict.HOLD
        assert math.isnan(comparison.p_value)
        assert decide(comparison, Policy(gate=gate)).reason.endswith(
            "no figure on 40 new datasets (a score is not a number)"
        )


# --- classes that one model knows and the other does not --------------------------------------------------


def test_brier_score_has_one_scale_for_both_models():
    """Of two classes scikit-learn halves it: a champion that knows a third one would be twice as bad."""
    paired = classes(0.1, 2, 0.1)
    wide = [
        Predictions(
            predictions.label,
            np.column_stack([predictions.probability, np.zeros(len(predictions))]),
            None,
            np.array([0, 1, 2]),
        )
        for predictions in (paired.challenger, paired.baseline)
    ]
    paired = PairedPredictions(paired.target, paired.cluster, *wide, wide[0])
    assert verdict_on(paired, "neg_brier_score")[1].gain == 0


# --- values that are not numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["challenger", "champion", "baseline"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("metric", REGRESSIONS)
def test_prediction_that_is_not_a_number_ends_the_comparison(role, value, metric):
    paired = regression(0.5, 3, 1)
    label = getattr(paired, role).label.copy()
    label[17] = value
    with pytest.raises(Unscorable, match="predictions of 1 of 320 rows are not numbers") as caught:
        verdict_on(dataclasses.replace(paired, **{role: Predictions(label)}), metric)
    assert caught.value.role == role


@pytest.mark.parametrize("role", ["challenger", "champion", "baseline"])
@pytest.mark.parametrize("chance", [(np.nan, np.nan), (0.5, 0.6), (-0.5, 1.5), (np.inf, 0), (0.0, 0.0)])
@pytest.mark.parametrize("metric", CLASSES)
def test_invalid_probabilities_end_the_comparison(role, chance, metric):
    paired = classes(0.1, 2, 0.2)
    predictions = getattr(paired, role)
    probability = predictions.probability.copy()
    probability[17] = chance
    with pytest.raises(Unscorable) as caught:
        verdict_on(
            dataclasses.replace(paired, **{role: dataclasses.replace(predictions, probability=probability)}), metric
        )
    assert caught.value.role == role


@pytest.mark.parametrize("role", ["challenger", "champion"])
def test_guardrail_without_a_finite_score_ends_the_comparison(role):
    paired = regression(0.5, 3, 1, target=np.random.default_rng(0).uniform(20, 30, 320))
    paired = dataclasses.replace(paired, **{role: Predictions(-paired.target)})
    with pytest.raises(Unscorable, match="neg_mean_squared_log_error cannot be computed") as caught:
        verdict_on(paired, "r2", guardrails=(Guardrail("neg_mean_squared_log_error", 0.1),))
    assert caught.value.role == role


def test_dummy_without_a_guardrail_score_does_not_prevent_a_promotion():
    paired = regression(0.5, 3, 1, target=np.random.default_rng(0).uniform(20, 30, 320))
    paired = dataclasses.replace(paired, baseline=Predictions(-paired.target))
    verdict, comparison = verdict_on(paired, "r2", guardrails=(Guardrail("neg_mean_squared_log_error", 0.1),))
    assert verdict is Verdict.PROMOTE
    assert comparison.guardrails[0].champion < comparison.guardrails[0].challenger < 0


VALUES = st.sampled_from([0.0, 1.0, 5.0, -3.0, 1e-300, 1e90, 1e150, math.nan, math.inf, -math.inf])
LABELS = st.lists(VALUES | st.floats(), min_size=1, max_size=9)


@given(
    challenger=LABELS, champion=LABELS, dummy=LABELS, metric=st.sampled_from(REGRESSIONS), gate=st.sampled_from(GATES)
)
def test_prediction_that_is_not_finite_promotes_nothing(challenger, champion, dummy, metric, gate):
    paired = regression(1, 1, 1)
    predictions = [Predictions(np.resize(label, len(paired.target))) for label in (challenger, dummy, champion)]
    check(PairedPredictions(paired.target, paired.cluster, *predictions), metric, gate)


SHARES = st.lists(
    st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.5, math.nan, math.inf]) | st.floats(0, 1), min_size=1, max_size=9
)


@given(challenger=SHARES, champion=SHARES, dummy=SHARES, metric=st.sampled_from(CLASSES), gate=st.sampled_from(GATES))
def test_probability_that_is_not_finite_promotes_nothing(challenger, champion, dummy, metric, gate):
    paired = classes(1, 1, 1)
    predictions = []
    for shares in (challenger, dummy, champion):
        chance = np.resize(shares, len(paired.target))
        predictions.append(
            Predictions((chance > 0.5) * 1, np.column_stack([1 - chance, chance]), None, np.array([0, 1]))
        )
    check(PairedPredictions(paired.target, paired.cluster, *predictions), metric, gate)


def check(paired, metric, gate):
    rails = (Guardrail("r2" if metric in REGRESSIONS else "f1_macro", 0.02),)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            verdict, comparison = verdict_on(paired, metric, gate=gate, guardrails=rails)
    except Unscorable:
        return
    assert all(np.isfinite(predictions.label).all() for predictions in paired.compared)
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
