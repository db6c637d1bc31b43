"""What a simulation finds, and how it is planned and judged: frozen values and pure functions of them.

Two halves: the *replay* of the history of arrivals (`Round`), and the *calibration*, in which batches are drawn from
the same datasets at random (`Draw`), once as they are and once for each gain that is put there (docs/simulation.md).
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
AIM = 0.05  # ... that a threshold is to find
UNCHANGED = 0.0
LEAST = MIN_DATASETS
AROUND = (0.25, 0.5, 1.0, 2.0)  # times the user's threshold


@dataclass(frozen=True)
class Round:
    """One attempt of the replay."""

    number: int
    time: str  # of the arrival that pulled the trigger; empty: nobody knows
    new: int
    datasets: int  # at hand
    verdict: Verdict
    reason: str
    gain: float | None  # against the champion, or without one against the dummy
    interval: Interval | None
    champion: str  # version; empty: there was none
    version: str  # in place afterwards; empty: none


@dataclass(frozen=True)
class Replay:
    """Every attempt that the policy would have made, and what is left over."""

    rounds: tuple[Round, ...]
    waiting: int  # new datasets at the end
    datasets: int  # of these many that can be used
    set_aside: int  # that cannot


@dataclass(frozen=True)
class Draw:
    """One attempt of the calibration."""

    there: float  # the gain that was put there
    sudden: bool  # only the new datasets show it; else the old ones that the challenger learns from do too
    verdict: Verdict
    gain: float | None  # as the gate measured it
    interval: Interval | None
    better: bool | None  # than the champion on datasets that neither was trained on; None: nobody looked
    seconds: float

    @property
    def promoted(self) -> bool:
        """Whether the gate let it pass."""
        return self.verdict is Verdict.PROMOTE


@dataclass(frozen=True)
class Power:
    """How often a gain that is there is found."""

    there: float
    found: Proportion
    measured: float | None  # median gain, as the gate measured it
    width: float | None  # median, of the gain's interval
    verdicts: Mapping[str, int]


@dataclass(frozen=True)
class Calibration:
    """One threshold: what the policy makes of batches of this size."""

    threshold: int
    unchanged: Power  # promoted where nothing changed
    no_better: Proportion  # ... and no better than the champion on datasets that neither was trained on
    powers: tuple[Power, ...]  # the smallest gain first, of a challenger that has learned the change
    sudden: Power  # a change by AIM that nothing but the batch shows
    fits: int  # per attempt
    seconds: float  # per attempt, median

    def power(self, there: float) -> Power:
        """That of a gain."""
        return next(one for one in self.powers if one.there == there)


@dataclass(frozen=True)
class Simulation:
    """Everything that was found about a policy."""

    policy: Mapping[str, object]  # the settings that make it
    rounds: int  # draws for each threshold
    replay: Replay
    calibrations: tuple[Calibration, ...]  # the smallest threshold first; none where the datasets are too few
    notes: tuple[str, ...] = ()  # what of the order of arrivals is not known

    @property
    def threshold(self) -> int:
        """The policy's own."""
        return int(str(self.policy["threshold"]))

    @property
    def confidence(self) -> float:
        """How sure the policy's gate has to be."""
        return float(str(self.policy["confidence"]))


def summarise(threshold: int, draws: Sequence[Draw], gains: Sequence[float], fits: int) -> Calibration:
    """The figures of all draws of one threshold."""
    known = [draw for draw in draws if not draw.sudden]
    null = [draw for draw in known if draw.there == UNCHANGED]
    return Calibration(
        threshold,
        _power(UNCHANGED, null),
        _no_better(null),
        tuple(_power(gain, [draw for draw in known if draw.there == gain]) for gain in gains),
        _power(AIM, [draw for draw in draws if draw.sudden]),
        fits,
        _median([draw.seconds for draw in draws]) or 0.0,
    )


def _no_better(draws: Sequence[Draw]) -> Proportion:
    """How often what was promoted is no better; nothing where it is not known of each (no holdout, no jury)."""
    promoted = [draw for draw in draws if draw.promoted]
    known = all(draw.better is not None for draw in promoted)
    return Proportion(sum(draw.better is False for draw in promoted), len(draws) if known else 0)


def _power(there: float, draws: Sequence[Draw]) -> Power:
    verdicts = Counter(str(draw.verdict) for draw in draws)
    return Power(
        there,
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
    """The thresholds to calibrate: those given, or some around the usual one, as far as the datasets allow.

    A batch may be half of the datasets: the champion has to have learned from as many. Empty when that is not possible
    for any; then a replay is all there is.

    Raises:
        SettingsError: a given one is too small or too large for these datasets.
    """
    most = datasets // 2
    if given:
        _check(given, most, datasets)
        return tuple(sorted(set(given)))
    around = {round(times * usual) for times in AROUND}
    return tuple(sorted(one for one in around if LEAST <= one <= most)) or _small(most)


def _small(most: int) -> tuple[int, ...]:
    """Where none of the usual ones is possible: what is."""
    return tuple(one for one in (most // 2, most) if one >= LEAST)


def _check(given: Sequence[int], most: int, datasets: int) -> None:
    if min(given) < LEAST:
        raise SettingsError(
            f"thresholds: {min(given)} is too small",
            why=f"the gate promotes nothing that fewer than {LEAST} datasets judged",
            fix=f"name thresholds of {LEAST} and more",
        )
    if max(given) > most:
        raise SettingsError(
            f"thresholds: {max(given)} takes {2 * max(given)} datasets, and {datasets} can be used",
            why="a batch is drawn at random, and the champion has to have learned from as many datasets as are in it",
            fix=f"name thresholds of at most {most}, or wait for more datasets",
        )


def too_few(datasets: int, threshold: int) -> DataError:
    """Neither a replay nor a calibration is possible."""
    needed = min(2 * LEAST, max(threshold, LEAST))
    return DataError(
        f"{count_of(datasets, 'datasets')} can be used, and a simulation needs {needed}",
        why=f"the gate judges by {LEAST} new datasets at least, and a champion has to have learned from others",
        fix=f"wait for {count_of(needed - datasets, 'more datasets')}, or simulate with a lower --threshold",
    )
