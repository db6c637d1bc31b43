"""Rows in, predictions out, by the fastest path that gives exactly the same numbers.

Our pipelines take a data frame, and making and slicing frames is nine tenths of the time of a small request. Their
steps can be computed from plain rows (`fast_paths`). When a model is loaded, each path is compared with the frame, bit
by bit, on the version's sample and on rows made from its contract. If they differ, or the model is not one of our
pipelines, it gets a frame.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.consumer import deprecation
from ml_action.consumer.fast_paths import PredictFunction, fast_paths, known_categories
from ml_action.core.errors import ModelError
from ml_action.core.formatting import sanitised
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.model import Version
from ml_action.modelling.kinds import dates

Row = Mapping[str, object]
Array = npt.NDArray[Any]
_PROBES = 24  # rows made from the contract


class Predictor:
    """A fitted model that takes rows.

    `path` is how they reach it: frame, matrix or linear. `rowwise` says whether rows that are predicted together get
    the very predictions that each gets alone; sums may be rounded differently in blocks.
    """

    way = deprecation.renamed("way", "path")

    def __init__(self, model: Any, version: Version) -> None:
        self.model = model
        self.features = version.features
        self._dates = _forms_of_dates(version)
        # Not a method of this object: a model in a reference cycle stays in memory until the garbage collector runs.
        self.by_frame = functools.partial(_by_frame, model, version.features)
        rows = probe_rows(version, known_categories(model))
        chosen = self._fastest(rows)
        self.path = chosen.name
        self._predict = chosen.predict
        self.rowwise = _is_rowwise(chosen.predict, rows)

    def __call__(self, rows: Sequence[Row]) -> Array:
        """Returns the predictions, (n,) or (n, targets). A feature that a row lacks is missing.

        Raises:
            ModelError: A text in a column of dates is no date as the training data write them.
        """
        return self._predict([self._with_dates(row) for row in rows] if self._dates else rows)

    def _with_dates(self, row: Row) -> Row:
        """Returns the row with dates as ISO 8601 text, as the model was trained with."""
        texts = {name: value for name in self._dates if isinstance(value := row.get(name), str) and value}
        return {**row, **{name: _as_iso(name, text, self._dates[name]) for name, text in texts.items()}}

    def _fastest(self, rows: Sequence[Row]) -> _Path:
        """Returns the first path that agrees with the frame on all rows."""
        frame = _Path("frame", self.by_frame)
        candidates = fast_paths(self.model, self.features)
        try:
            expected = _Expected.from_frame(frame, rows) if candidates else None
        except Exception:  # noqa: BLE001  some models cannot predict unknown values
            expected = None
        if expected is None:
            return frame
        paths = itertools.starmap(_Path, candidates.items())
        return next((path for path in paths if expected.matches(path)), frame)


def _forms_of_dates(version: Version) -> dict[str, tuple[str, ...]]:
    """Returns the forms of the features that are dates."""
    columns = version.contract.columns if version.contract else ()
    return {item.name: item.forms for item in columns if item.kind == "date" and item.name in version.features}


def _as_iso(name: str, text: str, forms: tuple[str, ...]) -> str:
    try:
        return dates.parser((*forms, dates.ISO))(text)
    except ValueError:
        raise ModelError(
            f"'{sanitised(text, 40)}' in '{sanitised(name)}' is no date.",
            why=f"the training data write dates as {', '.join(dict.fromkeys([*forms, dates.ISO]))}",
            fix="send dates as 2024-03-31",
        ) from None


@dataclass(frozen=True)
class _Path:
    name: str
    predict: PredictFunction


@dataclass(frozen=True)
class _Expected:
    """What the frame predicts for rows, one at a time and together: sums may be rounded differently in blocks."""

    rows: Sequence[Row]
    single: Sequence[Array]
    together: Array

    @classmethod
    def from_frame(cls, frame: _Path, rows: Sequence[Row]) -> _Expected:
        return cls(rows, [frame.predict([row]) for row in rows], frame.predict(rows))

    def matches(self, path: _Path) -> bool:
        """Whether this path predicts the same."""
        try:
            each = all(_same(path.predict([row]), one) for row, one in zip(self.rows, self.single, strict=True))
            return each and _same(path.predict(self.rows), self.together)
        except Exception:  # noqa: BLE001  whatever it raises, this model cannot take the path
            return False


def _by_frame(model: Any, features: Sequence[str], rows: Sequence[Row]) -> Array:
    """Predicts as the model was trained: from a frame with the features as columns."""
    import pandas as pd  # late: not every model needs it

    columns = {name: [row.get(name) for row in rows] for name in features}
    return np.asarray(model.predict(pd.DataFrame(columns, columns=list(features))))


def _same(found: Array, expected: Array) -> bool:
    return found.dtype == expected.dtype and found.shape == expected.shape and bool((found == expected).all())


def _is_rowwise(predict: PredictFunction, rows: Sequence[Row]) -> bool:
    try:
        return _same(np.concatenate([predict([row]) for row in rows]), predict(rows))
    except Exception:  # noqa: BLE001  some models cannot predict unknown values
        return False


def probe_rows(version: Version, known: Mapping[str, Sequence[str]] | None = None) -> list[Row]:
    """Returns the sample, an empty row, and rows made from the contract: its quantiles and categories, missing values,
    and values outside of the training data. Where the contract lists no categories, those that the model knows count.
    """
    sample = {name: version.sample.get(name) for name in version.features}
    empty: Row = dict.fromkeys(version.features)
    return [sample, empty, *itertools.islice(_mixed(version.contract, sample, known or {}), _PROBES)]


def _mixed(contract: DataContract | None, sample: Row, known: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    profiles = {name: contract.profile(name) if contract else None for name in sample}
    values = {name: _values(profile, sample[name], known.get(name, ())) for name, profile in profiles.items()}
    for step in itertools.count():
        # Each column advances at a pace of its own, so that not all have their smallest value in the same row, and one
        # further after each round, so that a pace that divides the number of values leaves none out.
        yield {
            name: column[(step * (1 + position % 5) + step // len(column)) % len(column)]
            for position, (name, column) in enumerate(values.items())
        }


def _values(profile: ColumnProfile | None, sample: object, known: Sequence[str]) -> list[object]:
    if profile is None:
        return [sample]
    if profile.sketch:
        return [*profile.sketch, None, 3 * profile.sketch[-1] + 1]
    if profile.kind == "boolean":
        return [True, False, None]
    return [*(profile.categories or known), None, sample, "never seen before"]
