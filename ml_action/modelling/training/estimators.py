"""Builds scikit-learn estimators from an import path, with parameters and a seed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from sklearn.base import is_classifier, is_regressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import get_tags
from sklearn.utils.discovery import all_estimators
from sklearn.utils.validation import has_fit_parameter

from ml_action.config.settings import NO_PARAMS
from ml_action.core.errors import SettingsError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation.missing_package import missing_package

_METHODS = ("fit", "get_params", "set_params", "__sklearn_tags__")  # that scikit-learn's pipelines call
_BY_NAME = {"Regressor": "regression", "Classifier": "classification"}
_FOREIGN = {
    f"{prefix}{kind}": f"{module}.{prefix}{kind}"
    for prefix, module in (("LGBM", "lightgbm"), ("XGB", "xgboost"), ("CatBoost", "catboost"))
    for kind in _BY_NAME
}
DEFAULTS = {
    "regression": "sklearn.linear_model.LinearRegression",
    "classification": "sklearn.linear_model.LogisticRegression",
}


def build(path: str, params: Mapping[str, object], seed: int) -> Any:
    """Returns an unfitted estimator.

    Unless `params` says otherwise, its `random_state` is the seed and it runs as one job, so that the same inputs give
    the same model.

    Raises:
        SettingsError: The path leads to no estimator, or a parameter does not exist; with the nearest one that does.
    """
    kind = _locate(path)
    estimator = _construct(kind, path)
    known = {**dict.fromkeys(_parameters(kind)), **estimator.get_params()}  # some list only what was set
    if not _takes_any(kind):
        _check_params(path, params, known)
    settings: dict[str, object] = {"random_state": seed} if "random_state" in known else {}
    is_foreign = not path.startswith("sklearn.")  # None is one job to scikit-learn, and all processors to others
    if "n_jobs" in known and (is_foreign or known["n_jobs"] is not None):
        settings["n_jobs"] = 1
    settings |= params
    return _construct(kind, path, settings) if _takes_any(kind) else estimator.set_params(**settings)


def build_from_recipe(recipe: Recipe) -> Any:
    """Returns a recipe's estimator, unfitted."""
    return build(recipe.estimator, recipe.params, recipe.seed)


def for_outputs(estimator: Any, outputs: int) -> Any:
    """Returns the estimator, or one that fits a copy of it for each target if it takes a single one."""
    return estimator if supports_outputs(estimator, outputs) else MultiOutputRegressor(estimator)


def supports_outputs(estimator: Any, outputs: int) -> bool:
    """Whether it predicts so many targets by itself."""
    return outputs == 1 or bool(get_tags(estimator).target_tags.multi_output)


def takes_weights(estimator: Any) -> bool:
    """Whether its fit takes weights of rows."""
    return bool(has_fit_parameter(estimator, "sample_weight"))


def task_of(estimator: object) -> str:
    """Returns regression, classification, or an empty string for an estimator that is neither.

    If its tags do not have it, the name of the class may.
    """
    if is_regressor(estimator):
        return "regression"
    if is_classifier(estimator):
        return "classification"
    known, name = get_tags(estimator).estimator_type, type(estimator).__name__
    found = (task for word, task in _BY_NAME.items() if known is None and name.endswith(word))
    return next(found, "")


def _locate(path: str) -> type[Any]:
    """Returns the class at the import path."""
    module_name, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name) if module_name else None
    except ModuleNotFoundError as error:
        raise (missing_package("estimator", path, error) or _unknown(path)) from error
    except (ImportError, AttributeError, ValueError, TypeError):
        found = None
    if found is None:
        raise _unknown(path)
    lacking = [name for name in _METHODS if not hasattr(found, name)]
    if not inspect.isclass(found) or lacking:
        raise SettingsError(
            f"estimator '{sanitised(path)}' is not a scikit-learn estimator.",
            why=f"It must be a class with fit and predict; this one lacks {quoted_list(lacking)}."
            if inspect.isclass(found)
            else "It must be a class with fit and predict.",
            fix=f"Derive it from sklearn.base.BaseEstimator, or use another. {_suggestion(path)}",
        )
    return found


def _parameters(kind: type[Any]) -> Mapping[str, inspect.Parameter]:
    """Returns the parameters of the constructor by name, without those that take any name."""
    try:
        found = inspect.signature(kind).parameters
    except (TypeError, ValueError):
        return {}
    return {name: one for name, one in found.items() if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}


def _takes_any(kind: type[Any]) -> bool:
    """Whether the constructor takes parameters of any name."""
    try:
        return any(one.kind is one.VAR_KEYWORD for one in inspect.signature(kind).parameters.values())
    except (TypeError, ValueError):
        return False


def _construct(kind: type[Any], path: str, params: Mapping[str, object] = NO_PARAMS) -> Any:
    try:
        estimator = kind(**params)
    except TypeError as error:
        raise SettingsError(
            f"estimator '{sanitised(path)}' cannot be built from settings: {sanitised(error, 160)}",
            why="Its constructor needs other objects, such as an inner estimator.",
            fix="Choose an estimator whose parameters are plain values.",
        ) from error
    if not task_of(estimator) or not hasattr(kind, "predict"):
        raise SettingsError(
            f"estimator '{sanitised(path)}' is neither a regressor nor a classifier.",
            fix=_suggestion(path),
        )
    return estimator


def _check_params(path: str, params: Mapping[str, object], known: Mapping[str, object]) -> None:
    for name in params:
        if name not in known:
            near = nearest(str(name), known)
            raise SettingsError(
                f"params: '{sanitised(name)}' is not a parameter of {sanitised(path)}.",
                why=f"It has {quoted_list(sorted(known))}.",
                fix=f"Did you mean '{near}'?" if near else "Take the name from scikit-learn's documentation.",
            )


def _unknown(path: str) -> SettingsError:
    return SettingsError(
        f"estimator '{sanitised(path)}' cannot be imported.",
        why="It must be the full import path of a class, in a package that is installed.",
        fix=_suggestion(path),
    )


def _suggestion(path: str) -> str:
    """Returns the estimator that was probably meant. Imports much of scikit-learn, so only for the error."""
    public = {
        name: f"{kind.__module__.rsplit('._', 1)[0]}.{name}"
        for name, kind in all_estimators(type_filter=["regressor", "classifier"])
    } | _FOREIGN
    name = nearest(path.rpartition(".")[2], public)
    example = public[name] if name else DEFAULTS["regression"]
    return f"Did you mean '{example}'?" if name else f"For example '{example}'."
