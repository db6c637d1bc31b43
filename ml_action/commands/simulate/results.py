"""The results of a simulation, and its plan: frozen records and pure functions of them.

The *replay* of the history of arrivals has a `Round` for each attempt. In the *calibration*, batches are drawn at
random from the same datasets (`Draw`): once unchanged, and once with each known gain (docs/simulation.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ml_action.commands.simulate.rates import Proportion
from ml_action.core.errors import DataError, SettingsError
from ml_action.core.formatting import count_of
from ml_action.core.records.choices import Verdict
from ml_action.core.records.evaluation import MIN_DATASETS, Interval

GAINS = (0.02, 0.05, 0.1)  # shares of the champion's error
AIM = 0.05  # the gain that a threshold should find
UNCHANGED = 0.0
LEAST = MIN_DATASETS
AROUND = (0.25, 0.5, 1.0, 2.0)  # times the user's threshold


@dataclass(frozen=True)
class Round:
    """One attempt of the replay."""

    number: int
    time: str  # of the arrival that started it; empty: unknown
    new: int
    datasets: int  # that have arrived
    verdict: Verdict
    reason: str
    gain: float | None  # over the champion, or over the dummy without a champion
    interval: Interval | None
    champion: str  # version; empty: no champion yet
    version: str  # the champion afterwards; empty: still no champion


@dataclass(frozen=True)
class Replay:
    """Every attempt that the policy would have made, and what is left."""

    rounds: tuple[Round, ...]
    waiting: int  # new datasets at the end
    datasets: int  # usable ones in total
    set_aside: int  # unusable ones


@dataclass(frozen=True)
class Draw:
    """One attempt of the calibration."""

    true_gain: float  # of a model that knows the change
    one_batch_only: bool  # the old datasets, which the challenger learns from too, are unchanged
    verdict: Verdict
    gain: float | None  # as the gate measured it
    interval: Interval | None
    better: bool | None  # than the champion on datasets that neither was trained on; None: unknown
    seconds: float

    @property
    def promoted(self) -> bool:
        """Whether the gate promoted it."""
        return self.verdict is Verdict.PROMOTE


@dataclass(frozen=True)
class Power:
    """How often a true gain is found."""

    true_gain: float
    found: Proportion
    measured: float | None  # median gain, as the gate measured it
    width: float | None  # median, of the gain's interval
    verdicts: Mapping[str, int]


@dataclass(frozen=True)
class Calibration:
    """What the policy does with batches of one size."""

    threshold: int
    unchanged: Power  # promotions without a change
    no_better: Proportion  # ... and not better than the champion on datasets that neither was trained on
    powers: tuple[Power, ...]  # the smallest gain first; the challenger has learned the change
    one_batch_only: Power  # a gain of AIM that only the new batch has
    fits: int  # per attempt
    seconds: float  # per attempt, median

    def power(self, true_gain: float) -> Power:
        """Returns the power for a gain."""
        return next(one for one in self.powers if one.true_gain == true_gain)


@dataclass(frozen=True)
class Simulation:
    """Everything that was found out about a policy."""

    policy: Mapping[str, object]  # the settings that make it
    rounds: int  # draws for each threshold
    replay: Replay
    calibrations: tuple[Calibration, ...]  # the smallest threshold first; empty with too few datasets
    notes: tuple[str, ...] = ()  # which part of the order of arrivals is not known

    @property
    def threshold(self) -> int:
        """The policy's own threshold."""
        return int(str(self.policy["threshold"]))

    @property
    def confidence(self) -> float:
        """The confidence that the policy's gate requires."""
        return float(str(self.policy["confidence"]))


def summarise(threshold: int, draws: Sequence[Draw], gains: Sequence[float], fits: int) -> Calibration:
    """Returns the figures of all draws of one threshold."""
    learned = [draw for draw in draws if not draw.one_batch_only]
    null = [draw for draw in learned if draw.true_gain == UNCHANGED]
    return Calibration(
        threshold,
        _power(UNCHANGED, null),
        _no_better(null),
        tuple(_power(gain, [draw for draw in learned if draw.true_gain == gain]) for gain in gains),
        _power(AIM, [draw for draw in draws if draw.one_batch_only]),
        fits,
        _median([draw.seconds for draw in draws]) or 0.0,
    )


def _no_better(draws: Sequence[Draw]) -> Proportion:
    """Returns how often a promoted model is no better; of 0 draws if that is unknown for any (without a holdout)."""
    promoted = [draw for draw in draws if draw.promoted]
    known = all(draw.better is not None for draw in promoted)
    return Proportion(sum(draw.better is False for draw in promoted), len(draws) if known else 0)


def _power(true_gain: float, draws: Sequence[Draw]) -> Power:
    verdicts = Counter(str(draw.verdict) for draw in draws)
    return Power(
        true_gain,
        Proportion(sum(draw.promoted for draw in draws), len(draws)),
        _median(draw.gain for draw in draws if draw.gain is not None),
        _median(draw.interval.high - draw.interval.low for draw in draws if draw.interval),
        dict(sorted(verdicts.items())),
    )


def _median(values: Iterable[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    return median(known) if known else None


# --- the plan ---------------------------------------------------------------------------------------------


def thresholds(given: Sequence[int], usual: int, datasets: int) -> tuple[int, ...]:
    """Returns the thresholds to calibrate: those given, or some around the usual one that the datasets allow.

    A batch may be half of the datasets, because the champion learns from as many. Empty if no threshold is possible;
    then there is only a replay.

    Raises:
        SettingsError: A given threshold is too small or too large for these datasets.
    """
    most = datasets // 2
    if given:
        _check(given, most, datasets)
        return tuple(sorted(set(given)))
    around = {round(times * usual) for times in AROUND}
    return tuple(sorted(one for one in around if LEAST <= one <= most)) or _small(most)


def _small(most: int) -> tuple[int, ...]:
    """Returns possible thresholds if none around the usual one is possible."""
    return tuple(one for one in (most // 2, most) if one >= LEAST)


def _check(given: Sequence[int], most: int, datasets: int) -> None:
    if min(given) < LEAST:
        raise SettingsError(
            f"thresholds: {min(given)} is too small",
            why=f"the gate promotes nothing on fewer than {LEAST} datasets",
            fix=f"name thresholds of {LEAST} and more",
        )
    if max(given) > most:
        raise SettingsError(
            f"thresholds: {max(given)} takes {2 * max(given)} datasets, and {datasets} can be used",
            why="a batch is drawn at random, and the champion must have learned from as many datasets as are in it",
            fix=f"name thresholds of at most {most}, or wait for more datasets",
        )


def too_few(datasets: int, threshold: int) -> DataError:
    """Returns the error for datasets that allow neither a replay nor a calibration."""
    needed = min(2 * LEAST, max(threshold, LEAST))
    return DataError(
        f"{count_of(datasets, 'datasets')} can be used, and a simulation needs {needed}",
        why=f"the gate needs at least {LEAST} new datasets, and a champion must have learned from others",
        fix=f"wait for {count_of(needed - datasets, 'more datasets')}, or simulate with a lower --threshold",
    )
