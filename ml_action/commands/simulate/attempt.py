"""One attempt without a repository: validates the data, trains a challenger, asks the gate, and records nothing.

The stages are those of `loop`, in the same order and by the same functions; only their surroundings are simulated.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ml_action.config.settings import Settings
from ml_action.core.errors import DataError, ModelError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.contract import DataContract
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import Recipe, Trial
from ml_action.loop import experiment, gate
from ml_action.loop.batch.building import Batch
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.contract import drift, enforcement
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import model_file
from ml_action.modelling.training.execution import Execution
from ml_action.modelling.trial import NoUsableDatasets


@dataclass(frozen=True, eq=False)
class Champion:
    """The current model, and the contract of its data."""

    model: object
    contract: DataContract | None


@dataclass(frozen=True, eq=False)
class AttemptResult:
    """How an attempt ended. It has no trial if nothing could be compared."""

    decision: Decision
    trial: Trial | None = None
    screening: Screening = Screening()

    @property
    def promoted(self) -> bool:
        """Whether the challenger takes the champion's place."""
        return self.decision.verdict is Verdict.PROMOTE


@dataclass(frozen=True, eq=False)
class AttemptOptions:
    """What is the same in every attempt."""

    recipe: Recipe
    settings: Settings
    holdout_key: str
    execution: Execution = field(default_factory=Execution)


def build_batch(
    options: AttemptOptions,
    table: Table,
    accepted: Collection[str],
    new: Collection[str],
    champion: Champion | None,
) -> Batch:
    """Returns the batch of an attempt. `accepted` and `new` are blob ids."""
    settings, contract = options.settings, champion.contract if champion else None
    trigger, holdout = settings.trigger, enforcement.held_out_datasets(table, settings.training, options.holdout_key)
    found = enforcement.apply_contract(table, options.recipe, contract, accepted, settings.data.contract, holdout)
    is_new = enforcement.is_one_of(found.table, new)
    measures_drift = champion is not None and trigger.drift_threshold
    return Batch(
        found.table,
        options.recipe,
        found.contract,
        is_new,
        found.judged,
        count=int(is_new.sum()),
        sources=(),
        bad=tuple(item for item in found.bad if item.blob in new),
        set_aside=found.bad,
        shifts=drift.measure(found.table, is_new, found.contract, trigger.drift) if measures_drift else (),
    )


def try_attempt(options: AttemptOptions, batch: Batch, champion: Champion | None) -> AttemptResult:
    """Trains a challenger and asks the gate. An error that would fail a run has the verdict `failed`."""
    recipe, settings = options.recipe, options.settings
    opponent = ReferenceModel(champion.model, recipe.features, target=recipe.target) if champion else None
    try:
        trial = experiment.train_and_compare(batch, settings, opponent, options.holdout_key, options.execution)
    except Incomparable as error:
        return AttemptResult(gate.incomparable(str(error)))
    except NoUsableDatasets as error:
        return AttemptResult(gate.review_unusable(error.screening, settings.gate), screening=error.screening)
    except (DataError, ModelError) as error:
        return AttemptResult(Decision(Verdict.FAILED, error.what))
    return AttemptResult(gate.decide(trial.comparison, settings.gate, trial.screening), trial, trial.screening)


def model_of(trial: Trial) -> object:
    """Loads the challenger of a trial."""
    return model_file.load(trial.artifact, trial.digest, form=model_file.ModelFormat(trial.model_format, trial.types))
