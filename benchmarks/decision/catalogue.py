"""The worlds by kind: those of docs/decision.md, others, other estimators, real data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks.decision import corruption, real_data
from benchmarks.decision.populations import CENTRE, PASSED, TARGET, become, drift, drift_except, new_school, then
from benchmarks.decision.scenarios import Aim, World
from benchmarks.decision.simulated import FILES, STUDENT, Aimed, Plan, case_from

MEDIUM, LARGE = 0.13, 0.55  # drift, relative to the variance that no model can explain: gains of about 7 and 19 %

BOOSTED = {
    "estimator": "sklearn.ensemble.HistGradientBoostingRegressor",
    "params": '{"max_iter": 60, "max_leaf_nodes": 15}',
}
LOGISTIC = {"target": PASSED, "estimator": "sklearn.linear_model.LogisticRegression"}
METRICS = {"log loss": ("neg_log_loss", 30, 4), "accuracy": ("accuracy", 30, 0), "ROC AUC": ("roc_auc", 12, 0)}

REVERSED = corruption.mirrored(TARGET, CENTRE)
BADLY = (0.15, REVERSED)
MINUTES = corruption.scaled("hours_studied", 60)
SWAPPED = corruption.swapped("hours_studied", "sleep_hours")
NOISY = corruption.noisy(TARGET, 12)
HABITS = {"hours_studied": 1.0, "sleep_hours": -0.8, "stress": 0.7}
HEAVY = {"tail": 2.5, "luck": 3.5}
TINY = {"rows": (1, 3)}
UNEVEN = {"rows": (15, 15), "giants": 1.2}
CURVED = {"bend": 2.5}

Entry = tuple[str, Aim, int, int, Plan]  # name, aim, replications in full and in quick mode, plan

LISTED: tuple[Entry, ...] = (
    ("nothing changed", Aim.SAME, 200, 16, Plan()),
    ("gain of 2 %", Aim.GAIN, 150, 0, Plan(Aimed(drift, 0.98, (0.03, 0.05)))),
    ("gain of 7 %", Aim.GAIN, 100, 0, Plan(drift(MEDIUM))),
    ("gain of 19 %", Aim.GAIN, 100, 12, Plan(drift(LARGE))),
    ("gain, but harder new data", Aim.GAIN, 100, 0, Plan(then(drift(0.3), become(luck=9.0)))),
    ("more data only", Aim.GAIN, 100, 0, Plan(old=60)),
    ("labels reversed in 15 % of the files", Aim.BAD, 100, 16, Plan(damage=BADLY)),
    ("labels reversed in 5 % of the files", Aim.BAD, 150, 0, Plan(damage=(0.05, REVERSED))),
    ("minutes for hours in 10 % of the files", Aim.BAD, 100, 0, Plan(damage=(0.1, MINUTES))),
    ("minutes for hours in all files", Aim.BAD, 60, 8, Plan(damage=(1.0, MINUTES))),
    ("two columns swapped in 20 % of the files", Aim.BAD, 100, 0, Plan(damage=(0.2, SWAPPED))),
    ("covariate shift only", Aim.SAME, 100, 0, Plan(become(moved=HABITS))),
    ("44 students with 5 files each", Aim.SAME, 100, 0, Plan(files=FILES)),
    ("44 students, `group` set", Aim.SAME, 100, 0, Plan(files=FILES, settings={"group": STUDENT})),
    ("220 files, 40 distinct contents", Aim.SAME, 100, 0, Plan(repeated=40)),
    (
        "a third 8 % worse, `slices` set", Aim.BAD, 60, 0,
        Plan(Aimed(drift_except("phone"), 1.08, (1.0, 1.5), part=1), settings={"slices": "device"}),
    ),
)  # fmt: skip
BEYOND: tuple[Entry, ...] = (
    ("heavy tails, nothing changed", Aim.SAME, 50, 0, Plan(start=HEAVY)),
    ("heavy tails, gain", Aim.GAIN, 50, 0, Plan(drift(MEDIUM), start=HEAVY)),
    ("one to three rows a file, nothing changed", Aim.SAME, 50, 0, Plan(start=TINY)),
    ("one to three rows a file, gain", Aim.GAIN, 50, 0, Plan(drift(LARGE), start=TINY)),
    ("files of 2 to 500 rows, nothing changed", Aim.SAME, 50, 0, Plan(start=UNEVEN)),
    ("labels noisier in 30 % of the files", Aim.BAD, 50, 0, Plan(damage=(0.3, NOISY))),
    ("labels shuffled within 10 % of the files", Aim.BAD, 50, 0, Plan(damage=(0.1, corruption.shuffled(TARGET)))),
    ("a sensor stuck in 15 % of the files", Aim.BAD, 50, 0, Plan(damage=(0.15,
    corruption.stuck("hours_studied", 8.0)))),
    ("10 points too many in 20 % of the files", Aim.BAD, 50, 0, Plan(damage=(0.2, corruption.offset(TARGET, 10)))),
    ("gain of 7 %, labels reversed in 5 %", Aim.FREE, 50, 0, Plan(drift(MEDIUM), damage=(0.05, REVERSED))),
    (
        "a seventh 8 % worse, `slices` set", Aim.BAD, 50, 0,
        Plan(Aimed(drift_except("tablet"), 1.08, (1.0, 1.5), part=1), settings={"slices": "device"}),
    ),
    ("a new school for 8 % of the students", Aim.FREE, 50, 0, Plan(new_school(0.08, 8.0))),
)  # fmt: skip
BOOSTING: tuple[Entry, ...] = (
    ("boosting, nothing changed", Aim.SAME, 20, 0, Plan(start=CURVED, settings=BOOSTED)),
    ("boosting, gain", Aim.GAIN, 20, 0, Plan(drift(LARGE), start=CURVED, settings=BOOSTED)),
    ("boosting, labels reversed in 15 %", Aim.BAD, 20, 0, Plan(start=CURVED, settings=BOOSTED, damage=BADLY)),
    (
        "boosting, 44 students, `group` set", Aim.SAME, 20, 0,
        Plan(files=FILES, start=CURVED, settings={**BOOSTED, "group": STUDENT}),
    ),
)  # fmt: skip


def _logistic() -> Iterator[Entry]:
    exchanged = corruption.exchanged(PASSED, "yes", "no")
    for title, (metric, full, quick) in METRICS.items():
        settings = {**LOGISTIC, "metric": metric}
        yield f"{title}, nothing changed", Aim.SAME, full, quick, Plan(settings=settings)
        yield f"{title}, gain", Aim.GAIN, full, 0, Plan(drift(1.2), settings=settings)
        plan = Plan(settings=settings, damage=(0.15, exchanged))
        yield f"{title}, labels reversed in 15 %", Aim.BAD, full, quick, plan


def _worlds(kinds: Mapping[str, tuple[Entry, ...]]) -> Iterator[World]:
    for kind, entries in kinds.items():
        for name, aim, full, quick, plan in entries:
            yield World(name, kind, aim, partial(case_from, plan), full, quick)


WORLDS = (
    *_worlds({"linear": LISTED, "beyond the list": BEYOND, "boosting": BOOSTING, "logistic": tuple(_logistic())}),
    *real_data.WORLDS,
)
