"""The interface to the product: its own path from datasets to a verdict, of which nothing is rewritten here.

The data contract rejects bad datasets (`batch`), the champion screens them, the challenger is trained and compared
(`trial`), and the gate decides (`gate`), as in `loop`. Only this module knows the product's functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.decision.scenarios import Case
from ml_action.config.parse import parse
from ml_action.config.settings import Settings
from ml_action.core.errors import DataError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.contract import DataContract
from ml_action.core.records.evaluation import Decision
from ml_action.core.records.model import Recipe, Version
from ml_action.loop import gate
from ml_action.loop.batch import building, limits
from ml_action.loop.batch.building import Batch
from ml_action.loop.batch.reading import BatchInput, ReadDatasets
from ml_action.modelling import trial
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.contract import learning
from ml_action.modelling.reading.table import Table
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training import fit, model_file, units

GATES = ("not-worse", "better")
STOPPED = "stopped"  # too many bad datasets: an error with its reason instead of a verdict


@dataclass(frozen=True, eq=False)
class Champion:
    """The model in production, with what its metadata record."""

    model: Any
    recipe: Recipe
    contract: DataContract


@dataclass(frozen=True)
class Answer:
    """What a gate decides, or why the product stopped."""

    verdict: str
    reason: str


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the product does with a batch."""

    answers: Mapping[str, Answer]  # by gate
    challenger: Champion | None = None  # None: nothing was trained
    set_aside: frozenset[str] = frozenset()  # blob ids


def first(table: Table, given: Mapping[str, str], salt: str) -> Champion:
    """Trains a champion on all of the table's rows outside the permanent holdout."""
    settings = parse(given, {})
    recipe = building.recipe_of(table, settings.training, settings.gate, None)
    trained = ~units.units_of(table, settings.training.group).held_out(salt, settings.training.test_size)
    model = fit.fit(recipe, table, trained)
    learned = table.select(table.any_in(trained), trained)
    return Champion(model, recipe, learning.learn_contract(learned, recipe.outputs, recipe.features))


def judge(case: Case, champion: Champion, gates: Sequence[str] = GATES) -> Judgement:
    """Returns the product's decisions on the case's new datasets: one training, decided by each gate."""
    settings = parse(case.settings, {})
    found = ReadDatasets(case.table, ())
    batch = building.by_datasets(found, _batch_input(case, champion), settings)
    rejected = frozenset(item.blob for item in batch.set_aside)
    data = trial.TrialData(
        batch.table, batch.recipe, batch.new, ScreeningInput(batch.judged, batch.contract), batch.shifts
    )
    opponent = ReferenceModel(champion.model, champion.recipe.features, target=champion.recipe.target)
    try:
        _stop_if_broken(case, batch, settings)
        tried = trial.run(data, opponent, trial.TrialOptions(settings.training, settings.gate, case.salt))
    except DataError as error:
        return Judgement(dict.fromkeys(gates, Answer(STOPPED, str(error))), None, rejected)
    except Incomparable as error:
        return Judgement(dict.fromkeys(gates, Answer(str(Verdict.INCOMPARABLE), str(error))), None, rejected)
    except trial.NoUsableDatasets as error:
        answer = _answer(gate.review_unusable(error.screening, settings.gate))
        suspects = frozenset(item.blob for item in error.screening.suspects)
        return Judgement(dict.fromkeys(gates, answer), None, rejected | suspects)
    policies = {name: replace(settings.gate, gate=name) for name in gates}
    model = model_file.load(tried.artifact, tried.digest, lambda _: None)
    return Judgement(
        {name: _answer(gate.decide(tried.comparison, policy, tried.screening)) for name, policy in policies.items()},
        Champion(model, tried.recipe, tried.contract or champion.contract),
        rejected | {item.blob for item in tried.screening.suspects},
    )


def _answer(decision: Decision) -> Answer:
    return Answer(str(decision.verdict), decision.reason)


def _batch_input(case: Case, champion: Champion) -> BatchInput:
    blobs = np.array([dataset.blob for dataset in case.table.datasets])
    accepted = ~case.new if case.rejected is None else ~case.new & ~case.rejected
    return BatchInput(
        datasets=case.table.datasets,
        new=frozenset(blobs[case.new]),
        old=frozenset(blobs[accepted]),
        before=(),
        champion=_version(champion),
        holdout_key=case.salt,
    )


def _version(champion: Champion) -> Version:
    """Returns the champion's entry in the metadata; fields that no stage after the trigger reads are empty."""
    known: dict[str, Any] = {
        "target": champion.recipe.target,
        "features": champion.recipe.features,
        "task": champion.recipe.task,
        "contract": champion.contract,
    }
    return Version(**{field.name: known.get(field.name, "") for field in fields(Version)})


def _stop_if_broken(case: Case, batch: Batch, settings: Settings) -> None:
    """Raises DataError where `batch.load_batch` does: too many datasets are bad, or none is left."""
    inventory: Any = SimpleNamespace(new=np.flatnonzero(case.new), bad=0)
    if limits.too_many_bad(batch.bad, inventory, settings.trigger.max_quarantine):
        raise limits.too_many(batch.bad, inventory, settings.trigger.max_quarantine)
    if not batch.new.any():
        raise DataError("no new dataset is left")
