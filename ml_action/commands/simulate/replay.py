"""The history of arrivals replayed against a policy: when it would have tried, and what it would have promoted.

As in the loop, an attempt uses up its trigger and not its data, what was set aside once is looked at again and never
counted again, and a promoted challenger is the champion of the next attempt (docs/accounting.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ml_action.commands.simulate import attempt
from ml_action.commands.simulate.arrival_history import Arrival
from ml_action.commands.simulate.attempt import AttemptOptions, Champion
from ml_action.commands.simulate.results import Replay, Round
from ml_action.core.formatting import count_of, sanitised
from ml_action.core.records.choices import Verdict
from ml_action.core.records.model import Trial
from ml_action.loop.batch import Batch
from ml_action.modelling.contract import enforcement
from ml_action.modelling.contract.enforcement import UsableDatasets

Progress = Callable[[int, int], None]


def run(sound: UsableDatasets, arrivals: Sequence[Arrival], terms: AttemptOptions, progress: Progress) -> Replay:
    """Every attempt, in the order of the arrivals. `progress` gets the datasets that have arrived, of how many."""
    usable = frozenset(item.blob for item in sound.table.datasets)
    past = _ReplayState(sound, terms)
    for arrival in arrivals:
        past.arrive([item.blob for item in arrival.datasets if item.blob in usable], arrival.time)
        progress(len(past.here), len(usable))
    return Replay(tuple(past.rounds), len(past.new), len(usable), len(sound.set_aside))


@dataclass
class _ReplayState:
    """Where the loop would have been at a moment of the past."""

    sound: UsableDatasets
    terms: AttemptOptions
    here: set[str] = field(default_factory=set)  # blob ids of all that arrived
    new: set[str] = field(default_factory=set)  # of these, since the last attempt
    aside: set[str] = field(default_factory=set)  # bad or suspicious at some time
    champion: Champion | None = None
    versions: int = 0
    rounds: list[Round] = field(default_factory=list)

    def arrive(self, blobs: Sequence[str], time: str) -> None:
        """Datasets arrive, and an hour of the loop passes."""
        self.here.update(blobs)
        self.new.update(blobs)
        least = self.terms.settings.trigger.threshold
        early = self.terms.settings.trigger.drift_threshold if self.champion else 0
        if blobs and len(self.new) >= (early or least):
            self._look(time, least, early or least)

    def _look(self, time: str, least: int, early: int) -> None:
        """The trigger is pulled, if enough of what is new can be used, or if it drifted."""
        table = self.sound.table.select(enforcement.is_one_of(self.sound.table, self.here))
        accepted = self.here - self.new - self.aside
        batch, bad = attempt.build_batch(self.terms, table, accepted, self.new, self.champion)
        if len(self.new) >= least and enforcement.too_many(
            bad, len(self.new), self.terms.settings.trigger.max_quarantine
        ):
            self._fail(time, batch)
        self.aside.update(item.blob for item in batch.set_aside)
        self.new -= self.aside
        drifted = any(shift.drifted for shift in batch.shifts)
        if len(self.new) >= (early if drifted else least):
            self._attempt(time, batch)

    def _fail(self, time: str, batch: Batch) -> None:
        """The loop would have stopped; the replay goes on as if somebody had taken the bad ones out."""
        many, first = len(batch.bad), batch.bad[0]
        some = f"{many} of {count_of(len(self.new), 'new datasets')} {'is' if many == 1 else 'are'} bad"
        reason = f"{some}; the first, {sanitised(first.path, 120)}, {first.reason}"
        self._tell(time, len(self.new), Verdict.FAILED, reason, self._version())

    def _attempt(self, time: str, batch: Batch) -> None:
        proof, before = attempt.attempt(self.terms, batch, self.champion), self._version()
        self.aside.update(item.blob for item in proof.screening.suspects)
        if proof.promoted and proof.trial:
            self.champion = Champion(attempt.model_of(proof.trial), proof.trial.contract)
            self.versions += 1
        self._tell(time, batch.count, proof.decision.verdict, proof.decision.reason, before, proof.trial)
        self.new.clear()

    def _tell(
        self, time: str, new: int, verdict: Verdict, reason: str, champion: str, trial: Trial | None = None
    ) -> None:
        gain, interval = (trial.comparison.gain, trial.comparison.gain_interval) if trial else (None, None)
        number, here = len(self.rounds) + 1, len(self.here)
        self.rounds.append(Round(number, time, new, here, verdict, reason, gain, interval, champion, self._version()))

    def _version(self) -> str:
        return f"v{self.versions}" if self.versions else ""
