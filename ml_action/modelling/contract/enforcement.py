"""The contract applied to a batch: new datasets are checked, accepted ones are kept. The last stage before training."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import TrainingOptions
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import RejectedDataset
from ml_action.core.records.model import Recipe
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import units
from ml_action.modelling.validation import duplicates

SUSPECT = 0.1  # share of a first batch that may be bad, because nothing has checked it yet
FEW_BAD = 2  # datasets that may be bad in the smallest batch

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class UsableDatasets:
    """The datasets whose rows can be learned from, without copies. No contract has checked them yet."""

    table: Table
    recipe: Recipe
    set_aside: tuple[RejectedDataset, ...] = ()  # the others: unreadable or invalid ones, and copies


@dataclass(frozen=True, eq=False)
class AcceptedDatasets:
    """The datasets that fit the contract, and the bad ones."""

    table: Table
    contract: DataContract  # that the datasets were compared with
    bad: tuple[RejectedDataset, ...]
    judged: Flags  # per dataset of the table: whether it was checked now, and not accepted before


def apply_contract(
    table: Table,
    recipe: Recipe,
    known: DataContract | None,
    accepted: Collection[str],
    rules: Sequence[ColumnRule],
    holdout: Flags,
) -> AcceptedDatasets:
    """Checks every dataset that is not `accepted` (blob ids) by the champion's contract, if one is `known`.

    `rules` are the user's; `holdout` marks the datasets of the permanent holdout, per dataset of the table.
    """
    old = is_one_of(table, accepted)
    contract = contract_of(table, recipe, known, old)
    bad = checks.check_against_contract(table, contract, rules, ~old, holdout)
    table = without(table, bad)
    return AcceptedDatasets(table, contract, bad, ~is_one_of(table, accepted))


def held_out_datasets(table: Table, options: TrainingOptions, salt: str) -> Flags:
    """Returns, for each dataset of the table, whether it has rows that no version trains on."""
    return table.any_in(units.units_of(table, options.group).held_out(salt, options.test_size))


def contract_of(table: Table, recipe: Recipe, known: DataContract | None, old: Flags) -> DataContract:
    """Returns the champion's contract; else one learned from the old datasets, or cautiously from the batch itself."""
    if known and known.outputs == recipe.outputs:
        used = {*recipe.outputs, *recipe.features}
        return replace(known, columns=tuple(item for item in known.columns if item.name in used))
    if old.sum() >= checks.MIN_REFERENCE:
        return learning.learn_contract(table.select(old), recipe.outputs, recipe.features)
    return learning.learn_contract(table, recipe.outputs, recipe.features, suspect=SUSPECT)


def too_many(bad: int, new: int, max_share: float) -> bool:
    """Whether so many of the new datasets are bad that their source must be broken."""
    return bad > max(FEW_BAD, max_share * new)


def is_one_of(table: Table, blobs: Collection[str]) -> Flags:
    """Per dataset: whether its blob id, or its key, is one of these."""
    return np.array([dataset.blob in blobs or dataset.key in blobs for dataset in table.datasets], dtype=bool)


def without(table: Table, rejected: tuple[RejectedDataset, ...]) -> Table:
    """Returns the table without the rejected datasets."""
    return duplicates.without_datasets(table, frozenset(item.blob for item in rejected))
