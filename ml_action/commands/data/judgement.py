"""New datasets judged by the loop's stages. This module loads pandas and scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ml_action.commands.data.candidates import BranchDatasets, key_of, one_per_content, pointers
from ml_action.config.settings import Settings
from ml_action.core import cells
from ml_action.core.errors import DataError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log
from ml_action.core.records.contract import ColumnDrift, DataContract
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.datasets import contents
from ml_action.loop.batch.building import Batch, build_batch
from ml_action.loop.batch.reading import BatchInput
from ml_action.modelling import data_warnings
from ml_action.modelling.contract import all_findings, checks
from ml_action.modelling.reading.limits import ReadLimits


@dataclass(frozen=True)
class Judgement:
    """The verdict on several datasets."""

    rejected: tuple[RejectedDataset, ...]
    bad: frozenset[str]  # blobs of the rejected datasets that fail a check
    source: str = ""  # of the contract, in words; empty: not one dataset can be used
    shifts: tuple[ColumnDrift, ...] = ()
    contract: DataContract | None = None
    warnings: tuple[str, ...] = ()  # about the data as a whole


def judge(
    datasets: BranchDatasets, wanted: Sequence[Dataset], candidates: Sequence[Dataset], settings: Settings, log: Log
) -> Judgement:
    """Judges the `wanted` ones of the candidates.

    Raises:
        DataError: The datasets cannot be judged at all.
    """
    lenient = replace(
        datasets.snapshot, settings=settings.with_values(max_quarantine=1.0)
    )  # each file is judged: no share of bad ones stops it
    try:
        batch = build_batch(_batch_input(datasets, wanted, candidates, settings), lenient, log)
    except DataError as error:
        if not error.set_aside:
            raise
        reasons = {item.blob: item for item in reversed(error.set_aside)}
        rest = f"cannot be judged: {error.what}"
        rejected = tuple(reasons.get(item.blob) or RejectedDataset(item.path, item.blob, rest) for item in wanted)
        return Judgement(rejected, frozenset(item.blob for item in rejected))
    bad = frozenset(item.blob for item in batch.bad)
    warnings = tuple(_warnings(batch, settings))
    return Judgement(batch.set_aside, bad, source_of(datasets, batch, settings), batch.shifts, batch.contract, warnings)


def _warnings(batch: Batch, settings: Settings) -> Iterator[str]:
    """What a run would warn of, as far as it shows without a training."""
    known = settings.gate.known_before
    recipe = replace(batch.recipe, features=tuple(name for name in batch.recipe.features if name not in known))
    yield from data_warnings.leak_warnings(batch.table.frame, recipe)
    for reason in data_warnings.warnings_for(batch.table.frame, recipe, {}, recipe.metric):
        yield cells.written(reason, private=batch.table.private)
    yield from data_warnings.column_warnings(batch.table, recipe, settings.training.group)


def _batch_input(
    datasets: BranchDatasets, wanted: Sequence[Dataset], candidates: Sequence[Dataset], settings: Settings
) -> BatchInput:
    """Returns a batch with the candidates as new datasets and those of the base branch as old ones.

    A file that a candidate replaces is left out. Datasets are read, and nothing is measured with them, if they are not
    merged yet, were set aside, or arrived since there is a champion and have not been judged.
    """
    snapshot, added = datasets.snapshot, set(map(key_of, datasets.added))
    new = frozenset(item.blob for item in wanted)
    paths = {item.path for item in candidates}
    others = [
        item
        for item in (*datasets.on_branch, *datasets.only_on_base)
        if item.path not in paths and item.blob not in new
    ]
    unmerged = [item for item in others if key_of(item) in added]
    unreadable = set(map(key_of, pointers(snapshot, unmerged)))
    doubtful = snapshot.rejected_before | {item.blob for item in unmerged}
    others = [item for item in others if key_of(item) not in unreadable]
    replaced = tuple(item for item in datasets.on_base if item.path in paths and item.blob not in new)
    accepted = [item for item in others if item.blob not in doubtful]
    unjudged = frozenset(item.blob for item in snapshot.inventory.new) if snapshot.history else frozenset()
    return BatchInput(
        datasets=one_per_content((*accepted, *wanted, *(item for item in others if item.blob in doubtful))),
        new=new,
        old=frozenset(item.blob for item in accepted) - unjudged,
        before=replaced if settings.data.unit == "rows" else (),
        champion=snapshot.history.champion if snapshot.history else None,
        holdout_key=snapshot.public_holdout_key,
    )


def source_of(datasets: BranchDatasets, batch: Batch, settings: Settings) -> str:
    """Returns where a batch's contract comes from, in words, and what only a training judges."""
    source = _contract_source(datasets, batch, settings)
    if settings.data.unit == "rows" or datasets.snapshot.public_holdout_key:
        return source
    return f"{source}; whether rows are copied from the holdout is judged by the training, since the holdout is secret"


def _contract_source(datasets: BranchDatasets, batch: Batch, settings: Settings) -> str:
    if settings.data.unit == "rows":
        return "what every row must be; a bad one is left out, and the rest of its file counts"
    champion = datasets.snapshot.history.champion if datasets.snapshot.history else None
    count = batch.contract.datasets
    if champion and champion.contract and champion.contract.outputs == batch.recipe.outputs:
        return f"the data of champion {champion.version}, {count_of(count, 'datasets')}"
    if count < checks.MIN_REFERENCE:
        return f"no contract yet, which takes {checks.MIN_REFERENCE} datasets; only what every dataset must be"
    if int((~batch.new).sum()) >= checks.MIN_REFERENCE:
        return f"the {count:,} datasets that are there already"
    return f"this very batch, {count_of(count, 'datasets')}"


def other_findings(
    datasets: BranchDatasets, item: Dataset, first: str, contract: DataContract, settings: Settings
) -> tuple[str, ...]:
    """Returns what else is wrong with a bad dataset, each with its line, without the reason that was found first."""
    limits = ReadLimits(settings.data.max_dataset_size, settings.data.max_columns)
    (content,) = contents.contents(datasets.snapshot.repository, (item,), limits.bytes)
    found = all_findings.all_findings(item, content, contract, settings.data.contract, limits)
    return tuple(f"{one.reason} (line {one.line})" if one.line else one.reason for one in found if one.reason != first)
