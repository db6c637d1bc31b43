"""Datasets judged before they are merged: by the loop's own path, each by itself, and nothing is recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ml_action.commands.data.candidates import BranchDatasets, one_per_content
from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.config.settings import Settings
from ml_action.core.errors import DataError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log, escaped
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.datasets import contents as sources
from ml_action.datasets import survey
from ml_action.git import lfs

if TYPE_CHECKING:
    from ml_action.core.records.contract import DataContract
    from ml_action.loop.batch import Batch, BatchInput

POINTER = "is a Git LFS pointer, not data; fetch the file (git lfs pull, or lfs: true on actions/checkout)"


def inspect(
    ground: BranchDatasets, candidates: Sequence[Dataset], settings: Settings, log: Log, *, fully: bool = False
) -> Inspection:
    """Every candidate with its mark, in the order given; the other datasets at hand are what it is judged against.

    `fully`: of a bad one with all that is bad in it, and not only what was found first.

    Raises:
        DataError: the datasets at hand cannot be judged at all.
    """
    known = _known_without_reading(ground, candidates)
    wanted = [item for item in candidates if _key(item) not in known]
    batch, told = _judge(ground, wanted, candidates, settings, log) if wanted else (None, ())
    # where rows are the unit a bad row is told without a blob: its file goes on
    reasons = {item.blob or item.path: item for item in reversed(told)}
    harmless = {item.blob for item in told if item.blob} - {item.blob for item in (batch.bad if batch else told)}
    found = tuple(known.get(_key(item)) or _finding(item, reasons, harmless) for item in candidates)
    if fully and batch:
        found = tuple(
            replace(told, more=other_findings(ground, item, told.reason, batch.contract, settings))
            if told.mark is FindingStatus.BAD and _key(item) not in known
            else told
            for item, told in zip(candidates, found, strict=True)
        )
    return Inspection(found, source_of(ground, batch, settings) if batch else "", batch.shifts if batch else ())


def other_findings(
    ground: BranchDatasets, item: Dataset, first: str, contract: DataContract, settings: Settings
) -> tuple[str, ...]:
    """What else is found against a bad dataset, each with its line, but for the reason that was found first."""
    from ml_action.modelling.contract import all_findings
    from ml_action.modelling.reading.limits import ReadLimits

    limits = ReadLimits(settings.data.max_dataset_size, settings.data.max_columns)
    (content,) = sources.contents(ground.scene.repository, (item,), limits.bytes)
    found = all_findings.all_findings(item, content, contract, settings.data.contract, limits)
    return tuple(f"{one.reason} (line {one.line})" if one.line else one.reason for one in found if one.reason != first)


def _key(item: Dataset) -> tuple[str, str]:
    return item.path, item.blob


def _finding(item: Dataset, reasons: Mapping[str, RejectedDataset], harmless: Collection[str]) -> DatasetFinding:
    told = reasons.get(item.blob) or reasons.get(item.path)
    if told is None:
        return DatasetFinding(item.path, item.blob, FindingStatus.GOOD)
    mark = FindingStatus.COPY if told.blob in harmless else FindingStatus.BAD
    return DatasetFinding(item.path, item.blob, mark, told.reason, told.line, partly=not told.blob)


def _known_without_reading(
    ground: BranchDatasets, candidates: Sequence[Dataset]
) -> dict[tuple[str, str], DatasetFinding]:
    """What needs no reading of tables: exact copies, by git's own ids, and pointers."""
    judged = set(map(_key, candidates))
    first = {item.blob: item.path for item in reversed(candidates)}
    there = {item.blob: item.path for item in reversed((*ground.accepted, *ground.here)) if _key(item) not in judged}
    at_their_path = set(map(_key, ground.accepted))
    found = {
        _key(item): DatasetFinding(item.path, item.blob, FindingStatus.BAD, POINTER, 1)
        for item in _pointers(ground, candidates)
    }
    for item in candidates:
        original = there.get(item.blob) if _key(item) not in at_their_path else None
        original = original or (first[item.blob] if first[item.blob] != item.path else None)
        if original and _key(item) not in found:
            reason = f"has the same content as '{escaped(original)}'"
            found[_key(item)] = DatasetFinding(item.path, item.blob, FindingStatus.COPY, reason)
    return found


def _pointers(ground: BranchDatasets, datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """Those of which only Git LFS's pointer is here."""
    contents = sources.contents(ground.scene.repository, datasets, lfs.MAX_BYTES)
    return tuple(item for item, content in zip(datasets, contents, strict=True) if lfs.is_pointer(content))


def _judge(
    ground: BranchDatasets, wanted: Sequence[Dataset], candidates: Sequence[Dataset], settings: Settings, log: Log
) -> tuple[Batch | None, tuple[RejectedDataset, ...]]:
    """The batch and what is said of its datasets; no batch where not one of them can be used."""
    from ml_action.loop import batch as batches

    lenient = settings.with_values(max_quarantine=1.0)  # each file is judged: no share of bad ones ends it
    try:
        batch = batches.build_batch(_material(ground, wanted, candidates, settings), ground.scene, lenient, log)
    except DataError as problem:
        if not problem.set_aside:
            raise
        told = {item.blob: item for item in reversed(problem.set_aside)}
        rest = f"cannot be judged: {problem.what}"
        return None, tuple(told.get(item.blob) or RejectedDataset(item.path, item.blob, rest) for item in wanted)
    return batch, batch.set_aside


def _material(
    ground: BranchDatasets, wanted: Sequence[Dataset], candidates: Sequence[Dataset], settings: Settings
) -> BatchInput:
    """The candidates as new, what is on the base branch as old.

    What an edit replaces is not there any more. What is not merged yet, was set aside, or arrived since there is a
    champion and was not judged so far, is looked at, and nothing is measured by it.
    """
    from ml_action.loop.batch import BatchInput

    scene, arriving = ground.scene, set(map(_key, ground.arriving()))
    new = frozenset(item.blob for item in wanted)
    paths = {item.path for item in candidates}
    others = [item for item in (*ground.here, *ground.ahead) if item.path not in paths and item.blob not in new]
    unmerged = [item for item in others if _key(item) in arriving]
    pointers = set(map(_key, _pointers(ground, unmerged)))
    aside = survey.set_aside_before(scene) | {item.blob for item in unmerged}
    others = [item for item in others if _key(item) not in pointers]
    replaced = tuple(item for item in ground.accepted if item.path in paths and item.blob not in new)
    sound = [item for item in others if item.blob not in aside]
    unjudged = frozenset(item.blob for item in scene.inventory.new) if scene.history else frozenset()
    return BatchInput(
        datasets=one_per_content((*sound, *wanted, *(item for item in others if item.blob in aside))),
        new=new,
        old=frozenset(item.blob for item in sound) - unjudged,
        before=replaced if settings.data.unit == "rows" else (),
        champion=scene.history.champion if scene.history else None,
        salt=survey.holdout_key(scene, settings),
    )


def source_of(ground: BranchDatasets, batch: Batch, settings: Settings) -> str:
    """Where a batch's contract comes from, in words."""
    from ml_action.modelling.contract import checks

    if settings.data.unit == "rows":
        return "what every row must be; a bad one is left out, and its file goes on"
    champion = ground.scene.history.champion if ground.scene.history else None
    datasets = batch.contract.datasets
    if champion and champion.contract and champion.contract.outputs == batch.recipe.outputs:
        return f"the data of champion {champion.version}, {count_of(datasets, 'datasets')}"
    if datasets < checks.MIN_REFERENCE:
        return f"no contract yet, which takes {checks.MIN_REFERENCE} datasets; only what every dataset must be"
    if int((~batch.new).sum()) >= checks.MIN_REFERENCE:
        return f"the {datasets:,} datasets that are there already"
    return f"this very batch, {count_of(datasets, 'datasets')}"
