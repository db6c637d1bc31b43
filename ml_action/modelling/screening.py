"""Screens the new datasets one by one with the champion, before anything is trained (docs/decision.md, step 1).

Poisoned data favour the poisoned model, so that no test on the new datasets alone reveals them: with 15 % reversed
labels, "significantly better on the new data" is always true, and nearly always harmful. The champion reveals them: a
dataset is suspicious if the champion predicts it far worse than the others, if its target correlates negatively with
the predictions, or if a column is far from where it was. A change of *all* datasets is drift, which the loop handles,
so a dataset must also stand out from the datasets of its own time. Only a column that has moved in nearly every dataset
is more than drift; then a person must look.

A cut-off is the larger of a default and 1.5 times what 99.5 % of the reference reach: the datasets of the permanent
holdout, which the champion never trained on. Fixed cut-offs blocked every promotion on real panel data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_action.core import cells
from ml_action.core.cells import Cell, Reason, Sentence
from ml_action.core.formatting import percent, sanitised
from ml_action.core.records.contract import DataContract
from ml_action.core.records.evaluation import Screening
from ml_action.modelling.contract import unit_errors
from ml_action.modelling.evaluation.dataset_scores import DatasetScores
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.rejections import Rejections

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MAX_LOSS, MAX_REVERSAL, MAX_DISTANCE = 5.0, 4.0, 6.0  # robust standard deviations
BEYOND, NEARLY_ALL = 1.5, 0.995
MIN_REFERENCE = 20  # datasets
MIN_WIDTH = 0.2  # of the logarithm of a loss: a dataset must be at least e = 2.7 times worse
MOVED, MIN_MOVED = 0.97, 30  # probability that a new dataset's median is above an old one's; datasets on each side
_NORMAL = 1.4826


@dataclass(frozen=True, eq=False)
class ScreeningInput:
    """The datasets to screen, and what is known about the data."""

    judged: Flags  # per dataset: it was not accepted before; the new ones are among these
    contract: DataContract | None = None
    unchecked: Collection[str] = ()  # columns that are not checked

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns to check; none without a contract."""
        columns = self.contract.columns if self.contract else ()
        return tuple(item.name for item in columns if item.name not in self.unchecked)


@dataclass(frozen=True, eq=False)
class _Reference:
    """The datasets that show which scores are usual."""

    datasets: Flags
    is_batch: bool  # the batch itself, since the holdout is too small: only its better half counts

    def known(self, scores: Floats) -> Flags:
        """Returns which datasets are in the reference and have a score."""
        return np.asarray(self.datasets & np.isfinite(scores), dtype=bool)

    def cut(self, reached: Floats, least: float) -> float:
        """Returns the cut-off, from what the reference itself reaches (on its good side if it is the batch)."""
        known = reached[np.isfinite(reached)]
        return max(least, BEYOND * float(np.quantile(-known if self.is_batch else known, NEARLY_ALL)))

    def width(self, values: Floats, good_side: int) -> float:
        """Returns the robust standard deviation (of the good side if it is the batch; 1: above, -1: below)."""
        away = good_side * (values - np.median(values))
        return float(_NORMAL * np.median(away[away > 0])) if self.is_batch and (away > 0).any() else _width(values)


def screen(table: Table, scores: DatasetScores, new: Flags, holdout: Flags, asked: ScreeningInput) -> Screening:
    """Finds the suspicious datasets.

    Args:
        table: The datasets.
        scores: The champion's scores of each.
        new: Marks the datasets that count.
        holdout: Marks datasets that the champion never trained on.
        asked: Which datasets are screened, the new ones among them.
    """
    rejections = Rejections(table, asked.judged)
    is_batch = bool(holdout.sum() < MIN_REFERENCE)
    reference = _Reference(asked.judged if is_batch else holdout, is_batch)
    findings = _find(rejections, scores, reference, asked)
    texts = ((cells.written(finding.text, private=table.private), finding.datasets) for finding in findings)
    kinds = Counter({text: int((datasets & new).sum()) for text, datasets in texts})
    return Screening(
        judged=int(new.sum()),
        suspicious=int((~rejections.accepted & new).sum()),
        suspects=rejections.rejected,
        found=tuple(f"{count} {kind}" for kind, count in kinds.most_common() if count),
        moved=tuple(
            cells.written(text, private=table.private) for text in _moved(table, asked, new & rejections.accepted)
        ),
    )


@dataclass(frozen=True, eq=False)
class _Finding:
    """What is wrong with some datasets."""

    text: Reason
    datasets: Flags


def _find(
    rejections: Rejections, scores: DatasetScores, reference: _Reference, asked: ScreeningInput
) -> Iterator[_Finding]:
    """Yields what is wrong. The first reason against a dataset is the one that is recorded."""
    yield from _far_columns(rejections, asked)
    reversed_labels = _labels_reversed(rejections, scores, reference, asked.judged)
    yield _Finding("against the champion's predictions (labels reversed or shuffled?)", reversed_labels)
    worse = _predicted_worse(rejections, scores, reference, asked.judged)
    yield _Finding("far worse predicted than the others", worse)


# --- predictions ------------------------------------------------------------------------------------------


def _labels_reversed(rejections: Rejections, scores: DatasetScores, reference: _Reference, judged: Flags) -> Flags:
    """Finds datasets whose target correlates negatively with the predictions, unless this is usual."""
    known = reference.known(scores.correlation)
    usual = scores.correlation[known]
    if len(usual) < MIN_REFERENCE:
        return np.zeros(len(judged), dtype=bool)
    chance = 1 / np.maximum(rejections.table.counts - 3, 1)
    between = max(0.0, reference.width(usual, good_side=1) ** 2 - float(np.median(chance[known])))
    width = np.sqrt(chance + between)
    lowest = min(float(np.median(usual)), _median(scores.correlation[judged]))
    distance = (lowest - scores.correlation) / width
    cut = reference.cut(((np.median(usual) - scores.correlation) / width)[reference.datasets], MAX_REVERSAL)
    correlation, before = np.tanh(scores.correlation), np.tanh(float(np.median(usual)))
    return _reject(
        rejections,
        distance > cut,
        lambda place: (
            f"runs against the champion: the target's correlation with its predictions is "
            f"{correlation[place]:.2f}, usually {before:.2f}; are its values reversed or shuffled?"
        ),
    )


def _predicted_worse(rejections: Rejections, scores: DatasetScores, reference: _Reference, judged: Flags) -> Flags:
    """Finds datasets that are predicted far worse than those of their own time and than earlier ones."""
    usual = scores.loss[reference.known(scores.loss)]
    if len(usual) < MIN_REFERENCE:
        return np.zeros(len(judged), dtype=bool)
    counts = rejections.table.counts
    rows = float(counts[reference.datasets].mean())
    fewer = np.maximum(1.0, np.sqrt(rows / np.maximum(counts, 1)))
    width = max(MIN_WIDTH, reference.width(usual, good_side=-1)) * fewer
    highest = max(float(np.median(usual)), _median(scores.loss[judged]))
    distance = (scores.loss - highest) / width
    cut = reference.cut(((scores.loss - np.median(usual)) / width)[reference.datasets], MAX_LOSS)
    return _reject(
        rejections,
        distance > cut,
        lambda place: (
            f"is predicted {np.exp(scores.loss[place] - highest):.0f} times worse by the champion than the "
            "others: are its values of another kind, or its columns mixed up?"
        ),
    )


# --- columns ----------------------------------------------------------------------------------------------


def _far_columns(rejections: Rejections, asked: ScreeningInput) -> Iterator[_Finding]:
    """Finds, for each feature, the datasets in which it is far from where it was and from the other new ones."""
    contract, table = asked.contract, rejections.table
    if contract is None:
        return
    learned = {item.name: item.centre for item in contract.columns}
    names = tuple(name for name in asked.columns if name not in contract.outputs and name in table.frame)
    statistics = column_statistics.compute(table, names)
    fewer = statistics.spread_factors(contract.rows / max(contract.datasets, 1))
    for name, centre in zip(statistics.names, statistics.centre.T, strict=True):
        spread, known = learned[name], asked.judged & np.isfinite(centre)
        if spread is None or not known.any():
            continue
        today = float(np.median(centre[known]))
        width = max(spread.width, _width(centre[known])) * fewer
        distance = np.minimum(np.abs(centre - spread.middle), np.abs(centre - today)) / width
        far = distance > max(MAX_DISTANCE, BEYOND * spread.reach)
        bad = _reject(rejections, far, _FarColumn(name, centre, spread.middle))
        if bad.any():
            theirs = float(np.median(centre[bad]))
            hint = unit_errors.unit_error_hint(theirs, spread.middle)
            what = f"with '{sanitised(name)}' far from where it was (median "
            yield _Finding(Sentence(what, Cell(f"{theirs:.4g}"), f", usually {spread.middle:.4g}){hint}"), bad)


@dataclass(frozen=True, eq=False)
class _FarColumn:
    """The reason against a dataset of which a column is far away."""

    name: str
    centre: Floats  # of each dataset
    usual: float

    def __call__(self, position: int) -> Reason:
        found = float(self.centre[position])
        return Sentence(
            f"has the column '{sanitised(self.name)}' far from where it was (median ",
            Cell(f"{found:.4g}"),
            f", usually {self.usual:.4g}){unit_errors.unit_error_hint(found, self.usual)}",
        )


def _moved(table: Table, asked: ScreeningInput, new: Flags) -> Iterator[Reason]:
    """Describes the columns that have moved in nearly every new dataset."""
    old = ~asked.judged
    if asked.contract is None or min(old.sum(), new.sum()) < MIN_MOVED:
        return
    statistics = column_statistics.compute(table, tuple(name for name in asked.columns if name in table.frame))
    for name, centre in zip(statistics.names, statistics.centre.T, strict=True):
        before, now = (values[np.isfinite(values)] for values in (centre[old], centre[new]))
        if min(len(before), len(now)) < MIN_MOVED:
            continue
        above = _probability_above(now, before)
        if max(above, 1 - above) > MOVED:
            was, is_now = float(np.median(before)), float(np.median(now))
            yield Sentence(
                f"'{sanitised(name)}' has moved as a whole: {percent(max(above, 1 - above), 0)} of the new "
                f"datasets lie {'above' if above > 0.5 else 'below'} the earlier ones (median ",
                Cell(f"{is_now:.4g}"),
                ", before ",
                Cell(f"{was:.4g}"),
                f"){unit_errors.unit_error_hint(is_now, was)}",
            )


# --- statistics -------------------------------------------------------------------------------------------


def _probability_above(now: Floats, before: Floats) -> float:
    """Returns the probability that a value of `now` is above one of `before`; a tie is a half (Mann & Whitney 1947)."""
    known = np.sort(before)
    smaller = np.searchsorted(known, now, "left") + np.searchsorted(known, now, "right")
    return float(smaller.mean() / 2 / len(known))


def _reject(rejections: Rejections, bad: Flags, reason: Callable[[int], Reason]) -> Flags:
    """Rejects the bad datasets among those that are screened, and returns which these are."""
    found = np.asarray(bad & rejections.candidates, dtype=bool)
    rejections.reject(found, reason)
    return found


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _width(values: Floats) -> float:
    """Returns the robust standard deviation: 1.4826 times the median deviation from the median."""
    return float(_NORMAL * np.median(np.abs(values - np.median(values))))
