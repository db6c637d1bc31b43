"""Champion and challenger are judged: the trial, the gate, and the override of a forced training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml_action.core.log import Log
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Decision, Screening
from ml_action.core.records.model import Trial
from ml_action.datasets.survey import Snapshot
from ml_action.loop import experiment, gate
from ml_action.loop.batch.building import Batch
from ml_action.loop.versions import ModelStore
from ml_action.modelling.champion import Incomparable
from ml_action.modelling.trial import NoUsableDatasets
from ml_action.promotion import rolled_back


@dataclass(frozen=True)
class Judgement:
    """The decision, the trial behind it, and how the champion's predictions screened the datasets."""

    decision: Decision
    trial: Trial | None = None  # None: the champion cannot be scored, or no new dataset is usable
    screening: Screening = Screening()


def judge(batch: Batch, snapshot: Snapshot, models: ModelStore, log: Log) -> Judgement:
    """The judgement of this batch."""
    settings = snapshot.settings
    judged = apply_override(_by_gate(batch, snapshot, models, log), settings.trigger.force)
    return judged if settings.trigger.force else _hold_rolled_back(judged, snapshot)


def _by_gate(batch: Batch, snapshot: Snapshot, models: ModelStore, log: Log) -> Judgement:
    policy = snapshot.settings.gate
    try:
        trial = experiment.train_against_champion(batch, snapshot, models, log)
    except Incomparable as reason:
        return Judgement(gate.incomparable(str(reason)), _without_champion(batch, snapshot, models, log))
    except NoUsableDatasets as found:
        return Judgement(gate.review_unusable(found.screening, policy), screening=found.screening)
    return Judgement(gate.decide(trial.comparison, policy, trial.screening), trial, trial.screening)


def _without_champion(batch: Batch, snapshot: Snapshot, models: ModelStore, log: Log) -> Trial | None:
    """A trial without the champion, for a forced training or a draft that people review. None: neither is wanted."""
    settings = snapshot.settings
    if not settings.trigger.force and settings.publication.on_review != "draft":
        return None
    return experiment.train_against_champion(batch, snapshot, models, log, alone=True)


def apply_override(judged: Judgement, force: str) -> Judgement:
    """The judgement of a forced training: what the gate does not promote, the user does. `force` is the reason."""
    if not force or judged.decision.verdict is Verdict.PROMOTE:
        return judged
    return replace(judged, decision=gate.forced(judged.decision, force))


def _hold_rolled_back(judged: Judgement, snapshot: Snapshot) -> Judgement:
    """The judgement, unless it would propose what was rolled back."""
    if judged.trial is None or judged.decision.verdict is not Verdict.PROMOTE:
        return judged
    again = rolled_back.repeats_rolled_back(
        judged.trial, snapshot.inventory.tree, snapshot.history, snapshot.state.attempts
    )
    return replace(judged, decision=gate.hold_rolled_back(judged.decision, again)) if again else judged
