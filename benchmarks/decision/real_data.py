"""Real data cut into datasets, at hand without a network: the RAND panel, and the affairs survey of statsmodels.

The true loss is that of persons who are held back from everything: a sample, so that q itself is a little uncertain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from benchmarks.decision import corruption
from benchmarks.decision.corruption import Damage
from benchmarks.decision.scenarios import Case, Flags, Integers, Sample, case_of
from benchmarks.decision.worlds import Aim, World
from ml_action.commands.demo import panel
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import table as frames

REAL = "real"
OLD, NEW = 400, 220
FAMILY = 3  # persons in the household
SENIOR = 32  # years: the eldest third of the survey
AFFAIR = "affair"
MOST_ROWS = 8  # of a file of the survey
CELL = ["age", "religious", "educ", "occupation"]  # women alike in these are a dataset

PERSONS = {"target": panel.TARGET, "estimator": "sklearn.linear_model.LinearRegression"}
WOMEN = {"target": AFFAIR, "estimator": "sklearn.linear_model.LogisticRegression", "metric": "neg_log_loss"}

Choice = Callable[[Sample], Flags]  # per dataset: whether it belongs to the group that is new


class HeldBack:
    """Datasets that no model has seen."""

    def __init__(self, sample: Sample, target: str) -> None:
        self._frame, self._target = sample.frame.drop(columns=target), sample.frame[target].to_numpy()

    def losses(self, model: Any) -> tuple[float, ...]:
        """Mean squared error, or log loss."""
        if hasattr(model, "classes_"):
            said = model.predict_proba(self._frame)
            return (float(log_loss(self._target, said, labels=model.classes_)),)
        return (float(np.square(self._target - model.predict(self._frame)).mean()),)


@cache
def persons() -> tuple[Sample, tuple[str, ...]]:
    """A dataset per person of the panel, and each one's site."""
    by_site = panel.datasets()
    texts = [text for site in by_site.values() for text in site]
    datasets = [Dataset(f"{place}.csv", f"{place:040x}") for place in range(len(texts))]
    table, unreadable = frames.read(datasets, [text.encode() for text in texts])
    assert not unreadable
    return Sample(table.frame, table.cluster), tuple(site for site, texts in by_site.items() for _ in texts)


@cache
def women() -> Sample:
    """A dataset per group of women who are alike, of eight rows at most."""
    from statsmodels.datasets import fair

    frame = fair.load_pandas().data
    frame[AFFAIR] = np.where(frame.pop("affairs") > 0, "yes", "no").astype(object)
    frame[AFFAIR] = frame[AFFAIR].astype("str")
    cell = frame.groupby(CELL).ngroup()
    order = np.argsort(cell.to_numpy(), kind="stable")
    frame, cell = frame.iloc[order].reset_index(drop=True), cell.iloc[order].reset_index(drop=True)
    piece = cell.groupby(cell).cumcount() // MOST_ROWS
    owner = (cell * len(frame) + piece).rank(method="dense").to_numpy().astype(np.int64) - 1
    return Sample(frame, owner)


@dataclass(frozen=True)
class _Real:
    """Makes the cases of a real world: who is old, who is new, and what is wrong with the new ones."""

    source: str
    group: str = ""  # empty: the new ones are like the old ones
    mixed: float = 0.0  # share of the old ones that belong to the group, and of the new ones that do not
    share: float = 0.0
    damage: str = ""

    def __call__(self, seed: int) -> Case:
        rng = np.random.default_rng([seed, 0])
        sample, settings = (persons()[0], PERSONS) if self.source == "RAND" else (women(), WOMEN)
        old, new, rest = self._dealt(sample, rng)
        batch = sample.take(new)
        if self.damage:
            batch = corruption.spoil(batch, self.share, _DAMAGES[self.damage], rng)
        truth = HeldBack(sample.take(rest), settings["target"])
        return case_of(sample.take(old), batch, truth, settings, seed)

    def _dealt(self, sample: Sample, rng: np.random.Generator) -> tuple[Integers, Integers, Integers]:
        """Old datasets, new ones, and those held back, which are like the new ones."""
        order = rng.permutation(sample.count)
        if not self.group:
            return order[:OLD], order[OLD : OLD + NEW], order[OLD + NEW :]
        members = _GROUPS[self.group](sample)[order]
        inside, outside = order[members], order[~members]
        strangers, guests = round(self.mixed * OLD), round(self.mixed * NEW)
        old = np.concatenate([outside[: OLD - strangers], inside[:strangers]])
        new = np.concatenate([inside[strangers:][: NEW - guests], outside[OLD - strangers :][:guests]])
        others, strays = inside[strangers + NEW - guests :], outside[OLD - strangers + guests :]
        rest = np.concatenate([others, strays[: round(len(others) * self.mixed / (1 - self.mixed))]])
        return old, new, rest


def _firsts(sample: Sample, column: str) -> Any:
    """The column's value in the first row of each dataset."""
    starts = np.flatnonzero(np.diff(sample.owner, prepend=-1))
    return sample.frame[column].to_numpy()[starts]


_GROUPS: dict[str, Choice] = {
    "site 6": lambda _: np.array([site == "6" for site in persons()[1]]),
    "families": lambda sample: _firsts(sample, "num") >= FAMILY,
    "over 32": lambda sample: _firsts(sample, "age") > SENIOR,
}
_DAMAGES: dict[str, Damage] = {
    "reversed": corruption.mirrored(panel.TARGET, 50),
    "months": corruption.scaled("xage", 12),
    "exchanged": corruption.exchanged(AFFAIR, "yes", "no"),
}

# No power is asked for: a person's rows share one value of the target, and 220 values do not show 6 %; nor do 220 files
# of five women each.
WORLDS = (
    World("RAND panel, nothing changed", REAL, Aim.SAME, _Real("RAND"), 100, 4),
    World("RAND panel, another site", REAL, Aim.FREE, _Real("RAND", "site 6"), 50),
    World("RAND panel, families after couples", REAL, Aim.GAIN, _Real("RAND", "families", 0.06), 40, 4, power=False),
    World("RAND panel, labels reversed in 15 %", REAL, Aim.BAD, _Real("RAND", share=0.15, damage="reversed"), 50),
    World("RAND panel, labels reversed in 5 %", REAL, Aim.BAD, _Real("RAND", share=0.05, damage="reversed"), 50),
    World("RAND panel, ages in months in 10 %", REAL, Aim.BAD, _Real("RAND", share=0.1, damage="months"), 50),
    World("affairs survey, nothing changed", REAL, Aim.SAME, _Real("survey"), 50),
    World("affairs survey, women over 32", REAL, Aim.GAIN, _Real("survey", "over 32", 0.06), 40, power=False),
    World(
        "affairs survey, answers reversed in 15 %", REAL, Aim.BAD, _Real("survey", share=0.15, damage="exchanged"), 60
    ),
    World(
        "affairs survey, answers reversed in 5 %", REAL, Aim.BAD, _Real("survey", share=0.05, damage="exchanged"), 60
    ),
)
