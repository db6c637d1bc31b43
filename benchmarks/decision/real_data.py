"""Real data cut into datasets, available without a network: the RAND panel, and statsmodels' affairs survey.

The true loss is that of persons who are held back from all models: a sample, so that q itself is a little uncertain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from statsmodels.datasets import fair

from benchmarks.decision import corruption
from benchmarks.decision.corruption import Damage
from benchmarks.decision.scenarios import Aim, Case, Flags, Integers, Sample, World, case_of
from benchmarks.decision.truth import HeldBack
from ml_action.commands.demo import panel
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading.table import read

REAL = "real"
OLD, NEW = 400, 220
FAMILY = 3  # persons in the household
SENIOR = 32  # years: the eldest third of the survey
AFFAIR = "affair"
MOST_ROWS = 8  # of a file of the survey
CELL = ["age", "religious", "educ", "occupation"]  # women with equal values are a dataset

PERSONS = {"target": panel.TARGET, "estimator": "sklearn.linear_model.LinearRegression"}
WOMEN = {"target": AFFAIR, "estimator": "sklearn.linear_model.LogisticRegression", "metric": "neg_log_loss"}

Choice = Callable[[Sample], Flags]  # per dataset: whether it belongs to the new group


@dataclass(frozen=True, eq=False)
class Persons:
    """A dataset for each person of the panel, and the person's site."""

    sample: Sample
    sites: tuple[str, ...]


@cache
def persons() -> Persons:
    """Reads the panel."""
    by_site = panel.datasets()
    texts = [text for site in by_site.values() for text in site]
    datasets = [Dataset(f"{place}.csv", f"{place:040x}") for place in range(len(texts))]
    table, unreadable = read(datasets, [text.encode() for text in texts])
    assert not unreadable
    sites = tuple(site for site, texts in by_site.items() for _ in texts)
    return Persons(Sample(table.frame, table.cluster), sites)


@cache
def women() -> Sample:
    """Returns a dataset for each group of similar women, of at most eight rows."""
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
    """Makes the cases of a real world: the old and the new datasets, and what is wrong with the new ones."""

    source: str
    group: str = ""  # of the new datasets; empty: they are like the old ones
    mixed: float = 0.0  # share of the old datasets that belong to the group, and of the new ones that do not
    share: float = 0.0
    damage: str = ""

    def __call__(self, seed: int) -> Case:
        rng = np.random.default_rng([seed, 0])
        sample, settings = (persons().sample, PERSONS) if self.source == "RAND" else (women(), WOMEN)
        parts = self._split(sample, rng)
        batch = sample.take(parts.new)
        if self.damage:
            batch = corruption.corrupt(batch, self.share, _DAMAGES[self.damage], rng)
        truth = HeldBack(sample.take(parts.held_back), settings["target"])
        return case_of(sample.take(parts.old), batch, truth, settings, seed)

    def _split(self, sample: Sample, rng: np.random.Generator) -> _Parts:
        order = rng.permutation(sample.count)
        if not self.group:
            return _Parts(order[:OLD], order[OLD : OLD + NEW], order[OLD + NEW :])
        members = _GROUPS[self.group](sample)[order]
        inside, outside = order[members], order[~members]
        early, late = round(self.mixed * OLD), round(self.mixed * NEW)  # members among the old, others among the new
        old = np.concatenate([outside[: OLD - early], inside[:early]])
        new = np.concatenate([inside[early:][: NEW - late], outside[OLD - early :][:late]])
        left, others = inside[early + NEW - late :], outside[OLD - early + late :]
        held_back = np.concatenate([left, others[: round(len(left) * self.mixed / (1 - self.mixed))]])
        return _Parts(old, new, held_back)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The datasets of a case; those that are held back are like the new ones."""

    old: Integers
    new: Integers
    held_back: Integers


def _firsts(sample: Sample, column: str) -> Any:
    """Returns the column's value in the first row of each dataset."""
    starts = np.flatnonzero(np.diff(sample.owner, prepend=-1))
    return sample.frame[column].to_numpy()[starts]


_GROUPS: dict[str, Choice] = {
    "site 6": lambda _: np.array([site == "6" for site in persons().sites]),
    "families": lambda sample: _firsts(sample, "num") >= FAMILY,
    "over 32": lambda sample: _firsts(sample, "age") > SENIOR,
}
_DAMAGES: dict[str, Damage] = {
    "reversed": corruption.mirrored(panel.TARGET, 50),
    "months": corruption.scaled("xage", 12),
    "exchanged": corruption.exchanged(AFFAIR, "yes", "no"),
}

# No power is required: a person's rows share one value of the target, and 220 values do not prove 6 %; nor do 220 files
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
