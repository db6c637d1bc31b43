"""Replays the history of arrivals with a policy: when it would have tried, and what it would have promoted.

As in the loop, an attempt uses up its trigger but not its data; a dataset that was once set aside is checked again but
never counted again; and a promoted challenger is the champion of the next attempt (docs/accounting.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ml_action.commands.simulate import attempt
from ml_action.commands.simulate.arrival_history import Arrival
from ml_action.commands.simulate.attempt import AttemptOptions, AttemptResult, Champion
from ml_action.commands.simulate.results import Replay, Round
from ml_action.core.formatting import count_of, sanitised
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import Decision
from ml_action.loop.batch.building import Batch
from ml_action.modelling.contract import enforcement
from ml_action.modelling.contract.enforcement import UsableDatasets

Progress = Callable[[int, int], None]


def run(usable: UsableDatasets, arrivals: Sequence[Arrival], options: AttemptOptions, progress: Progress) -> Replay:
    """Makes every attempt, in the order of the arrivals. `progress` gets the datasets that have arrived, and all."""
    blobs = frozenset(item.blob for item in usable.table.datasets)
    state = _ReplayState(usable, options)
    for arrival in arrivals:
        state.arrive([item.blob for item in arrival.datasets if item.blob in blobs], arrival.time)
        progress(len(state.arrived), len(blobs))
    return Replay(tuple(state.rounds), len(state.new), len(blobs), len(usable.set_aside))


@dataclass
class _ReplayState:
    """What the loop would have known at a moment of the past."""

    usable: UsableDatasets
    options: AttemptOptions
    arrived: set[str] = field(default_factory=set)  # blob ids of everything that arrived
    new: set[str] = field(default_factory=set)  # of these, since the last attempt
    rejected: set[str] = field(default_factory=set)  # bad or suspicious at some time
    champion: Champion | None = None
    versions: int = 0
    rounds: list[Round] = field(default_factory=list)

    def arrive(self, blobs: Sequence[str], time: str) -> None:
        """Adds datasets, and simulates an hour of the loop."""
        self.arrived.update(blobs)
        self.new.update(blobs)
        trigger = self.options.settings.trigger
        early = (trigger.drift_threshold if self.champion else 0) or trigger.threshold
        if blobs and len(self.new) >= early:
            self._check(time, trigger.threshold, early)

    def _check(self, time: str, threshold: int, early: int) -> None:
        """Makes an attempt if enough new datasets can be used, or if they drifted."""
        table = self.usable.table.select(enforcement.is_one_of(self.usable.table, self.arrived))
        accepted = self.arrived - self.new - self.rejected
        batch = attempt.build_batch(self.options, table, accepted, self.new, self.champion)
        settings = self.options.settings
        if len(self.new) >= threshold and enforcement.too_many(
            len(batch.bad), len(self.new), settings.trigger.max_quarantine
        ):
            self._fail(time, batch)
        self.rejected.update(item.blob for item in batch.set_aside)
        self.new -= self.rejected
        drifted = any(shift.drifted for shift in batch.shifts)
        if len(self.new) >= (early if drifted else threshold):
            self._attempt(time, batch)

    def _fail(self, time: str, batch: Batch) -> None:
        """Records that the loop would have stopped. The replay continues without the bad datasets."""
        many, first = len(batch.bad), batch.bad[0]
        some = f"{many} of {count_of(len(self.new), 'new datasets')} {'is' if many == 1 else 'are'} bad"
        reason = f"{some}; the first, {sanitised(first.path, 120)}, {first.reason}"
        self._record(time, len(self.new), AttemptResult(Decision(Verdict.FAILED, reason)), self._version)

    def _attempt(self, time: str, batch: Batch) -> None:
        result, before = attempt.try_attempt(self.options, batch, self.champion), self._version
        self.rejected.update(item.blob for item in result.screening.suspects)
        if result.promoted and result.trial:
            self.champion = Champion(attempt.model_of(result.trial), result.trial.contract)
            self.versions += 1
        self._record(time, batch.count, result, before)
        self.new.clear()

    def _record(self, time: str, new: int, result: AttemptResult, champion: str) -> None:
        compared = result.trial.comparison if result.trial else None
        self.rounds.append(
            Round(
                len(self.rounds) + 1,
                time,
                new,
                len(self.arrived),
                result.decision.verdict,
                result.decision.reason,
                compared.gain if compared else None,
                compared.gain_interval if compared else None,
                champion,
                self._version,
            )
        )

    @property
    def _version(self) -> str:
        return f"v{self.versions}" if self.versions else ""
