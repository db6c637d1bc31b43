"""New datasets judged against the data contract, those before them left in peace: the last stage before a training."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import Settings
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.model import Recipe
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import units
from ml_action.modelling.validation import duplicates

SUSPECT = 0.1  # share of a first batch that may be bad: nothing has judged it yet
FEW_BAD = 2  # datasets that may be bad in the smallest batch

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class UsableDatasets:
    """Every dataset whose rows can be learned from, once; no contract has judged any of them yet."""

    table: Table
    recipe: Recipe
    set_aside: tuple[RejectedDataset, ...] = ()  # the others: unreadable, unfit, copies


@dataclass(frozen=True, eq=False)
class AcceptedDatasets:
    """What the contract left."""

    table: Table
    contract: DataContract  # what the datasets were judged against
    bad: tuple[RejectedDataset, ...]
    judged: Flags  # per dataset of the table: not accepted before


def apply_contract(
    table: Table, recipe: Recipe, known: DataContract | None, accepted: Collection[str], salt: str, settings: Settings
) -> AcceptedDatasets:
    """Judges every dataset that is not `accepted` (blob ids) by the champion's contract, where one is `known`."""
    old = is_one_of(table, accepted)
    contract = contract_of(table, recipe, known, old)
    holdout = table.any_in(units.units_of(table, settings.training.group).held_out(salt, settings.training.test_size))
    bad = checks.check_against_contract(table, contract, settings.data.contract, ~old, holdout)
    table = without(table, bad)
    return AcceptedDatasets(table, contract, bad, ~is_one_of(table, accepted))


def contract_of(table: Table, recipe: Recipe, known: DataContract | None, old: Flags) -> DataContract:
    """What the data looked like: the champion's record, else the old datasets, else the very batch (robust figures)."""
    if known and known.outputs == recipe.outputs:
        used = {*recipe.outputs, *recipe.features}
        return replace(known, columns=tuple(item for item in known.columns if item.name in used))
    if old.sum() >= checks.MIN_REFERENCE:
        return learning.learn_contract(table.keep(old), recipe.outputs, recipe.features)
    return learning.learn_contract(table, recipe.outputs, recipe.features, suspect=SUSPECT)


def too_many(bad: int, new: int, settings: Settings) -> bool:
    """Whether so many of the new datasets are bad that their source must be broken."""
    return bad > max(FEW_BAD, settings.trigger.max_quarantine * new)


def is_one_of(table: Table, blobs: Collection[str]) -> Flags:
    """Per dataset: whether its blob id is one of these."""
    return np.array([dataset.blob in blobs for dataset in table.datasets], dtype=bool)


def without(table: Table, set_aside: tuple[RejectedDataset, ...]) -> Table:
    """The table without the datasets that were set aside."""
    return duplicates.without(table, frozenset(item.blob for item in set_aside))
