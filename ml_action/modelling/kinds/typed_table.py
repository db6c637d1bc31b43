"""Tables whose columns of words hold each cell as it is written, whatever other files hold.

Only the files together show what a column holds. If some files of a column of words hold nothing but digits, or nothing
but NA, they were read as numbers, and 007 as 7: then everything is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from ml_action.config.column_rules import ColumnRule
from ml_action.core.records.contract import DataContract
from ml_action.core.records.dataset import Dataset
from ml_action.modelling.reading import columns, table
from ml_action.modelling.reading.limits import ReadLimits
from ml_action.modelling.reading.table import ReadResult

NONE: Mapping[str, str] = MappingProxyType({})
Contents = Callable[[], Iterable[bytes | None]]  # the files' bytes, from the first to the last, each time it is called


def known_kinds(contract: DataContract | None, rules: Iterable[ColumnRule]) -> dict[str, str]:
    """Returns the kinds of columns that are known before anything is read: the champion's, and those of the rules."""
    learned = {profile.name: profile.kind for profile in contract.columns} if contract else {}
    return learned | {rule.name: rule.type for rule in rules if rule.type}


def read(
    datasets: Sequence[Dataset],
    contents: Contents,
    limits: ReadLimits = table.DEFAULT,
    required: Collection[str] = (),
    known: Mapping[str, str] = NONE,
) -> ReadResult:
    """Reads the datasets into one table, as `table.read` does, twice if necessary.

    `known` are the kinds of columns, as far as they are.
    """
    words = frozenset(name for name, kind in known.items() if kind == "text")
    found = table.read(datasets, contents(), limits, required, words)
    mixed = columns.mixed_columns(found.table).difference(known)
    return table.read(datasets, contents(), limits, required, mixed.union(words)) if mixed else found
