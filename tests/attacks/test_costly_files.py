"""Files of all kinds that were made to take time or memory, read together with sound ones: these are read, and soon."""

from __future__ import annotations

import resource
import time

from ml_action.commands.demo import students
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import table as frames
from tests.support import costly_files


def test_costly_files_of_all_kinds_take_little_time_and_memory() -> None:
    """30 files of 15 kinds; a thousand of them take 33 times as long."""
    sound = [text.encode() for text in students.datasets(20, "steady", 1)]
    costly = costly_files.files(30, 1)
    datasets = [Dataset(f"data/sound-{place}.csv", f"sound {place}") for place in range(len(sound))]
    datasets += [Dataset(f"data/{name}", name) for name, _ in costly]
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table, rejected = frames.read(datasets, [*sound, *(content for _, content in costly)])
    assert time.process_time() - started < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kB
    assert set(datasets[: len(sound)]) <= set(table.datasets)
    assert len(table.datasets) + len(rejected) == len(datasets)
