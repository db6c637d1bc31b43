"""Units, the rows that stay together: those of a dataset, or those with one value of the `group` column.

Several files of one person resemble each other. With `group` they stay together in the holdout, in a fold and in a
resample (docs/decision.md: clusters of the same user across files make even files too small a unit).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_action.datasets.holdout import fold_of, in_holdout
from ml_action.modelling.reading import column_statistics
from ml_action.modelling.reading.table import Table

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """The unit of each row: `of_row[i]` is a position in `names`. A unit is identified by its name."""

    of_row: Integers
    names: tuple[str, ...]

    def held_out(self, key: str, share: float) -> Flags:
        """Returns, for each row, whether no version ever trains on it."""
        held = np.array([in_holdout(key, name, share) for name in self.names], dtype=bool)
        return np.asarray(held[self.of_row], dtype=bool)

    def folds(self, key: str, count: int) -> Integers:
        """Returns the fold that predicts each row."""
        return np.array([fold_of(key, name, count) for name in self.names], dtype=np.int64)[self.of_row]

    def any_in(self, rows: Flags) -> Flags:
        """Returns, for each row, whether any row of its unit is marked."""
        return np.asarray((np.bincount(self.of_row[rows], minlength=len(self.names)) > 0)[self.of_row], dtype=bool)


def units_of(table: Table, group: str = "") -> Units:
    """Returns the units of a table's rows. A row without a value in the `group` column belongs to its dataset."""
    blobs = tuple(dataset.blob for dataset in table.datasets)
    if not group:
        return Units(table.cluster, blobs)
    words = column_statistics.as_text(table.frame[group])
    own = pd.Series(np.array(blobs, dtype=object)[table.cluster], index=words.index, dtype="str")
    of_row, known = pd.factorize(("group " + words).fillna(own), sort=True)
    return Units(of_row.astype(np.int64), tuple(map(str, known)))
