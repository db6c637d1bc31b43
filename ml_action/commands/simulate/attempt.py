"""One attempt without a repository: what arrived is sifted, a challenger tried, the gate asked, nothing recorded.

The same stages as in `loop`, in the same order and through the same functions; only their surroundings are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import Settings
from ml_action.core.errors import DataError, ModelError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import Recipe, Trial
from ml_action.loop import experiment, gate
from ml_action.loop.batch import Batch
from ml_action.loop.experiment import NO_CHAMPION, Opponent
from ml_action.modelling.champion import Incomparable
from ml_action.modelling.contract import drift, enforcement
from ml_action.modelling.contract.enforcement import AcceptedDatasets
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import model_file
from ml_action.modelling.trial import NoUsableDatasets

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Champion:
    """A model that is in place, and what its data looked like."""

    model: object
    contract: DataContract | None


@dataclass(frozen=True, eq=False)
class AttemptResult:
    """How an attempt ended. Without a trial nothing could be compared."""

    decision: Decision
    trial: Trial | None = None
    screening: Screening = Screening()

    @property
    def promoted(self) -> bool:
        """Whether the challenger takes the champion's place."""
        return self.decision.verdict is Verdict.PROMOTE


@dataclass(frozen=True, eq=False)
class AttemptOptions:
    """What does not change from attempt to attempt."""

    recipe: Recipe
    settings: Settings
    salt: str  # keys the holdout
    progress: Callable[[str, int, int], None] = lambda *_: None
    jobs: int = 0  # folds fitted side by side; 0: as many as can be


def build_batch(
    terms: AttemptOptions, table: Table, accepted: Collection[str], new: Collection[str], champion: Champion | None
) -> tuple[Batch, int]:
    """The batch of an attempt, and how many of the new datasets are bad. `accepted` and `new` are blob ids."""
    settings, known = terms.settings, champion.contract if champion else None
    sifted = enforcement.apply_contract(table, terms.recipe, known, accepted, terms.salt, settings)
    bad = tuple(item for item in sifted.bad if item.blob in new)
    return _batch(terms, sifted, new, bad, with_shifts=champion is not None), len(bad)


def _batch(
    terms: AttemptOptions,
    sifted: AcceptedDatasets,
    new: Collection[str],
    bad: tuple[RejectedDataset, ...],
    *,
    with_shifts: bool,
) -> Batch:
    fresh = enforcement.is_one_of(sifted.table, new)
    early = with_shifts and terms.settings.trigger.drift_threshold
    return Batch(
        sifted.table,
        terms.recipe,
        sifted.contract,
        fresh,
        sifted.judged,
        count=int(fresh.sum()),
        sources=(),
        bad=bad,
        set_aside=sifted.bad,
        shifts=drift.measure(sifted.table, fresh, sifted.contract, terms.settings.trigger.drift) if early else (),
    )


def attempt(terms: AttemptOptions, batch: Batch, champion: Champion | None) -> AttemptResult:
    """Tries a challenger, and asks the gate. What would fail the run is an ending too: `failed`."""
    opponent = Opponent(champion.model, terms.recipe.features, terms.recipe.target) if champion else NO_CHAMPION
    policy = terms.settings.gate
    try:
        trial = experiment.train_and_compare(batch, terms.settings, terms.salt, opponent, terms.progress, terms.jobs)
    except Incomparable as reason:
        return AttemptResult(gate.incomparable(str(reason)))
    except NoUsableDatasets as found:
        return AttemptResult(gate.review_unusable(found.screening, policy), screening=found.screening)
    except (DataError, ModelError) as problem:
        return AttemptResult(Decision(Verdict.FAILED, problem.what))
    return AttemptResult(gate.decide(trial.comparison, policy, trial.screening), trial, trial.screening)


def model_of(trial: Trial) -> object:
    """The challenger of a trial."""
    return model_file.load(trial.artifact, trial.digest, form=model_file.ModelFormat(trial.model_format, trial.types))
