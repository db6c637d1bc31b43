"""How many bad datasets the learned data contract finds, and how many good ones it rejects: a Markdown table.

`python -m benchmarks.contract_errors` takes less than a minute; `--full` gives the figures of docs/contract.md.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.intervals import wilson
from benchmarks.real_batches import real_batches
from ml_action.commands.demo import students
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.reading.table import Table
from ml_action.modelling.reading.table import read as read_table
from ml_action.modelling.validation.datasets import validate
from ml_action.modelling.validation.requirements import Requirements

Rows = list[list[str]]
Damage = Callable[[Rows, random.Random, Rows], Rows]  # a dataset's rows, random numbers, the rows of another dataset

OLD, NEW, FIRST = 220, 200, 220  # datasets of the champion, good ones of a batch, of a first batch
BAD = 5  # bad ones of each kind in a batch
DAMAGED = 0.05  # share of a first batch that is bad
SUSPECT = 0.1  # max-quarantine
HOURS, SLEEP, ATTENDANCE, SCHOOL, SCORE = range(5)


@dataclass
class Count:
    """How many datasets were checked, and how many of them rejected."""

    flagged: int = 0
    judged: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, reasons: Sequence[str | None]) -> None:
        self.judged += len(reasons)
        self.flagged += sum(reason is not None for reason in reasons)
        self.reasons += [reason for reason in reasons if reason]

    def __str__(self) -> str:
        if not self.judged:
            return "–"
        share, interval = self.flagged / self.judged, wilson(self.flagged, self.judged)
        digits = 0 if share > 0.1 else 2
        low, high = (f"{100 * end:.{digits}f}" for end in (interval.low, interval.high))
        return f"{100 * share:.{digits}f} % [{low}, {high}]"


def scaled(column: int, factor: float) -> Damage:
    return lambda rows, _, __: _mapped(rows, column, lambda cell: f"{float(cell) * factor:.6g}")


def swapped(one: int, other: int) -> Damage:
    def damage(rows: Rows, _: random.Random, __: Rows) -> Rows:
        order = [other if place == one else one if place == other else place for place in range(len(rows[0]))]
        return [[row[place] for place in order] for row in rows]

    return damage


def filled(column: int, cell: str, share: float) -> Damage:
    return lambda rows, rng, _: _mapped(rows, column, lambda old: cell if rng.random() < share else old)


def constant(column: int) -> Damage:
    return lambda rows, _, __: _mapped(rows, column, lambda _: rows[0][column])


def reversed_labels(rows: Rows, _: random.Random, __: Rows) -> Rows:
    return _mapped(rows, SCORE, lambda cell: f"{120 - float(cell):.2f}")


def doubled(rows: Rows, _: random.Random, __: Rows) -> Rows:
    return rows * 3


def borrowed(share: float) -> Damage:
    """Replaces this share of the rows by rows of another dataset."""

    def damage(rows: Rows, _: random.Random, other: Rows) -> Rows:
        wanted = math.ceil(share * len(other))
        return other[:wanted] + rows[: max(0, int(wanted / share) - wanted)]

    return damage


def _mapped(rows: Rows, column: int, change: Callable[[str], str]) -> Rows:
    return [[change(cell) if place == column else cell for place, cell in enumerate(row)] for row in rows]


CORRUPTIONS: dict[str, Damage] = {
    "hours times 60 (minutes)": scaled(HOURS, 60),
    "hours times 10": scaled(HOURS, 10),
    "hours divided by 10": scaled(HOURS, 0.1),
    "hours divided by 60": scaled(HOURS, 1 / 60),
    "sleep times 60": scaled(SLEEP, 60),
    "sleep divided by 10": scaled(SLEEP, 0.1),
    "attendance times 100 (percent)": scaled(ATTENDANCE, 100),
    "score times 1000": scaled(SCORE, 1000),
    "score times 10": scaled(SCORE, 10),
    "score divided by 100": scaled(SCORE, 0.01),
    "hours and score swapped": swapped(HOURS, SCORE),
    "sleep and attendance swapped": swapped(SLEEP, ATTENDANCE),
    "target constant": constant(SCORE),
    "sleep empty": filled(SLEEP, "", 1.0),
    "sleep missing in 80 % of the rows": filled(SLEEP, "", 0.8),
    "sleep is -999 in half of the rows": filled(SLEEP, "-999", 0.5),
    "unknown school": filled(SCHOOL, "moon", 1.0),
    "every row three times": doubled,
    "80 % rows of another dataset": borrowed(0.8),
    "40 % rows of the holdout": borrowed(0.4),
    "hours and sleep swapped (like ranges)": swapped(HOURS, SLEEP),
    "labels reversed": reversed_labels,
}
LEAK = "40 % rows of the holdout"


def many(world: str, count: int, rng: random.Random) -> list[str]:
    return [students.dataset(students.WORLDS[world], rng) for _ in range(count)]


def damaged(text: str, damage: Damage, rng: random.Random, other: str) -> str:
    header, *rows = text.split()
    changed = damage([row.split(",") for row in rows], rng, [row.split(",") for row in other.split()[1:]])
    return "\n".join([header, *map(",".join, changed), ""])


@dataclass(frozen=True, eq=False)
class Data:
    """The valid datasets, and their features."""

    table: Table
    features: tuple[str, ...]


def read(old: Sequence[str], new: Sequence[str], target: str) -> Data:
    texts = [*old, *new]
    datasets = [
        Dataset(f"{place}.csv", hashlib.sha256(f"{place} {text}".encode()).hexdigest())
        for place, text in enumerate(texts)
    ]
    table, unreadable = read_table(datasets, [text.encode() for text in texts])
    table, unfit = validate(table, Requirements((target,)))
    assert not unreadable
    assert not unfit
    return Data(table, tuple(name for name in map(str, table.frame.columns) if name != target))


def reasons_against(table: Table, contract: DataContract, old: int, holdout: int = 0) -> list[str | None]:
    """Returns the reason against each new dataset, in order; the first of the old ones are the holdout."""
    places = np.arange(len(table.datasets))
    found = checks.check_against_contract(table, contract, (), places >= old, places < holdout)
    reasons = {item.path: item.reason for item in found}
    return [reasons.get(dataset.path) for dataset in table.datasets[old:]]


@dataclass(frozen=True)
class Checked:
    """The reasons against some datasets of one kind; None for those that are accepted."""

    name: str
    reasons: list[str | None]


def later_batches(times: int) -> Iterator[Checked]:
    """Checks 200 good datasets and a few bad ones of each kind, after a champion's 220 datasets."""
    for seed in range(times):
        rng = random.Random(seed)
        world = ("steady", "drifted")[seed % 2]
        old, good = many("steady", OLD, rng), many(world, NEW, rng)
        bad = [
            damaged(text, damage, rng, old[place] if name == LEAK else good[place])
            for name, damage in CORRUPTIONS.items()
            for place, text in enumerate(many(world, BAD, rng))
        ]
        data = read(old, [*good, *bad], "score")
        known = data.table.select(np.arange(len(data.table.datasets)) < OLD)
        contract = learning.learn_contract(known, ("score",), data.features)
        reasons = reasons_against(data.table, contract, OLD, holdout=BAD)
        yield Checked(f"students, {world}", reasons[:NEW])
        for kind, name in enumerate(CORRUPTIONS):
            yield Checked(name, reasons[NEW + BAD * kind :][:BAD])


def first_batches(times: int) -> Iterator[Checked]:
    """Checks 220 datasets without a champion, 5 % of them bad in one way, against themselves."""
    few = int(DAMAGED * FIRST)
    for seed in range(times):
        for name, damage in CORRUPTIONS.items():
            if name == LEAK:
                continue  # nothing is held out yet
            rng = random.Random(f"{seed} {name}")
            good = many("steady", FIRST - few, rng)
            bad = [damaged(text, damage, rng, good[place]) for place, text in enumerate(many("steady", few, rng))]
            reasons = reasons_within([*good, *bad], "score")
            yield Checked("students, steady", reasons[: len(good)])
            yield Checked(name, reasons[len(good) :])


def reasons_within(texts: Sequence[str], target: str) -> list[str | None]:
    """Returns the reason against each dataset by a contract that is learned from all of them."""
    data = read((), texts, target)
    contract = learning.learn_contract(data.table, (target,), data.features, SUSPECT)
    return reasons_against(data.table, contract, 0)


def real_counts(later: dict[str, Count], first: dict[str, Count]) -> None:
    for batch in real_batches():
        data = read(batch.old, batch.new, batch.target)
        reference = data.table.select(np.arange(len(data.table.datasets)) < len(batch.old))
        contract = learning.learn_contract(reference, (batch.target,), data.features)
        later.setdefault(batch.name, Count()).add(reasons_against(data.table, contract, len(batch.old)))
        first.setdefault(batch.name, Count()).add(reasons_within(batch.old, batch.target))


def count(found: Iterator[Checked]) -> dict[str, Count]:
    counts: dict[str, Count] = {}
    for checked in found:
        counts.setdefault(checked.name, Count()).add(checked.reasons)
    return counts


def print_table(title: str, names: Sequence[str], later: dict[str, Count], first: dict[str, Count]) -> None:
    print(f"| {title} | later batch | first batch |\n|---|---|---|")
    for name in names:
        print(f"| {name} | {later.get(name, Count())} | {first.get(name, Count())} |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="ten times as many simulated batches")
    parser.add_argument("--reasons", action="store_true", help="print the first reasons of each line, too")
    options = parser.parse_args()
    times = 10 if options.full else 1
    later, first = count(later_batches(20 * times)), count(first_batches(3 * times))
    real_counts(later, first)
    print_table("bad datasets found", list(CORRUPTIONS), later, first)
    print_table("good datasets rejected", [name for name in later if name not in CORRUPTIONS], later, first)
    if options.reasons:
        for name in later:
            for when, counts in (("later", later), ("first", first)):
                for reason in counts.get(name, Count()).reasons[:3]:
                    print(f"{name} ({when}): {reason}")


if __name__ == "__main__":
    main()
