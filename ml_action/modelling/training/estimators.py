"""Builds scikit-learn estimators from an import path, with parameters and a seed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import get_tags
from sklearn.utils.discovery import all_estimators
from sklearn.utils.validation import has_fit_parameter

from ml_action.core.errors import SettingsError
from ml_action.core.formatting import nearest, quoted_list, sanitised
from ml_action.core.records.model import Recipe

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
    known = estimator.get_params()
    _check_params(path, params, known)
    settings: dict[str, object] = {"random_state": seed} if "random_state" in known else {}
    if known.get("n_jobs") is not None:  # None is one job already
        settings["n_jobs"] = 1
    return estimator.set_params(**(settings | dict(params)))


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
    """Returns regression, classification, or an empty string for an estimator that is neither."""
    if is_regressor(estimator):
        return "regression"
    return "classification" if is_classifier(estimator) else ""


def _locate(path: str) -> type[Any]:
    """Returns the class at the import path."""
    module_name, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name) if module_name else None
    except (ImportError, AttributeError, ValueError, TypeError):
        found = None
    if found is None:
        raise _unknown(path)
    if not inspect.isclass(found) or not issubclass(found, BaseEstimator) or not hasattr(found, "fit"):
        raise SettingsError(
            f"estimator '{sanitised(path)}' is not a scikit-learn estimator.",
            why="It must be a class derived from sklearn.base.BaseEstimator with fit and predict.",
            fix=_suggestion(path),
        )
    return found


def _construct(kind: type[Any], path: str) -> Any:
    try:
        estimator = kind()
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
    }
    name = nearest(path.rpartition(".")[2], public)
    example = public[name] if name else DEFAULTS["regression"]
    return f"Did you mean '{example}'?" if name else f"For example '{example}'."
