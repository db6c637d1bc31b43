"""Real datasets as batches: a champion's, and new ones of another site or of later rows. Their drift is real."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import datasets as sklearn_sets
from statsmodels import datasets as statsmodels_sets

from ml_action.commands.demo import panel
from ml_action.modelling.contract import checks

SKLEARN = ("diabetes", "breast_cancer", "digits")
STATSMODELS = {"fair": "affairs", "modechoice": "choice", "anes96": "vote", "star98": "NABOVE"}  # name: target


@dataclass(frozen=True)
class Batch:
    """CSV files of a champion, and new ones."""

    name: str
    old: list[str]
    new: list[str]
    target: str


def real_batches() -> Iterator[Batch]:
    """Yields the batches of every source."""
    sites = panel.datasets()
    for site, persons in sites.items():
        others = [text for name in sites if name != site for text in sites[name]]
        yield Batch("RAND panel, a person each, a new site", others, list(persons), panel.TARGET)
    for name in SKLEARN:
        yield from _halves(name, getattr(sklearn_sets, f"load_{name}")(as_frame=True).frame, "target")
    for name, target in STATSMODELS.items():
        yield from _halves(name, getattr(statsmodels_sets, name).load_pandas().data, target)


def _halves(name: str, frame: pd.DataFrame, target: str) -> Iterator[Batch]:
    """Cuts a table into files of a few rows, of which the second half is new."""
    for size in (5, 15):
        files = _files(frame, size)
        half = len(files) // 2
        if half >= checks.MIN_REFERENCE:
            yield Batch(f"{name}, rows in their order", files[:half], files[half:], target)
        files = _files(frame.sort_values(frame.columns[0], kind="stable"), size)
        random.Random(size).shuffle(files)
        if half >= checks.MIN_REFERENCE:
            yield Batch(f"{name}, similar rows together", files[:half], files[half:], target)


def _files(frame: pd.DataFrame, size: int) -> list[str]:
    return [chunk.to_csv(index=False) for _, chunk in frame.groupby(np.arange(len(frame)) // size)]
