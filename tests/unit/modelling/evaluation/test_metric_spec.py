"""Metrics with parameters as names."""

import pytest

from ml_action.modelling.evaluation.metric_spec import MetricSpec, parse


@pytest.mark.parametrize(
    "spec",
    [
        MetricSpec("r2", {}),
        MetricSpec("f1", {"pos_label": "it's"}),
        MetricSpec("f1", {"pos_label": True}),
        MetricSpec("sklearn.metrics.fbeta_score", {"beta": 2, "pos_label": 1}),
        MetricSpec("d2_pinball_score", {"alpha": 0.9}),
    ],
)
def test_a_name_with_parameters_comes_back(spec):
    assert parse(str(spec)) == spec


@pytest.mark.parametrize(
    "text", ["f1(", "f1(yes)", "f1(a=b)", "f1(**x)", "f1(a=1)(b=2)x", "(", "f1(a=__import__('os'))"]
)
def test_any_other_text_is_a_name(text):
    assert parse(text) == MetricSpec(text, {})
