"""Load and validate: every dataset is read, bad ones are rejected, and drift since the champion is measured.

This module is imported only after the trigger has fired: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import Settings, TrainingOptions
from ml_action.core.log import Log
from ml_action.core.records.contract import ColumnDrift, DataContract
from ml_action.core.records.dataset import RejectedDataset, key_of_reading
from ml_action.core.records.model import Recipe, Version
from ml_action.core.records.policy import Policy
from ml_action.datasets import sources
from ml_action.datasets.sources import Division
from ml_action.datasets.survey import Snapshot
from ml_action.loop.batch import limits
from ml_action.loop.batch.reading import BatchInput, ReadDatasets, input_of, read
from ml_action.modelling.contract import drift, enforcement
from ml_action.modelling.contract.enforcement import UsableDatasets
from ml_action.modelling.reading.columns import as_trimmed, require
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation import duplicates, row_groups, rows
from ml_action.modelling.validation.requirements import Requirements

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Batch:
    """The datasets of a training: every sound one, and which of them are new."""

    table: Table  # where rows are the unit, its datasets are groups of rows
    recipe: Recipe
    contract: DataContract  # what the datasets were judged against
    new: Flags  # per dataset of the table
    judged: Flags  # ... whether it was not accepted before: what is new is among them
    count: int  # new datasets, or rows
    sources: tuple[str, ...]  # blob ids of the files that are in it
    bad: tuple[RejectedDataset, ...]  # new datasets that are bad; a copy is not
    set_aside: tuple[RejectedDataset, ...]  # all that were set aside, old ones and copies too
    shifts: tuple[ColumnDrift, ...] = ()  # of the new datasets against the champion's data
    notes: tuple[str, ...] = ()
    unit: str = "datasets"  # what its datasets are, for people: datasets | groups of rows
    bad_rows: int | None = None  # where rows are the unit: new rows that are bad

    @property
    def bad_count(self) -> int:
        """How many of the new datasets, or of the new rows, are bad."""
        return len(self.bad) if self.bad_rows is None else self.bad_rows


def load_batch(snapshot: Snapshot, log: Log) -> Batch:
    """The batch of a run. If too much is bad, its sources are left out as a whole.

    Raises:
        DataError: nothing can be read, or so much is bad that every source must be broken, or the only one.
    """
    batch = build_batch(input_of(snapshot), snapshot, log)
    limits.stop_if_broken(batch.bad, snapshot)
    allowed = snapshot.settings.trigger.max_quarantine
    if not limits.too_many_bad(batch.bad, snapshot.inventory, allowed):
        return batch
    authors = sources.authors(snapshot.repository, snapshot.settings.data.data_path.roots)
    division = sources.divide(snapshot.inventory.new, {item.blob for item in batch.bad}, allowed, authors)
    if not division.separates:
        raise limits.too_many(batch.bad, snapshot.inventory, allowed)
    return _without_broken_sources(batch, division, snapshot, log) if division.left_out else batch


def _without_broken_sources(batch: Batch, division: Division, snapshot: Snapshot, log: Log) -> Batch:
    """The batch of the other sources. All new datasets of these are set aside, and the sources are named."""
    log.warn(division.note)
    set_aside = {item.blob: item for item in division.set_aside()}
    material = input_of(snapshot)
    rest = replace(
        material,
        datasets=tuple(item for item in material.datasets if item.blob not in set_aside),
        new=material.new - set_aside.keys(),
    )
    found = build_batch(rest, snapshot, log)
    own = {item.blob: item for item in batch.bad if item.blob in set_aside}  # they keep their own reasons
    return replace(
        found,
        bad=(*found.bad, *own.values()),
        set_aside=(*found.set_aside, *(set_aside | own).values()),
        notes=(*found.notes, division.note),
    )


def build_batch(material: BatchInput, snapshot: Snapshot, log: Log) -> Batch:
    """Reads everything and validates what is new, dataset by dataset or row by row."""
    found, settings = read(material, snapshot, log), snapshot.settings
    return (
        _by_rows(found, material, settings) if settings.data.unit == "rows" else by_datasets(found, material, settings)
    )


def sound(material: BatchInput, snapshot: Snapshot, log: Log) -> UsableDatasets:
    """Reads everything, and leaves out what no attempt could use."""
    return _sound(read(material, snapshot, log), material, snapshot.settings)


def treat_all_as_new(batch: Batch) -> Batch:
    """The batch of a forced attempt: if nothing is new, all of its datasets are judged."""
    if batch.new.any():
        return batch
    everything = np.ones(len(batch.new), dtype=bool)
    note = "judged on all datasets, of which the champion knows some: nothing arrived since the last attempt"
    return replace(batch, new=everything, notes=(*batch.notes, note))


def by_datasets(found: ReadDatasets, material: BatchInput, settings: Settings) -> Batch:
    """Datasets are the unit. The steps are in the order in which a bad dataset does the least harm."""
    champion = material.champion
    known, rules = champion.contract if champion else None, settings.data.contract
    usable = _sound(found, material, settings)
    holdout = _holdout(usable.table, settings.training, material.holdout_key)
    accepted = enforcement.apply_contract(usable.table, usable.recipe, known, material.old, rules, holdout)
    rejected, new = (*usable.set_aside, *accepted.bad), enforcement.is_one_of(accepted.table, material.new)
    lost_rows = limits.lost_rows(found.table, accepted.table, material.new)
    note = limits.note_without_target(lost_rows, usable.recipe, rules)
    return Batch(
        accepted.table,
        usable.recipe,
        accepted.contract,
        new,
        accepted.judged,
        count=int(new.sum()),
        sources=tuple(item.blob for item in accepted.table.datasets),
        bad=tuple(item for item in rejected if _is_new(item, material) and not item.copy_of),
        set_aside=rejected,
        shifts=drift.measure(accepted.table, new, accepted.contract, settings.trigger.drift) if champion else (),
        notes=(note,) if note else (),
    )


def _holdout(table: Table, training: TrainingOptions, key: str) -> Flags:
    """Marks the datasets of the permanent holdout; without a key, none."""
    return enforcement.held_out_datasets(table, training, key) if key else np.zeros(len(table.datasets), dtype=bool)


def _sound(found: ReadDatasets, material: BatchInput, settings: Settings) -> UsableDatasets:
    """The datasets that can be learned from, each once."""
    champion = material.champion
    recipe = recipe_of(found.table, settings.training, settings.gate, champion)
    required = _requirements(recipe, settings.data.contract, found.table)
    table, invalid = validation.validate(found.table, required)
    copies = duplicates.find_copies(table, material.old)
    return UsableDatasets(enforcement.without(table, copies), recipe, (*found.unreadable, *invalid, *copies))


def _by_rows(found: ReadDatasets, material: BatchInput, settings: Settings) -> Batch:
    """Bad rows are left out and their files stay; then rows take the place of datasets, in groups."""
    champion = material.champion
    origins = row_groups.RowOrigins(material.new, material.before, frozenset(item.blob for item in material.datasets))
    unreadable = tuple(item for item in found.unreadable if item.blob in origins.current)
    copies = _copied_files(found.table, material, origins)
    found = replace(found, table=enforcement.without(found.table, copies))
    current = found.table.select(~origins.removed(found.table))
    training, rules = settings.training, settings.data.contract
    recipe = recipe_of(rows.as_numbers(current, training.target, rules), training, settings.gate, champion)
    table, unfit, bad_files, bad_rows, incomplete = rows.validate_rows(
        found.table, _requirements(recipe, rules, found.table), origins
    )
    weight = (recipe.weight,) if recipe.weight else ()
    groups = row_groups.group_rows(table, (*recipe.outputs, *recipe.features, *weight), origins)
    limits.stop_if_too_many_rows(bad_rows, groups.arrived, bad_files, settings.trigger.max_quarantine)
    if not groups.table.datasets:
        raise limits.no_rows((*unreadable, *unfit, *bad_files))
    lost_rows = limits.LostRows(incomplete, groups.arrived + incomplete)
    note = limits.note_without_target(lost_rows, recipe, rules)
    notes = (f"{bad_rows:,} bad rows were left out" if bad_rows else "", note)
    contract = enforcement.contract_of(groups.table, recipe, champion.contract if champion else None, ~groups.new)
    return Batch(
        groups.table,
        recipe,
        contract,
        groups.new,
        groups.new,
        count=groups.arrived,
        sources=tuple(item.blob for item in table.datasets if item.blob in origins.current),
        bad=tuple(item for item in (*unreadable, *unfit) if _is_new(item, material)),
        set_aside=(*unreadable, *unfit, *copies, *bad_files),
        shifts=drift.measure(groups.table, groups.new, contract, settings.trigger.drift) if champion else (),
        notes=tuple(filter(None, notes)),
        unit="groups of rows",
        bad_rows=bad_rows,
    )


def _is_new(rejected: RejectedDataset, material: BatchInput) -> bool:
    return rejected.blob in material.new or key_of_reading(rejected.path, rejected.blob) in material.new


def _copied_files(table: Table, material: BatchInput, origins: row_groups.RowOrigins) -> tuple[RejectedDataset, ...]:
    """The added files that hold the rows of another file: of an edited one the rows that were added count."""
    current = table.select(~origins.removed(table))
    edited = {item.path for item in material.before}
    kept = frozenset(item.key for item in current.datasets if item.path in edited or item.key not in material.new)
    return duplicates.find_copies(current, kept)


def recipe_of(table: Table, training: TrainingOptions, gate: Policy, champion: Version | None) -> Recipe:
    """The recipe from the settings; what they leave open is as it was for the champion."""
    known = as_trimmed(table, champion.outputs) if champion else ()
    target = training.target or known
    require(table, [name for name in (training.group, *gate.slices) if name])
    same_target = champion is not None and known == target
    features = training.features or (as_trimmed(table, champion.features) if champion and same_target else ())
    task = champion.task if champion and same_target and training.task == "auto" else training.task
    options = replace(training, target=target, features=features, task=task)
    return resolve_recipe(table, options, [rail.metric for rail in gate.guardrails])


def _requirements(recipe: Recipe, rules: tuple[ColumnRule, ...], table: Table) -> Requirements:
    """Returns what the recipe, the user's rules and the kinds of the columns require."""
    used = (*recipe.outputs, *recipe.features)
    numbers = frozenset(name for name, kind in table.kinds.items() if kind.kind == "number" and name in used)
    return Requirements(recipe.outputs, recipe.features, rules, numbers, recipe.weight)
