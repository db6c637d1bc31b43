"""How a run ended: the source of outputs, summary and console text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ml_action.core.records.choices import Verdict
from ml_action.core.records.dataset import Inventory, RejectedDataset, Trigger

if TYPE_CHECKING:
    from ml_action.core.records.attempt import Attempt
    from ml_action.core.records.contract import ColumnDrift
    from ml_action.core.records.diagnosis import Diagnosis
    from ml_action.core.records.evaluation import Decision
    from ml_action.core.records.model import Trial, Version
    from ml_action.core.records.promotion import Publication


@dataclass(frozen=True)
class Outcome:
    """The ending of a run: the source of outputs, summary and terminal text."""

    verdict: Verdict
    reason: str
    next_step: str
    inventory: Inventory | None = None
    trigger: Trigger | None = None
    champion: Version | None = None
    attempt: Attempt | None = None
    trial: Trial | None = None
    decision: Decision | None = None
    publication: Publication | None = None
    set_aside: tuple[RejectedDataset, ...] = ()
    shifts: tuple[ColumnDrift, ...] = ()
    notes: tuple[str, ...] = ()
    model_path: str = ""
    report_path: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)  # outputs that no other field tells
    diagnosis: Diagnosis | None = None  # of the doctor
    exit_code: int = 0  # 3: the run did its work, and what it looked at is bad
