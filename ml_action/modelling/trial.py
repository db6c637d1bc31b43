"""The one straight story of a training: split, fit, score champion and challenger on the same rows, compare.

The screen of the new datasets against the champion (decision.md, step 1) belongs before the split, the
guards (step 5) after the comparison.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning
from threadpoolctl import threadpool_limits

from ml_action.modelling import artifacts, contracts, crossfit, estimators, scoring, training
from ml_action.modelling.comparison import Judged, compare
from ml_action.modelling.crossfit import Progress, Split
from ml_action.modelling.frames import Table
from ml_action.modelling.predictions import Predictions, predict
from ml_action.modelling.versions import libraries
from ml_action.modelling.wording import listing, plain
from ml_action.records import Comparison, Recipe, Shift, Trial

_MOST_NOTES = 5


class Incomparable(Exception):
    """The champion cannot be scored on the new datasets; the message says why. A person must look."""


def run(
    table: Table,
    *,
    recipe: Recipe,
    new: npt.NDArray[np.bool_],
    champion: object | None,
    champion_features: Sequence[str],
    champion_target: str = "",
    salt: str,
    test_size: float,
    confidence: float,
    folds: int = 5,
    unit: str = "datasets",
    shifts: tuple[Shift, ...] = (),
    progress: Progress,
) -> Trial:
    """A challenger trained on all datasets and judged on the new ones (marked), against the champion.

    Without a champion every dataset is new and the dummy is the opponent. The same arguments give the same
    trial, artifact included. `progress` gets ("fit", done, of how many). Raises Incomparable for the
    champion; ModelProblem, DataProblem or SettingsProblem when the challenger cannot be fitted or scored.
    """
    if champion is None:
        new = np.ones(len(table.datasets), dtype=bool)
    parts = crossfit.split(table, new, salt, test_size, folds)
    judged = parts.new[table.cluster]
    notes: list[str] = []
    with threadpool_limits(limits=1), _noted(notes):
        _same_question(champion_target, recipe)
        said = _champion_says(champion, champion_features, recipe, table, judged)
        model = crossfit.final(recipe, table, parts, progress)
        challenger, baseline = crossfit.out_of_sample(recipe, table, parts, model, progress)
        comparison = _compare(
            Judged(_target(recipe, table)[judged], _numbered(table, judged), challenger, baseline, said),
            recipe,
            confidence,
        )
    return replace(_record(table, recipe, parts, model, replace(comparison, unit=unit), notes), shifts=shifts)


def _champion_says(
    champion: Any, features: Sequence[str], recipe: Recipe, table: Table, judged: npt.NDArray[np.bool_]
) -> Predictions | None:
    """The champion's predictions for all judged rows; None without a champion. Raises Incomparable."""
    if champion is None:
        return None
    wanted = list(features or recipe.features)
    lost = [name for name in wanted if name not in table.frame.columns]
    if lost:
        raise Incomparable(f"the champion needs columns that the datasets do not have: {listing(lost)}")
    frame = table.frame.loc[judged, wanted]
    # A model that was fitted without column names warns about names.
    values = frame if hasattr(champion, "feature_names_in_") else frame.to_numpy()
    classes = None if recipe.task == "regression" else np.unique(_target(recipe, table))
    try:
        _same_task(champion, recipe)
        return predict(champion, values, classes)
    except Incomparable:
        raise
    except Exception as error:  # a model may raise anything at all
        raise Incomparable(f"the champion cannot predict: {type(error).__name__}: {plain(error, 200)}") from error


def _same_question(champion_target: str, recipe: Recipe) -> None:
    """A champion of another target answers another question: no score of it says anything."""
    if champion_target not in ("", recipe.target):
        asked = f"the settings ask for '{plain(recipe.target)}'"
        raise Incomparable(f"the champion predicts '{plain(champion_target)}', {asked}")


def _same_task(champion: Any, recipe: Recipe) -> None:
    made_for = estimators.task_of(champion)
    if made_for not in ("", recipe.task):
        raise Incomparable(f"the champion is made for {made_for}, the target asks for {recipe.task}")


def _compare(judged: Judged, recipe: Recipe, confidence: float) -> Comparison:
    """Scores and tests. What cannot be scored ends the attempt, never in a promotion."""
    champion: dict[str, float] = {}
    with warnings.catch_warnings():
        # The dummy never predicts the rarer classes: its precision is 0 by convention, and that is all right.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        if judged.champion is not None:
            try:
                champion = scoring.metrics(judged.champion, judged.target, recipe)
            except scoring.Unscorable as error:
                raise Incomparable(f"the champion cannot be scored: {error}") from error
        try:
            return compare(judged, recipe, confidence, champion)
        except scoring.Unscorable as error:
            raise scoring.problem(error) from error


def _target(recipe: Recipe, table: Table) -> npt.NDArray[Any]:
    return training.labels(recipe, table)


def _numbered(table: Table, judged: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The judged rows' clusters, counted from 0 without gaps."""
    return np.unique(table.cluster[judged], return_inverse=True)[1].astype(np.int64)


def _record(table: Table, recipe: Recipe, parts: Split, model: Any, comparison: Comparison, notes: list[str]) -> Trial:
    artifact, digest = artifacts.dump(model)
    return Trial(
        recipe=recipe,
        comparison=comparison,
        artifact=artifact,
        digest=digest,
        datasets=int(parts.trained.sum()),
        rows=int(parts.trained[table.cluster].sum()),
        holdout=int(parts.holdout.sum()),
        libraries=libraries(),
        sample=_sample(table, recipe),
        notes=tuple(dict.fromkeys(notes))[:_MOST_NOTES],
        contract=contracts.learn(table.keep(parts.trained), recipe.target, recipe.features),
    )


def _sample(table: Table, recipe: Recipe) -> dict[str, object]:
    """The first row's features as JSON knows them."""
    return {name: _json(table.frame[name].iloc[0]) for name in recipe.features}


def _json(value: Any) -> object:
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


@contextmanager
def _noted(notes: list[str]) -> Iterator[None]:
    """Warnings of libraries (an estimator that did not converge) as notes of the trial."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    notes += [f"{warning.category.__name__}: {plain(warning.message, 200)}" for warning in caught]
