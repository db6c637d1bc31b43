"""Draws batches at random from the datasets: how often the policy promotes without a change, and which gains it finds.

A draw splits the datasets into old and new at random, so that nothing changed between them. A champion learns from the
old ones, and the policy judges the new ones. The same is repeated for each gain, on data with a drift of that size. A
draw depends only on seed, threshold and number, so that the figures are the same in any process and order.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

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
from ml_action.modelling.training.execution import Execution, Threads

Flags = npt.NDArray[np.bool_]

SERIAL = Execution(Threads(1))  # each process fits one model at a time


@dataclass(frozen=True, eq=False)
class CalibrationInput:
    """Everything that a draw needs; small enough to be sent to other processes."""

    usable: UsableDatasets
    settings: Settings
    gains: tuple[float, ...] = GAINS


@dataclass(frozen=True, order=True)
class DrawKey:
    """Identifies a draw."""

    threshold: int
    number: int


@dataclass(frozen=True)
class Drawn:
    """The attempts of one draw."""

    key: DrawKey
    draws: tuple[Draw, ...]


def input_for(usable: UsableDatasets, settings: Settings) -> CalibrationInput:
    """Returns the input of all draws, without secrets and without `force`."""
    return CalibrationInput(
        usable, settings.with_values(token="", approver_token="", signing_key=b"", holdout_key="", force="")
    )


def draw(given: CalibrationInput, key: DrawKey) -> Drawn:
    """Draws one champion and one batch, and judges the batch as it is and with each gain."""
    table, training = given.usable.table, given.settings.training
    seed = (training.seed, key.threshold, key.number)
    new = np.zeros(len(table.datasets), dtype=bool)
    new[np.random.default_rng(seed).permutation(len(new))[: key.threshold]] = True
    options = AttemptOptions(given.usable.recipe, given.settings, f"simulation {seed}", SERIAL)
    holdout = units.units_of(table, training.group).held_out(options.holdout_key, training.test_size)
    with threadpool_limits(limits=1):  # sums that are split over threads are rounded in an order that varies
        return Drawn(key, tuple(_draws(_RandomSplit(options, table, new, holdout), given.gains, seed)))


@dataclass(frozen=True, eq=False)
class _RandomSplit:
    """The datasets, split into old and new at random."""

    options: AttemptOptions
    table: Table
    new: Flags  # per dataset
    holdout: Flags  # per row: no version trains on it

    @property
    def learned(self) -> Flags:
        """The rows that the champion is fitted on."""
        return ~self.holdout & ~self.new[self.table.cluster]

    @property
    def jury(self) -> Flags:
        """The old rows that neither the champion nor the challenger is fitted on."""
        return self.holdout & ~self.new[self.table.cluster]

    def fit_champion(self) -> Champion:
        """Fits a champion on the old datasets."""
        recipe, learned = self.options.recipe, self.learned
        known = self.table.select(self.table.any_in(learned), learned)
        contract = learning.learn_contract(known, recipe.outputs, recipe.features)
        return Champion(fit.fit(recipe, self.table, learned), contract)

    def attempt(self, table: Table, champion: Champion) -> AttemptResult:
        """Judges the new datasets of a table with the same split."""
        blobs = [item.blob for item in table.datasets]
        new = {blob for blob, is_new in zip(blobs, self.new, strict=True) if is_new}
        batch = attempt.build_batch(self.options, table, set(blobs) - new, new, champion)
        return attempt.try_attempt(self.options, batch, champion)


def _draws(split: _RandomSplit, gains: tuple[float, ...], seed: tuple[int, ...]) -> Iterator[Draw]:
    champion, jury, is_new = split.fit_champion(), split.jury, split.new[split.table.cluster]
    yield _judge(split, split.table, champion, _Change(UNCHANGED, with_jury=True))
    simulator = DriftSimulator(split.table, split.options.recipe, champion.model, ~split.learned, (*seed, 1))
    for change in (*map(_Change, gains), _Change(AIM, one_batch_only=True)):
        changed = simulator.changed(change.gain, is_new if change.one_batch_only else ~jury)
        if changed is not None:
            yield _judge(split, changed, champion, change)


@dataclass(frozen=True)
class _Change:
    """What is changed in the data of an attempt."""

    gain: float
    one_batch_only: bool = False  # only in the new datasets; else in the old ones that are learned from, too
    with_jury: bool = False  # whether the jury's datasets are still unchanged, so that they can judge


def _judge(split: _RandomSplit, table: Table, champion: Champion, change: _Change) -> Draw:
    started = time.perf_counter()
    result = split.attempt(table, champion)
    seconds = time.perf_counter() - started
    compared = result.trial.comparison if result.trial else None
    return Draw(
        change.gain,
        change.one_batch_only,
        result.decision.verdict,
        compared.gain if compared else None,
        compared.gain_interval if compared else None,
        _is_better(split, champion, result) if change.with_jury else None,
        seconds,
    )


def _is_better(split: _RandomSplit, champion: Champion, result: AttemptResult) -> bool | None:
    """Whether a promoted challenger has less error than the champion on the jury's rows; None if nothing is known."""
    jury = split.jury
    if not result.promoted or result.trial is None or not jury.any():
        return None
    recipe = split.options.recipe
    target, weight = fit.labels(recipe, split.table), fit.weights(recipe, split.table)
    frame = split.table.frame.loc[jury, list(recipe.features)]
    classes = None if recipe.task == "regression" else np.unique(target)
    models = (attempt.model_of(result.trial), champion.model)
    ours, theirs = (predict(model, frame, classes, len(recipe.outputs)) for model in models)
    own = None if weight is None else weight[jury]
    return synthetic_drift.gain(recipe, ours, theirs, target[jury], own) > 0
