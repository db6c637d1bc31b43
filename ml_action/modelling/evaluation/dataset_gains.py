"""What averages hide: how many datasets gain, the gain without the worst ones, and the tail of the losses.

All figures are of paired losses per dataset, summed over its rows (docs/decision.md, step 5).
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TRIMMED = 0.2  # share of the datasets: those with the largest losses
MIN_REFERENCE = 20  # datasets that the champion never trained on; fewer do not define a tail
MIN_DATASETS = 30
RESAMPLES = 2_000
MOST = 1_000  # datasets that a tail is estimated from
QUANTILES = 41  # of the gains of single datasets, for the chart
POWER = 0.8
_NORMAL = NormalDist()


def win_rate(challenger: Floats, opponent: Floats) -> float:
    """Returns the share of datasets on which the challenger's loss is not larger than the opponent's."""
    return float((challenger <= opponent * (1 + 1e-12)).mean())


def trimmed_gain(challenger: Floats, opponent: Floats, rows: Floats) -> float | None:
    """Returns the gain without the fifth of the datasets with the largest losses of both; None if there are too few."""
    if len(rows) < MIN_DATASETS:
        return None
    worst_last = np.argsort((challenger + opponent) / rows, kind="stable")
    kept = worst_last[: len(rows) - round(TRIMMED * len(rows))]
    total = float(opponent[kept].sum())
    saved = total - float(challenger[kept].sum())
    return saved / total if total > 0 else float(np.sign(saved))


def heavier_tail(new: Floats, reference: Floats | None, confidence: float, seed: int) -> float | None:
    """Returns by how much the mean losses `new` have a heavier upper tail than the `reference`.

    The figure is the logarithm of the ratio of the 90 % to the 50 % quantile, minus that of the reference: the lower
    end of its one-sided bootstrap interval. None if there are too few datasets, or half of them are predicted
    perfectly.
    """
    if reference is None or len(reference) < MIN_REFERENCE or len(new) < MIN_DATASETS:
        return None
    rng = np.random.default_rng([seed, 5])
    found = [_log_ratios(values, rng) for values in (new, reference)]
    if not all(np.isfinite(ratios).all() for ratios in found):
        return None
    return float(np.quantile(found[0] - found[1], 1 - confidence))


def _log_ratios(values: Floats, rng: np.random.Generator) -> Floats:
    """Returns, for each resample of datasets, the logarithm of its 90 % quantile over its median."""
    if len(values) > MOST:
        values = rng.choice(values, MOST, replace=False)
    drawn = values[rng.integers(0, len(values), (RESAMPLES, len(values)))]
    middle, high = np.quantile(drawn, [0.5, 0.9], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Floats = np.log(high / middle)
    return ratios


def gains(challenger: Floats, opponent: Floats, rows: Floats) -> tuple[float, ...]:
    """Returns 41 quantiles of the gain of single datasets per row, as shares of the opponent's mean loss per row."""
    usual = float(opponent.sum() / rows.sum())
    if usual <= 0:
        return ()
    spread = np.quantile((opponent - challenger) / rows / usual, np.linspace(0, 1, QUANTILES))
    return tuple(round(float(value), 6) for value in spread)


def datasets_needed(challenger: Floats, opponent: Floats, alpha: float) -> int:
    """Returns how many more such datasets would prove the gain with 80 % power; 0 without a gain.

    Computed from the mean and the deviation of the paired differences, for a one-sided test.
    """
    difference = opponent - challenger
    difference = difference / (np.abs(difference).max() or 1.0)  # the squares of the largest losses overflow
    mean, deviation = float(difference.mean()), float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    if mean <= 0 or deviation <= 0:
        return 0
    sure = _NORMAL.inv_cdf(1 - alpha) + _NORMAL.inv_cdf(POWER)
    return max(0, round((sure * deviation / mean) ** 2) - len(difference))
