"""Students in a table and in a repository, for the tests of `simulate`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ml_action.commands.demo import students
from ml_action.commands.simulate.arrival_history import Arrival
from ml_action.commands.simulate.attempt import AttemptOptions
from ml_action.config.settings import Settings
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract.enforcement import UsableDatasets
from ml_action.modelling.reading.table import read
from ml_action.modelling.training.recipe import resolve_recipe
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements
from tests.support.factories import make_settings


def usual(**changes: Any) -> Settings:
    return make_settings(**({"threshold": 40} | changes))


def texts_of(*parts: tuple[str, int]) -> list[str]:
    """Returns students of one world after another: (world, how many)."""
    return [text for seed, (world, count) in enumerate(parts) for text in students.datasets(count, world, seed)]


def usable_of(texts: Iterable[str], settings: Settings | None = None) -> UsableDatasets:
    """Returns the table that `batch.sound` would make of them; the blob ids are their numbers."""
    settings, contents = settings or usual(), [text.encode() for text in texts]
    datasets = [Dataset(f"data/{place:04}.csv", f"{place:040}") for place in range(len(contents))]
    table, _ = read(datasets, contents)
    recipe = resolve_recipe(table, settings.training)
    table, set_aside = validate(table, Requirements(recipe.outputs, recipe.features))
    return UsableDatasets(table, recipe, set_aside)


def arrivals_of(usable: UsableDatasets, sizes: Sequence[int]) -> list[Arrival]:
    """Returns the datasets in their order, so many in a commit; a commit is a day."""
    left, found = list(usable.table.datasets), []
    for day, size in enumerate(sizes, 1):
        found.append(Arrival(tuple(left[:size]), f"2026-01-{day:02}T12:00:00Z"))
        left = left[size:]
    return found


def options_of(usable: UsableDatasets, settings: Settings | None = None) -> AttemptOptions:
    return AttemptOptions(usable.recipe, settings or usual(), "salt")
