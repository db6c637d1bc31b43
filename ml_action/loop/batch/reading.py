"""Which datasets a training reads, and what comes of reading them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ml_action.config.settings import Settings
from ml_action.core.log import Log
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.core.records.model import Version
from ml_action.datasets import contents
from ml_action.datasets.survey import Snapshot
from ml_action.git import lfs
from ml_action.loop.batch import limits
from ml_action.modelling import spellings
from ml_action.modelling.kinds import learning, typed_table
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.reading.table import Table

EVERY = 50  # datasets between two reports of progress


@dataclass(frozen=True)
class BatchInput:
    """The datasets to read, and what is known about them."""

    datasets: tuple[Dataset, ...]  # one per content; of two that hold the same rows the earlier one stays
    new: frozenset[str]  # keys: judged against the contract, counted, scored
    old: frozenset[str]  # keys of those that were accepted before
    before: tuple[Dataset, ...]  # where rows are the unit: old versions of what was edited or is gone
    champion: Version | None
    holdout_key: str  # empty: nothing is compared with the holdout


def input_of(snapshot: Snapshot) -> BatchInput:
    """Every dataset of the data tree: one that was rejected under other settings may be sound under these."""
    datasets, rejected = _ordered(snapshot), snapshot.rejected_before
    new = _new_keys(datasets, snapshot.inventory.new)
    old = frozenset(item.key for item in datasets if item.blob not in rejected) - new
    return BatchInput(datasets, new, old, snapshot.inventory.before, snapshot.champion, snapshot.holdout.value)


def _new_keys(datasets: Iterable[Dataset], arrived: Iterable[Dataset]) -> frozenset[str]:
    """The keys of the new datasets: by their content, and readings, which share it with others, by their path."""
    arrived = tuple(arrived)
    blobs, paths = {item.blob for item in arrived}, {item.path for item in arrived}
    return frozenset(item.key for item in datasets if item.blob in blobs and (item.path in paths or not item.reading))


def _ordered(snapshot: Snapshot) -> tuple[Dataset, ...]:
    """Every dataset, those rejected before last: of two that hold the same rows, the counted one stays."""
    rejected = snapshot.rejected_before
    return tuple(sorted(snapshot.datasets(), key=lambda item: item.blob in rejected))


@dataclass(frozen=True, eq=False)
class ReadDatasets:
    """Every dataset that can be read, and those that cannot."""

    table: Table
    unreadable: tuple[RejectedDataset, ...]


def read(material: BatchInput, snapshot: Snapshot, log: Log) -> ReadDatasets:
    """Reads every dataset, as the kinds that the champion knows.

    Raises:
        DataError: none can be read, or one that was read before is a pointer of Git LFS now.
    """
    settings = snapshot.settings
    current = {item.blob for item in material.datasets}
    wanted = (*material.datasets, *(item for item in material.before if item.blob not in current))
    bounds = ReadLimits(settings.data.max_dataset_size, settings.data.max_columns)
    champion = material.champion
    known = learning.known_kinds(champion.contract if champion else None, settings.data.contract)

    def opened() -> Iterator[bytes | None]:
        found = contents.contents(snapshot.repository, wanted, bounds.bytes)
        return with_progress(_checked_pointers(found, wanted, material), len(wanted), log)

    table, unreadable = typed_table.read(wanted, opened, bounds, _named(champion, settings), known, material.old)
    if not any(item.blob in current for item in table.datasets):
        raise limits.nothing_readable(len(material.datasets), unreadable)
    if settings.training.merge_spellings:
        table = spellings.merged(table, champion.contract if champion else None)
    return ReadDatasets(table, unreadable)


def _named(champion: Version | None, settings: Settings) -> frozenset[str]:
    """The columns that the settings or the champion name: they are read, however few datasets have them."""
    named = [
        *settings.training.target,
        *settings.training.features,
        settings.training.group,
        settings.training.weight,
        *settings.gate.slices,
        *(rule.name for rule in settings.data.contract),
    ]
    return frozenset([*named, *champion.outputs, *champion.features] if champion else named)


def with_progress(contents: Iterable[bytes | None], total: int, log: Log) -> Iterator[bytes | None]:
    """Yields the contents unchanged, and reports progress."""
    for done, content in enumerate(contents):
        if done % EVERY == 0:
            log.progress("reading datasets", done, total)
        yield content
    log.progress("reading datasets", total, total)


def _checked_pointers(
    contents: Iterable[bytes | None], wanted: Sequence[Dataset], material: BatchInput
) -> Iterator[bytes | None]:
    """Yields the contents, but nothing for Git LFS pointers of old versions: their files cannot be fetched any more.

    A new dataset that is a pointer is set aside later, as any that cannot be read.

    Raises:
        DataError: a pointer has the place of a dataset that was read before.
    """
    for place, (dataset, content) in enumerate(zip(wanted, contents, strict=True)):
        is_pointer = lfs.is_pointer(content)
        if is_pointer and dataset.blob in material.old:
            raise limits.lfs_pointer(dataset)
        yield b"" if is_pointer and place >= len(material.datasets) else content
