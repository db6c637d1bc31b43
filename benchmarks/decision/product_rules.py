"""The seam to the product: its own path from datasets to a verdict, and nothing of it rewritten here.

The data contract sets bad datasets aside (`batch`), the champion looks, the challenger is trained and judged (`trial`),
the gate decides (`decision`), as `loop` does it. All that the benchmark knows of the product's interfaces stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.decision.scenarios import Case
from ml_action.config import parse
from ml_action.config.settings import Settings
from ml_action.core.errors import DataError
from ml_action.core.records.choices import Verdict
from ml_action.core.records.contract import DataContract
from ml_action.core.records.model import Recipe, Version
from ml_action.loop import batch as batches
from ml_action.loop import gate as decision
from ml_action.modelling import trial
from ml_action.modelling.champion import Incomparable, ReferenceModel
from ml_action.modelling.contract import learning
from ml_action.modelling.reading.table import Table
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training import fit, model_file, units

GATES = ("not-worse", "better")
STOPPED = "stopped"  # too many bad datasets: an error with its reason, nothing is judged


@dataclass(frozen=True, eq=False)
class Champion:
    """The model in production, and what the metadata say of it."""

    model: Any
    recipe: Recipe
    contract: DataContract


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the product does with a batch: by gate, verdict and reason."""

    verdicts: Mapping[str, tuple[str, str]]
    challenger: Champion | None = None  # None: it came to no training
    set_aside: frozenset[str] = frozenset()  # blob ids


def first(table: Table, given: Mapping[str, str], salt: str) -> Champion:
    """A champion trained on all of the table's rows outside the permanent holdout."""
    parsed = parse.parse(given, {})
    recipe = batches._recipe(table, parsed, None)
    trained = ~units.units_of(table, parsed.training.group).held_out(salt, parsed.training.test_size)
    model = fit.fit(recipe, table, trained)
    learned = table.select(table.any_in(trained), trained)
    return Champion(model, recipe, learning.learn_contract(learned, recipe.outputs, recipe.features))


def judge(case: Case, champion: Champion, gates: Sequence[str] = GATES) -> Judgement:
    """The product's verdict on the case's new datasets; one training, decided by each gate."""
    parsed = parse.parse(case.settings, {})
    policy = parsed.gate
    batch = batches._by_datasets(case.table, (), _material(case, champion), parsed)
    aside = frozenset(item.blob for item in batch.set_aside)
    try:
        _stop_if_broken(case, batch, parsed)
        to_screen = ScreeningInput(batch.judged, batch.contract)
        data = trial.TrialData(batch.table, batch.recipe, batch.new, to_screen, batch.shifts)
        opponent = ReferenceModel(champion.model, champion.recipe.features, target=champion.recipe.target)
        tried = trial.run(data, opponent, trial.TrialOptions(parsed.training, policy, case.salt))
    except DataError as problem:
        return Judgement(dict.fromkeys(gates, (STOPPED, str(problem))), None, aside)
    except Incomparable as reason:
        return Judgement(dict.fromkeys(gates, (str(Verdict.INCOMPARABLE), str(reason))), None, aside)
    except trial.NoUsableDatasets as found:
        said = decision.review_unusable(found.screening, policy)
        suspects = frozenset(item.blob for item in found.screening.suspects)
        return Judgement(dict.fromkeys(gates, (str(said.verdict), said.reason)), None, aside | suspects)
    decided = {gate: decision.decide(tried.comparison, replace(policy, gate=gate), tried.screening) for gate in gates}
    model = model_file.load(tried.artifact, tried.digest, lambda _: None)
    return Judgement(
        {gate: (str(said.verdict), said.reason) for gate, said in decided.items()},
        Champion(model, tried.recipe, tried.contract or champion.contract),
        aside | {item.blob for item in tried.screening.suspects},
    )


def _material(case: Case, champion: Champion) -> batches.BatchInput:
    blobs = np.array([dataset.blob for dataset in case.table.datasets])
    accepted = ~case.new if case.doubted is None else ~case.new & ~case.doubted
    return batches.BatchInput(
        datasets=case.table.datasets,
        new=frozenset(blobs[case.new]),
        old=frozenset(blobs[accepted]),
        before=(),
        champion=_version(champion),
        salt=case.salt,
    )


def _version(champion: Champion) -> Version:
    """The champion's entry in the metadata; what no stage after the trigger reads is empty."""
    said: dict[str, Any] = {
        "target": champion.recipe.target,
        "features": champion.recipe.features,
        "task": champion.recipe.task,
        "contract": champion.contract,
    }
    return Version(**{field.name: said.get(field.name, "") for field in fields(Version)})


def _stop_if_broken(case: Case, batch: batches.Batch, parsed: Settings) -> None:
    """Raises DataError where `batch.load` does: too much is bad to go on, or nothing is left."""
    inventory: Any = SimpleNamespace(new=np.flatnonzero(case.new), bad=0)
    batches.stop_if_too_many(batch.bad, inventory, parsed)
    if not batch.new.any():
        raise DataError("no new dataset is left")
