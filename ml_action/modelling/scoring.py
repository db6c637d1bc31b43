"""Metrics: any scikit-learn scorer by name, greater is better from the source on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import get_scorer, get_scorer_names

from ml_action.errors import ModelProblem, SettingsProblem
from ml_action.modelling import losses
from ml_action.modelling.predictions import Predictions, predict, replay
from ml_action.modelling.wording import listing, nearest, plain
from ml_action.records import Recipe

Array = npt.NDArray[Any]

DEFAULTS = {"regression": "r2", "classification": "accuracy"}
_CLUSTERINGS = frozenset(
    {
        "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "fowlkes_mallows_score",
        "homogeneity_score", "mutual_info_score", "normalized_mutual_info_score", "rand_score",
        "v_measure_score",
    }
)  # fmt: skip
_REGRESSIONS = (
    "r2",
    "explained_variance",
    "d2_absolute",
    "neg_mean_",
    "neg_median_",
    "neg_root_",
    "neg_max_",
)
# scikit-learn's scorers refuse rows in which a class that the model knows does not occur.
_OWN_FORMULA = frozenset({"neg_log_loss", "neg_brier_score"})


class Unscorable(Exception):
    """The metric has no finite value for these predictions; the message says why."""


def task_of(metric: str) -> str:
    """regression or classification: what the scorer judges. Raises SettingsProblem for an unknown name."""
    known = [name for name in get_scorer_names() if name not in _CLUSTERINGS]
    if metric not in known:
        near = nearest(metric, known)
        raise SettingsProblem(
            f"metric '{plain(metric)}' is not a scikit-learn scorer that judges predictions.",
            why=f"There are {listing(known)}.",
            fix=f"Did you mean '{near}'?" if near else "Choose a name from sklearn.metrics.get_scorer_names().",
        )
    return "regression" if metric.startswith(_REGRESSIONS) else "classification"


def best(metric: str) -> float:
    """What a perfect model reaches: 0 for negated errors, else 1. The *error* is the distance from it."""
    return 0.0 if metric.startswith("neg_") else 1.0


def score(metric: str, said: Predictions, target: Array, rows: Array | None = None) -> float:
    """The metric of the predictions on these rows (positions; all by default), greater is better.

    Raises Unscorable when the metric fails or is not finite: a score that is no number never decides.
    """
    rows = np.arange(len(target)) if rows is None else rows
    try:
        if metric in _OWN_FORMULA:
            return -float(losses.BY_METRIC[metric](said, target)[rows].mean())
        value = float(get_scorer(metric)(replay(said), rows, target[rows]))
    except (ValueError, TypeError, AttributeError) as error:
        raise Unscorable(f"{metric} cannot be computed: {plain(error, 200)}") from error
    if not math.isfinite(value):
        raise Unscorable(f"{metric} is {value} on these rows")
    return value


def metrics(said: Predictions, target: Array, recipe: Recipe) -> dict[str, float]:
    """Every reported metric of the predictions, by unambiguous name.

    Regression: `r2`, `accuracy_percent` (100 times r2, as the loop has always called it), `mse`.
    Classification: `accuracy_percent`, and `log_loss` when there are probabilities. Always: the recipe's
    metric under its scorer's name (greater is better). Raises Unscorable.
    """
    chosen = {recipe.metric: score(recipe.metric, said, target)}
    if recipe.task == "regression":
        r2 = score("r2", said, target)
        return {
            "r2": r2,
            "accuracy_percent": r2 * 100,
            "mse": float(losses.squared(said, target).mean()),
        } | chosen
    usual = {"accuracy_percent": 100 * (1 - float(losses.wrong(said, target).mean()))}
    if said.probability is not None:
        usual["log_loss"] = float(losses.log(said, target).mean())
    return usual | chosen


def report(model: Any, X: Any, y: Array, recipe: Recipe) -> dict[str, float]:  # noqa: N803 (scikit-learn's name)
    """`metrics` of a fitted model, asked about the rows X. Raises ModelProblem when there is no number."""
    classes = None if recipe.task == "regression" else np.unique(y)
    try:
        return metrics(predict(model, X, classes), y, recipe)
    except Unscorable as error:
        raise problem(error) from error


def problem(error: Unscorable) -> ModelProblem:
    """Our own challenger cannot be scored: an ending, never a promotion."""
    return ModelProblem(
        f"The challenger cannot be scored: {error}.",
        why="The metric does not suit the target or the estimator, or the new datasets hold a single class.",
        fix="Choose another `metric`, or an estimator that gives what it needs (such as probabilities).",
    )
