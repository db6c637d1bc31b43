"""The counts for each world and rule, and the aims that they are compared with (intervals of shares: Wilson 1927)."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

HARM, WORSE = 1.01, 1.0  # q: loss of the deployed model / of the champion
MOST_HARM, MOST_WORSE = 0.01, 0.03
SMALL_GAIN, LARGE_GAIN = 0.019, 0.06  # true gains from which power is required
LEAST_SMALL, LEAST_LARGE = 0.95, 0.97
MOST_EXCESS = 1.5  # of an oracle's
FEWEST = 10  # replications of a gain that its power is computed from
STEPS = (-math.inf, 0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.06, math.inf)  # true gains, for the power curve
Z = 1.96


@dataclass(frozen=True)
class Outcome:
    """One rule's verdict in one replication, and the true loss of its challenger."""

    world: str
    rule: str
    verdict: str
    q: float | None  # in total; None: without a challenger
    worst: float | None  # the largest q, including watched subgroups
    reason: str = ""


@dataclass
class Tally:
    """The counts of one rule in one world."""

    played: int = 0
    promoted: int = 0
    worse: int = 0  # promoted with q > 1.00
    harm: int = 0  # ... with q > 1.01
    small: list[int] = field(default_factory=lambda: [0, 0])  # true gains of 2 to 6 %: promoted, played
    large: list[int] = field(default_factory=lambda: [0, 0])  # ... of 6 % and more
    verdicts: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: Outcome, gain: float) -> None:
        """Counts one replication with this true gain."""
        self.played += 1
        if gain >= SMALL_GAIN:
            found = self.large if gain >= LARGE_GAIN else self.small
            found[0] += outcome.verdict == "promote"
            found[1] += 1
        self.verdicts[outcome.verdict] = self.verdicts.get(outcome.verdict, 0) + 1
        if outcome.verdict == "promote" and outcome.worst is not None:
            self.promoted += 1
            self.worse += outcome.worst > WORSE
            self.harm += outcome.worst > HARM


@dataclass
class Line:
    """A world: its aim, the possible gain, and the counts of each rule."""

    world: str
    kind: str
    right: str
    asked: bool  # whether power is required
    gains: list[float] = field(default_factory=list)  # possible true gain, per replication
    rules: dict[str, Tally] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)  # some of our gate's, by verdict

    @property
    def gain(self) -> float:
        """The mean true gain."""
        return sum(self.gains) / len(self.gains)


@dataclass
class CourseResult:
    """A kind of sequence: for each rule, a number per replication."""

    name: str
    rounds: int
    excess: dict[str, list[float]] = field(default_factory=dict)
    promotions: dict[str, list[int]] = field(default_factory=dict)
    harmful: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Results:
    """The results of a run."""

    mode: str
    seed: int
    lines: list[Line] = field(default_factory=list)
    power: dict[str, list[list[int]]] = field(default_factory=dict)  # per rule and step: promoted, played
    courses: list[CourseResult] = field(default_factory=list)


def save(results: Results, path: Path) -> None:
    """Writes the results as JSON."""
    path.write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Reads the results that `save` wrote."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    lines = [
        Line(**{**line, "rules": {name: Tally(**tally) for name, tally in line["rules"].items()}})
        for line in found.pop("lines")
    ]
    courses = [CourseResult(**course) for course in found.pop("courses")]
    return Results(**found, lines=lines, courses=courses)


def misses(line: Line, tally: Tally) -> Iterator[str]:
    """Yields the aims that a rule misses in a world."""
    if tally.harm > MOST_HARM * tally.played:
        yield f"harm > {MOST_HARM:.0%}"
    if line.right == "hold" and tally.worse > MOST_WORSE * tally.played:
        yield f"q > 1.00 > {MOST_WORSE:.0%}"
    if line.asked:
        yield from _low_power(tally.small, LEAST_SMALL, "2 to 6 %")
        yield from _low_power(tally.large, LEAST_LARGE, "6 % and more")


def _low_power(found: Sequence[int], least: float, gain: str) -> Iterator[str]:
    hits, tries = found
    if tries >= FEWEST and hits < least * tries:
        yield f"power {hits}/{tries} at gains of {gain} < {least:.0%}"


def step_of(gain: float) -> int:
    """Returns the position of a gain in `STEPS`."""
    return next(place for place, (low, high) in enumerate(pairwise(STEPS)) if low <= gain < high)


def pooled(lines: Sequence[Line], rule: str) -> Tally:
    """Returns the sum of a rule's counts over worlds."""
    total = Tally()
    verdicts: Counter[str] = Counter()
    for tally in (line.rules[rule] for line in lines):
        total.played += tally.played
        total.promoted += tally.promoted
        total.worse += tally.worse
        total.harm += tally.harm
        verdicts.update(tally.verdicts)
    total.verdicts = dict(verdicts)
    return total


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval; NaN if it has none."""

    value: float
    low: float = math.nan
    high: float = math.nan


def ratio(values: Mapping[str, Sequence[float]], rule: str, oracle: str) -> Ratio:
    """Returns a rule's mean excess over the oracle's on the same sequences, with a jackknife interval."""
    mine, best = values[rule], values[oracle]
    whole = sum(mine) / sum(best)
    count = len(mine)
    if count < 2:
        return Ratio(whole)
    without = [(sum(mine) - mine[place]) / (sum(best) - best[place]) for place in range(count)]
    middle = sum(without) / count
    error = math.sqrt((count - 1) / count * sum((value - middle) ** 2 for value in without))
    return Ratio(whole, whole - Z * error, whole + Z * error)
