"""A first look at somebody's data: what could be predicted, as what kind, by which estimator. With reasons."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold

from ml_action.errors import Problem
from ml_action.modelling import scoring, training
from ml_action.modelling.columns import usual_columns
from ml_action.modelling.frames import Table
from ml_action.modelling.resolution import resolve_recipe
from ml_action.modelling.validation import sort_out
from ml_action.records import Recipe
from ml_action.settings import Settings

LIKELY = (
    "target",
    "label",
    "y",
    "outcome",
    "class",
    "score",
    "price",
    "result",
    "quality",
    "churn",
    "default",
    "sales",
)
KEY = re.compile(r"(^|[_ ])(id|uuid|guid|key|index)$|^Unnamed: ", re.IGNORECASE)
OWNER = re.compile(
    r"^(user|person|patient|customer|client|student|subject|member|household|device|machine|store|shop|plot)"
    r"([_ ]?(id|no|nr|number|code))?$",
    re.IGNORECASE,
)
FEWEST_OWNERS = 30  # groups: what the gate asks for
BOOSTING = {
    "regression": "sklearn.ensemble.HistGradientBoostingRegressor",
    "classification": "sklearn.ensemble.HistGradientBoostingClassifier",
}
MUCH_BETTER = 0.95  # of the simple one's error: a black box has to earn its place
RARE = 0.2  # of the rows: a class that is rarer is drowned in plain accuracy
MOST_ROWS, FOLDS = 20_000, 5


@dataclass(frozen=True)
class Suggestion:
    """What a loop could learn from these data; why, by setting."""

    target: str
    task: str
    metric: str
    estimator: str
    group: str  # the column that says whose row it is; empty: there is none
    rows: int
    why: Mapping[str, str] = field(default_factory=dict)


def look(table: Table, settings: Settings, choose: Callable[[str, Iterable[str], str], str]) -> Suggestion:
    """A suggestion for a table; what the settings say already is taken as said.

    `choose` is asked for the target, of these columns, with our guess: everything else hangs on it.
    """
    names = [name for name in usual_columns(table) if not KEY.search(name)]
    guess, why = _target(names)
    target = settings.target[0] if settings.target else choose(why, names, guess)
    group = settings.group or _owner(table.frame, target)
    recipe, sound = _resolved(table, settings, target, group, _given(settings.metric), _given(settings.estimator))
    metric, of_metric = _metric(recipe, sound, settings)
    estimator, of_estimator = _estimator(recipe, sound, settings, group, metric)
    reasons = {"metric": of_metric, "estimator": of_estimator}
    if group and not settings.group:
        count = sound.frame[group].nunique()
        reasons["group"] = f"{count:,} different ones: rows of one of them belong together and are judged as one"
    return Suggestion(target, recipe.task, metric, estimator, group, len(table.frame), reasons)


def _target(names: list[str]) -> tuple[str, str]:
    """The column whose name says so, else the last."""
    for likely in LIKELY:
        found = next((name for name in names if name.casefold() == likely), "")
        if found:
            return found, f"'{found}' sounds like it"
    return (names[-1] if names else ""), "the last column is the usual place"


def _owner(frame: pd.DataFrame, target: str) -> str:
    """The column that says whose row it is, where each owner has several."""
    for name in map(str, frame.columns):
        if name != target and OWNER.match(name):
            count = frame[name].nunique()
            if FEWEST_OWNERS <= count <= len(frame) / 2:
                return name
    return ""


def _given(setting: str) -> str:
    return "" if setting == "auto" else setting


def _resolved(
    table: Table, settings: Settings, target: str, group: str, metric: str, estimator: str
) -> tuple[Recipe, Table]:
    """The recipe in full, and the table of what is sound under it."""
    features = settings.features or tuple(
        name for name in usual_columns(table) if name not in (target, group) and not KEY.search(name)
    )
    recipe = resolve_recipe(
        table,
        targets=settings.target or (target,),
        features=features,
        task=settings.task,
        estimator=estimator or "auto",
        params=settings.params,
        metric=metric or "auto",
        seed=settings.seed,
        apart=(group,) if group else (),
    )
    return recipe, sort_out(table, recipe.outputs, recipe.features)[0]


def _metric(recipe: Recipe, table: Table, settings: Settings) -> tuple[str, str]:
    """The metric that suits the task, and the shares of the classes."""
    if _given(settings.metric):
        return recipe.metric, "as you said"
    if recipe.task == "regression":
        return recipe.metric, "the share of the target's variance that is explained"
    shares = table.frame[recipe.outputs[0]].value_counts(normalize=True)
    if shares.min() >= RARE or len(shares) > 2:
        return recipe.metric, "the share of right answers"
    return "roc_auc", f"the rarer class is {shares.min():.0%} of the rows: plain accuracy would not see it"


def _estimator(recipe: Recipe, table: Table, settings: Settings, group: str, metric: str) -> tuple[str, str]:
    """The simple one, unless boosting is clearly better on rows that neither has seen."""
    simple, boosting = recipe.estimator, BOOSTING[recipe.task]
    if _given(settings.estimator):
        return simple, "as you said"
    try:
        scores = {path: _cross_validated(recipe, path, metric, table, group) for path in (simple, boosting)}
    except Problem as problem:
        return simple, f"the other could not be tried: {problem.what}"
    told = ", ".join(f"{path.rpartition('.')[2]} {score:.3f}" for path, score in scores.items())
    better = 1 - scores[boosting] < MUCH_BETTER * (1 - scores[simple])
    return (boosting if better else simple), f"{metric} on unseen rows: {told}"


def _cross_validated(recipe: Recipe, estimator: str, metric: str, table: Table, group: str) -> float:
    """The mean score over folds; rows that belong together are never on both sides."""
    params = recipe.params if estimator == recipe.estimator else {}
    recipe = replace(recipe, estimator=estimator, metric=metric, params=params)
    rows = np.arange(len(table.frame))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))
    together = pd.factorize(table.frame[group])[0][rows] if group else table.cluster[rows]
    grouped = len(np.unique(together)) >= 2 * FOLDS
    folds = GroupKFold(FOLDS) if grouped else KFold(FOLDS, shuffle=True, random_state=0)
    truth = training.labels(recipe, table)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence: this is a first look
        for fitted, asked in folds.split(rows, groups=together if grouped else None):
            model = training.fit(recipe, table, rows[fitted])
            frame = table.frame.loc[rows[asked], list(recipe.features)]
            found.append(scoring.report(model, frame, truth[rows[asked]], recipe)[metric])
    return float(np.mean(found))
