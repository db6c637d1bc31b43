"""Simulated datasets for `add-data`, the demo and the tests: the study log of a student in each CSV file.

A row is a week: hours studied, hours slept, attendance, the kind of school, and the test score of the week. The rows of
a student are correlated, because no column holds the student's talent: datasets are independent, rows are not.
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
    """The terms of a score, in points."""

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


def dataset(model: ScoreModel, rng: random.Random) -> str:
    """Returns the weeks of a student as CSV: 5 to 30 rows."""
    talent, school = rng.gauss(0, model.talent), rng.choice(list(SCHOOLS))
    habit, sleep = rng.uniform(2, 9), rng.gauss(7, 0.8)
    rows = [COLUMNS]
    for _ in range(rng.randint(5, 30)):
        hours, slept = max(0.0, rng.gauss(habit, 1.5)), min(11.0, max(3.0, rng.gauss(sleep, 0.7)))
        attendance = rng.betavariate(8, 2)
        score = (
            model.base
            + talent
            + SCHOOLS[school]
            + model.per_hour * hours
            + model.per_hour_slept * slept
            + model.per_attendance * attendance
            + rng.gauss(0, model.luck)
        )
        rows.append(f"{hours:.2f},{slept:.2f},{attendance:.3f},{school},{score:.2f}")
    return "\n".join(rows) + "\n"


def datasets(count: int, world: str, seed: int | None) -> Iterator[str]:
    """Yields the datasets of several students; the same seed gives the same ones."""
    rng = random.Random(seed)  # noqa: S311  numbers for an example, no secrets
    for _ in range(count):
        yield dataset(WORLDS[world], rng)


def add_data(folder: Path, count: int, *, world: str, seed: int | None, info: Callable[[str], None]) -> None:
    """Writes datasets into a folder under names that never collide, so that nothing is overwritten.

    Raises:
        SettingsError: The count is less than 1.
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
    info(
        f"added {count_of(count, 'datasets')} of the {world} world to {folder}; "
        "commit and push them to have them counted"
    )
