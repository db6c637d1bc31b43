"""Metrics by name: one of scikit-learn's scorers, or a scorer or a metric function by its import path.

A scorer takes (estimator, X, y) and a metric function (y_true, y_pred), and the parameters must have these names: a
path to any other function is a mistake, and calling it might do anything. Greater values of a metric function are
better, unless its name ends in _loss, _error or _deviance, as in scikit-learn. Its values are then negated, so that
greater is better from here on. The package must be installed: the user's workspace is not on the import path.
A function of sklearn.metrics needs no path. Parameters follow the name in brackets (see `metric_spec`).
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sklearn.metrics
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer

from ml_action.core.errors import SettingsError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.modelling.evaluation import metric_spec
from ml_action.modelling.evaluation.metric_spec import MetricSpec
from ml_action.modelling.evaluation.missing_package import missing_package

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
# What a function takes instead of labels, by the name that scikit-learn gives its second parameter.
_RESPONSES: dict[str, str | list[str]] = {
    "y_proba": "predict_proba",
    "y_prob": "predict_proba",
    "y_score": ["decision_function", "predict_proba"],
    "pred_decision": "decision_function",
}


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric that predictions can be scored by; greater is better."""

    name: str
    scorer: Callable[..., Any]  # (estimator, X, y), and sample_weight if `weighted`
    task: str  # regression | classification; empty if unknown
    best: float | None  # the score of a perfect model; None: it depends on the target
    weighted: bool  # it takes sample_weight
    of_labels: bool  # it reads predicted labels only: rows with equal label and target can be counted


def names() -> list[str]:
    """Returns the names of scikit-learn's scorers of predictions, without those of clusterings."""
    return [name for name in get_scorer_names() if name not in _CLUSTERINGS]


@functools.cache
def get_metric(name: str, setting: str = "metric") -> Metric:
    """Returns the metric of that name.

    Raises:
        SettingsError: It does not exist, with the nearest name that does; or it does not take the parameters.
    """
    spec = metric_spec.parse(name)
    found = _found(spec.name, setting)
    made: Any = found.scorer  # scikit-learn has no public names for what a scorer was made of
    function, present = getattr(made, "_score_func", None), getattr(made, "_kwargs", {})
    if not spec.params and (function is None or not _lacking(function, present)):
        return found
    if function is None:
        raise SettingsError(
            f"metric-params: '{sanitised(spec.name)}' is a scorer, and a scorer takes no parameters.",
            fix="Give them to make_scorer where it is made, or name the metric function.",
        )
    _check_params(spec, function, present)
    scorer = make_scorer(
        function,
        greater_is_better=made._sign > 0,  # noqa: SLF001
        response_method=made._response_method,  # noqa: SLF001
        **{**present, **spec.params},
    )
    return replace(found, name=name, scorer=scorer)


def task_of(name: str) -> str:
    """Returns regression, classification, or an empty string for a metric of any task."""
    return _found(metric_spec.parse(name).name, "metric").task


def takes_positive(name: str) -> bool:
    """Whether the metric asks which class counts, and has no such parameter yet."""
    spec = metric_spec.parse(name)
    scorer = _found(spec.name, "metric").scorer if "pos_label" not in spec.params else None
    averages = {**getattr(scorer, "_kwargs", {}), **spec.params}.get("average", "binary")
    return averages == "binary" and "pos_label" in _parameters(getattr(scorer, "_score_func", None))


def _found(name: str, setting: str) -> Metric:
    """Returns a metric with the parameters that it has by itself."""
    if name in names():
        return _known(name)
    if "." in name:
        return _imported(name, setting)
    function = getattr(sklearn.metrics, name, None)
    if name == "log_loss" or _parameters(function)[:1] != ("y_true",):
        raise _unknown(name, setting)
    return replace(_imported(f"sklearn.metrics.{name}", setting), name=name)


def _lacking(function: Callable[..., Any], present: Mapping[str, object]) -> list[str]:
    """Returns the parameters of a metric function that have no value."""
    own = list(inspect.signature(function).parameters.values())[2:]
    return [
        one.name for one in own if one.default is one.empty and one.kind is one.KEYWORD_ONLY and one.name not in present
    ]


def _check_params(spec: MetricSpec, function: Callable[..., Any], present: Mapping[str, object]) -> None:
    """Raises an error for a parameter that the metric does not take, or that is missing."""
    own = [name for name in _parameters(function)[2:] if name != "sample_weight"]
    for name in spec.params:
        if name not in own:
            near = nearest(name, own)
            raise SettingsError(
                f"metric-params: '{sanitised(name)}' is not a parameter of '{sanitised(spec.name)}'.",
                why=f"It has {quoted_list(own)}." if own else "It has none.",
                fix=f"Did you mean '{near}'?" if near else "Take the name from scikit-learn's documentation.",
            )
    missing = _lacking(function, {**present, **spec.params})
    if missing:
        raise SettingsError(
            f"metric '{sanitised(spec.name)}' needs a value for {quoted_list(missing)}.",
            fix=f'Set `metric-params`, for example {{"{missing[0]}": 2}}.',
        )


def _known(name: str, given_name: str = "") -> Metric:
    """Returns a scorer of scikit-learn under the name that the user gave it."""
    scorer = get_scorer(name)
    task = "regression" if name.startswith(_REGRESSIONS) else "classification"
    best = None if name in _UNBOUNDED else 0.0 if name.startswith("neg_") else 1.0
    return Metric(given_name or name, scorer, task, best, _takes_weights(scorer), _is_of_labels(scorer, task))


def _takes_weights(scorer: Any) -> bool:
    return "sample_weight" in _parameters(getattr(scorer, "_score_func", scorer))


def _is_of_labels(scorer: Any, task: str) -> bool:
    """Whether a scorer is known to read predicted labels only."""
    return task == "classification" and getattr(scorer, "_response_method", "") == "predict"


def _imported(path: str, setting: str) -> Metric:
    found = _locate(path, setting)
    parameters = _parameters(found)
    if list(parameters[:2]) == ["estimator", "X"] and len(parameters) > 2:
        return Metric(path, found, "", None, _takes_weights(found), of_labels=False)
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
    return Metric(path, scorer, "", None, _takes_weights(scorer), of_labels=False)


def _is_of(scorer: Any, function: Any) -> bool:
    """Whether the scorer calls the function, with every parameter at its default."""
    called, parameters = scorer._score_func, scorer._kwargs  # noqa: SLF001  scikit-learn has no public names for them
    if called is not function:
        return False
    usual = inspect.signature(called).parameters
    return all(name in usual and usual[name].default == value for name, value in parameters.items())


def _locate(path: str, setting: str) -> Any:
    """Returns the scorer or function at the import path. Raises SettingsError if it has none."""
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise (missing_package(setting, path, error) or _not_imported(path, setting, error)) from error
    except (Exception, SystemExit) as error:  # a module may raise anything at all
        raise _not_imported(path, setting, error) from error
    found = getattr(module, name, None)
    if found is None or not callable(found) or inspect.isclass(found):
        raise SettingsError(
            f"{setting}: '{sanitised(module_name)}' has no scorer or metric function '{sanitised(name)}'.",
            fix=_suggestion(name, (known for known in dir(module) if not known.startswith("_"))),
        )
    return found


def _not_imported(path: str, setting: str, error: BaseException) -> SettingsError:
    return SettingsError(
        f"{setting}: '{sanitised(path)}' cannot be imported: {type(error).__name__}: {sanitised(error, 160)}",
        why="It must be the full import path of a scorer or a metric function, in a package that is installed.",
        fix=_suggestion(path, names()),
    )


def _parameters(function: Any) -> tuple[str, ...]:
    """Returns the names of the parameters, or none if they cannot be inspected."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def _unknown(name: str, setting: str) -> SettingsError:
    return SettingsError(
        f"{setting} '{sanitised(name)}' is not a scikit-learn scorer that judges predictions.",
        why=f"Known scorers: {quoted_list(names())}.",
        fix=_suggestion(name, names()),
    )


def _suggestion(name: str, choices: Iterable[str]) -> str:
    near = nearest(name.rpartition(".")[2], choices)
    usual = "Choose a name from sklearn.metrics.get_scorer_names(), or the import path of a scorer."
    return f"Did you mean '{near}'?" if near else usual
