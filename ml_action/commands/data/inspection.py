"""Datasets judged before they are merged: each by itself, with the stages of the loop. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from ml_action.commands.data.candidates import BranchDatasets, DatasetKey, key_of, pointers
from ml_action.commands.data.findings import DatasetFinding, FindingStatus, Inspection
from ml_action.config.settings import Settings
from ml_action.core.log import Log, escaped
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.datasets import contents, readings

POINTER = "is a Git LFS pointer, not data; fetch the file (git lfs pull, or lfs: true on actions/checkout)"


def inspect(
    datasets: BranchDatasets, candidates: Sequence[Dataset], settings: Settings, log: Log, *, all_findings: bool = False
) -> Inspection:
    """Returns the finding on each candidate, in the given order, compared with the other datasets of the branch.

    With `all_findings`, everything that is wrong with a bad dataset is listed, and not only what is found first.

    Raises:
        DataError: The datasets of the branch cannot be judged at all.
    """
    known = _known_without_reading(datasets, candidates)
    wanted = [item for item in candidates if key_of(item) not in known]
    if not wanted:
        return Inspection(tuple(known[key_of(item)] for item in candidates))
    from ml_action.commands.data import judgement

    judged = judgement.judge(datasets, wanted, candidates, settings, log)
    # where rows are the unit, a bad row is listed without a blob: the rest of its file counts
    reasons = {item.blob or item.path: item for item in reversed(judged.rejected)}
    harmless = {item.blob for item in judged.rejected if item.blob} - judged.bad
    found = [known.get(key_of(item)) or _finding(item, reasons, harmless) for item in candidates]
    contract = judged.contract
    if all_findings and contract:
        found = [
            replace(one, more=judgement.other_findings(datasets, item, one.reason, contract, settings))
            if one.status is FindingStatus.BAD and key_of(item) not in known
            else one
            for item, one in zip(candidates, found, strict=True)
        ]
    return Inspection(tuple(found), judged.source, judged.shifts, judged.warnings)


def _finding(item: Dataset, reasons: Mapping[str, RejectedDataset], harmless: Collection[str]) -> DatasetFinding:
    rejected = reasons.get(item.blob) or reasons.get(item.path)
    if rejected is None:
        return DatasetFinding(item.path, item.blob, FindingStatus.GOOD)
    status = FindingStatus.COPY if rejected.blob in harmless else FindingStatus.BAD
    return DatasetFinding(item.path, item.blob, status, rejected.reason, rejected.line, some_rows=not rejected.blob)


def _known_without_reading(datasets: BranchDatasets, candidates: Sequence[Dataset]) -> dict[DatasetKey, DatasetFinding]:
    """Returns the findings that need no reading of tables: exact copies, by git's own ids, and pointers."""
    judged = set(map(key_of, candidates))
    first = {item.blob: item.path for item in reversed(candidates)}
    others = reversed((*datasets.on_base, *datasets.on_branch))
    originals = {item.blob: item.path for item in others if key_of(item) not in judged}
    merged = set(map(key_of, datasets.on_base))
    found = {
        key_of(item): DatasetFinding(item.path, item.blob, FindingStatus.BAD, POINTER, 1)
        for item in pointers(datasets.snapshot, candidates)
    }
    copies: dict[Dataset, str] = {}
    for item in candidates:
        original = originals.get(item.blob) if key_of(item) not in merged else None
        original = original or (first[item.blob] if first[item.blob] != item.path else None)
        if original and key_of(item) not in found:
            copies[item] = original
    for item in _without_readings(datasets, candidates, copies):
        reason = f"has the same content as '{escaped(copies[item])}'"
        found[key_of(item)] = DatasetFinding(item.path, item.blob, FindingStatus.COPY, reason)
    return found


def _without_readings(
    datasets: BranchDatasets, candidates: Sequence[Dataset], copies: Collection[Dataset]
) -> Iterator[Dataset]:
    """Yields those of the copies that do not count: a file of one row does, unless one of its name has this row."""
    one_row = readings.one_row_blobs(copies, partial(contents.contents, datasets.snapshot.repository))
    own = set(map(key_of, candidates))
    others = (item for item in (*datasets.on_base, *datasets.on_branch) if item.blob in one_row)
    known = {(item.blob, readings.name_of(item.path)) for item in others if key_of(item) not in own}
    for item in candidates:
        name = (item.blob, readings.name_of(item.path))
        if item in copies and (item.blob not in one_row or name in known):
            yield item
        known.add(name)
