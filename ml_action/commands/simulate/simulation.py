"""The command `simulate`: tests a policy on a repository's own datasets. It writes and sends nothing.

First the history of arrivals is replayed, attempt by attempt: what would have happened. Then batches are drawn at
random (`calibration`): how far the policy can be trusted on such data. Both use the loop's own stages (`attempt`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ml_action.commands.simulate import arrival_history, calibration, replay, results
from ml_action.commands.simulate.arrival_history import ArrivalHistory
from ml_action.commands.simulate.attempt import AttemptOptions
from ml_action.commands.simulate.calibration import CalibrationInput, DrawKey, Drawn
from ml_action.commands.simulate.report import duration
from ml_action.commands.simulate.results import Calibration, Draw, Simulation
from ml_action.commands.simulate.workers import Workers, workers_for
from ml_action.config.settings import Settings, values_of
from ml_action.core.errors import SettingsError
from ml_action.core.formatting import count_of
from ml_action.core.log import Log
from ml_action.datasets.survey import Snapshot
from ml_action.loop.batch import building
from ml_action.loop.batch.reading import BatchInput
from ml_action.modelling.contract.enforcement import UsableDatasets

POLICY = (
    "threshold", "gate", "confidence", "min_improvement", "margin", "max_suspicious", "max_quarantine", "test_size",
    "fit_budget", "drift_threshold", "seed",
)  # fmt: skip


@dataclass(frozen=True)
class SimulationRequest:
    """What to simulate, in addition to the policy."""

    thresholds: tuple[int, ...] = ()  # to calibrate; empty: some around the user's
    rounds: int = 40  # draws for each threshold; 0: only the replay
    jobs: int = 0  # processes; 0: one per processor


def run(scene: Snapshot, settings: Settings, request: SimulationRequest, log: Log, folder: Path) -> Simulation:
    """Returns the replay and the calibration of one policy. `folder` is for temporary files."""
    _require_datasets_as_units(settings)
    settings = settings.with_values(force="")
    threshold, salt = settings.trigger.threshold, scene.holdout.salt  # a split of its own, without the secret
    history = arrival_history.read(scene.repository, settings.data.data_path.roots, scene.datasets())
    usable = building.sound(_batch_input(scene, salt, history), replace(scene, settings=settings), log)
    count = len(usable.table.datasets)
    sizes = results.thresholds(request.thresholds, threshold, count) if request.rounds else ()
    if not sizes and count < max(threshold, results.LEAST):
        raise results.too_few(count, threshold)
    given = calibration.input_for(usable, settings)
    keys = [DrawKey(size, number) for size in sizes for number in range(request.rounds)]
    workers = workers_for(given, request.jobs, folder)
    first = _draw_first(given, keys, _expected_attempts(history, threshold), workers, log)
    past = replay.run(
        usable,
        history.arrivals,
        AttemptOptions(usable.recipe, settings, salt),
        lambda done, total: log.progress("replay", done, total),
    )
    drawn = (*_draw_others(given, keys[:-1], workers, log), *first)
    return Simulation(_policy(usable, settings), request.rounds, past, _summaries(sizes, drawn, given), history.notes)


def _policy(usable: UsableDatasets, settings: Settings) -> dict[str, object]:
    """Returns the settings that make a policy, for comparison."""
    values, recipe = values_of(settings), usable.recipe
    return {name: values[name] for name in POLICY} | {"estimator": recipe.estimator, "metric": recipe.metric}


def _require_datasets_as_units(settings: Settings) -> None:
    if settings.data.unit == "rows":
        raise SettingsError(
            "unit = 'rows': simulate knows datasets only",
            why="when each row of a file arrived is not known, and a batch of rows cannot be drawn as files can",
            fix="simulate with --unit datasets where several files arrive",
        )


def _batch_input(scene: Snapshot, salt: str, history: ArrivalHistory) -> BatchInput:
    """Returns the input of a batch in which everything is new: no attempt has judged any dataset yet."""
    datasets = history.datasets
    champion = scene.history.champion if scene.history else None  # its target and features are the defaults
    return BatchInput(datasets, frozenset(item.blob for item in datasets), frozenset(), (), champion, salt)


def _expected_attempts(history: ArrivalHistory, threshold: int) -> int:
    """Returns how many attempts the replay has if every dataset is valid."""
    attempts = waiting = 0
    for arrival in history.arrivals:
        waiting += len(arrival.datasets)
        if waiting >= threshold:
            attempts, waiting = attempts + 1, 0
    return attempts


def _draw_first(
    given: CalibrationInput, keys: Sequence[DrawKey], attempts: int, workers: Workers, log: Log
) -> tuple[Drawn, ...]:
    """Makes the last and largest draw first: it shows how long everything will take."""
    if not keys:
        return ()
    started = time.perf_counter()
    drawn = calibration.draw(given, keys[-1])
    taken = time.perf_counter() - started
    each = taken / len(drawn.draws)
    total = attempts * each + (len(keys) - 1) * taken / workers.count
    log.info(
        f"{count_of(attempts, 'attempts')} to replay and {count_of(len(keys), 'draws')} of "
        f"{count_of(len(drawn.draws), 'attempts')}, {each:.1f} s each, in {count_of(workers.count, 'processes')}: "
        f"{duration(total)}"
    )
    return (drawn,)


def _draw_others(given: CalibrationInput, keys: Sequence[DrawKey], workers: Workers, log: Log) -> tuple[Drawn, ...]:
    if not keys:
        return ()
    return workers.draw(given, keys, lambda done, total: log.progress("draws", 1 + done, 1 + total))


def _summaries(sizes: Sequence[int], drawn: Sequence[Drawn], given: CalibrationInput) -> tuple[Calibration, ...]:
    """Returns the figures of each threshold."""
    ordered = sorted(drawn, key=lambda one: one.key)

    def draws_of(size: int) -> list[Draw]:
        return [draw for one in ordered if one.key.threshold == size for draw in one.draws]

    budget = given.settings.training.fit_budget
    return tuple(results.summarise(size, draws_of(size), given.gains, budget) for size in sizes)
