"""Folders that are expensive to make: one worker of a run makes each of them, and all workers copy from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

Make = Callable[[Path], object]


def make_once(factory: pytest.TempPathFactory, name: str, make: Make) -> Path:
    """Returns the folder called `name`, which the first worker that needs it makes; the others wait for it.

    Args:
        factory: knows the folder of this run of the tests.
        name: of the folder; one name is one content.
        make: fills a folder. If it fails, the next worker that asks tries again.
    """
    base = factory.getbasetemp()
    shared = (
        base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    )  # a worker's folder is inside the run's folder
    path = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not path.exists():
            unfinished = factory.mktemp(name)
            make(unfinished)
            unfinished.rename(path)
    return path
