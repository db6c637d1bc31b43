"""Train and score: the stages between the data and the gate. The door to `modelling`, with `batch` before it.

This module is imported only after the trigger was pulled: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ml_action import __version__
from ml_action.config.settings import Settings, fingerprint_settings
from ml_action.core.fingerprint import fingerprint
from ml_action.core.records.model import History, Trial, Version
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.git import registry
from ml_action.loop.batch import Batch
from ml_action.modelling import trial
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training import library_versions, model_file
from ml_action.modelling.training.execution import Execution
from ml_action.modelling.trial import TrialData, TrialOptions
from ml_action.runtime.dependencies import Dependencies


def fingerprint_of(batch: Batch, scene: Snapshot, settings: Settings) -> str:
    """The digest of all that determines the model and its verdict: the same fingerprint is the same work."""
    champion = scene.history.champion if scene.history else None
    return fingerprint(
        {
            "data": sorted(batch.sources),
            "new": [batch.count, sorted(item.blob for item in scene.inventory.new)],
            "settings": fingerprint_settings(settings),
            "recipe": vars(batch.recipe),
            "champion": champion.sha256 if champion else "",
            "libraries": library_versions.libraries(),
            "ml-auto-update": __version__,
        }
    )


def train_against_champion(
    batch: Batch, scene: Snapshot, settings: Settings, tools: Dependencies, *, alone: bool = False
) -> Trial:
    """Trains the challenger and scores it and the champion on the same unseen rows.

    `alone`: without the champion, which cannot be scored.

    Raises:
        Incomparable: the champion cannot be scored on these datasets.
        NoUsableDatasets: every new dataset looks wrong to the champion.
    """
    champion = scene.history.champion if scene.history and not alone else None
    opponent, notes = None, list[str]()
    if champion:
        model = model_of(champion, scene, settings, notes.append)
        opponent = ReferenceModel(model, champion.features, target=champion.target)
    execution = Execution(progress=tools.log.progress)
    judged = train_and_compare(batch, settings, opponent, survey.holdout_key(scene, settings), execution)
    listed = champion.types if champion and champion.file.endswith(".skops") else None
    notes += _of_libraries(scene.history, judged)
    return replace(judged, notes=(*notes, *judged.notes), champion_types=listed)


def _of_libraries(history: History | None, judged: Trial) -> Iterator[str]:
    """Where a service of the champion would refuse the challenger: not trained in the Action, or its image moved."""
    before = history.champion.libraries if history and history.champion else {}
    for name in library_versions.incompatible(before, judged.libraries):
        yield (
            f"trained with {name} {judged.libraries[name]}, the champion with {before[name]}: a service that runs the "
            f"champion refuses this version. Train in the Action, or with {name} "
            f"{library_versions.minor(before[name])}; if "
            "the Action has moved on, move the service with it"
        )


def model_of(
    version: Version, scene: Snapshot, settings: Settings, note: Callable[[str], None], who: str = "The champion"
) -> Any:
    """The model of a version on the base branch, its digest verified before a byte of it is unpickled.

    Raises:
        ModelError: its file is not there, is not the recorded one, or cannot be loaded.
    """
    data = registry.artifact(scene.repository.store, scene.tips.base, settings.publication.model_dir, version)
    form = model_file.format_of(version.file, settings.publication.trusted_types)
    return model_file.load(data, version.sha256, note, who, form)


def train_and_compare(
    batch: Batch, settings: Settings, champion: ReferenceModel | None, salt: str, execution: Execution
) -> Trial:
    """Trains a challenger and compares it with the champion, or without one with the dummy. It needs no repository.

    Raises what `train_against_champion` raises.
    """
    checked = None
    if not settings.trigger.force:
        checked = ScreeningInput(batch.judged, batch.contract, _unchecked_columns(settings))
    unit = "groups of rows" if settings.data.unit == "rows" else "datasets"
    data = TrialData(batch.table, batch.recipe, batch.new, checked, batch.shifts, unit)
    trusted = settings.publication.trusted_types
    judged = trial.run(data, champion, TrialOptions(settings.training, settings.gate, salt, trusted, execution))
    return replace(judged, notes=(*batch.notes, *judged.notes))


def _unchecked_columns(settings: Settings) -> frozenset[str]:
    """The columns of which the user wants nothing asked."""
    return frozenset(rule.name for rule in settings.data.contract if rule.check is False)
