"""A model directory that grows: small models, trained as the loop trains them, published as it publishes them.

What trains is imported late: most tests that import this only name a type, or never make a model.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ml_action.core import model_metadata
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.core.records.evaluation import Interval
from ml_action.core.records.model import History, Recipe, Version
from ml_action.git import registry
from tests.support.factories import make_history, make_settings, make_version

ROOMS = ("blue", "green", "red")


@functools.cache
def datasets(slope: float, columns: str, seed: int = 0) -> tuple[bytes, ...]:
    rng, more = np.random.default_rng(seed), np.random.default_rng((seed, 1))
    made = []
    for _ in range(12):
        hours, sleep = rng.uniform(0, 10, 15).round(2), rng.normal(7, 1, 15).round(2)
        cells: dict[str, Any] = {
            "hours_studied": hours,
            "sleep": np.where(rng.random(15) < 0.1, "", sleep.astype(str)),
            "room": rng.choice(ROOMS, 15),
            "tutor": rng.choice(["true", "false"], 15),
            "day": [f"2026-03-{day:02}" for day in rng.integers(1, 28, 15)],
            "score": (40 + slope * hours).round(3),
            "effort": (2 * slope * hours).round(3),
            "age": more.normal(30, 8, 15).round(2),
            "income": more.lognormal(10, 0.5, 15).round(2),
            "passed": np.where(slope * hours > 15, "yes", "no"),
        }
        noise = more.normal(0, 3, 15)
        cells["noisy"] = (40 + slope * hours + 0.3 * cells["age"] + 1e-4 * cells["income"] + noise).round(3)
        names = columns.split()
        rows = zip(*(cells[name] for name in names), strict=True)
        made.append("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows), ""]).encode())
    return tuple(made)


@functools.cache
def trained(
    slope: float, columns: str, targets: tuple[str, ...], estimator: str
) -> tuple[Recipe, DataContract, Any, Any]:
    from ml_action.modelling.contract import learning
    from ml_action.modelling.reading import table as frames
    from ml_action.modelling.training import fit
    from ml_action.modelling.training.recipe import resolve_recipe
    from ml_action.modelling.validation import datasets as validation
    from ml_action.modelling.validation.requirements import Requirements

    contents = datasets(slope, columns)
    known = [Dataset(f"{at}.csv", hashlib.sha1(b"%d" % at + of).hexdigest()) for at, of in enumerate(contents)]  # noqa: S324
    table, _ = frames.read(known, contents)
    table, _ = validation.validate(table, Requirements(targets))
    recipe = resolve_recipe(table, make_settings(target=targets, estimator=estimator, seed=7).training)
    model = fit.fit(recipe, table, np.ones(len(table.frame), dtype=bool))
    contract = learning.learn_contract(table, targets, recipe.features)
    row = table.frame[list(recipe.features)].iloc[0]
    sample = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return recipe, contract, model, sample


def made(
    number: int, slope: float = 3.0, *, columns: str = "hours_studied score", targets: tuple[str, ...] = ("score",),
    estimator: str = "", **changes: Any,
) -> tuple[Version, bytes]:  # fmt: skip
    """A version and its file."""
    from ml_action.modelling.training import model_file
    from ml_action.modelling.training.library_versions import libraries

    recipe, contract, model, sample = trained(slope, columns, targets, estimator)
    content, digest = model_file.dump(model)
    version = make_version(
        version=f"v{number}", file=f"v{number}.pkl", sha256=digest, size=len(content), target=recipe.target,
        features=recipe.features, task=recipe.task, estimator=recipe.estimator, params={}, metric=recipe.metric,
        scores={recipe.metric: round(0.7 + number / 100, 4)}, improvement=0.01, interval=Interval(0.005, 0.02),
        libraries=libraries(), sample=sample, contract=contract, targets=recipe.targets,
        reason=f"v{number} is better",
    )  # fmt: skip
    return dataclasses.replace(version, **changes), content


@dataclasses.dataclass
class ModelDir:
    """model/ of a checkout."""

    path: Path
    versions: list[Version] = dataclasses.field(default_factory=list)

    @property
    def history(self) -> History:
        return make_history(*self.versions)

    def publish(self, slope: float = 3.0, *, content: Callable[[bytes], bytes] = bytes, **changes: Any) -> Version:
        """One more version becomes the current one; `content` is what becomes of its file."""
        version, data = made(len(self.versions) + 1, slope, **changes)
        self.versions.append(version)
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / Path(version.file).name).write_bytes(content(data))
        self.point(version.version)
        return version

    def point(self, version: str) -> None:
        """`current` is another version, as a rollback leaves it."""
        self.write(model_metadata.to_bytes(dataclasses.replace(self.history, current=version)))

    def write(self, metadata: bytes) -> None:
        (self.path / registry.METADATA).write_bytes(metadata)
