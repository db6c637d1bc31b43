"""A first look at somebody's data: what could be predicted, as what kind, by which estimator. With reasons."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold

from ml_action.config.settings import Settings
from ml_action.core.errors import DataError, ExpectedError
from ml_action.core.formatting import quoted_list
from ml_action.core.records.model import Recipe
from ml_action.modelling import data_warnings
from ml_action.modelling.evaluation import scoring
from ml_action.modelling.reading.columns import require, usual_columns
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements

LIKELY_TARGETS = (
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
KEY = re.compile(r"^index$|(^|[_ ])(id|uuid|guid|key)$|^Unnamed: ", re.IGNORECASE)
CLASSES = 20  # different words: a column of more is no likely target
GROUP_NAMES = re.compile(
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
    rows: int  # with a target
    features: tuple[str, ...] = ()  # none: every other column
    why: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()  # what a person should look at first


def suggest(table: Table, settings: Settings, choose: Callable[[str, Iterable[str], str], str]) -> Suggestion:
    """A suggestion for a table; what the settings say already is taken as said.

    `choose` is asked for the target, of these columns, with our guess: everything else hangs on it.

    Raises:
        DataError: no column can be predicted, or none is left to predict from.
    """
    keys = [name for name in usual_columns(table) if _is_key(table.frame[name], name)]
    names = [name for name in usual_columns(table) if name not in keys]
    target = settings.training.target[0] if settings.training.target else _chosen(table, names, choose)
    group = settings.training.group or _group_column(table.frame, target)
    require(table, [settings.training.group] if settings.training.group else [])
    left = tuple(
        name for name in names if name not in (target, group, settings.training.weight, *settings.training.target)
    )
    recipe, sound = _resolved(table, settings, target, left, group)
    metric, of_metric = _metric(recipe, sound, settings)
    scores = _scores(recipe, sound, settings, group, metric)
    estimator, of_estimator = _estimator(recipe, scores, metric)
    if _given(settings.training.estimator):
        of_estimator = "as you said"
    reasons = {"metric": of_metric, "estimator": of_estimator}
    if group and not settings.training.group:
        count = sound.frame[group].nunique()
        reasons["group"] = f"{count:,} different ones: rows of one of them belong together and are judged as one"
    apart = [name for name in keys if name not in (target, group) and not name.startswith("Unnamed: ")]
    if apart:
        reasons["features"] = f"all but {quoted_list(apart)}: a name of each row tells nothing of the next one"
    doubted = tuple(data_warnings.warnings_for(sound.frame, recipe, scores, metric))
    features = left if apart and not settings.training.features else ()
    return Suggestion(target, recipe.task, metric, estimator, group, len(sound.frame), features, reasons, doubted)


def _is_key(column: pd.Series, name: str) -> bool:
    """Whether a column names its rows; what has fractions measures something."""
    if not KEY.search(name):
        return False
    numbers = pd.to_numeric(column, errors="coerce").dropna()
    return bool((numbers % 1 == 0).all())


def _chosen(table: Table, names: list[str], choose: Callable[[str, Iterable[str], str], str]) -> str:
    """The target that a person chooses, or takes from us."""
    if not names:
        raise DataError(
            f"no column of {quoted_list(table.frame.columns)} looks like something to predict",
            why="each of them names its row, as an id does",
            fix="name it with --target",
        )
    guess, why = _target(names, table.frame)
    return choose(why, names, guess)


def _target(names: list[str], frame: pd.DataFrame) -> tuple[str, str]:
    """The column whose name says so, else the last that can be one."""
    for likely in LIKELY_TARGETS:
        found = next((name for name in names if name.casefold() == likely), "")
        if found:
            return found, f"'{found}' sounds like it"
    usual = [name for name in names if _can_be_predicted(frame[name])]
    if not usual or usual[-1] == names[-1]:
        return names[-1], "the last column is the usual place"
    return usual[-1], "the last column that is mostly filled, and neither free text nor always the same"


def _can_be_predicted(column: pd.Series) -> bool:
    count = column.nunique()
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    return bool(2 * column.notna().sum() >= len(column) and count > 1 and (is_number or count <= CLASSES))


def _group_column(frame: pd.DataFrame, target: str) -> str:
    """The column that says whose row it is, where each owner has several."""
    for name in map(str, frame.columns):
        if name != target and GROUP_NAMES.match(name):
            count = frame[name].nunique()
            if FEWEST_OWNERS <= count <= len(frame) / 2:
                return name
    return ""


def _given(setting: str) -> str:
    return "" if setting == "auto" else setting


def _resolved(
    table: Table, settings: Settings, target: str, features: tuple[str, ...], group: str
) -> tuple[Recipe, Table]:
    """The recipe in full, and the table of what is sound under it."""
    recipe = resolve_recipe(
        table,
        targets=settings.training.target or (target,),
        features=settings.training.features or features,
        task=settings.training.task,
        estimator=_given(settings.training.estimator) or "auto",
        params=settings.training.params,
        metric=_given(settings.training.metric) or "auto",
        seed=settings.training.seed,
        apart=(group,) if group else (),
    )
    return recipe, validate(table, Requirements(recipe.outputs, recipe.features)).table


def _metric(recipe: Recipe, table: Table, settings: Settings) -> tuple[str, str]:
    """The metric that suits the task, and the shares of the classes."""
    if _given(settings.training.metric):
        return recipe.metric, "as you said"
    if recipe.task == "regression":
        return recipe.metric, "the share of the target's variance that is explained"
    shares = table.frame[recipe.outputs[0]].value_counts(normalize=True)
    if shares.min() >= RARE or len(shares) > 2:
        return recipe.metric, "the share of right answers"
    return "roc_auc", f"the rarer class is {shares.min():.0%} of the rows: plain accuracy would not see it"


def _scores(recipe: Recipe, table: Table, settings: Settings, group: str, metric: str) -> dict[str, float]:
    """Of the simple one and of boosting, on rows that neither has seen.

    Nothing where somebody chose already, or several targets are predicted at a time: the loop itself will judge.

    Raises:
        DataError: there is nothing to learn from, for any estimator.
    """
    if _given(settings.training.estimator) or len(recipe.outputs) > 1:
        return {}
    try:
        paths = (recipe.estimator, BOOSTING[recipe.task])
        return {path: _cross_validated(recipe, path, metric, table, group) for path in paths}
    except DataError:
        raise
    except ExpectedError:
        return {}  # such as a class that a fold has nothing of: the loop itself will judge


def _estimator(recipe: Recipe, scores: Mapping[str, float], metric: str) -> tuple[str, str]:
    """The simple one, unless boosting is clearly better."""
    if not scores:
        return recipe.estimator, ""
    boosting = BOOSTING[recipe.task]
    told = ", ".join(f"{path.rpartition('.')[2]} {score:.3f}" for path, score in scores.items())
    better = 1 - scores[boosting] < MUCH_BETTER * (1 - scores[recipe.estimator])
    return (boosting if better else recipe.estimator), f"{metric} on unseen rows: {told}"


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
    truth = fit.labels(recipe, table)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence: this is a first look
        for fitted, asked in folds.split(rows, groups=together if grouped else None):
            model = fit.fit(recipe, table, rows[fitted])
            frame = table.frame.loc[rows[asked], list(recipe.features)]
            found.append(scoring.report(model, frame, truth[rows[asked]], recipe)[metric])
    return float(np.mean(found))
