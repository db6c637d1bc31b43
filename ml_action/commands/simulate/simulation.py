"""`simulate`: a policy put to the test on a repository's own datasets. Nothing is written there, nothing leaves here.

First what would have been: the history of arrivals is replayed, attempt by attempt. Then how far the policy can be
trusted on such data: batches are drawn at random (`calibration`). Both through the loop's own stages (`proving`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_action.commands.simulate import arrival_history, calibration, replay, results
from ml_action.commands.simulate.arrival_history import ArrivalHistory
from ml_action.commands.simulate.attempt import AttemptOptions
from ml_action.commands.simulate.calibration import CalibrationInput, DrawKey
from ml_action.commands.simulate.report import duration
from ml_action.commands.simulate.results import Calibration, Draw, Replay, Simulation
from ml_action.config.settings import Settings, values_of
from ml_action.core.errors import SettingsError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log
from ml_action.datasets import survey
from ml_action.datasets.survey import Snapshot
from ml_action.loop import batch
from ml_action.loop.batch import BatchInput
from ml_action.modelling.contract.enforcement import UsableDatasets

POLICY = (
    "threshold", "gate", "confidence", "min_improvement", "margin", "max_suspicious", "max_quarantine", "test_size",
    "fit_budget", "drift_threshold", "seed",
)  # fmt: skip


@dataclass(frozen=True)
class SimulationRequest:
    """What is to be simulated, beside the policy."""

    thresholds: tuple[int, ...] = ()  # to calibrate; none: some around the user's
    rounds: int = 40  # draws for each threshold; 0: the replay alone
    jobs: int = 0  # processes; 0: as many as there are processors


def run(scene: Snapshot, settings: Settings, wish: SimulationRequest, log: Log, scratch: Path) -> Simulation:
    """The replay and the calibration of one policy."""
    _check(settings)
    settings = settings.with_values(force="")
    history = arrival_history.read(scene.repository, settings.data.data_path.roots, survey.datasets(scene, settings))
    sound = batch.sound(_material(scene, settings, history), scene, settings, log)
    count = len(sound.table.datasets)
    sizes = results.thresholds(wish.thresholds, settings.trigger.threshold, count) if wish.rounds else ()
    if not sizes and count < max(settings.trigger.threshold, results.LEAST):
        raise results.too_few(count, settings.trigger.threshold)
    bench = calibration.bench_of(sound, settings)
    places = [DrawKey(size, number) for size in sizes for number in range(wish.rounds)]
    first = _first(bench, places, _attempts(history, settings), wish, log)
    past = _replay(sound, history, settings, survey.holdout_key(scene, settings), log)
    rest = _draws(bench, places[:-1], wish, log, scratch)
    found = _calibrations(sizes, {**rest, **first}, bench)
    return Simulation(_policy(sound, settings), wish.rounds, past, found, history.notes)


def _policy(sound: UsableDatasets, settings: Settings) -> dict[str, object]:
    """The settings that make a policy, as a person or a program compares them."""
    values = values_of(settings)
    return {name: values[name] for name in POLICY} | {
        "estimator": sound.recipe.estimator,
        "metric": sound.recipe.metric,
    }


def _check(settings: Settings) -> None:
    if settings.data.unit == "rows":
        raise SettingsError(
            "unit = 'rows': simulate knows datasets only",
            why="when each row of a file arrived is not known, and a batch of rows cannot be drawn as files can",
            fix="simulate with --unit datasets where several files arrive",
        )


def _material(scene: Snapshot, settings: Settings, history: ArrivalHistory) -> BatchInput:
    """Everything is new: no attempt has judged anything yet."""
    datasets = history.datasets
    champion = scene.history.champion if scene.history else None  # names target and features, where settings do not
    new = frozenset(item.blob for item in datasets)
    return BatchInput(datasets, new, frozenset(), (), champion, survey.holdout_key(scene, settings))


def _attempts(history: ArrivalHistory, settings: Settings) -> int:
    """How many the replay will have, if every dataset is sound."""
    found = waiting = 0
    for arrival in history.arrivals:
        waiting += len(arrival.datasets)
        if waiting >= settings.trigger.threshold:
            found, waiting = found + 1, 0
    return found


def _first(
    bench: CalibrationInput, places: Sequence[DrawKey], attempts: int, wish: SimulationRequest, log: Log
) -> dict[DrawKey, tuple[Draw, ...]]:
    """The last and largest draw, made first: it tells how long all will take."""
    if not places:
        return {}
    started = time.perf_counter()
    drawn = calibration.draw(bench, places[-1])
    taken, jobs = time.perf_counter() - started, calibration.processes(bench, wish.jobs)
    each = taken / len(drawn)
    total = attempts * each + (len(places) - 1) * taken / jobs
    log.info(
        f"{count_of(attempts, 'attempts')} to replay and {count_of(len(places), 'draws')} of "
        f"{count_of(len(drawn), 'attempts')}, {each:.1f} s each, in {count_of(jobs, 'processes')}: {duration(total)}"
    )
    return {places[-1]: drawn}


def _replay(sound: UsableDatasets, history: ArrivalHistory, settings: Settings, salt: str, log: Log) -> Replay:
    terms = AttemptOptions(sound.recipe, settings, salt)
    return replay.run(sound, history.arrivals, terms, lambda done, total: log.progress("replay", done, total))


def _draws(
    bench: CalibrationInput, places: Sequence[DrawKey], wish: SimulationRequest, log: Log, scratch: Path
) -> dict[DrawKey, tuple[Draw, ...]]:
    if not places:
        return {}
    jobs = min(calibration.processes(bench, wish.jobs), len(places))
    return calibration.run(bench, places, jobs, scratch, lambda done, total: log.progress("draws", 1 + done, 1 + total))


def _calibrations(
    sizes: Sequence[int], drawn: dict[DrawKey, tuple[Draw, ...]], bench: CalibrationInput
) -> tuple[Calibration, ...]:
    def of(size: int) -> list[Draw]:
        return [one for place in sorted(drawn) if place.threshold == size for one in drawn[place]]

    return tuple(results.summarise(size, of(size), bench.gains, bench.settings.training.fit_budget) for size in sizes)
