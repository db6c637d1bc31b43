"""One attempt without a repository: what arrived is sifted, a challenger tried, the gate asked, nothing recorded.

The same stages as in `loop`, in the same order and through the same functions; only their surroundings are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import Settings
from ml_action.core.errors import DataProblem, ModelProblem
from ml_action.core.records.choices import Verdict
from ml_action.core.records.contract import Contract
from ml_action.core.records.dataset import SetAside
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import Recipe, Trial
from ml_action.loop import experiment
from ml_action.loop import gate as decision
from ml_action.loop.batch import Batch
from ml_action.loop.experiment import NOBODY, Opponent
from ml_action.modelling.champion import Incomparable
from ml_action.modelling.contract import drift
from ml_action.modelling.contract import enforcement as sifting
from ml_action.modelling.contract.enforcement import Sifted
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import model_file as artifacts
from ml_action.modelling.trial import NothingSound

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Champion:
    """A model that is in place, and what its data looked like."""

    model: object
    contract: Contract | None


@dataclass(frozen=True, eq=False)
class Proof:
    """How an attempt ended. Without a trial nothing could be compared."""

    decision: Decision
    trial: Trial | None = None
    screening: Screening = Screening()

    @property
    def promoted(self) -> bool:
        """Whether the challenger takes the champion's place."""
        return self.decision.verdict is Verdict.PROMOTE


@dataclass(frozen=True, eq=False)
class Terms:
    """What does not change from attempt to attempt."""

    recipe: Recipe
    settings: Settings
    salt: str  # keys the holdout
    progress: Callable[[str, int, int], None] = lambda *_: None
    jobs: int = 0  # folds fitted side by side; 0: as many as can be


def gather(
    terms: Terms, table: Table, accepted: Collection[str], new: Collection[str], champion: Champion | None
) -> tuple[Batch, int]:
    """The batch of an attempt, and how many of the new datasets are bad. `accepted` and `new` are blob ids."""
    settings, known = terms.settings, champion.contract if champion else None
    sifted = sifting.sift(table, terms.recipe, known, accepted, terms.salt, settings)
    bad = tuple(item for item in sifted.bad if item.blob in new)
    return _batch(terms, sifted, new, bad, with_shifts=champion is not None), len(bad)


def _batch(
    terms: Terms, sifted: Sifted, new: Collection[str], bad: tuple[SetAside, ...], *, with_shifts: bool
) -> Batch:
    fresh = sifting.among(sifted.table, new)
    early = with_shifts and terms.settings.drift_threshold
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
        shifts=drift.measure(sifted.table, fresh, sifted.contract, terms.settings.drift) if early else (),
    )


def attempt(terms: Terms, batch: Batch, champion: Champion | None) -> Proof:
    """Tries a challenger, and asks the gate. What would fail the run is an ending too: `failed`."""
    opponent = Opponent(champion.model, terms.recipe.features, terms.recipe.target) if champion else NOBODY
    policy = experiment.policy_of(terms.settings)
    try:
        trial = experiment.try_out(batch, terms.settings, terms.salt, opponent, terms.progress, terms.jobs)
    except Incomparable as reason:
        return Proof(decision.incomparable(str(reason)))
    except NothingSound as found:
        return Proof(decision.unsound(found.screening, policy), screening=found.screening)
    except (DataProblem, ModelProblem) as problem:
        return Proof(Decision(Verdict.FAILED, problem.what))
    return Proof(decision.decide(trial.comparison, policy, trial.screening), trial, trial.screening)


def model_of(trial: Trial) -> object:
    """The challenger of a trial."""
    return artifacts.load(trial.artifact, trial.digest, form=artifacts.Form(trial.model_format, trial.types))
