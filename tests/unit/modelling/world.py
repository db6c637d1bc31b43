"""Small worlds for the modelling tests: students with hours, sleep, a room and a score."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.core.records.model import Recipe, Trial
from ml_action.core.records.policy import Policy
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.table import Table
from ml_action.modelling.training import recipe
from ml_action.modelling.trial import run

HEADER = "hours,sleep,room,score"


def blob_of(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()  # noqa: S324 (stands for git's)


def datasets_of(contents: Sequence[bytes]) -> list[Dataset]:
    """A dataset per content, identified by content and place: equal contents are read twice."""
    return [Dataset(f"data/{place}.csv", blob_of(b"%d\0" % place + content)) for place, content in enumerate(contents)]


def read(*contents: bytes | str) -> tuple[Table, tuple[RejectedDataset, ...]]:
    raw = [content.encode() if isinstance(content, str) else content for content in contents]
    return frames.read(datasets_of(raw), raw)


def table_of(*contents: bytes | str) -> Table:
    table, set_aside = read(*contents)
    assert not set_aside
    return table


def students(seed: int, count: int, slope: float = 3.0, noise: float = 6.0, passed: bool = False) -> list[bytes]:
    """CSV files of 5 to 30 rows; the rows of one student share an offset."""
    rng = np.random.default_rng(seed)
    return [_student(rng, slope, noise, passed) for _ in range(count)]


def _student(rng: np.random.Generator, slope: float, noise: float, passed: bool) -> bytes:
    rows = int(rng.integers(5, 30))
    hours, sleep = rng.gamma(4, 1.5, rows), rng.normal(7, 1, rows)
    room = rng.choice(["red", "green", "blue"], rows)
    score = 40 + slope * hours + 1.5 * sleep + 2 * (room == "red") + rng.normal(0, 1) + rng.normal(0, noise, rows)
    shown = np.where(score > 68, "yes", "no") if passed else np.round(score, 2)
    lines = [f"{a:.2f},{b:.2f},{c},{d}" for a, b, c, d in zip(hours, sleep, room, shown, strict=True)]
    return "\n".join([HEADER, *lines, ""]).encode()


def recipe_of(table: Table, **settings: Any) -> Recipe:
    usual = {"targets": ("score",), "features": (), "task": "", "estimator": "", "params": {}, "metric": "", "seed": 7}
    return recipe.resolve_recipe(table, **(usual | settings))


def trial_of(
    old: Sequence[bytes], new: Sequence[bytes], champion: object | None = None, *, features: Sequence[str] = (),
    settings: dict[str, Any] | None = None, progress: Any = lambda *_: None,
) -> Trial:  # fmt: skip
    """The whole way from bytes to a trial."""
    table = table_of(*old, *new)
    fresh = np.arange(len(table.datasets)) >= len(old)
    return run(
        table, recipe=recipe_of(table, **(settings or {})), new=fresh, champion=champion,
        champion_features=features, salt="salt", test_size=0.2, policy=Policy(), progress=progress,
    )  # fmt: skip
