"""Load and validate: every dataset read, the bad ones in quarantine, and what has moved since the champion.

This module is imported only after the trigger was pulled: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import Settings
from ml_action.core.errors import DataError
from ml_action.core.formatting import percent, sanitised
from ml_action.core.log import Log
from ml_action.core.records.contract import ColumnDrift, DataContract
from ml_action.core.records.dataset import Dataset, Inventory, RejectedDataset
from ml_action.core.records.model import Recipe, Version
from ml_action.datasets import contents as sources
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.git import lfs
from ml_action.modelling.contract import drift, enforcement
from ml_action.modelling.contract.enforcement import UsableDatasets
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.columns import require
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation import duplicates, row_groups, rows
from ml_action.modelling.validation.requirements import Requirements

EVERY = 50  # datasets between two reports of progress

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class BatchInput:
    """What is to be read, and what is known of it."""

    datasets: tuple[Dataset, ...]  # one per content; of two that hold the same rows the earlier one stays
    new: frozenset[str]  # blob ids: judged against the contract, counted, scored
    old: frozenset[str]  # blob ids that were accepted before
    before: tuple[Dataset, ...]  # where rows are the unit: old versions of what was edited or is gone
    champion: Version | None
    salt: str  # keys the holdout


@dataclass(frozen=True, eq=False)
class Batch:
    """What a training may use: every sound dataset, and which of them are new."""

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


def load_batch(scene: Snapshot, settings: Settings, log: Log) -> Batch:
    """The batch of a run.

    Raises:
        DataError: nothing can be read, or so much is bad that the source must be broken.
    """
    batch = build_batch(material_of(scene, settings), scene, settings, log)
    _stop_if_broken(batch.bad, scene)
    stop_if_too_many(batch.bad, scene.inventory, settings)
    return batch


def material_of(scene: Snapshot, settings: Settings) -> BatchInput:
    """Every dataset of the data tree: what was set aside under other settings may be sound under these."""
    datasets = _wanted(scene, settings)
    new = frozenset(item.blob for item in scene.inventory.new)
    old = frozenset(item.blob for item in datasets) - new - survey.set_aside_before(scene)
    champion = scene.history.champion if scene.history else None
    return BatchInput(datasets, new, old, scene.inventory.before, champion, survey.holdout_key(scene, settings))


def _wanted(scene: Snapshot, settings: Settings) -> tuple[Dataset, ...]:
    """Every dataset; those that were set aside come last: of two that hold the same rows the counted one stays."""
    aside = survey.set_aside_before(scene)
    return tuple(sorted(survey.datasets(scene, settings), key=lambda item: item.blob in aside))


def build_batch(material: BatchInput, scene: Snapshot, settings: Settings, log: Log) -> Batch:
    """Reads everything and judges what is new, dataset by dataset or row by row."""
    judge = _by_rows if settings.data.unit == "rows" else _by_datasets
    return judge(*_read(material, scene, settings, log), material, settings)


def sound(material: BatchInput, scene: Snapshot, settings: Settings, log: Log) -> UsableDatasets:
    """Reads everything, and leaves out what no attempt could use."""
    return _sound(*_read(material, scene, settings, log), material, settings)


def _read(
    material: BatchInput, scene: Snapshot, settings: Settings, log: Log
) -> tuple[Table, tuple[RejectedDataset, ...]]:
    """Every dataset that can be read, and those that cannot."""
    current = {item.blob for item in material.datasets}
    wanted = (*material.datasets, *(item for item in material.before if item.blob not in current))
    limits = ReadLimits(settings.data.max_dataset_size, settings.data.max_columns)
    contents = sources.contents(scene.repository, wanted, limits.bytes)
    contents = with_progress(_without_pointers(contents, len(material.datasets)), len(wanted), log)
    table, unreadable = frames.read(wanted, contents, limits, _named(material.champion, settings))
    if not any(item.blob in current for item in table.datasets):
        raise _nothing(material, unreadable)
    return table, unreadable


def treat_all_as_new(batch: Batch) -> Batch:
    """The batch as a person wants it judged who forces an attempt: where nothing is new, by all datasets."""
    if batch.new.any():
        return batch
    everything = np.ones(len(batch.new), dtype=bool)
    note = "judged on all datasets, of which the champion knows some: nothing arrived since the last attempt"
    return replace(batch, new=everything, notes=(*batch.notes, note))


def _named(champion: Version | None, settings: Settings) -> frozenset[str]:
    """The columns that somebody speaks of: they are read, however few datasets have them."""
    said = [
        *settings.training.target,
        *settings.training.features,
        settings.training.group,
        settings.training.weight,
        *settings.gate.slices,
        *(rule.name for rule in settings.data.contract),
    ]
    return frozenset([*said, *champion.outputs, *champion.features] if champion else said)


def with_progress(contents: Iterable[bytes | None], total: int, log: Log) -> Iterator[bytes | None]:
    """The same, with the progress told now and then."""
    for done, content in enumerate(contents):
        if done % EVERY == 0:
            log.progress("reading datasets", done, total)
        yield content
    log.progress("reading datasets", total, total)


def _without_pointers(contents: Iterable[bytes | None], current: int) -> Iterator[bytes | None]:
    """The same; of an old version only Git LFS has no row is known, and nobody could fetch it any more."""
    for place, content in enumerate(contents):
        yield b"" if place >= current and lfs.is_pointer(content) else content


def _by_datasets(
    table: Table, unreadable: tuple[RejectedDataset, ...], material: BatchInput, settings: Settings
) -> Batch:
    """In the order in which a bad dataset spoils least."""
    champion = material.champion
    known = champion.contract if champion else None
    usable = _sound(table, unreadable, material, settings)
    sifted = enforcement.apply_contract(usable.table, usable.recipe, known, material.old, material.salt, settings)
    told, new = (*usable.set_aside, *sifted.bad), enforcement.is_one_of(sifted.table, material.new)
    return Batch(
        sifted.table,
        usable.recipe,
        sifted.contract,
        new,
        sifted.judged,
        count=int(new.sum()),
        sources=tuple(item.blob for item in sifted.table.datasets),
        bad=tuple(item for item in told if item.blob in material.new and not item.copy_of),
        set_aside=told,
        shifts=drift.measure(sifted.table, new, sifted.contract, settings.trigger.drift) if champion else (),
    )


def _sound(
    table: Table, unreadable: tuple[RejectedDataset, ...], material: BatchInput, settings: Settings
) -> UsableDatasets:
    """The datasets that can be learned from, each once."""
    champion = material.champion
    recipe = _recipe(table, settings, champion)
    table, invalid = validation.validate(table, _requirements(recipe, settings, champion))
    copies = duplicates.find_copies(table, material.old)
    return UsableDatasets(enforcement.without(table, copies), recipe, (*unreadable, *invalid, *copies))


def _by_rows(table: Table, unreadable: tuple[RejectedDataset, ...], material: BatchInput, settings: Settings) -> Batch:
    """Bad rows are left out and their files stay; then rows take the place of datasets, in groups."""
    champion = material.champion
    origins = row_groups.RowOrigins(material.new, material.before, frozenset(item.blob for item in material.datasets))
    unreadable = tuple(item for item in unreadable if item.blob in origins.current)
    current = table.select(~origins.removed(table))
    recipe = _recipe(rows.as_numbers(current, settings.training.target, settings.data.contract), settings, champion)
    table, unfit, told, bad_rows = rows.validate_rows(table, _requirements(recipe, settings, champion), origins)
    weight = (recipe.weight,) if recipe.weight else ()
    arranged = row_groups.group_rows(table, (*recipe.outputs, *recipe.features, *weight), origins)
    _stop_if_too_many_rows(bad_rows, arranged.arrived, told, settings)
    if not arranged.table.datasets:
        raise _no_rows((*unreadable, *unfit, *told))
    known = champion.contract if champion else None
    contract = enforcement.contract_of(arranged.table, recipe, known, ~arranged.new)
    return Batch(
        arranged.table,
        recipe,
        contract,
        arranged.new,
        arranged.new,
        count=arranged.arrived,
        sources=tuple(item.blob for item in table.datasets if item.blob in origins.current),
        bad=tuple(item for item in (*unreadable, *unfit) if item.blob in material.new),
        set_aside=(*unreadable, *unfit, *told),
        shifts=drift.measure(arranged.table, arranged.new, contract, settings.trigger.drift) if champion else (),
        notes=(f"{bad_rows:,} bad rows were left out",) if bad_rows else (),
    )


def _recipe(table: Table, settings: Settings, champion: Version | None) -> Recipe:
    """The recipe from the settings; what they leave open is as it was for the champion."""
    training = settings.training
    target = training.target or (champion.outputs if champion else ())
    require(table, [name for name in (training.group, *settings.gate.slices) if name])
    same_target = champion is not None and champion.outputs == target
    features = training.features or (champion.features if champion and same_target else ())
    task = champion.task if champion and same_target and training.task == "auto" else training.task
    options = replace(training, target=target, features=features, task=task)
    return resolve_recipe(table, options, [rail.metric for rail in settings.gate.guardrails])


def _requirements(recipe: Recipe, settings: Settings, champion: Version | None) -> Requirements:
    """Returns what the recipe, the user's rules and the champion's contract require of the columns."""
    columns = champion.contract.columns if champion and champion.contract else ()
    used = (*recipe.outputs, *recipe.features)
    numbers = frozenset(profile.name for profile in columns if profile.kind == "number" and profile.name in used)
    return Requirements(recipe.outputs, recipe.features, settings.data.contract, numbers, recipe.weight)


# --- what cannot go on ------------------------------------------------------------------------------------


def stop_if_too_many(bad: tuple[RejectedDataset, ...], found: Inventory, settings: Settings) -> None:
    """A few bad datasets are left out; many mean that their source is broken.

    Those that earlier runs set aside since the last attempt count: a source that breaks bit by bit is broken too.

    Raises:
        DataError: more than `max-quarantine` of the new datasets are bad, and more than two.
    """
    many, new = len(bad) + found.bad, len(found.new) + found.bad
    if not bad or not enforcement.too_many(many, new, settings.trigger.max_quarantine):
        return
    share, allowed = percent(many / new), percent(settings.trigger.max_quarantine)
    raise DataError(
        f"{many} of {new} new datasets are bad ({share}; max-quarantine allows {allowed})",
        why=f"so many mean that their source is broken; the first, {sanitised(bad[0].path, 120)}, {bad[0].reason}",
        fix="mend the source and the files listed; if the files are right, state what the column may hold in "
        "[contract.COLUMN] of ml-auto-update.toml (check = false asks nothing of it), or raise max-quarantine",
        path=bad[0].path,
        line=bad[0].line,
        set_aside=bad,
    )


def _stop_if_broken(bad: tuple[RejectedDataset, ...], scene: Snapshot) -> None:
    """Where rows are the unit, a broken version is not what the next one can be compared with.

    Raises:
        DataError: a file is bad whose earlier version was not.
    """
    aside = survey.set_aside_before(scene)
    known = {item.path for item in scene.inventory.before if item.blob not in aside}
    broken = tuple(item for item in bad if item.path in known)
    if broken:
        first = broken[0]
        raise DataError(
            f"{sanitised(first.path, 120)} can no longer be used: it {first.reason}",
            why="an earlier version of the file was read, and rows cannot be counted against a broken one: all of "
            "them would be new once it is mended",
            fix="correct the file; if it may lack a column, say required = false in [contract.COLUMN] of "
            "ml-auto-update.toml",
            path=first.path,
            line=first.line,
            set_aside=broken,
        )


def _stop_if_too_many_rows(bad: int, good: int, told: tuple[RejectedDataset, ...], settings: Settings) -> None:
    """The share is that of the new rows: those that were there before say nothing of today's source."""
    if not enforcement.too_many(bad, bad + good, settings.trigger.max_quarantine):
        return
    raise DataError(
        f"{bad:,} of {bad + good:,} new rows are bad (max-quarantine allows "
        f"{percent(settings.trigger.max_quarantine)})",
        why=f"so many mean that their source is broken; the first, in {sanitised(told[0].path, 120)}, {told[0].reason}",
        fix="mend the source, state what the columns may hold in [contract.COLUMN] of ml-auto-update.toml, or raise "
        "max-quarantine",
        path=told[0].path,
        line=told[0].line,
        set_aside=told,
    )


def _no_rows(set_aside: tuple[RejectedDataset, ...]) -> DataError:
    if set_aside:
        return validation.nothing_left(set_aside)
    return DataError(
        "no row can be used", why="no row has a value in the target", fix="check `target`, and fill the column"
    )


def _nothing(material: BatchInput, unreadable: tuple[RejectedDataset, ...]) -> DataError:
    count = len(material.datasets)
    return DataError(
        "the only dataset cannot be read" if count == 1 else f"none of the {count} datasets can be read",
        why=unreadable[0].reason if unreadable else "the data path holds no dataset",
        fix="correct the files; the first one is named here",
        path=unreadable[0].path if unreadable else "",
        set_aside=unreadable,
    )
