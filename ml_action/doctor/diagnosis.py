"""What will work here and what will not, from the facts of a `Situation`: findings with the way to mend each. Pure.

The ways to fail are a table of their own: `dead_ends`. A rung of the ladder works when nothing is known that stops it
or a rung below it. What GitHub does not tell is said to be unknown, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ml_action.core.formatting import count_of
from ml_action.core.records.choices import Autonomy
from ml_action.core.records.diagnosis import Diagnosis, Finding, Goal, Severity
from ml_action.core.records.repository_facts import RepositoryFacts


@dataclass(frozen=True)
class DeadEnd:
    """One way to fail: a row of the table. The texts are templates over `dead_ends.words`."""

    name: str
    rung: Autonomy  # the lowest rung that it stops
    weight: Severity
    when: Callable[[RepositoryFacts, Goal], object]  # whether it is the matter here
    what: str
    happens: str
    fix: str
    alone: Callable[[RepositoryFacts], bool] = lambda _: (
        False
    )  # whether it stops this rung only: the next does without it
    loses: bool = False  # whether all that was trained is lost: state and proposal are pushed together or not at all


def diagnose(facts: RepositoryFacts, aim: Goal, table: Iterable[DeadEnd], words: Mapping[str, str]) -> Diagnosis:
    """Every row of the table that holds here: by weight, and then by how much it stops."""
    found = [_finding(row, facts, words) for row in table if row.when(facts, aim)]
    weights, rungs = list(Severity), list(Autonomy)
    found.sort(key=lambda one: (weights.index(one.weight), rungs.index(one.rung)))
    return Diagnosis(facts, aim, tuple(found))


def _finding(row: DeadEnd, facts: RepositoryFacts, words: Mapping[str, str]) -> Finding:
    what, happens, fix = (text.format_map(words) for text in (row.what, row.happens, row.fix))
    return Finding(row.name, row.rung, row.weight, what, happens, fix, row.alone(facts), row.loses)


def sentence(diagnosis: Diagnosis) -> str:
    """The answer in one sentence."""
    works, asked = diagnosis.works, diagnosis.aim.autonomy
    if works is None:
        return f"no autonomy will work here: {diagnosis.fatal[0].what}"
    if not diagnosis.enough:
        return f"autonomy {asked} will not work here, {works} will: {diagnosis.limits[0].what}"
    doubts = sum(one.weight is Severity.MAY and one.concerns(asked) for one in diagnosis.findings)
    if doubts:
        unknown = count_of(doubts, "things")
        return f"autonomy {asked} may work here: nothing known stops it, {unknown} cannot be known beforehand"
    return f"autonomy {asked} will work here" + (f", and so would {works}" if works is not asked else "")


def next_step(diagnosis: Diagnosis) -> str:
    """What to do about it."""
    if diagnosis.enough:
        return "nothing has to be done; each finding below says what would change it"
    return diagnosis.limits[0].fix
