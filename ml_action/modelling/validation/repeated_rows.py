"""Rows that were there before: within a dataset, in an earlier dataset, in the permanent holdout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_action.modelling.reading.table import Table
from ml_action.modelling.validation.duplicates import row_hashes

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RepeatedRows:
    """Per row of a table, with datasets in the order in which they count as earlier."""

    within: Flags  # repeats an earlier row of its own dataset
    source: Integers  # position of the earliest other dataset that holds the row, if it is earlier; -1: none is
    elsewhere: Flags  # another dataset holds the row too, earlier or later

    @property
    def across(self) -> Flags:
        """Rows that an earlier dataset holds too."""
        return self.source >= 0


def find(table: Table, earlier: Flags, columns: Iterable[str]) -> RepeatedRows:
    """The repeats of a table; the marked datasets count as earlier than the others, else their order does.

    Only the columns count that a model sees: a file put together of others often has one more, of row numbers.
    """
    hashes = row_hashes(table.frame[[name for name in dict.fromkeys(columns) if name in table.frame]])
    rank = np.argsort(np.argsort(~earlier, kind="stable"), kind="stable")[table.cluster]
    order = np.lexsort((rank, hashes))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = hashes[order][1:] != hashes[order][:-1]
    group = np.cumsum(begins) - 1
    owner = table.cluster[order]
    first = owner[begins][group]  # of each row's equals, which stand by rank
    ends = np.roll(begins, -1)  # the last of its equals stands before the next ones
    found = RepeatedRows(np.zeros_like(begins), np.full(len(order), -1, dtype=np.int64), np.zeros_like(begins))
    found.within[order] = ~begins & (np.roll(owner, 1) == owner)
    found.source[order] = np.where(first != owner, first, -1)
    found.elsewhere[order] = (first != owner[ends][group]) if len(order) else False
    return found
