"""What the champion makes of the new datasets, one by one, before anything is trained (docs/decision.md, step 1).

Poisoned data votes for the poisoned model: no test on the new datasets alone can know (with 15 % reversed labels
"significantly better on the new data" holds always, and harms nearly always). The champion can: a dataset that it
predicts far worse than the others, whose target runs against its predictions, or in which a column is far from where
it was, is set aside as suspicious. What changed for *all* datasets is drift, and the loop's business: so a dataset has
to stick out from the datasets of its own time too. Only a column of which hardly one dataset lies where it used to
is more than drift; then a person looks.

Cut-offs are the larger of a default and 1.5 times what 99.5 % of the reference reach: datasets of the permanent
holdout, which the champion never trained on. Fixed cut-offs blocked every promotion on real panel data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_action.core.formatting import percent, sanitised
from ml_action.core.records.contract import DataContract
from ml_action.core.records.evaluation import Screening
from ml_action.modelling.contract import unit_errors
from ml_action.modelling.evaluation import losses
from ml_action.modelling.evaluation.predictions import Predictions
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.rejections import Rejections

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

WORSE, AGAINST, AWAY = 5.0, 4.0, 6.0  # robust standard deviations
BEYOND, NEARLY_ALL = 1.5, 0.995
MIN_REFERENCE = 20  # datasets
MIN_ROWS = 8  # of which a correlation says something
LEAST_WIDTH = 0.2  # of the logarithm of a loss: a dataset has to be e = 2.7 times worse at least
MOVED, MIN_MOVED = 0.97, 30  # probability that a new dataset's median lies above an old one's; datasets on each side
_NORMAL = 1.4826


@dataclass(frozen=True, eq=False)
class DatasetScores:
    """Per dataset of a table, NaN where nobody asked the champion."""

    loss: Floats  # logarithm of the champion's mean loss
    harmony: Floats  # Fisher's z of the correlation of prediction and target within the dataset
    mean_loss: Floats


def score_datasets(
    table: Table, rows: Flags, said: Predictions, target: npt.NDArray[np.generic], loss: losses.Loss,
    weight: Floats | None = None,
) -> DatasetScores:  # fmt: skip
    """The champion's predictions for the marked rows, in a few figures per dataset.

    `target` and `weight` are of these rows. A dataset that counts nothing has no loss.
    """
    cluster, count = table.cluster[rows], len(table.datasets)
    lost = loss(said, target)
    sizes = np.bincount(cluster, weights=weight, minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cluster, weights=lost if weight is None else lost * weight, minlength=count) / sizes
    least = 1e-9 * float(np.nanmean(mean)) if np.isfinite(mean).any() else 0.0
    return DatasetScores(
        np.log(np.maximum(mean, least or np.finfo(np.float64).tiny)), _correlation(said, target, cluster, count), mean
    )


def _correlation(
    said: Predictions, target: npt.NDArray[np.generic], cluster: npt.NDArray[np.int64], count: int
) -> Floats:
    """Fisher's z per dataset; NaN where there are too few rows or nothing varies."""
    guess, truth = _as_numbers(said, target)
    wide = guess.shape[1]
    owner = np.repeat(cluster, wide)
    guess, truth = (_centred(values, cluster, count).ravel() for values in (guess, truth))
    cross, ours, theirs = (
        np.bincount(owner, weights=values, minlength=count) for values in (guess * truth, guess**2, truth**2)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.clip(cross / np.sqrt(ours) / np.sqrt(theirs), -0.999, 0.999)
    varies = (ours > 1e-12 * max(float(ours.max(initial=0.0)), 1e-300)) & (theirs > 0)
    enough = np.bincount(cluster, minlength=count) >= MIN_ROWS
    return np.where(varies & enough, np.arctanh(correlation), np.nan)


def _as_numbers(said: Predictions, target: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """(rows, k): prediction and truth as numbers; of classes the probabilities, and 1 for the true class.

    Several targets are brought to one scale: the one with the largest numbers is not the only one.
    """
    if said.classes is None:
        guess, truth = (np.asarray(part, dtype=np.float64).reshape(len(part), -1) for part in (said.label, target))
        width = truth.std(axis=0) if truth.shape[1] > 1 else np.ones(1)
        return guess / np.where(width > 0, width, 1.0), truth / np.where(width > 0, width, 1.0)
    truth = (target[:, None] == said.classes[None, :]).astype(np.float64)
    if said.probability is not None:
        return said.probability, truth
    return (said.label[:, None] == said.classes[None, :]).astype(np.float64), truth


def _centred(values: Floats, cluster: npt.NDArray[np.int64], count: int) -> Floats:
    sizes = np.maximum(np.bincount(cluster, minlength=count), 1)
    means = np.column_stack([np.bincount(cluster, weights=part, minlength=count) / sizes for part in values.T])
    centred: Floats = values - means[cluster]
    return centred


def screen(
    table: Table, looks: DatasetScores, new: Flags, judged: Flags, reference: Flags, contract: DataContract | None,
    free: Collection[str] = (),
) -> Screening:  # fmt: skip
    """What is suspicious among the `judged` datasets, of which some are `new`.

    `reference`: datasets that the champion never trained on; of columns that are `free` nothing is asked.
    """
    verdicts = Rejections(table, judged)
    own = bool(reference.sum() < MIN_REFERENCE)
    basis = judged if own else reference
    kinds = Counter(
        {
            **{text: int((bad & new).sum()) for text, bad in _moved_far(verdicts, contract, judged, free)},
            "against the champion's predictions (labels reversed or shuffled?)": int(
                (_labels_reversed(verdicts, looks, basis, judged, own) & new).sum()
            ),
            "far worse predicted than the others": int(
                (_predicted_worse(verdicts, looks, basis, judged, own) & new).sum()
            ),
        }
    )
    return Screening(
        judged=int(new.sum()),
        suspicious=int((~verdicts.accepted & new).sum()),
        suspects=verdicts.rejected,
        found=tuple(f"{count} {kind}" for kind, count in kinds.most_common() if count),
        moved=tuple(_moved(table, contract, ~judged, new & verdicts.accepted, free)),
    )


def _labels_reversed(verdicts: Rejections, looks: DatasetScores, basis: Flags, judged: Flags, own: bool) -> Flags:
    """The target runs against the predictions, where it usually runs with them."""
    usual = looks.harmony[basis & np.isfinite(looks.harmony)]
    if len(usual) < MIN_REFERENCE:
        return np.zeros(len(judged), dtype=bool)
    chance = 1 / np.maximum(verdicts.table.counts - 3, 1)
    between = max(0.0, _spread(usual, own, good=1) ** 2 - float(np.median(chance[basis & np.isfinite(looks.harmony)])))
    width = np.sqrt(chance + between)
    lowest = min(float(np.median(usual)), _median(looks.harmony[judged]))
    away = (lowest - looks.harmony) / width
    cut = _cut((np.median(usual) - looks.harmony[basis]) / width[basis], AGAINST, own)
    correlation, before = np.tanh(looks.harmony), np.tanh(float(np.median(usual)))
    return _note(
        verdicts,
        away > cut,
        lambda place: (
            f"runs against the champion: the target's correlation with its predictions is "
            f"{correlation[place]:.2f}, usually {before:.2f}; are its values reversed or shuffled?"
        ),
    )


def _predicted_worse(verdicts: Rejections, looks: DatasetScores, basis: Flags, judged: Flags, own: bool) -> Flags:
    """Predicted far worse than the datasets of its own time, and than those before."""
    usual = looks.loss[basis & np.isfinite(looks.loss)]
    if len(usual) < MIN_REFERENCE:
        return np.zeros(len(judged), dtype=bool)
    rows = float(verdicts.table.counts[basis].mean())
    fewer = np.maximum(1.0, np.sqrt(rows / np.maximum(verdicts.table.counts, 1)))
    width = max(LEAST_WIDTH, _spread(usual, own, good=-1)) * fewer
    highest = max(float(np.median(usual)), _median(looks.loss[judged]))
    away = (looks.loss - highest) / width
    cut = _cut((looks.loss[basis] - np.median(usual)) / width[basis], WORSE, own)
    return _note(
        verdicts,
        away > cut,
        lambda place: (
            f"is predicted {np.exp(looks.loss[place] - highest):.0f} times worse by the champion than the "
            "others: are its values of another kind, or its columns mixed up?"
        ),
    )


def _moved_far(
    verdicts: Rejections, contract: DataContract | None, judged: Flags, free: Collection[str]
) -> Iterator[tuple[str, Flags]]:
    """Per feature, in words, the datasets in which it lies far from where it was, and from the other new ones."""
    if contract is None:
        return
    asked = {item.name: item.centre for item in contract.columns if item.name not in {*free, *contract.outputs}}
    drawn = column_statistics.compute(verdicts.table, tuple(name for name in asked if name in verdicts.table.frame))
    fewer = drawn.spread_factors(contract.rows / max(contract.datasets, 1))
    for name, centre in zip(drawn.names, drawn.centre.T, strict=True):
        spread, known = asked[name], judged & np.isfinite(centre)
        if spread is None or not known.any():
            continue
        today = float(np.median(centre[known]))
        width = max(spread.width, _width(centre[known])) * fewer
        away = np.minimum(np.abs(centre - spread.middle), np.abs(centre - today)) / width
        far = away > max(AWAY, BEYOND * spread.reach)
        bad = _note(verdicts, far, _Far(name, centre, spread.middle))
        if bad.any():
            theirs = float(np.median(centre[bad]))
            hint = unit_errors.unit_error_hint(theirs, spread.middle)
            where = f"(median {theirs:.4g}, usually {spread.middle:.4g})"
            yield f"with '{sanitised(name)}' far from where it was {where}{hint}", bad


@dataclass(frozen=True, eq=False)
class _Far:
    """The reason against a dataset of which a column is far away."""

    name: str
    centre: Floats
    usual: float

    def __call__(self, place: int) -> str:
        found = float(self.centre[place])
        return (
            f"has the column '{sanitised(self.name)}' far from where it was (median {found:.4g}, usually "
            f"{self.usual:.4g})"
            f"{unit_errors.unit_error_hint(found, self.usual)}"
        )


def _moved(table: Table, contract: DataContract | None, old: Flags, new: Flags, free: Collection[str]) -> Iterator[str]:
    """Columns of which hardly a new dataset lies where the old ones did."""
    if contract is None or min(old.sum(), new.sum()) < MIN_MOVED:
        return
    asked = tuple(item.name for item in contract.columns if item.name not in free and item.name in table.frame)
    drawn = column_statistics.compute(table, asked)
    for name, centre in zip(drawn.names, drawn.centre.T, strict=True):
        before, now = (values[np.isfinite(values)] for values in (centre[old], centre[new]))
        if min(len(before), len(now)) < MIN_MOVED:
            continue
        above = _probability_above(now, before)
        if max(above, 1 - above) > MOVED:
            was, is_now = float(np.median(before)), float(np.median(now))
            yield (
                f"'{sanitised(name)}' has moved as a whole: {percent(max(above, 1 - above), 0)} of the new "
                f"datasets lie "
                f"{'above' if above > 0.5 else 'below'} the earlier ones (median {is_now:.4g}, before {was:.4g})"
                f"{unit_errors.unit_error_hint(is_now, was)}"
            )


def _probability_above(now: Floats, before: Floats) -> float:
    """That a value of `now` is larger than one of `before`, ties for a half (Mann & Whitney 1947)."""
    known = np.sort(before)
    smaller = np.searchsorted(known, now, "left") + np.searchsorted(known, now, "right")
    return float(smaller.mean() / 2 / len(known))


def _note(verdicts: Rejections, bad: Flags, reason: object) -> Flags:
    found = np.asarray(bad & verdicts.candidates, dtype=bool)
    verdicts.reject(found, reason)  # type: ignore[arg-type]
    return found


def _cut(reached: Floats, least: float, own: bool) -> float:
    """The cut-off, from what the reference itself reaches; of a batch that is its own reference on the good side."""
    known = reached[np.isfinite(reached)]
    return max(least, BEYOND * float(np.quantile(-known if own else known, NEARLY_ALL)))


def _spread(values: Floats, own: bool, good: int) -> float:
    """The robust standard deviation; of a batch that is its own reference that of its good side (1: above)."""
    away = good * (values - np.median(values))
    return float(_NORMAL * np.median(away[away > 0])) if own and (away > 0).any() else _width(values)


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _width(values: Floats) -> float:
    """The robust standard deviation: 1.4826 times the median deviation from the median."""
    return float(_NORMAL * np.median(np.abs(values - np.median(values))))
