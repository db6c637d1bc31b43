"""Cross-validated scores of some estimators on a table, within a fixed amount of work."""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from ml_action.core.errors import ExpectedError
from ml_action.core.log import Log
from ml_action.core.records.model import Recipe
from ml_action.modelling.evaluation import scoring
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import fit, pipeline

MAX_ROWS, FOLDS = 20_000, 5
FEWEST_ROWS = 2 * FOLDS  # to score anything
WORK = 10_000_000  # cells of a fit, times its classes: some seconds for a linear model, and for boosting
SECONDS = 30.0  # after which no further fold is begun, on a slow machine
CATEGORIES = 64  # columns that a feature of text becomes, at most
STAGE = "comparing estimators"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoringTask:
    """The rows that estimators are scored on."""

    recipe: Recipe  # of the usual estimator
    table: Table  # the valid rows
    group: str  # the column that names the owner of a row; empty: no such column

    @property
    def classes(self) -> int:
        """How many classes the target has; 1 for a regression."""
        if self.recipe.task == "regression":
            return 1
        return int(self.table.frame[self.recipe.outputs[0]].nunique())

    @property
    def width(self) -> int:
        """How many columns the estimators get, roughly."""
        kinds = pipeline.kinds(self.table.frame, self.recipe.features)
        texts = sum(min(CATEGORIES, int(self.table.frame[name].nunique())) for name in kinds["category"])
        return max(1, len(kinds["number"]) + len(kinds["date"]) + texts)

    @property
    def work(self) -> int:
        """The work of a row in a fit: the cells that an estimator gets from it, times the classes."""
        return self.width * max(1, self.classes - 1)


def scores_of(task: ScoringTask, estimators: Sequence[str], metric: str, log: Log) -> dict[str, float]:
    """Returns the mean score of each estimator on rows that it was not fitted on, by import path.

    Rows of one owner or dataset are in the same fold. Of many rows some are drawn, so that no fit takes long. Empty if
    there are too few rows, if they are too many for so many columns and classes, or if an estimator cannot be fitted or
    scored: then the loop itself will judge.
    """
    chosen = _drawn_rows(task)
    if len(chosen) < max(FEWEST_ROWS, 2 * task.classes):
        return {}
    folds = list(_folds(task, chosen))
    found: dict[str, list[float]] = defaultdict(list)
    begun = time.monotonic()
    try:
        for done, (trained, tested) in enumerate(folds):
            log.progress(STAGE, done, len(folds))
            for path in estimators:
                found[path].append(_score(task, path, metric, trained, tested))
            if time.monotonic() - begun > SECONDS:
                break
    except ExpectedError:
        return {}
    log.progress(STAGE, len(folds), len(folds))
    return {path: float(np.mean(scores)) for path, scores in found.items()}


def _drawn_rows(task: ScoringTask) -> Rows:
    rows = np.arange(len(task.table.frame))
    limit = min(MAX_ROWS, WORK // task.work)
    return rows if len(rows) <= limit else np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))


def _folds(task: ScoringTask, rows: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Yields the rows to fit and those to score, for each fold."""
    table = task.table
    together = pd.factorize(table.frame[task.group])[0][rows] if task.group else table.cluster[rows]
    target = fit.labels(task.recipe, table)[rows]
    if len(np.unique(together)) >= 2 * FOLDS:
        split = GroupKFold(FOLDS).split(rows, groups=together)
    elif task.recipe.task == "classification":
        most = int(np.unique(target, return_counts=True)[1].max())  # no fold can do without the most frequent class
        split = StratifiedKFold(max(2, min(FOLDS, most)), shuffle=True, random_state=0).split(rows, target)
    else:
        split = KFold(FOLDS, shuffle=True, random_state=0).split(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a class that is rarer than there are folds
        for trained, tested in split:
            yield rows[trained], rows[tested]


def _score(task: ScoringTask, estimator: str, metric: str, trained: Rows, tested: Rows) -> float:
    params: Mapping[str, object] = task.recipe.params if estimator == task.recipe.estimator else {}
    recipe = replace(task.recipe, estimator=estimator, metric=metric, params=params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence: this is only an estimate
        model = fit.fit(recipe, task.table, trained)
        frame = task.table.frame.loc[tested, list(recipe.features)]
        return scoring.report(model, frame, fit.labels(recipe, task.table)[tested], recipe)[metric]
