"""The two scenarios of the demo: whose datasets arrive, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ml_action.commands.demo import corruption, panel, students

CORRUPT_SHARE = 0.15  # of the datasets of a corrupted batch


@dataclass(frozen=True)
class Scenario:
    """The datasets of a demo, in the order in which they arrive."""

    about: str
    target: str
    question: Mapping[str, object]  # every version answers it at the end
    first: tuple[str, ...]  # v1 is trained on them, before the demo begins
    drifted: tuple[str, ...]  # the population has changed
    broken: Mapping[str, str]  # arrive with the drifted ones, by the name of what is wrong with them
    few: tuple[str, ...]
    unchanged: tuple[str, ...]  # with `few`, a batch from the population that v2 knows
    reversed: tuple[str, ...] = ()  # a batch with reversed labels in some of the datasets
    in_minutes: tuple[str, ...] = ()  # a batch with minutes instead of hours in some of the datasets


def of_students() -> Scenario:
    """Returns the scenario of simulated students: a new exam changes what counts."""
    drifted = tuple(students.datasets(926, "drifted", 2))
    return Scenario(
        "students (simulated): a new exam counts hours more and sleep less",
        "score",
        {"hours_studied": 5.0, "sleep_hours": 7.0, "attendance": 0.8, "school": "town"},
        tuple(students.datasets(60, "steady", 1)),
        drifted[:220],
        corruption.corrupted(drifted[477:486], "score"),
        drifted[220:257],
        drifted[257:477],
        _partly(drifted[486:706], lambda text: corruption.with_reversed_labels(text, "score")),
        _partly(drifted[706:926], lambda text: corruption.scaled(text, "hours_studied", 60)),
    )


def _partly(datasets: Sequence[str], corrupt: Callable[[str], str]) -> tuple[str, ...]:
    """Returns the datasets with a share of them corrupted."""
    count = round(CORRUPT_SHARE * len(datasets))
    return (*map(corrupt, datasets[:count]), *datasets[count:])


def of_panel() -> Scenario:
    """Returns the scenario of real people: a second site joins the study."""
    sites = panel.datasets()
    question = {
        "year": 1, "xage": 40, "female": 1, "black": 0, "educdec": 12, "linc": 9, "num": 3, "mhi": 75, "physlm": 0,
        "disea": 10, "hlthg": 1, "hlthf": 0, "hlthp": 0,
    }  # fmt: skip
    return Scenario(
        "persons of the RAND Health Insurance Experiment (real): a second site joins",
        panel.TARGET,
        question,
        tuple(sites["2"][:220]),
        tuple(sites["6"][:220]),
        corruption.corrupted(sites["6"][477:486], panel.TARGET),
        tuple(sites["6"][220:257]),
        tuple(sites["6"][257:477]),
    )


SCENARIOS: Mapping[str, Callable[[], Scenario]] = {"students": of_students, "real": of_panel}
