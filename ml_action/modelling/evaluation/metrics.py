"""What a metric's name means: one of scikit-learn's scorers, or a scorer or a metric function by its import path.

A scorer is called with (estimator, X, y), a metric function with (y_true, y_pred), and their parameters have to be
called so: a path to any other function is a slip, and calling it might do anything. Of a function greater is better
unless its name ends in _loss, _error or _deviance, as scikit-learn's own do; its values are negated then: greater is
better from here on. What is imported has to be installed: the user's workspace is not on the path.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sklearn.metrics import get_scorer, get_scorer_names, make_scorer

from ml_action.core.errors import SettingsError
from ml_action.core.text import nearest, quoted_list, sanitised

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
_UNBOUNDED = frozenset({"positive_likelihood_ratio"})
_COSTS = ("_loss", "_error", "_deviance")
# What a function wants instead of labels, by the name that scikit-learn gives to its second parameter.
_RESPONSES: dict[str, str | list[str]] = {
    "y_proba": "predict_proba",
    "y_prob": "predict_proba",
    "y_score": ["decision_function", "predict_proba"],
    "pred_decision": "decision_function",
}


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric that can be asked; greater is better."""

    name: str
    scorer: Callable[..., Any]  # (estimator, X, y), and sample_weight where it is taken
    task: str  # regression | classification; empty: whoever wrote it knows
    best: float | None  # what a perfect model reaches; None: it has to be asked about the truth
    weighted: bool  # whether it takes sample_weight
    of_labels: bool  # whether all that it looks at are predicted labels: rows that are alike can be counted


def names() -> list[str]:
    """scikit-learn's scorers that judge predictions."""
    return [name for name in get_scorer_names() if name not in _CLUSTERINGS]


@functools.cache
def get_metric(name: str, setting: str = "metric") -> Metric:
    """The metric of that name. Raises SettingsProblem for one that there is not, with the nearest that there is."""
    if name in names():
        return _known(name)
    if "." not in name:
        raise _unknown(name, setting)
    return _imported(name, setting)


def _known(name: str, said: str = "") -> Metric:
    """A scorer of scikit-learn's, called as the user has `said`."""
    scorer = get_scorer(name)
    task = "regression" if name.startswith(_REGRESSIONS) else "classification"
    best = None if name in _UNBOUNDED else 0.0 if name.startswith("neg_") else 1.0
    return Metric(said or name, scorer, task, best, *_traits(scorer, task))


def _traits(scorer: Any, task: str) -> tuple[bool, bool]:
    """Whether it takes weights, and whether it looks at labels alone."""
    weighted = "sample_weight" in _parameters(getattr(scorer, "_score_func", scorer))
    return weighted, task == "classification" and getattr(scorer, "_response_method", "") == "predict"


def _imported(path: str, setting: str) -> Metric:
    found = _locate(path, setting)
    parameters = _parameters(found)
    if list(parameters[:2]) == ["estimator", "X"] and len(parameters) > 2:
        return Metric(path, found, "", None, *_traits(found, ""))
    if parameters[:1] != ("y_true",) or len(parameters) < 2:
        raise SettingsError(
            f"{setting}: '{sanitised(path)}' is neither a scorer nor a metric function.",
            why="A scorer takes (estimator, X, y), a metric function (y_true, y_pred), by these names.",
            fix=_suggestion(path, names()),
        )
    same = next((name for name in names() if _is_of(get_scorer(name), found)), "")
    if same:
        return _known(same, path)
    scorer = make_scorer(
        found,
        greater_is_better=not path.endswith(_COSTS),
        response_method=_RESPONSES.get(parameters[1], "predict"),
    )
    return Metric(path, scorer, "", None, *_traits(scorer, ""))


def _is_of(scorer: Any, function: Any) -> bool:
    """Whether it is the function's own scorer, with nothing set otherwise than the function has it."""
    if scorer._score_func is not function:
        return False
    usual = inspect.signature(scorer._score_func).parameters
    return all(name in usual and usual[name].default == value for name, value in scorer._kwargs.items())


def _locate(path: str, setting: str) -> Any:
    """What stands at the import path."""
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a module may raise anything at all
        raise SettingsError(
            f"{setting}: '{sanitised(path)}' cannot be imported: {type(error).__name__}: {sanitised(error, 160)}",
            why="It must be the full import path of a scorer or a metric function, in a package that is installed.",
            fix=_suggestion(path, names()),
        ) from error
    found = getattr(module, name, None)
    if found is None or not callable(found) or inspect.isclass(found):
        raise SettingsError(
            f"{setting}: there is no scorer or metric function '{sanitised(name)}' in '{sanitised(module_name)}'.",
            fix=_suggestion(name, (known for known in dir(module) if not known.startswith("_"))),
        )
    return found


def _parameters(function: Any) -> tuple[str, ...]:
    """The names of its parameters; none where they cannot be told."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def _unknown(name: str, setting: str) -> SettingsError:
    return SettingsError(
        f"{setting} '{sanitised(name)}' is not a scikit-learn scorer that judges predictions.",
        why=f"There are {quoted_list(names())}.",
        fix=_suggestion(name, names()),
    )


def _suggestion(name: str, choices: Iterable[str]) -> str:
    near = nearest(name.rpartition(".")[2], choices)
    usual = "Choose a name from sklearn.metrics.get_scorer_names(), or the import path of a scorer."
    return f"Did you mean '{near}'?" if near else usual
