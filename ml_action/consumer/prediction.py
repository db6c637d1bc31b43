"""Rows in, predictions out, by the shortest way that gives the very same numbers.

A pipeline of ours takes a data frame, and making and slicing frames is nine tenths of the time of a small request. What
its steps compute can be computed from plain rows (`shortcuts`); that it is the same to the last bit is tried when
the model is loaded, on its sample and on rows made of its contract. Where it is not, or the model is of a kind that is
not known, it gets its frame.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_action.consumer import fast_paths
from ml_action.core.records.contract import ColumnProfile, DataContract
from ml_action.core.records.model import Version

Row = Mapping[str, object]
Array = npt.NDArray[Any]
_TRIED = 24  # rows that a shortcut has to get right


class Answering:
    """A fitted model that takes rows. `way` is how: frame, matrix or linear."""

    def __init__(self, model: Any, version: Version) -> None:
        self.model = model
        self.features = version.features
        # No method of this object: a model that refers to itself stays in memory until the collector comes by.
        self.by_frame = functools.partial(_by_frame, model, version.features)
        self.way, self._answer = self._shortest(trials(version))

    def __call__(self, rows: Sequence[Row]) -> Array:
        """The predictions, (n,) or (n, targets). A feature that a row lacks is missing."""
        return self._answer(rows)

    def _shortest(self, tried: Sequence[Row]) -> tuple[str, Callable[[Sequence[Row]], Array]]:
        ways = fast_paths.of(self.model, self.features)
        try:
            each, together = ([self.by_frame([row]) for row in tried], self.by_frame(tried)) if ways else ([], None)
        except Exception:  # some model minds what is unheard of
            together = None
        if together is not None:
            for name, way in ways.items():
                if _agrees(way, tried, each, together):
                    return name, way
        return "frame", self.by_frame


def _by_frame(model: Any, features: Sequence[str], rows: Sequence[Row]) -> Array:
    """As the model was trained: a frame with the features as columns."""
    import pandas as pd  # late: not every model needs it

    columns = {name: [row.get(name) for row in rows] for name in features}
    return np.asarray(model.predict(pd.DataFrame(columns, columns=list(features))))


def _agrees(way: Callable[[Sequence[Row]], Array], rows: Sequence[Row], each: Sequence[Array], all_: Array) -> bool:
    """Whether it says the same of every row alone and of all together: sums may be rounded differently in blocks."""
    try:
        alone = all(_same(way([row]), expected) for row, expected in zip(rows, each, strict=True))
        return alone and _same(way(rows), all_)
    except Exception:  # whatever it raises, it is no way for this model
        return False


def _same(found: Array, expected: Array) -> bool:
    return found.dtype == expected.dtype and found.shape == expected.shape and bool((found == expected).all())


def trials(version: Version) -> list[Row]:
    """The sample, and rows made of the contract: every quantile and category, nothing, the unheard of."""
    sample = {name: version.sample.get(name) for name in version.features}
    nothing: Row = dict.fromkeys(version.features)
    return [sample, nothing, *itertools.islice(_mixed(version.contract, sample), _TRIED)]


def _mixed(contract: DataContract | None, sample: Row) -> Iterator[Row]:
    profiles = {name: contract.profile(name) if contract else None for name in sample}
    values = {name: _values(profile, sample[name]) for name, profile in profiles.items()}
    for step in itertools.count():
        # Columns step at their own pace, so that not all are at their smallest in one row.
        yield {name: of[(step * (1 + place % 5)) % len(of)] for place, (name, of) in enumerate(values.items())}


def _values(profile: ColumnProfile | None, sample: object) -> list[object]:
    if profile is None:
        return [sample]
    if profile.sketch:
        return [*profile.sketch, None, 3 * profile.sketch[-1] + 1]
    if profile.kind == "boolean":
        return [True, False, None]
    return [*profile.categories, None, sample, "never seen before"]
