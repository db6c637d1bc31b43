"""Load, validate, train, score: the stages between the trigger and the gate. The door to `modelling`.

This module is imported only after the trigger was pulled: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ml_action import __version__, inventory, registry
from ml_action.errors import DataProblem
from ml_action.holdout import new_salt
from ml_action.modelling import artifacts, frames, identity, resolution, trial, validation, versions
from ml_action.modelling.frames import Table
from ml_action.proposal import fingerprint
from ml_action.records import Dataset, Recipe, SetAside, Trial, Version
from ml_action.settings import Settings, for_journal
from ml_action.survey import Scene
from ml_action.tools import Tools


@dataclass(frozen=True)
class Batch:
    """What a training may use: every sound dataset, and which of them are new."""

    table: Table
    recipe: Recipe
    new: frozenset[str]  # blob ids
    set_aside: tuple[SetAside, ...]  # found unfit in this run


def load(scene: Scene, settings: Settings, tools: Tools) -> Batch:
    """Reads every dataset of the data tree, and sorts out those that cannot be used under the settings of this run."""
    wanted = _wanted(scene, settings)
    tools.log.say(f"reading {len(wanted)} datasets")
    table, unreadable = frames.read(wanted, scene.repository.store.contents(item.blob for item in wanted))
    if not table.datasets:
        raise DataProblem(
            f"none of the {len(wanted)} datasets can be read",
            why=_first_reason(unreadable),
            fix="correct the files; the first one is named here",
            path=_first_path(unreadable),
        )
    recipe = _recipe(table, settings, scene.history.champion if scene.history else None)
    table, unfit = validation.sort_out(table, recipe.target, recipe.features)
    new = frozenset(item.blob for item in scene.inventory.new)
    old = frozenset(item.blob for item in table.datasets) - new - _set_aside_before(scene)
    twins = identity.copies(table, old)
    table = identity.without(table, frozenset(item.blob for item in twins))
    sound = frozenset(item.blob for item in table.datasets)
    return Batch(table, recipe, new & sound, _unrecorded(scene, (*unreadable, *unfit, *twins)))


def _wanted(scene: Scene, settings: Settings) -> tuple[Dataset, ...]:
    """Every dataset of the data tree: what was set aside under other settings may be sound under these.

    Those come last: of two that hold the same rows the earlier one stays, and that is the one that was counted.
    """
    raw = scene.repository.store.run("ls-tree", "-r", "-z", scene.inventory.tree)
    aside = _set_aside_before(scene)
    return tuple(sorted(inventory.datasets(raw, folder=settings.data_path), key=lambda item: item.blob in aside))


def _set_aside_before(scene: Scene) -> frozenset[str]:
    return frozenset(item.blob for item in scene.state.set_aside)


def _unrecorded(scene: Scene, set_aside: Iterable[SetAside]) -> tuple[SetAside, ...]:
    """Those that no earlier run has recorded, and told, already."""
    known = _set_aside_before(scene)
    return tuple(item for item in set_aside if item.blob not in known)


def _recipe(table: Table, settings: Settings, champion: Version | None) -> Recipe:
    """The recipe from the settings; what they leave open is as it was for the champion."""
    target = settings.target or (champion.target if champion else "")
    same_target = champion is not None and champion.target == target
    features = settings.features or (champion.features if champion and same_target else ())
    task = champion.task if champion and same_target and settings.task == "auto" else settings.task
    return resolution.resolve_recipe(
        table,
        target=target,
        features=features,
        task=task,
        estimator=settings.estimator,
        params=settings.params,
        metric=settings.metric,
        seed=settings.seed,
    )


def fingerprint_of(batch: Batch, scene: Scene, settings: Settings) -> str:
    """The digest of all that determines the model and its verdict: the same fingerprint is the same work."""
    champion = scene.history.champion if scene.history else None
    return fingerprint(
        {
            "data": sorted(item.blob for item in batch.table.datasets),
            "new": sorted(batch.new),
            "settings": for_journal(settings),
            "recipe": vars(batch.recipe),
            "champion": champion.sha256 if champion else "",
            "libraries": versions.libraries(),
            "ml-auto-update": __version__,
        }
    )


def salt_of(scene: Scene, settings: Settings) -> str:
    """The key of the permanent holdout: recorded once, the same for ever."""
    if scene.history:
        return scene.history.salt
    return scene.state.last.salt if scene.state.last else new_salt(settings.name, scene.inventory.tree)


def judge(batch: Batch, scene: Scene, settings: Settings, tools: Tools) -> Trial:
    """Trains the challenger and scores it and the champion on the same unseen rows.

    Raises:
        trial.Incomparable: the champion cannot be scored on these datasets.
    """
    champion = scene.history.champion if scene.history else None
    model, notes = None, list[str]()
    if champion:
        data = registry.artifact(scene.repository.store, scene.tips.base, settings.model_dir, champion)
        model = artifacts.load(data, champion.sha256, notes.append)
    judged = trial.run(
        batch.table,
        recipe=batch.recipe,
        new=batch.new,
        champion=model,
        champion_features=champion.features if champion else (),
        salt=salt_of(scene, settings),
        test_size=settings.test_size,
        confidence=settings.confidence,
        progress=tools.log.progress,
    )
    return replace(judged, notes=(*notes, *judged.notes))


def _first_reason(set_aside: tuple[SetAside, ...]) -> str:
    return set_aside[0].reason if set_aside else "the data path holds no CSV file"


def _first_path(set_aside: tuple[SetAside, ...]) -> str:
    return set_aside[0].path if set_aside else ""
