"""Train and score: the stages between the data and the gate. The door to `modelling`, with `batch` before it.

This module is imported only after the trigger has fired: it loads pandas and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ml_action import __version__
from ml_action.config.column_rules import ColumnRule
from ml_action.config.settings import Settings, fingerprint_settings
from ml_action.core import cells
from ml_action.core.fingerprint import fingerprint
from ml_action.core.log import Log
from ml_action.core.records.model import Trial, Version
from ml_action.datasets.holdout import HoldoutKey
from ml_action.datasets.survey import Snapshot
from ml_action.loop.batch.building import Batch
from ml_action.loop.versions import ModelStore
from ml_action.modelling import data_warnings, trial
from ml_action.modelling.champion import ReferenceModel
from ml_action.modelling.screening import ScreeningInput
from ml_action.modelling.training import library_versions
from ml_action.modelling.training.execution import Execution
from ml_action.modelling.trial import TrialData, TrialOptions


def fingerprint_of(batch: Batch, snapshot: Snapshot) -> str:
    """A digest of everything that determines the model and its verdict: the same fingerprint is the same work."""
    champion = snapshot.champion
    return fingerprint(
        {
            "data": sorted(batch.sources),
            "new": [batch.count, sorted(item.blob for item in snapshot.inventory.new)],
            "settings": fingerprint_settings(snapshot.settings),
            "recipe": {name: value for name, value in vars(batch.recipe).items() if value or name != "merge_spellings"},
            "champion": champion.sha256 if champion else "",
            "libraries": library_versions.libraries(),
            "ml-auto-update": __version__,
            **({"holdout": snapshot.holdout.fingerprint} if snapshot.holdout.fingerprint else {}),
        }
    )


def train_against_champion(
    batch: Batch, snapshot: Snapshot, models: ModelStore, log: Log, *, alone: bool = False
) -> Trial:
    """Trains the challenger and scores it and the champion on the same unseen rows.

    `alone`: without the champion, which cannot be scored.

    Raises:
        Incomparable: the champion cannot be scored on these datasets.
        NoUsableDatasets: every new dataset looks wrong to the champion.
    """
    champion, key = None if alone else snapshot.champion, snapshot.holdout
    opponent, notes = None, list[str]()
    if champion:
        known = key.of_version(champion.holdout_fingerprint)
        model = models.load(champion, notes.append)
        opponent = ReferenceModel(model, champion.features, target=champion.target, holdout_key=known)
        notes += _holdout_notes(champion, key)
    execution = Execution(progress=log.progress)
    judged = train_and_compare(batch, snapshot.settings, opponent, key.value, execution)
    listed = champion.types if champion and champion.file.endswith(".skops") else None
    notes += _library_notes(snapshot.champion, judged)
    return replace(judged, notes=(*notes, *judged.notes), champion_types=listed)


def _holdout_notes(champion: Version, key: HoldoutKey) -> Iterator[str]:
    """That the holdout is drawn again, with what this means for the comparison."""
    if champion.holdout_fingerprint == key.fingerprint:
        return
    yield "the holdout is drawn with another key than for the champion: " + (
        "the champion is judged by its own holdout"
        if key.of_version(champion.holdout_fingerprint)
        else "that of the champion is unknown, so its new datasets alone say what is usual for it"
    )


def _library_notes(champion: Version | None, judged: Trial) -> Iterator[str]:
    """The libraries because of which a service of the champion would refuse the challenger."""
    before = champion.libraries if champion else {}
    for name in library_versions.incompatible(before, judged.libraries):
        yield (
            f"trained with {name} {judged.libraries[name]}, the champion with {before[name]}: a service that runs the "
            f"champion refuses this version. Train in the Action, or with {name} "
            f"{library_versions.minor(before[name])}; if the Action has moved on, move the service with it"
        )


def train_and_compare(
    batch: Batch, settings: Settings, champion: ReferenceModel | None, key: str, execution: Execution
) -> Trial:
    """Trains a challenger and compares it with the champion, or without one with the dummy. It needs no repository.

    Raises what `train_against_champion` raises.
    """
    checked = None
    if not settings.trigger.force:
        checked = ScreeningInput(batch.judged, batch.contract, _unchecked_columns(settings.data.contract))
    data = TrialData(batch.table, batch.recipe, batch.new, checked, batch.shifts, batch.unit)
    trusted = settings.publication.trusted_types
    judged = trial.run(data, champion, TrialOptions(settings.training, settings.gate, key, trusted, execution))
    giveaways = data_warnings.giveaway_features(batch.table.frame, judged.recipe, judged.comparison)
    notes = (*batch.notes, *_data_warnings(batch, settings, judged), *judged.notes)
    return replace(judged, notes=notes, comparison=replace(judged.comparison, giveaways=giveaways))


def _data_warnings(batch: Batch, settings: Settings, judged: Trial) -> Iterator[str]:
    """What `init` would warn of, in the words that it has for it."""
    metric, recipe = judged.comparison.metric, judged.recipe
    scores = {recipe.estimator: judged.comparison.challenger[metric]}
    for reason in data_warnings.warnings_for(batch.table.frame, recipe, scores, metric):
        yield cells.written(reason, private=batch.table.private)
    yield from data_warnings.column_warnings(batch.table, recipe, settings.training.group)


def _unchecked_columns(rules: Iterable[ColumnRule]) -> frozenset[str]:
    """The columns that the user excludes from every check."""
    return frozenset(rule.name for rule in rules if rule.check is False)
