"""The one straight story of a training: screen, split, fit, score champion and challenger on the same rows, compare."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from ml_action.core.formatting import sanitised
from ml_action.core.records.contract import ColumnDrift, DataContract
from ml_action.core.records.evaluation import Comparison, Screening
from ml_action.core.records.model import Recipe, Trial
from ml_action.core.records.policy import Policy
from ml_action.modelling import screening as screen
from ml_action.modelling.champion import CHAMPION, Incomparable, ReferenceModel, classes_in
from ml_action.modelling.contract import learning
from ml_action.modelling.evaluation import losses, scoring
from ml_action.modelling.evaluation.comparison import compare
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import cross_fitting, estimators, fit, model_file, units
from ml_action.modelling.training.cross_fitting import Progress, Split
from ml_action.modelling.training.library_versions import libraries

Flags = npt.NDArray[np.bool_]

_MOST_NOTES = 5


class NoUsableDatasets(Exception):
    """Every new dataset looks wrong to the champion; `screening` says how."""

    def __init__(self, screening: Screening) -> None:
        super().__init__("every new dataset looks wrong")
        self.screening = screening


@dataclass(frozen=True, eq=False)
class ScreeningInput:
    """What the champion is to look at before anything is trained."""

    judged: Flags  # per dataset: not accepted before; what is new is among them
    contract: DataContract | None = None
    free: Collection[str] = ()  # columns of which nothing is asked


def run(
    table: Table,
    *,
    recipe: Recipe,
    new: Flags,
    champion: object | None,
    champion_features: Sequence[str],
    champion_target: str = "",
    salt: str,
    test_size: float,
    policy: Policy,
    folds: int = 5,
    group: str = "",
    screened: ScreeningInput | None = None,
    unit: str = "datasets",
    shifts: tuple[ColumnDrift, ...] = (),
    progress: Progress,
    jobs: int = 0,
    form: model_file.ModelFormat = model_file.PICKLE,
) -> Trial:
    """A challenger trained on all datasets and judged on the new ones (marked), against the champion.

    Without a champion every dataset is new and the dummy is the opponent. With `screened` the champion looks first,
    and what is suspicious is left out. With fewer than two folds only the holdout judges: one fit in place of many.
    The same arguments give the same trial, artifact included. `progress` gets ("fit", done, of how many). With `jobs`
    so many folds are fitted side by side, else as many as can be. Raises Incomparable for the champion, NothingSound
    for the datasets; ModelError, DataError or SettingsError when the challenger cannot be fitted or scored.
    """
    if champion is None:
        new = np.ones(len(table.datasets), dtype=bool)
    notes: list[str] = []
    with threadpool_limits(limits=1), _noted(notes):
        witness = None if champion is None else ReferenceModel(champion, champion_features, target=champion_target)
        if witness:
            witness.same_question(recipe)
        _try_out(recipe, policy, table)
        found, reference = Screening(), None
        if witness and screened:
            held = units.units_of(table, group).held_out(salt, test_size)
            others = ~screened.judged & table.all_in(held)
            found, reference = _screened(witness, recipe, table, new, screened, others)
            table, new = _without_suspects(table, new, found)
        fresh = new[table.cluster] & fit.has_weight(recipe, table)
        parts = cross_fitting.split(table, units.units_of(table, group), fresh, salt, test_size, folds)
        said = _predict(witness, recipe, table, parts.new) if witness else None
        model = cross_fitting.final(recipe, table, parts, progress)
        artifact = model_file.dump(model, form)  # before it is judged: what cannot be written is not worth the time
        classes = classes_in(recipe, table, said.classes if said else None)
        challenger, baseline = cross_fitting.out_of_sample(recipe, table, parts, model, classes, progress, jobs)
        target, weight = fit.target_and_weights(recipe, table, parts.new)
        judged = PairedPredictions(
            target,
            _numbered(parts),
            challenger,
            baseline,
            said,
            reference,
            {name: table.frame.loc[parts.new, name].reset_index(drop=True) for name in policy.slices},
            weight,
        )
        comparison = replace(_compare(judged, recipe, policy), unit=unit)
    if not estimators.supports_outputs(estimators.build_from_recipe(recipe), len(recipe.outputs)):
        notes.append(f"{recipe.estimator} predicts one target: each has a copy of its own (MultiOutputRegressor)")
    if folds < 2:
        notes.append("judged on the new datasets of the holdout alone: fit-budget allows no cross-fitting")
    return replace(_record(table, recipe, parts, artifact, form, comparison, notes), shifts=shifts, screening=found)


def _without_suspects(table: Table, new: Flags, found: Screening) -> tuple[Table, Flags]:
    """What the champion found nothing wrong with. Raises NothingSound where nothing new is left."""
    suspects = {item.blob for item in found.suspects}
    sound = np.array([dataset.blob not in suspects for dataset in table.datasets], dtype=bool)
    if not new[sound].any():
        raise NoUsableDatasets(found)
    return table.select(sound), new[sound]


def _try_out(recipe: Recipe, policy: Policy, table: Table) -> None:
    """Every metric that is asked about later, asked about the truth: a wrong one costs no fit."""
    asked = [("metric", recipe.metric), *(("guardrails", rail.metric) for rail in policy.guardrails)]
    with scoring.allow_undefined():
        scoring.check_metrics(asked, fit.labels(recipe, table), fit.weights(recipe, table))


def _screened(
    witness: ReferenceModel, recipe: Recipe, table: Table, new: Flags, asked: ScreeningInput, reference: Flags
) -> tuple[Screening, npt.NDArray[np.float64]]:
    """What the champion makes of the datasets, and its mean loss on each of the reference, unseen by it."""
    judged = asked.judged | new
    rows = (judged | reference)[table.cluster]
    said, (target, weight) = _predict(witness, recipe, table, rows), fit.target_and_weights(recipe, table, rows)
    loss = losses.per_row(recipe, [said], target, weight)
    looks = screen.score_datasets(table, rows, said, target, loss, weight)
    found = screen.screen(table, looks, new, judged, reference, asked.contract, asked.free)
    return found, looks.mean_loss[reference]


def _predict(witness: ReferenceModel, recipe: Recipe, table: Table, rows: Flags) -> Predictions:
    return witness.says(recipe, table, rows, classes_in(recipe, table))


def _compare(judged: PairedPredictions, recipe: Recipe, policy: Policy) -> Comparison:
    """Scores and tests. What cannot be scored ends the attempt, never in a promotion."""
    try:
        with scoring.allow_undefined():
            return compare(judged, recipe, policy)
    except scoring.Unscorable as error:
        if error.role == "champion":
            raise Incomparable(CHAMPION, f"cannot be scored: {error}") from error
        raise scoring.problem(error) from error


def _numbered(parts: Split) -> npt.NDArray[np.int64]:
    """The judged rows' units, counted from 0 without gaps."""
    return np.unique(parts.units.of_row[parts.new], return_inverse=True)[1].astype(np.int64)


def _record(
    table: Table,
    recipe: Recipe,
    parts: Split,
    artifact: tuple[bytes, str],
    form: model_file.ModelFormat,
    comparison: Comparison,
    notes: list[str],
) -> Trial:
    learned = table.any_in(parts.trained)
    return Trial(
        recipe=recipe,
        comparison=comparison,
        artifact=artifact[0],
        digest=artifact[1],
        datasets=int(learned.sum()),
        rows=int(parts.trained.sum()),
        holdout=int(table.any_in(parts.holdout).sum()),
        libraries=libraries("skops") if form.name == "skops" else libraries(),
        sample=_sample(table, recipe),
        notes=tuple(dict.fromkeys(notes))[:_MOST_NOTES],
        contract=learning.learn_contract(table.select(learned, parts.trained), recipe.outputs, recipe.features),
        model_format=form.name,
        types=model_file.types_of(artifact[0], form),
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
    # Sorted: folds that are fitted side by side warn in any order.
    notes += sorted({f"{warning.category.__name__}: {sanitised(warning.message, 200)}" for warning in caught})
