"""What will work here and what will not, from the facts of a `Situation`: findings with the way to mend each. Pure.

The ways to fail are a table of their own: `dead_ends`. A rung of the ladder works when nothing is known that stops it
or a rung below it. What GitHub does not tell is said to be unknown, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from ml_action.arrivals import Autonomy
from ml_action.figures import counted
from ml_action.situation import Facts


class Weight(str, Enum):
    """How much a finding weighs."""

    STOPS = "stops"  # it is certain to fail
    MAY = "may"  # it may fail: GitHub does not tell beforehand
    NOTE = "note"  # it works, and is good to know

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Aim:
    """What the settings ask for."""

    autonomy: Autonomy
    merge_method: str
    model_dir: str = "model"
    signed: bool = False  # whether GitHub is to sign the bot's commits
    in_fork: bool = False  # whether it is to run in a fork, too
    dashboard: bool = False


@dataclass(frozen=True)
class DeadEnd:
    """One way to fail: a row of the table. The texts are templates over `dead_ends.words`."""

    name: str
    rung: Autonomy  # the lowest rung that it stops
    weight: Weight
    when: Callable[[Facts, Aim], object]  # whether it is the matter here
    what: str
    happens: str
    fix: str
    alone: Callable[[Facts], bool] = lambda _: False  # whether it stops this rung only: the next does without it
    loses: bool = False  # whether all that was trained is lost: state and proposal are pushed together or not at all


@dataclass(frozen=True)
class Finding:
    """A dead end of this repository."""

    name: str
    rung: Autonomy
    weight: Weight
    what: str
    happens: str
    fix: str
    alone: bool = False
    loses: bool = False

    def concerns(self, rung: Autonomy) -> bool:
        """Whether it is in the way of this rung."""
        return rung is self.rung if self.alone else rung.reaches(self.rung)


@dataclass(frozen=True)
class Diagnosis:
    """All that was found, the gravest first."""

    facts: Facts
    aim: Aim
    findings: tuple[Finding, ...]

    @property
    def works(self) -> Autonomy | None:
        """The highest rung that nothing known stops; None: not even reports can be recorded."""
        free = [rung for rung in Autonomy if not any(self._stops(one, rung) for one in self.findings)]
        return free[-1] if free else None

    @property
    def enough(self) -> bool:
        """Whether what the settings ask for will work, as far as is known."""
        return not self.limits

    @property
    def fatal(self) -> tuple[Finding, ...]:
        """What loses all that is trained: there is no use in training."""
        return tuple(one for one in self.limits if one.loses or one.rung is Autonomy.REPORT)

    @property
    def limits(self) -> tuple[Finding, ...]:
        """What stops a run short of what the settings ask for."""
        return tuple(one for one in self.findings if self._stops(one, self.aim.autonomy))

    def _stops(self, finding: Finding, rung: Autonomy) -> bool:
        return finding.weight is Weight.STOPS and finding.concerns(rung)


def diagnose(facts: Facts, aim: Aim, table: Iterable[DeadEnd], words: Mapping[str, str]) -> Diagnosis:
    """Every row of the table that holds here: by weight, and then by how much it stops."""
    found = [_finding(row, facts, words) for row in table if row.when(facts, aim)]
    weights, rungs = list(Weight), list(Autonomy)
    found.sort(key=lambda one: (weights.index(one.weight), rungs.index(one.rung)))
    return Diagnosis(facts, aim, tuple(found))


def _finding(row: DeadEnd, facts: Facts, words: Mapping[str, str]) -> Finding:
    what, happens, fix = (text.format_map(words) for text in (row.what, row.happens, row.fix))
    return Finding(row.name, row.rung, row.weight, what, happens, fix, row.alone(facts), row.loses)


def sentence(diagnosis: Diagnosis) -> str:
    """The answer in one sentence."""
    works, asked = diagnosis.works, diagnosis.aim.autonomy
    if works is None:
        return f"no autonomy will work here: {diagnosis.fatal[0].what}"
    if not diagnosis.enough:
        return f"autonomy {asked} will not work here, {works} will: {diagnosis.limits[0].what}"
    doubts = sum(one.weight is Weight.MAY and one.concerns(asked) for one in diagnosis.findings)
    if doubts:
        unknown = counted(doubts, "things")
        return f"autonomy {asked} may work here: nothing known stops it, {unknown} cannot be known beforehand"
    return f"autonomy {asked} will work here" + (f", and so would {works}" if works is not asked else "")


def next_step(diagnosis: Diagnosis) -> str:
    """What to do about it."""
    if diagnosis.enough:
        return "nothing has to be done; each finding below says what would change it"
    return diagnosis.limits[0].fix
