"""Batches drawn at random from the datasets: how often the policy promotes where nothing changed, and what it finds.

A draw cuts the datasets into old and new at random, so that nothing changed between them; a champion learns from the
old, and the policy judges the new. Then the same once for every gain, in a world that changed by as much. What is drawn
depends on seed, threshold and round alone: in whatever process and order, the figures are the same.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ml_action.commands.simulate import attempt
from ml_action.commands.simulate.attempt import AttemptOptions, AttemptResult, Champion
from ml_action.commands.simulate.results import AIM, GAINS, UNCHANGED, Draw
from ml_action.config.settings import Settings
from ml_action.modelling import synthetic_drift
from ml_action.modelling.contract import learning
from ml_action.modelling.contract.enforcement import UsableDatasets
from ml_action.modelling.evaluation.predictions import predict
from ml_action.modelling.reading.table import Table
from ml_action.modelling.synthetic_drift import DriftSimulator
from ml_action.modelling.training import fit, units

Flags = npt.NDArray[np.bool_]

_ROOM = 100_000_000  # cells that the copies of the table may have together in the processes


@dataclass(frozen=True, eq=False)
class CalibrationInput:
    """All that a draw needs; small enough to be handed to other processes."""

    sound: UsableDatasets
    settings: Settings
    gains: tuple[float, ...] = GAINS


@dataclass(frozen=True, order=True)
class DrawKey:
    """A draw's place among all."""

    threshold: int
    number: int


def bench_of(sound: UsableDatasets, settings: Settings) -> CalibrationInput:
    """The bench, without what no draw may know."""
    return CalibrationInput(sound, settings.with_values(token="", approver_token="", force=""))


def processes(bench: CalibrationInput, wanted: int) -> int:
    """How many of them have room; no more than processors, each of which fits one model at a time."""
    return max(1, min(wanted or joblib.cpu_count(), _ROOM // max(bench.sound.table.frame.size, 1)))


def run(
    bench: CalibrationInput, places: Sequence[DrawKey], jobs: int, scratch: Path, progress: Callable[[int, int], None]
) -> dict[DrawKey, tuple[Draw, ...]]:
    """All draws, in as many processes."""
    if jobs == 1:
        return dict(_counted(((place, draw(bench, place)) for place in places), len(places), progress))
    path = scratch / "bench"
    joblib.dump(bench, path)
    parallel = joblib.Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered")
    with _ignore_interrupts():
        done = parallel(joblib.delayed(_in_worker)(path, place) for place in places)
    return dict(_counted(done, len(places), progress))


@contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """Processes that are started now hear no Ctrl-C, which a terminal sends to all: the one that waits ends them.

    Not by a mask: what joblib starts first lifts it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _counted(
    done: Iterator[tuple[DrawKey, tuple[Draw, ...]]], total: int, progress: Callable[[int, int], None]
) -> Iterator[tuple[DrawKey, tuple[Draw, ...]]]:
    progress(0, total)
    for number, one in enumerate(done, 1):
        yield one
        progress(number, total)


def _in_worker(path: Path, place: DrawKey) -> tuple[DrawKey, tuple[Draw, ...]]:
    """A draw in a process of its own."""
    return place, draw(_loaded(path), place)


@cache
def _loaded(path: Path) -> CalibrationInput:
    bench: CalibrationInput = joblib.load(path)  # our own file, in our own folder
    return bench


def draw(bench: CalibrationInput, place: DrawKey) -> tuple[Draw, ...]:
    """One champion and one batch at random, judged as they are and for each gain."""
    table, settings = bench.sound.table, bench.settings
    seed = (settings.training.seed, place.threshold, place.number)
    new = np.zeros(len(table.datasets), dtype=bool)
    new[np.random.default_rng(seed).permutation(len(new))[: place.threshold]] = True
    terms = AttemptOptions(bench.sound.recipe, settings, f"simulation {seed}", jobs=1)
    held = units.units_of(table, settings.training.group).held_out(terms.salt, settings.training.test_size)
    with threadpool_limits(limits=1):  # sums that are split over threads are rounded in an order that varies
        return tuple(_draws(_Split(terms, table, new, held), bench.gains, seed))


@dataclass(frozen=True, eq=False)
class _Split:
    """The datasets cut in two at random."""

    terms: AttemptOptions
    table: Table
    new: Flags  # per dataset
    held: Flags  # per row: no version trains on it

    @property
    def learned(self) -> Flags:
        """The rows that the champion is fitted on."""
        return ~self.held & ~self.new[self.table.cluster]

    def champion(self) -> Champion:
        """Fitted on what is old."""
        recipe, learned = self.terms.recipe, self.learned
        known = self.table.select(self.table.any_in(learned), learned)
        contract = learning.learn_contract(known, recipe.outputs, recipe.features)
        return Champion(fit.fit(recipe, self.table, learned), contract)


def _draws(split: _Split, gains: Sequence[float], seed: tuple[int, ...]) -> Iterator[Draw]:
    champion, jury = split.champion(), split.held & ~split.new[split.table.cluster]
    yield _judged(split, split.table, champion, UNCHANGED, jury=jury)
    world = DriftSimulator(split.table, split.terms.recipe, champion.model, ~split.learned, (*seed, 1))
    for gain, sudden in (*((gain, False) for gain in gains), (AIM, True)):
        changed = world.changed(gain, split.new[split.table.cluster] if sudden else ~jury)
        if changed is not None:
            yield _judged(split, changed, champion, gain, sudden=sudden)


def _judged(
    split: _Split, table: Table, champion: Champion, there: float, *, sudden: bool = False, jury: Flags | None = None
) -> Draw:
    started = time.perf_counter()
    blobs = [item.blob for item in table.datasets]
    fresh = {blob for blob, is_new in zip(blobs, split.new, strict=True) if is_new}
    batch, _ = attempt.build_batch(split.terms, table, set(blobs) - fresh, fresh, champion)
    proof = attempt.attempt(split.terms, batch, champion)
    seconds = time.perf_counter() - started
    compared = proof.trial.comparison if proof.trial else None
    gain, interval = (compared.gain, compared.gain_interval) if compared else (None, None)
    better = None if jury is None else _is_better(split, champion, proof, jury)
    return Draw(there, sudden, proof.decision.verdict, gain, interval, better, seconds)


def _is_better(split: _Split, champion: Champion, proof: AttemptResult, jury: Flags) -> bool | None:
    """Whether a promoted challenger errs less on old datasets that neither it nor the champion learned from."""
    if not proof.promoted or proof.trial is None or not jury.any():
        return None
    recipe = split.terms.recipe
    target, weight = fit.labels(recipe, split.table), fit.weights(recipe, split.table)
    frame = split.table.frame.loc[jury, list(recipe.features)]
    classes = None if recipe.task == "regression" else np.unique(target)
    models = (attempt.model_of(proof.trial), champion.model)
    ours, theirs = (predict(model, frame, classes, len(recipe.outputs)) for model in models)
    own = None if weight is None else weight[jury]
    return synthetic_drift.gain(recipe, ours, theirs, target[jury], own) > 0
