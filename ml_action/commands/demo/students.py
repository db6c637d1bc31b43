"""Simulated datasets: one student's study log per CSV file. For `add-data`, the demo and the tests.

A row is a week: hours studied, hours slept, attendance, the school's kind, and the week's test score. Rows of one
student are correlated (a talent that no column tells), so datasets, not rows, are independent.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_action.core.errors import SettingsError
from ml_action.core.formatting import count_of

COLUMNS = "hours_studied,sleep_hours,attendance,school,score"
SCHOOLS = {"town": 0.0, "village": -2.0, "online": -5.0}


@dataclass(frozen=True)
class ScoreModel:
    """How a score comes about, in points."""

    base: float
    per_hour: float  # of study
    per_hour_slept: float
    per_attendance: float  # from none to all
    talent: float  # standard deviation between students
    luck: float  # standard deviation between weeks


WORLDS = {
    "steady": ScoreModel(base=18, per_hour=4.0, per_hour_slept=2.0, per_attendance=20, talent=5, luck=6),
    # a new exam: hours count more, sleep counts less
    "drifted": ScoreModel(base=20, per_hour=5.2, per_hour_slept=0.8, per_attendance=20, talent=5, luck=6),
}


def dataset(world: ScoreModel, rng: random.Random) -> str:
    """One student's weeks as CSV: 5 to 30 rows."""
    talent, school = rng.gauss(0, world.talent), rng.choice(list(SCHOOLS))
    habit, sleep = rng.uniform(2, 9), rng.gauss(7, 0.8)
    rows = [COLUMNS]
    for _ in range(rng.randint(5, 30)):
        hours, slept = max(0.0, rng.gauss(habit, 1.5)), min(11.0, max(3.0, rng.gauss(sleep, 0.7)))
        attendance = rng.betavariate(8, 2)
        score = (
            world.base
            + talent
            + SCHOOLS[school]
            + world.per_hour * hours
            + world.per_hour_slept * slept
            + world.per_attendance * attendance
            + rng.gauss(0, world.luck)
        )
        rows.append(f"{hours:.2f},{slept:.2f},{attendance:.3f},{school},{score:.2f}")
    return "\n".join(rows) + "\n"


def datasets(count: int, world: str, seed: int | None) -> Iterator[str]:
    """Many students; the same seed gives the same."""
    rng = random.Random(seed)  # noqa: S311  numbers for an example, no secrets
    for _ in range(count):
        yield dataset(WORLDS[world], rng)


def add_data(folder: Path, count: int, *, world: str, seed: int | None, say: Callable[[str], None]) -> None:
    """Writes datasets into a folder; their names never collide, so nothing is overwritten.

    Raises:
        SettingsError: the count makes no sense.
    """
    if count < 1:
        raise SettingsError(
            f"add-data {count}: there is nothing to add",
            why="the number has to be 1 or more",
            fix="ml-auto-update add-data 220",
        )
    folder.mkdir(parents=True, exist_ok=True)
    names = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311  file names
    for text in datasets(count, world, seed):
        path = folder / f"student-{uuid.UUID(int=names.getrandbits(128)).hex[:16]}.csv"
        path.write_text(text, encoding="utf-8")
    say(
        f"added {count_of(count, 'datasets')} of the {world} world to {folder}; "
        "commit and push them to have them counted"
    )
