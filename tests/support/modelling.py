"""Small datasets for the modelling tests: students with hours, sleep, a room and a score."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.config.settings import TrainingOptions
from ml_action.core.records.dataset import Dataset, RejectedDataset
from ml_action.core.records.model import Recipe, Trial
from ml_action.core.records.policy import Policy
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.reading.table import Table
from ml_action.modelling.reading.table import read as read_table
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training.execution import Execution, Progress, no_progress
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.trial import TrialData, TrialOptions, run
from tests.support.factories import make_settings

DEFAULT_POLICY = Policy()
HEADER = "hours,sleep,room,score"


def blob_of(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()  # noqa: S324 (like git's)


def datasets_of(contents: Sequence[bytes]) -> list[Dataset]:
    """Returns a dataset for each content. Equal contents have different ids, so that both are read."""
    return [Dataset(f"data/{place}.csv", blob_of(b"%d\0" % place + content)) for place, content in enumerate(contents)]


def read(*contents: bytes | str) -> tuple[Table, tuple[RejectedDataset, ...]]:
    raw = [content.encode() if isinstance(content, str) else content for content in contents]
    return read_table(datasets_of(raw), raw)


def table_of(*contents: bytes | str) -> Table:
    table, set_aside = read(*contents)
    assert not set_aside
    return table


def students(seed: int, count: int, slope: float = 3.0, noise: float = 6.0, passed: bool = False) -> list[bytes]:
    """Returns CSV files of 5 to 30 rows; the rows of one student share an offset."""
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


def options_of(**changes: Any) -> TrainingOptions:
    """Options for the target `score`, of which the rest is inferred."""
    usual = {"target": ("score",), "estimator": "", "metric": "", "task": "", "seed": 7}
    return make_settings(**(usual | changes)).training


def recipe_of(table: Table, *, guardrails: Sequence[str] = (), **changes: Any) -> Recipe:
    return resolve_recipe(table, options_of(**changes), guardrails)


def run_trial(
    table: Table,
    new: npt.NDArray[np.bool_],
    champion: ReferenceModel | None = None,
    *,
    policy: Policy = DEFAULT_POLICY,
    to_screen: ScreeningInput | None = None,
    progress: Progress = no_progress,
    **settings: Any,
) -> Trial:
    """Runs a trial with five folds, and a fifth of the datasets in the holdout."""
    options = TrialOptions(options_of(**settings), policy, "salt", execution=Execution(progress=progress))
    return run(TrialData(table, recipe_of(table, **settings), new, to_screen), champion, options)


def trial_of(
    old: Sequence[bytes],
    new: Sequence[bytes],
    champion: object | None = None,
    *,
    features: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> Trial:
    """Runs a trial on the contents of files."""
    table = table_of(*old, *new)
    is_new = np.arange(len(table.datasets)) >= len(old)
    opponent = None if champion is None else ReferenceModel(champion, features)
    return run_trial(table, is_new, opponent, progress=progress, **(settings or {}))
