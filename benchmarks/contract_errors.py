"""How many bad datasets the learned data contract finds, and how many good ones it takes for bad: a Markdown table.

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
import pandas as pd

from ml_action.commands.demo import panel, students
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.contract import checks, learning
from ml_action.modelling.reading import table as frames
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation import datasets as validation
from ml_action.modelling.validation.requirements import Requirements

Rows = list[list[str]]
Damage = Callable[[Rows, random.Random, Rows], Rows]  # a dataset's rows, chance, the rows of another dataset

OLD, NEW, FIRST = 220, 200, 220  # datasets of the champion, good ones of a batch, of a first batch
BAD = 5  # bad ones of each kind in a batch
SPOILT = 0.05  # share of a first batch that is bad
SUSPECT = 0.1  # max-quarantine
HOURS, SLEEP, ATTENDANCE, SCHOOL, SCORE = range(5)
AFAR = 0.5  # habits of students far away: hours studied, in times of the usual


@dataclass
class Count:
    """How many datasets were judged, and how many of them set aside."""

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
        low, high = wilson(self.flagged, self.judged)
        digits = 0 if self.flagged / self.judged > 0.1 else 2
        return f"{100 * self.flagged / self.judged:.{digits}f} % [{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z, share = 1.96, hits / tries
    middle = share + z * z / (2 * tries)
    half = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    below, above = (middle - half) / (1 + z * z / tries), (middle + half) / (1 + z * z / tries)
    return max(0.0, below), min(1.0, above)


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
    """Rows of another dataset make up this share of the rows."""

    def damage(rows: Rows, _: random.Random, other: Rows) -> Rows:
        wanted = math.ceil(share * len(other))
        return other[:wanted] + rows[: max(0, int(wanted / share) - wanted)]

    return damage


def _mapped(rows: Rows, column: int, change: Callable[[str], str]) -> Rows:
    return [[change(cell) if place == column else cell for place, cell in enumerate(row)] for row in rows]


DAMAGES: dict[str, Damage] = {
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


def table_of(old: Sequence[str], new: Sequence[str], target: str) -> tuple[Table, tuple[str, ...]]:
    texts = [*old, *new]
    datasets = [
        Dataset(f"{place}.csv", hashlib.sha256(f"{place} {text}".encode()).hexdigest())
        for place, text in enumerate(texts)
    ]
    table, unreadable = frames.read(datasets, [text.encode() for text in texts])
    table, unfit = validation.validate(table, Requirements((target,)))
    assert not unreadable
    assert not unfit
    return table, tuple(name for name in map(str, table.frame.columns) if name != target)


def judged(table: Table, contract: DataContract, old: int, holdout: int = 0) -> list[str | None]:
    """The reason against each new dataset, in order; the first of the old ones are the holdout."""
    places = np.arange(len(table.datasets))
    found = checks.check_against_contract(table, contract, (), places >= old, places < holdout)
    reasons = {item.path: item.reason for item in found}
    return [reasons.get(dataset.path) for dataset in table.datasets[old:]]


def later_batches(times: int) -> Iterator[tuple[str, list[str | None]]]:
    """A champion's 220 datasets, then 200 good ones and a few bad ones of each kind."""
    for seed in range(times):
        rng = random.Random(seed)
        world = ("steady", "drifted")[seed % 2]
        old, good = many("steady", OLD, rng), many(world, NEW, rng)
        bad = [
            damaged(text, damage, rng, old[place] if name == LEAK else good[place])
            for name, damage in DAMAGES.items()
            for place, text in enumerate(many(world, BAD, rng))
        ]
        table, features = table_of(old, [*good, *bad], "score")
        contract = learning.learn_contract(table.select(np.arange(len(table.datasets)) < OLD), ("score",), features)
        reasons = judged(table, contract, OLD, holdout=BAD)
        yield f"students, {world}", reasons[:NEW]
        for kind, name in enumerate(DAMAGES):
            yield name, reasons[NEW + BAD * kind :][:BAD]


def first_batches(times: int) -> Iterator[tuple[str, list[str | None]]]:
    """No champion: 220 datasets, 5 % of them bad in one way, judged against themselves."""
    spoilt = int(SPOILT * FIRST)
    for seed in range(times):
        for name, damage in DAMAGES.items():
            if name == LEAK:
                continue  # nothing was held out yet
            rng = random.Random(f"{seed} {name}")
            good = many("steady", FIRST - spoilt, rng)
            bad = [damaged(text, damage, rng, good[place]) for place, text in enumerate(many("steady", spoilt, rng))]
            reasons = self_judged([*good, *bad], "score")
            yield "students, steady", reasons[: len(good)]
            yield name, reasons[len(good) :]


def self_judged(texts: Sequence[str], target: str) -> list[str | None]:
    table, features = table_of((), texts, target)
    return judged(table, learning.learn_contract(table, (target,), features, SUSPECT), 0)


def real() -> Iterator[tuple[str, list[str], list[str], str]]:
    """Name, the champion's datasets, new ones, target. Other sites, later rows: real drift."""
    sites = panel.datasets()
    for site, persons in sites.items():
        others = [text for name in sites if name != site for text in sites[name]]
        yield "RAND panel, a person each, a new site", others, list(persons), panel.TARGET
    for name, frame, target in tables():
        for size in (5, 15):
            chunks = [chunk.to_csv(index=False) for _, chunk in frame.groupby(np.arange(len(frame)) // size)]
            half = len(chunks) // 2
            if half >= checks.MIN_REFERENCE:
                yield f"{name}, rows in their order", chunks[:half], chunks[half:], target
            ordered = frame.sort_values(frame.columns[0], kind="stable")
            chunks = [chunk.to_csv(index=False) for _, chunk in ordered.groupby(np.arange(len(frame)) // size)]
            random.Random(size).shuffle(chunks)
            if half >= checks.MIN_REFERENCE:
                yield f"{name}, rows alike together", chunks[:half], chunks[half:], target


def tables() -> Iterator[tuple[str, pd.DataFrame, str]]:
    from sklearn import datasets as sklearn_sets
    from statsmodels import datasets as statsmodels_sets

    for name in ("diabetes", "breast_cancer", "digits"):
        yield name, getattr(sklearn_sets, f"load_{name}")(as_frame=True).frame, "target"
    for name, target in (("fair", "affairs"), ("modechoice", "choice"), ("anes96", "vote"), ("star98", "NABOVE")):
        yield name, getattr(statsmodels_sets, name).load_pandas().data, target


def real_counts(later: dict[str, Count], first: dict[str, Count]) -> None:
    for name, old, new, target in real():
        table, features = table_of(old, new, target)
        reference = table.select(np.arange(len(table.datasets)) < len(old))
        contract = learning.learn_contract(reference, (target,), features)
        later.setdefault(name, Count()).add(judged(table, contract, len(old)))
        first.setdefault(name, Count()).add(self_judged(old, target))


def collected(found: Iterator[tuple[str, list[str | None]]]) -> dict[str, Count]:
    counts: dict[str, Count] = {}
    for name, reasons in found:
        counts.setdefault(name, Count()).add(reasons)
    return counts


def printed(title: str, names: Sequence[str], later: dict[str, Count], first: dict[str, Count]) -> None:
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
    later, first = collected(later_batches(20 * times)), collected(first_batches(3 * times))
    real_counts(later, first)
    printed("bad datasets found", list(DAMAGES), later, first)
    printed("good datasets taken for bad", [name for name in later if name not in DAMAGES], later, first)
    if options.reasons:
        for name in later:
            for when, counts in (("later", later), ("first", first)):
                for reason in counts.get(name, Count()).reasons[:3]:
                    print(f"{name} ({when}): {reason}")


if __name__ == "__main__":
    main()
