"""How a run ended: the source of outputs, summary and console text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_action.core.dataclass import dataclass
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
class Inspected:
    """The datasets that were judged before they are merged, and the pull request that adds them."""

    count: int
    pull_number: int | None = None
    pull_url: str = ""


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
    inspected: Inspected | None = None
    diagnosis: Diagnosis | None = None  # of the doctor
    exit_code: int = 0  # 3: the run did its work, and what it looked at is bad
