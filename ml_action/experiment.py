"""Train and score: the stages between the data and the gate. The door to `modelling`, with `batch` before it.

This module is imported only after the trigger was pulled: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from dataclasses import replace

from ml_action import __version__, registry, survey
from ml_action.batch import Batch
from ml_action.modelling import artifacts, trial, versions
from ml_action.proposal import fingerprint
from ml_action.records import Trial
from ml_action.settings import Settings, for_journal
from ml_action.survey import Scene
from ml_action.tools import Tools


def fingerprint_of(batch: Batch, scene: Scene, settings: Settings) -> str:
    """The digest of all that determines the model and its verdict: the same fingerprint is the same work."""
    champion = scene.history.champion if scene.history else None
    return fingerprint(
        {
            "data": sorted(batch.sources),
            "new": [batch.count, sorted(item.blob for item in scene.inventory.new)],
            "settings": for_journal(settings),
            "recipe": vars(batch.recipe),
            "champion": champion.sha256 if champion else "",
            "libraries": versions.libraries(),
            "ml-auto-update": __version__,
        }
    )


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
        champion_target=champion.target if champion else "",
        salt=survey.salt_of(scene, settings),
        test_size=settings.test_size,
        confidence=settings.confidence,
        unit="groups of rows" if settings.unit == "rows" else "datasets",
        shifts=batch.shifts,
        progress=tools.log.progress,
    )
    return replace(judged, notes=(*notes, *batch.notes, *judged.notes))
