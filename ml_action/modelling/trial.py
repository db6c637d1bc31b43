"""One training: screen, split, fit, score champion and challenger on the same rows, compare."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from ml_action.config.settings import TrainingOptions
from ml_action.core import cells
from ml_action.core.cells import Cell, Sentence
from ml_action.core.formatting import sanitised
from ml_action.core.records.contract import ColumnDrift
from ml_action.core.records.evaluation import Comparison, Screening
from ml_action.core.records.model import Recipe, Trial
from ml_action.core.records.policy import Policy
from ml_action.modelling import spellings
from ml_action.modelling.champion import CHAMPION, Incomparable, ReferenceModel, classes_in
from ml_action.modelling.contract import learning
from ml_action.modelling.evaluation import losses, scoring, slices
from ml_action.modelling.evaluation.comparison import compare
from ml_action.modelling.evaluation.dataset_scores import score_datasets
from ml_action.modelling.evaluation.paired_predictions import PairedPredictions
from ml_action.modelling.reading.table import Table
from ml_action.modelling.screening import ScreeningInput, screen
from ml_action.modelling.training import cross_fitting, estimators, fit, model_file, units
from ml_action.modelling.training.cross_fitting import CrossFit, Split
from ml_action.modelling.training.execution import Execution
from ml_action.modelling.training.library_versions import libraries
from ml_action.modelling.training.model_file import ModelFile, ModelFormat
from ml_action.modelling.training.sample_request import sample_request

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_MAX_NOTES = 5


class NoUsableDatasets(Exception):
    """Every new dataset looks wrong to the champion; `screening` has the reasons."""

    def __init__(self, screening: Screening) -> None:
        super().__init__("every new dataset looks wrong")
        self.screening = screening


@dataclass(frozen=True, eq=False)
class TrialData:
    """The datasets of a trial."""

    table: Table
    recipe: Recipe
    new: Flags  # per dataset: both models are compared on it
    to_screen: ScreeningInput | None = None  # None: no dataset is screened
    shifts: tuple[ColumnDrift, ...] = ()
    unit: str = "datasets"  # the name of what is counted

    def without(self, blobs: frozenset[str]) -> TrialData:
        """Returns the data without some datasets."""
        kept = np.array([dataset.blob not in blobs for dataset in self.table.datasets], dtype=bool)
        return replace(self, table=self.table.select(kept), new=self.new[kept])


@dataclass(frozen=True)
class TrialOptions:
    """How a challenger is trained and compared."""

    training: TrainingOptions
    policy: Policy
    holdout_key: str  # of the folds, too
    trusted_types: tuple[str, ...] = ()  # in a skops file
    execution: Execution = field(default_factory=Execution)

    @property
    def folds(self) -> int:
        """How many folds the budget allows, after the final fit."""
        return self.training.fit_budget - 1

    @property
    def form(self) -> ModelFormat:
        """The format of the model file."""
        return ModelFormat(self.training.model_format, self.trusted_types)

    def units_in(self, table: Table) -> units.Units:
        """Returns the units of the table's rows."""
        return units.units_of(table, self.training.group)


def run(data: TrialData, champion: ReferenceModel | None, options: TrialOptions) -> Trial:
    """Trains a challenger on all datasets, and compares it with the champion on the new ones.

    Without a champion every dataset is new, and the opponent is the dummy. The champion first screens the datasets of
    `data.to_screen`; suspicious ones are left out. With fewer than two folds only the holdout is compared, and one
    model is fitted instead of several. The same arguments give the same trial, including the bytes of the model file.

    Raises:
        Incomparable: The champion cannot be scored.
        NoUsableDatasets: The champion finds every new dataset suspicious.
        ModelError, DataError, SettingsError: The challenger cannot be fitted or scored.
    """
    if champion is None:
        data = replace(data, new=np.ones(len(data.table.datasets), dtype=bool))
    notes: list[str] = []
    with threadpool_limits(limits=1), _collect_warnings(notes, private=data.table.private):
        if champion:
            champion.require_same_target(data.recipe)
        _check_metrics(data, options.policy)
        screened = _screen(data, data.to_screen, champion, options) if champion and data.to_screen else _Screened(data)
        fitted = _fit_and_compare(screened, champion, options)
    notes += _remarks(data.recipe, options)
    trial = _record(fitted, options.form, notes)
    return replace(trial, shifts=data.shifts, screening=screened.screening)


def _check_metrics(data: TrialData, policy: Policy) -> None:
    """Checks the metrics on the true values: an unsuitable one is found before anything is fitted."""
    named = [("metric", data.recipe.metric), *(("guardrails", rail.metric) for rail in policy.guardrails)]
    with scoring.allow_undefined():
        scoring.check_metrics(
            named, fit.labels(data.recipe, data.table), fit.weights(data.recipe, data.table), private=data.table.private
        )


# --- screening --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Screened:
    """The datasets that are left after screening."""

    data: TrialData
    screening: Screening = Screening()
    reference: Floats | None = None  # the champion's mean loss on each dataset that it never trained on


def _screen(data: TrialData, asked: ScreeningInput, champion: ReferenceModel, options: TrialOptions) -> _Screened:
    """Leaves out what the champion finds suspicious. Raises NoUsableDatasets if no new dataset is left."""
    table, recipe = data.table, data.recipe
    reference = ~asked.judged & table.all_in(_held_out_of(champion, table, options))
    asked = replace(asked, judged=asked.judged | data.new)
    rows = (asked.judged | reference)[table.cluster]
    predictions = champion.predict(recipe, table, rows, classes_in(recipe, table))
    target, weight = fit.target_and_weights(recipe, table, rows)
    loss = losses.per_row(recipe, [predictions], target, weight)
    scores = score_datasets(table, rows, predictions, target, loss, weight)
    screening = screen(table, scores, data.new, reference, asked)
    left = data.without(frozenset(item.blob for item in screening.suspects))
    if not left.new.any():
        raise NoUsableDatasets(screening)
    return _Screened(left, screening, scores.mean_loss[reference])


def _held_out_of(champion: ReferenceModel, table: Table, options: TrialOptions) -> Flags:
    """Marks the rows that the champion was not trained on. If that is unknown, none."""
    key = options.holdout_key if champion.holdout_key is None else champion.holdout_key
    if not key:
        return np.zeros(len(table.cluster), dtype=bool)
    return options.units_in(table).held_out(key, options.training.test_size)


# --- fitting and comparing --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A challenger, and how it compares."""

    cross_fit: CrossFit
    file: ModelFile
    comparison: Comparison


def _fit_and_compare(screened: _Screened, champion: ReferenceModel | None, options: TrialOptions) -> _Fitted:
    data, training = screened.data, options.training
    table, recipe = data.table, data.recipe
    fresh = data.new[table.cluster] & fit.has_weight(recipe, table)
    split = cross_fitting.split(
        table, options.units_in(table), fresh, options.holdout_key, training.test_size, options.folds
    )
    before = champion.predict(recipe, table, split.new, classes_in(recipe, table)) if champion else None
    if before and recipe.merge_spellings:
        before = spellings.merged_predictions(before, fit.labels(recipe, table))
    cross_fit = CrossFit(recipe, table, split, options.execution)
    model = cross_fit.final()
    file = model_file.dump(model, options.form)  # before the folds, which are a waste if the model cannot be written
    now = cross_fit.out_of_sample(model, classes_in(recipe, table, before.classes if before else None))
    known = fit.target_and_weights(recipe, table, split.new)
    paired = PairedPredictions(
        known.target,
        _numbered_units(split),
        challenger=now.model,
        baseline=now.dummy,
        champion=before,
        reference=screened.reference,
        slices=_slices(table, split.new, options.policy),
        weight=known.weight,
    )
    return _Fitted(cross_fit, file, replace(_compare(paired, data, options.policy), unit=data.unit))


def _slices(table: Table, rows: Flags, policy: Policy) -> dict[str, pd.Series]:
    """Returns the columns whose values are slices; of private data numbers in their place."""
    columns = {name: table.frame.loc[rows, name].reset_index(drop=True) for name in policy.slices}
    return slices.numbered(columns) if table.private else columns


def _compare(paired: PairedPredictions, data: TrialData, policy: Policy) -> Comparison:
    """Scores and tests. A model that cannot be scored ends the attempt without a promotion."""
    try:
        with scoring.allow_undefined():
            return compare(paired, data.recipe, policy)
    except scoring.Unscorable as error:
        if error.role == "champion":
            reason = cells.written(error.reason, private=data.table.private)
            raise Incomparable(CHAMPION, f"cannot be scored: {reason}") from error
        raise scoring.problem(error, private=data.table.private) from error


def _numbered_units(split: Split) -> npt.NDArray[np.int64]:
    """Returns the units of the compared rows, counted from 0 without gaps."""
    return np.unique(split.units.of_row[split.new], return_inverse=True)[1].astype(np.int64)


# --- the record -------------------------------------------------------------------------------------------


def _remarks(recipe: Recipe, options: TrialOptions) -> Iterator[str]:
    if not estimators.supports_outputs(estimators.build_from_recipe(recipe), len(recipe.outputs)):
        yield f"{recipe.estimator} predicts one target: each has a copy of its own (MultiOutputRegressor)"
    if options.folds < 2:
        yield "judged on the new datasets of the holdout alone: fit-budget allows no cross-fitting"


def _record(fitted: _Fitted, form: ModelFormat, notes: list[str]) -> Trial:
    cross_fit, file = fitted.cross_fit, fitted.file
    recipe, table, split = cross_fit.recipe, cross_fit.table, cross_fit.split
    learned = table.any_in(split.trained)
    contract = learning.learn_contract(table.select(learned, split.trained), recipe.outputs, recipe.features)
    return Trial(
        recipe=recipe,
        comparison=fitted.comparison,
        artifact=file.content,
        digest=file.sha256,
        datasets=int(learned.sum()),
        rows=int(split.trained.sum()),
        holdout=int(table.any_in(split.holdout).sum()),
        libraries=libraries("skops") if form.name == "skops" else libraries(),
        sample=sample_request(table.frame, recipe.features, contract),
        notes=tuple(dict.fromkeys(notes))[:_MAX_NOTES],
        contract=contract,
        model_format=form.name,
        types=model_file.types_of(file.content, form),
    )


@contextmanager
def _collect_warnings(notes: list[str], *, private: bool) -> Iterator[None]:
    """Adds warnings of libraries, such as that an estimator did not converge, to the notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    # Sorted, because folds that are fitted in parallel warn in any order.
    messages = (Sentence(f"{warning.category.__name__}: ", Cell(sanitised(warning.message, 200))) for warning in caught)
    notes += sorted({cells.written(one, private=private) for one in messages})
